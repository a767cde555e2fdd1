/*
 * The tables of words: causes with their numbers (R32, R33, R41, R60), methods, tunnels, verdicts.
 * The numbers that Windows users and NPS logs show are pinned: nobody may change one unnoticed.
 */
#include "attempt/cause.h"
#include "attempt/decision.h"
#include "attempt/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void
test_cause_table(void **state)
{
	const struct cause_info *a, *b;

	(void)state;
	for (size_t i = 0; (a = cause_at(i)); i++) {
		assert_ptr_equal(cause_info(a->cause), a);
		assert_int_equal(cause_by_name(view_str(a->name)), a->cause);
		assert_non_null(strchr(a->name, '.'));
		assert_string_not_equal(blame_name(a->blame), "?");
		assert_string_not_equal(cause_class_name(a->class_), "?");
		assert_in_range(a->class_, 0, 125); /* rasdial's exit status */
		for (size_t j = 0; j < i && (b = cause_at(j)); j++) {
			assert_true(a->cause > b->cause); /* in order, none twice */
			assert_string_not_equal(a->name, b->name);
		}
	}
	assert_string_equal(cause_info(CAUSE_NONE)->name, "none");
	assert_string_equal(cause_info((enum cause)0xfff0)->name, "unknown");
	assert_int_equal(cause_by_name(view_str("no.such-cause")), CAUSE_NONE);
	assert_int_equal(cause_by_name(view_str("")), CAUSE_NONE);
}

/* Numbers of other products' documents. */
static void
test_pinned_numbers(void **state)
{
	static const struct {
		enum cause cause;
		enum cause_class class_;
		uint32_t ras;
		uint16_t nps;
	} pinned[] = {
		{ CAUSE_WRONG_PASSWORD, CLASS_CREDENTIALS, 691, 16 },
		{ CAUSE_ACCOUNT_DISABLED, CLASS_ACCOUNT, 647, 34 },
		{ CAUSE_POOL_EXHAUSTED, CLASS_ADDRESSES, 720, 0 },
		{ CAUSE_CERT_UNTRUSTED, CLASS_CERTIFICATE, 0x800B0109, 0 },
		{ CAUSE_DIAL_UNREACHABLE, CLASS_UNREACHABLE, 800, 0 },
		{ CAUSE_POLICY_METHOD, CLASS_POLICY, 812, 66 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pinned) / sizeof(pinned[0]); i++) {
		const struct cause_info *info = cause_info(pinned[i].cause);
		assert_int_equal(info->class_, pinned[i].class_);
		assert_int_equal(info->ras_error, pinned[i].ras);
		assert_int_equal(info->nps_reason, pinned[i].nps);
	}
}

/* R33: what the user is told is what the method can carry; a client's own record knows itself. */
static void
test_number_told(void **state)
{
	const struct cause_info *off = cause_info(CAUSE_ACCOUNT_DISABLED);
	const struct cause_info *method = cause_info(CAUSE_POLICY_METHOD);

	(void)state;
	assert_int_equal(cause_number_told(off, AUTH_MSCHAPV2, false), 647);
	assert_int_equal(cause_number_told(off, AUTH_PAP, false), 691);
	assert_int_equal(cause_number_told(off, AUTH_CHAP, false), 691);
	assert_int_equal(cause_number_told(off, AUTH_PAP, true), 647);
	assert_int_equal(cause_number_told(method, AUTH_MSCHAPV2, false), 691);
	assert_int_equal(cause_number_told(method, AUTH_NONE, false), 812);
	assert_int_equal(cause_number_told(cause_info(CAUSE_POOL_EXHAUSTED), AUTH_PAP, false), 720);
	assert_int_equal(
	    cause_number_told(cause_info(CAUSE_LOGON_HOURS), AUTH_MSCHAPV2, false), 646);
	assert_int_equal(
	    cause_number_told(cause_info(CAUSE_PASSWORD_EXPIRED), AUTH_MSCHAPV2, false), 648);
	assert_int_equal(
	    cause_number_told(cause_info(CAUSE_ACCOUNT_LOCKED), AUTH_MSCHAPV2, false), 647);
}

static void
test_methods(void **state)
{
	char text[64], small[6];

	(void)state;
	for (unsigned int m = AUTH_PAP; m < N_AUTH_METHOD; m++)
		assert_int_equal(
		    auth_method_by_name(view_str(auth_method_name((enum auth_method)m))), m);
	assert_int_equal(auth_method_by_name(view_str("MSCHAPv2")), AUTH_MSCHAPV2);
	assert_int_equal(auth_method_by_name(view_str("none")), AUTH_NONE);
	assert_int_equal(auth_method_by_name(view_str("")), AUTH_NONE);
	assert_string_equal(auth_method_name(N_AUTH_METHOD), "?");
	assert_string_equal(auth_mask_text(0, text, sizeof(text)), "none");
	assert_string_equal(
	    auth_mask_text(AUTH_BIT(AUTH_PAP) | AUTH_BIT(AUTH_MSCHAPV2) | AUTH_BIT(AUTH_CHAP), text,
		sizeof(text)),
	    "mschapv2 chap pap");
	assert_string_equal(
	    auth_mask_text(~0u, text, sizeof(text)), "eap mschapv2 mschap chap pap");
	assert_string_equal(auth_mask_text(AUTH_BIT(AUTH_NONE), text, sizeof(text)), "none");
	assert_string_equal(auth_mask_text(~0u, small, sizeof(small)), "eap m");
}

static void
test_tunnels_and_verdicts(void **state)
{
	(void)state;
	for (unsigned int t = TUNNEL_PPTP; t <= TUNNEL_IKEV2; t++)
		assert_int_equal(tunnel_by_name(view_str(tunnel_name((enum tunnel_kind)t))), t);
	assert_int_equal(tunnel_by_name(view_str("none")), TUNNEL_NONE);
	assert_string_equal(tunnel_name((enum tunnel_kind)99), "?");
	assert_string_equal(verdict_name(VERDICT_GRANT), "grant");
	assert_string_equal(verdict_name((enum verdict)99), "?");
	assert_string_equal(decided_by_name(BY_NO_POLICY), "no matching policy");
	assert_string_equal(decided_by_name((enum decided_by)99), "?");
	assert_string_equal(condition_name(COND_DISABLED), "enabled");
	assert_string_equal(condition_name((enum condition_kind)99), "?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cause_table),
		cmocka_unit_test(test_pinned_numbers),
		cmocka_unit_test(test_number_told),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_tunnels_and_verdicts),
	};

	return cmocka_run_group_tests_name("attempt/words", tests, NULL, NULL);
}
