/*
 * The option negotiation automaton of RFC 1661 section 4 as a table: what each event does in each
 * state. It is pure: cp.c carries the actions out for LCP and each NCP.
 */
#ifndef PROTO_PPP_FSM_H
#define PROTO_PPP_FSM_H

#include "base/view.h"

/* In the order and with the numbers of section 4.2. */
enum fsm_state {
	FSM_INITIAL,
	FSM_STARTING,
	FSM_CLOSED,
	FSM_STOPPED,
	FSM_CLOSING,
	FSM_STOPPING,
	FSM_REQ_SENT,
	FSM_ACK_RCVD,
	FSM_ACK_SENT,
	FSM_OPENED,
	N_FSM_STATE,
};

/* In the order of section 4.1. */
enum fsm_event {
	FSM_UP,
	FSM_DOWN,
	FSM_OPEN,
	FSM_CLOSE,
	FSM_TO_MORE,  /* TO+: timeout, counter above zero */
	FSM_TO_LAST,  /* TO-: timeout, counter expired */
	FSM_RCR_GOOD, /* RCR+: acceptable Configure-Request */
	FSM_RCR_BAD,  /* RCR- */
	FSM_RCA,      /* Configure-Ack */
	FSM_RCN,      /* Configure-Nak or -Reject */
	FSM_RTR,      /* Terminate-Request */
	FSM_RTA,      /* Terminate-Ack */
	FSM_RUC,      /* unknown code */
	FSM_RXJ_GOOD, /* RXJ+: a reject we can live with */
	FSM_RXJ_BAD,  /* RXJ-: a reject that ends the protocol */
	FSM_RXR,      /* Echo-Request, Echo-Reply, Discard-Request */
	N_FSM_EVENT,
};

/* Actions of section 4.4. All cells of the table can be carried out in this one order. */
enum fsm_action {
	FSM_TLD = 1u << 0,
	FSM_IRC = 1u << 1,
	FSM_ZRC = 1u << 2,
	FSM_SCR = 1u << 3,
	FSM_SCA = 1u << 4,
	FSM_SCN = 1u << 5,
	FSM_STR = 1u << 6,
	FSM_STA = 1u << 7,
	FSM_SCJ = 1u << 8,
	FSM_SER = 1u << 9,
	FSM_TLS = 1u << 10,
	FSM_TLF = 1u << 11,
	FSM_TLU = 1u << 12,
};

struct fsm_cell {
	bool valid;    /* false: the dash of the RFC */
	uint8_t to;    /* enum fsm_state */
	uint16_t acts; /* enum fsm_action bits */
};

/* The cell of the table. Both arguments must be in range. */
const struct fsm_cell *fsm_cell(enum fsm_event ev, enum fsm_state s);

/* Whether the Restart timer runs in this state: where the table has timeout events. */
bool fsm_timer_runs(enum fsm_state s);

const char *fsm_state_name(enum fsm_state s);  /* "req-sent" */
const char *fsm_event_name(enum fsm_event ev); /* "configure-ack" */

#endif
