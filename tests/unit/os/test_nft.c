/* The nftables table of source NAT as text: N05, N07, N08. Carrying it out is
 * tests/e2e/addresses.py's.
 */
#include "os/nft.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
expect(const char *text, const char *part, bool there)
{
	if ((strstr(text, part) != NULL) != there)
		fail_msg("%s \"%s\" in %s", there ? "no" : "a", part, text);
}

static void
test_names(void **state)
{
	char name[NFT_TABLE_MAX];

	(void)state;
	assert_string_equal(nft_table_name("rras", name), "openrras");
	assert_string_equal(nft_table_name("abcdefghijk", name), "openrras_abcdefghijk");
}

/* One transaction: it takes the old table away and puts the whole new one in its place. */
static void
test_rules(void **state)
{
	struct nft_nat nat = { .device_prefix = "rras", .out = "eth0", .n_ranges = 2 };
	char *text;

	(void)state;
	nat.ranges[0] = (struct nft_range){ ip_v4(0x0a000001), ip_v4(0x0a0000fe) };
	nat.ranges[1] = (struct nft_range){ ip_v4(0x0a010001), ip_v4(0x0a010001) };
	text = nft_nat_text("rras", &nat);
	assert_non_null(text);
	assert_true(strstr(text, "\"add\"") < strstr(text, "\"delete\""));
	expect(text, "{\"masquerade\":null}", true);
	expect(text,
	    "{\"set\":[\"tcp\",\"udp\"]}}},{\"masquerade\":{\"port\":{\"range\":[1024,65535]},"
	    "\"flags\":\"fully-random\"}}",
	    true); /* N07 */
	expect(text, "{\"range\":[\"10.0.0.1\",\"10.0.0.254\"]},\"10.1.0.1\"", true);
	expect(text, "{\"key\":\"oifname\"}},\"right\":\"eth0\"}", true);
	expect(text, "\"lo\"", false);
	free(text);
	/* any interface but ours and the loopback; a name with quotes stays a name */
	nat.out = "any";
	text = nft_nat_text("rras", &nat);
	expect(text, "\"lo\"", true);
	free(text);
	nat.out = "e\"},{x";
	text = nft_nat_text("rras", &nat);
	expect(text, "e\\\"},{x", true);
	free(text);
}

static void
test_away(void **state)
{
	char *text = nft_nat_text("rras", NULL);

	(void)state;
	assert_string_equal(text,
	    "{\"nftables\":[{\"add\":{\"table\":{\"family\":\"inet\",\"name\":\"openrras\"}}},"
	    "{\"delete\":{\"table\":{\"family\":\"inet\",\"name\":\"openrras\"}}}]}");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
