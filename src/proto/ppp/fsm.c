/*
 * The table of RFC 1661 section 4.1, cell by cell, with the RFC's words for states and events. A
 * cell that is not listed is the RFC's dash. test_ppp_fsm.c holds the printed rows and compares.
 */
#include "proto/ppp/fsm.h"

#define GO(state, acts_)                                                                           \
	{                                                                                          \
		.valid = true, .to = FSM_##state, .acts = (acts_)                                  \
	}

/* clang-format off */
static const struct fsm_cell table[N_FSM_EVENT][N_FSM_STATE] = {
	[FSM_UP] = {
		[FSM_INITIAL] = GO(CLOSED, 0),
		[FSM_STARTING] = GO(REQ_SENT, FSM_IRC | FSM_SCR),
	},
	[FSM_DOWN] = {
		[FSM_CLOSED] = GO(INITIAL, 0),
		[FSM_STOPPED] = GO(STARTING, FSM_TLS),
		[FSM_CLOSING] = GO(INITIAL, 0),
		[FSM_STOPPING] = GO(STARTING, 0),
		[FSM_REQ_SENT] = GO(STARTING, 0),
		[FSM_ACK_RCVD] = GO(STARTING, 0),
		[FSM_ACK_SENT] = GO(STARTING, 0),
		[FSM_OPENED] = GO(STARTING, FSM_TLD),
	},
	[FSM_OPEN] = {
		[FSM_INITIAL] = GO(STARTING, FSM_TLS),
		[FSM_STARTING] = GO(STARTING, 0),
		[FSM_CLOSED] = GO(REQ_SENT, FSM_IRC | FSM_SCR),
		[FSM_STOPPED] = GO(STOPPED, 0),
		[FSM_CLOSING] = GO(STOPPING, 0),
		[FSM_STOPPING] = GO(STOPPING, 0),
		[FSM_REQ_SENT] = GO(REQ_SENT, 0),
		[FSM_ACK_RCVD] = GO(ACK_RCVD, 0),
		[FSM_ACK_SENT] = GO(ACK_SENT, 0),
		[FSM_OPENED] = GO(OPENED, 0),
	},
	[FSM_CLOSE] = {
		[FSM_INITIAL] = GO(INITIAL, 0),
		[FSM_STARTING] = GO(INITIAL, FSM_TLF),
		[FSM_CLOSED] = GO(CLOSED, 0),
		[FSM_STOPPED] = GO(CLOSED, 0),
		[FSM_CLOSING] = GO(CLOSING, 0),
		[FSM_STOPPING] = GO(CLOSING, 0),
		[FSM_REQ_SENT] = GO(CLOSING, FSM_IRC | FSM_STR),
		[FSM_ACK_RCVD] = GO(CLOSING, FSM_IRC | FSM_STR),
		[FSM_ACK_SENT] = GO(CLOSING, FSM_IRC | FSM_STR),
		[FSM_OPENED] = GO(CLOSING, FSM_TLD | FSM_IRC | FSM_STR),
	},
	[FSM_TO_MORE] = {
		[FSM_CLOSING] = GO(CLOSING, FSM_STR),
		[FSM_STOPPING] = GO(STOPPING, FSM_STR),
		[FSM_REQ_SENT] = GO(REQ_SENT, FSM_SCR),
		[FSM_ACK_RCVD] = GO(REQ_SENT, FSM_SCR),
		[FSM_ACK_SENT] = GO(ACK_SENT, FSM_SCR),
	},
	[FSM_TO_LAST] = {
		[FSM_CLOSING] = GO(CLOSED, FSM_TLF),
		[FSM_STOPPING] = GO(STOPPED, FSM_TLF),
		[FSM_REQ_SENT] = GO(STOPPED, FSM_TLF),
		[FSM_ACK_RCVD] = GO(STOPPED, FSM_TLF),
		[FSM_ACK_SENT] = GO(STOPPED, FSM_TLF),
	},
	[FSM_RCR_GOOD] = {
		[FSM_CLOSED] = GO(CLOSED, FSM_STA),
		[FSM_STOPPED] = GO(ACK_SENT, FSM_IRC | FSM_SCR | FSM_SCA),
		[FSM_CLOSING] = GO(CLOSING, 0),
		[FSM_STOPPING] = GO(STOPPING, 0),
		[FSM_REQ_SENT] = GO(ACK_SENT, FSM_SCA),
		[FSM_ACK_RCVD] = GO(OPENED, FSM_SCA | FSM_TLU),
		[FSM_ACK_SENT] = GO(ACK_SENT, FSM_SCA),
		[FSM_OPENED] = GO(ACK_SENT, FSM_TLD | FSM_SCR | FSM_SCA),
	},
	[FSM_RCR_BAD] = {
		[FSM_CLOSED] = GO(CLOSED, FSM_STA),
		[FSM_STOPPED] = GO(REQ_SENT, FSM_IRC | FSM_SCR | FSM_SCN),
		[FSM_CLOSING] = GO(CLOSING, 0),
		[FSM_STOPPING] = GO(STOPPING, 0),
		[FSM_REQ_SENT] = GO(REQ_SENT, FSM_SCN),
		[FSM_ACK_RCVD] = GO(ACK_RCVD, FSM_SCN),
		[FSM_ACK_SENT] = GO(REQ_SENT, FSM_SCN),
		[FSM_OPENED] = GO(REQ_SENT, FSM_TLD | FSM_SCR | FSM_SCN),
	},
	[FSM_RCA] = {
		[FSM_CLOSED] = GO(CLOSED, FSM_STA),
		[FSM_STOPPED] = GO(STOPPED, FSM_STA),
		[FSM_CLOSING] = GO(CLOSING, 0),
		[FSM_STOPPING] = GO(STOPPING, 0),
		[FSM_REQ_SENT] = GO(ACK_RCVD, FSM_IRC),
		[FSM_ACK_RCVD] = GO(REQ_SENT, FSM_SCR),
		[FSM_ACK_SENT] = GO(OPENED, FSM_IRC | FSM_TLU),
		[FSM_OPENED] = GO(REQ_SENT, FSM_TLD | FSM_SCR),
	},
	[FSM_RCN] = {
		[FSM_CLOSED] = GO(CLOSED, FSM_STA),
		[FSM_STOPPED] = GO(STOPPED, FSM_STA),
		[FSM_CLOSING] = GO(CLOSING, 0),
		[FSM_STOPPING] = GO(STOPPING, 0),
		[FSM_REQ_SENT] = GO(REQ_SENT, FSM_IRC | FSM_SCR),
		[FSM_ACK_RCVD] = GO(REQ_SENT, FSM_SCR),
		[FSM_ACK_SENT] = GO(ACK_SENT, FSM_IRC | FSM_SCR),
		[FSM_OPENED] = GO(REQ_SENT, FSM_TLD | FSM_SCR),
	},
	[FSM_RTR] = {
		[FSM_CLOSED] = GO(CLOSED, FSM_STA),
		[FSM_STOPPED] = GO(STOPPED, FSM_STA),
		[FSM_CLOSING] = GO(CLOSING, FSM_STA),
		[FSM_STOPPING] = GO(STOPPING, FSM_STA),
		[FSM_REQ_SENT] = GO(REQ_SENT, FSM_STA),
		[FSM_ACK_RCVD] = GO(REQ_SENT, FSM_STA),
		[FSM_ACK_SENT] = GO(REQ_SENT, FSM_STA),
		[FSM_OPENED] = GO(STOPPING, FSM_TLD | FSM_ZRC | FSM_STA),
	},
	[FSM_RTA] = {
		[FSM_CLOSED] = GO(CLOSED, 0),
		[FSM_STOPPED] = GO(STOPPED, 0),
		[FSM_CLOSING] = GO(CLOSED, FSM_TLF),
		[FSM_STOPPING] = GO(STOPPED, FSM_TLF),
		[FSM_REQ_SENT] = GO(REQ_SENT, 0),
		[FSM_ACK_RCVD] = GO(REQ_SENT, 0),
		[FSM_ACK_SENT] = GO(ACK_SENT, 0),
		[FSM_OPENED] = GO(REQ_SENT, FSM_TLD | FSM_SCR),
	},
	[FSM_RUC] = {
		[FSM_CLOSED] = GO(CLOSED, FSM_SCJ),
		[FSM_STOPPED] = GO(STOPPED, FSM_SCJ),
		[FSM_CLOSING] = GO(CLOSING, FSM_SCJ),
		[FSM_STOPPING] = GO(STOPPING, FSM_SCJ),
		[FSM_REQ_SENT] = GO(REQ_SENT, FSM_SCJ),
		[FSM_ACK_RCVD] = GO(ACK_RCVD, FSM_SCJ),
		[FSM_ACK_SENT] = GO(ACK_SENT, FSM_SCJ),
		[FSM_OPENED] = GO(OPENED, FSM_SCJ),
	},
	[FSM_RXJ_GOOD] = {
		[FSM_CLOSED] = GO(CLOSED, 0),
		[FSM_STOPPED] = GO(STOPPED, 0),
		[FSM_CLOSING] = GO(CLOSING, 0),
		[FSM_STOPPING] = GO(STOPPING, 0),
		[FSM_REQ_SENT] = GO(REQ_SENT, 0),
		[FSM_ACK_RCVD] = GO(REQ_SENT, 0),
		[FSM_ACK_SENT] = GO(ACK_SENT, 0),
		[FSM_OPENED] = GO(OPENED, 0),
	},
	[FSM_RXJ_BAD] = {
		[FSM_CLOSED] = GO(CLOSED, FSM_TLF),
		[FSM_STOPPED] = GO(STOPPED, FSM_TLF),
		[FSM_CLOSING] = GO(CLOSED, FSM_TLF),
		[FSM_STOPPING] = GO(STOPPED, FSM_TLF),
		[FSM_REQ_SENT] = GO(STOPPED, FSM_TLF),
		[FSM_ACK_RCVD] = GO(STOPPED, FSM_TLF),
		[FSM_ACK_SENT] = GO(STOPPED, FSM_TLF),
		[FSM_OPENED] = GO(STOPPING, FSM_TLD | FSM_IRC | FSM_STR),
	},
	[FSM_RXR] = {
		[FSM_CLOSED] = GO(CLOSED, 0),
		[FSM_STOPPED] = GO(STOPPED, 0),
		[FSM_CLOSING] = GO(CLOSING, 0),
		[FSM_STOPPING] = GO(STOPPING, 0),
		[FSM_REQ_SENT] = GO(REQ_SENT, 0),
		[FSM_ACK_RCVD] = GO(ACK_RCVD, 0),
		[FSM_ACK_SENT] = GO(ACK_SENT, 0),
		[FSM_OPENED] = GO(OPENED, FSM_SER),
	},
};
/* clang-format on */

const struct fsm_cell *
fsm_cell(enum fsm_event ev, enum fsm_state s)
{
	must((unsigned int)ev < N_FSM_EVENT && (unsigned int)s < N_FSM_STATE);
	return &table[ev][s];
}

bool
fsm_timer_runs(enum fsm_state s)
{
	return fsm_cell(FSM_TO_LAST, s)->valid;
}

const char *
fsm_state_name(enum fsm_state s)
{
	static const char *const names[N_FSM_STATE] = { "initial", "starting", "closed", "stopped",
		"closing", "stopping", "req-sent", "ack-rcvd", "ack-sent", "opened" };

	return (unsigned int)s < N_FSM_STATE ? names[s] : "?";
}

const char *
fsm_event_name(enum fsm_event ev)
{
	static const char *const names[N_FSM_EVENT] = { "up", "down", "open", "close", "timeout",
		"last-timeout", "good-configure-request", "bad-configure-request", "configure-ack",
		"configure-nak", "terminate-request", "terminate-ack", "unknown-code",
		"harmless-reject", "fatal-reject", "echo" };

	return (unsigned int)ev < N_FSM_EVENT ? names[ev] : "?";
}
