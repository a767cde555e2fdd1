/*
 * All 160 cells of the automaton against the rows as RFC 1661 section 4.1 prints them. The two
 * halves of each row stand one after the other; footnote letters are part of the print.
 */
#include "proto/ppp/fsm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *const rows[N_FSM_EVENT] = {
	[FSM_UP] = "2 irc,scr/6 - - - - - - - -",
	[FSM_DOWN] = "- - 0 tls/1 0 1 1 1 1 tld/1",
	[FSM_OPEN] = "tls/1 1 irc,scr/6 3r 5r 5r 6 7 8 9r",
	[FSM_CLOSE] = "0 tlf/0 2 2 4 4 irc,str/4 irc,str/4 irc,str/4 tld,irc,str/4",
	[FSM_TO_MORE] = "- - - - str/4 str/5 scr/6 scr/6 scr/8 -",
	[FSM_TO_LAST] = "- - - - tlf/2 tlf/3 tlf/3p tlf/3p tlf/3p -",
	[FSM_RCR_GOOD] = "- - sta/2 irc,scr,sca/8 4 5 sca/8 sca,tlu/9 sca/8 tld,scr,sca/8",
	[FSM_RCR_BAD] = "- - sta/2 irc,scr,scn/6 4 5 scn/6 scn/7 scn/6 tld,scr,scn/6",
	[FSM_RCA] = "- - sta/2 sta/3 4 5 irc/7 scr/6x irc,tlu/9 tld,scr/6x",
	[FSM_RCN] = "- - sta/2 sta/3 4 5 irc,scr/6 scr/6x irc,scr/8 tld,scr/6x",
	[FSM_RTR] = "- - sta/2 sta/3 sta/4 sta/5 sta/6 sta/6 sta/6 tld,zrc,sta/5",
	[FSM_RTA] = "- - 2 3 tlf/2 tlf/3 6 6 8 tld,scr/6",
	[FSM_RUC] = "- - scj/2 scj/3 scj/4 scj/5 scj/6 scj/7 scj/8 scj/9",
	[FSM_RXJ_GOOD] = "- - 2 3 4 5 6 6 8 9",
	[FSM_RXJ_BAD] = "- - tlf/2 tlf/3 tlf/2 tlf/3 tlf/3 tlf/3 tlf/3 tld,irc,str/5",
	[FSM_RXR] = "- - 2 3 4 5 6 7 8 ser/9",
};

static const char *const actions[] = { "tld", "irc", "zrc", "scr", "sca", "scn", "str", "sta",
	"scj", "ser", "tls", "tlf", "tlu" };

#define N_ACTIONS (sizeof(actions) / sizeof(actions[0]))

static unsigned int
action_bit(const char *word)
{
	for (unsigned int i = 0; i < N_ACTIONS; i++)
		if (strncmp(word, actions[i], 3) == 0)
			return 1u << i;
	fail_msg("no action %s", word);
	return 0;
}

static void
check_cell(unsigned int ev, unsigned int state, const char *text)
{
	const struct fsm_cell *c = fsm_cell((enum fsm_event)ev, (enum fsm_state)state);
	unsigned int acts = 0;

	if (text[0] == '-') {
		assert_false(c->valid);
		return;
	}
	assert_true(c->valid);
	while (*text < '0' || *text > '9') {
		acts |= action_bit(text);
		text += 4;
	}
	if (c->to != (unsigned int)(*text - '0') || c->acts != acts)
		fail_msg("%s in %s differs from the RFC", fsm_event_name((enum fsm_event)ev),
		    fsm_state_name((enum fsm_state)state));
}

static void
test_every_cell_is_the_rfcs(void **unused)
{
	unsigned int n = 0;

	(void)unused;
	for (unsigned int ev = 0; ev < N_FSM_EVENT; ev++) {
		char row[128];
		char *save = NULL;
		unsigned int s = 0;

		assert_true(view_copy(view_of(rows[ev], strlen(rows[ev]) + 1), row, sizeof(row)));
		for (char *w = strtok_r(row, " ", &save); w; w = strtok_r(NULL, " ", &save), n++)
			check_cell(ev, s++, w);
		assert_int_equal(s, N_FSM_STATE);
	}
	assert_int_equal(n, 160);
}

static void
test_timer_states(void **unused)
{
	(void)unused;
	for (unsigned int s = 0; s < N_FSM_STATE; s++)
		assert_int_equal(
		    fsm_timer_runs((enum fsm_state)s), s >= FSM_CLOSING && s <= FSM_ACK_SENT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_cell_is_the_rfcs),
		cmocka_unit_test(test_timer_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
