/* R103: what takes connections elsewhere is recognised, and what does not is not accused. */
#include "os/redirect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char out[256];

static bool
in_maps(const char *maps)
{
	return redirect_find_library(view_str(maps), out, sizeof(out));
}

static void
test_library_R103(void **state)
{
	(void)state;
	assert_true(in_maps("55d0-55d1 r-xp 0 08:01 1 /usr/bin/rasdial\n"
			    "7f00-7f01 r-xp 0 08:01 2 /usr/lib/x86_64/libproxychains.so.4\n"));
	assert_string_equal(out, "/usr/lib/x86_64/libproxychains.so.4");
	assert_true(in_maps("7f00-7f01 r-xp 0 08:01 2 /opt/libtsocks.so"));
	assert_true(in_maps("7f00-7f01 r-xp 0 08:01 2 /opt/my dir/libtorsocks.so.0.0.0\n"));
	assert_string_equal(out, "/opt/my dir/libtorsocks.so.0.0.0");
	assert_false(in_maps(""));
	assert_false(in_maps("7f00-7f01 rw-p 0 00:00 0\n\n7f00 [heap]\n"));
	assert_false(in_maps("7f00-7f01 r-xp 0 08:01 2 /opt/libtsocks.so/libc.so.6\n"));
	assert_false(in_maps("7f00-7f01 r-xp 0 08:01 2 /opt/xlibtsocks.so\n"));
	assert_false(in_maps("7f00-7f01 r-xp 0 08:01 2 /opt/libts"));
}

#define TABLE "{\"table\":{\"family\":\"ip\",\"name\":\"t\"}},"
#define CHAIN(name, more)                                                                          \
	"{\"chain\":{\"family\":\"ip\",\"table\":\"t\",\"name\":\"" name "\"" more "}},"
#define NAT_OUT ",\"type\":\"nat\",\"hook\":\"output\",\"prio\":-100,\"policy\":\"accept\""
#define RULE(chain, expr)                                                                          \
	"{\"rule\":{\"family\":\"ip\",\"table\":\"t\",\"chain\":\"" chain "\",\"expr\":[" expr "]" \
	"}"                                                                                        \
	"}"
#define DPORT(right)                                                                               \
	"{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"tcp\",\"field\":"         \
	"\"dport\"}},"                                                                             \
	"\"right\":" right "}}"
#define DADDR(op, right)                                                                           \
	"{\"match\":{\"op\":\"" op "\",\"left\":{\"payload\":{\"protocol\":\"ip\",\"field\":"      \
	"\"daddr\"}},\"right\":" right "}}"
#define REDIRECT "{\"redirect\":{\"port\":8443}}"

static bool
in_rules(const char *rules)
{
	struct endpoint to = { .addr = ip_v4(0xcb007101), .port = 443 }; /* 203.0.113.1 */
	char json[4096];

	snprintf(json, sizeof(json), "{\"nftables\":[%s]}", rules);
	return redirect_find_rule(view_str(json), &to, out, sizeof(out));
}

static void
test_rule_R103(void **state)
{
	(void)state;
	assert_true(in_rules(TABLE CHAIN("o", NAT_OUT) RULE("o", DPORT("443") "," REDIRECT)));
	assert_string_equal(out, "ip t o: redirect to :8443");
	assert_true(in_rules(CHAIN("o", NAT_OUT) RULE(
	    "o", DPORT("{\"set\":[80,{\"range\":[440,450]}]}") ",{\"counter\":{}}," REDIRECT)));
	assert_true(in_rules(CHAIN("o", NAT_OUT) RULE("o",
	    DADDR("==",
		"{\"prefix\":{\"addr\":\"203.0.113.0\",\"len\":24}}") ","
								      "{\"dnat\":{\"addr\":\"127.0."
								      "0.1\",\"port\":9050}}")));
	assert_string_equal(out, "ip t o: dnat to 127.0.0.1:9050");
	/* through a jump */
	assert_true(in_rules(CHAIN("o", NAT_OUT) CHAIN("p", "")
		RULE("o", "{\"jump\":{\"target\":\"p\"}}") "," RULE("p", REDIRECT)));
	/* another port, another address, another hook, what cannot be judged, a loop of jumps */
	assert_false(in_rules(CHAIN("o", NAT_OUT) RULE("o", DPORT("80") "," REDIRECT)));
	assert_false(
	    in_rules(CHAIN("o", NAT_OUT) RULE("o", DADDR("==", "\"192.0.2.1\"") "," REDIRECT)));
	assert_false(
	    in_rules(CHAIN("o", NAT_OUT) RULE("o", DADDR("!=", "\"203.0.113.1\"") "," REDIRECT)));
	assert_false(in_rules(CHAIN("o", ",\"type\":\"nat\",\"hook\":\"prerouting\"")
		RULE("o", DPORT("443") "," REDIRECT)));
	assert_false(in_rules(
	    CHAIN("o", NAT_OUT) RULE("o", "{\"match\":{\"op\":\"==\",\"left\":{\"fib\":{\"result\":"
					  "\"type\"}},\"right\":\"local\"}}," REDIRECT)));
	assert_false(in_rules(CHAIN("o", NAT_OUT) RULE("o", "{\"jump\":{\"target\":\"o\"}}")));
	assert_false(in_rules(CHAIN("o", NAT_OUT) RULE("o", "{\"accept\":null}," REDIRECT)));
}

/* Whatever nft writes, or who stands in for it: every truncation, on an exact-size copy. */
static void
test_rule_cut(void **state)
{
	static const char whole[] =
	    "{\"nftables\":[" CHAIN("o", NAT_OUT) RULE("o", DPORT("443") "," REDIRECT) "]}";
	struct endpoint to = { .addr = ip_v4(0xcb007101), .port = 443 };

	(void)state;
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		uint8_t *copy = malloc(n + !n);
		memcpy(copy, whole, n);
		assert_false(redirect_find_rule(view_of(copy, n), &to, out, sizeof(out)));
		(void)!redirect_find_library(view_of(copy, n), out, sizeof(out));
		free(copy);
	}
	assert_false(in_rules("1,null,{\"chain\":[]},{\"rule\":{\"expr\":{}}}"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_library_R103),
		cmocka_unit_test(test_rule_R103),
		cmocka_unit_test(test_rule_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
