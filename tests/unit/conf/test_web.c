/* Blocks web: which site a name belongs to, and what is refused; proxy-from and web-redirect. */
#include "conf_test.h"

#define ERR(at, text) "rrasd.conf:" at ": error: " text "\n"
#define SITE "web a { name www.example.org; forward 127.0.0.1:8443 }\n"

static const struct {
	const char *text, *wanted;
} rows[] = {
	{ SITE, "" },
	{ SITE "web b { name *.example.org *.example.net; forward [::1]:444; proxy-header yes }",
	    "" },
	{ "web a { name www.example.org }",
	    ERR("1:1", "web \"a\" has no server: expected one, as in forward 127.0.0.1:8443") },
	{ "web a { forward 127.0.0.1:8443 }",
	    ERR("1:1", "web \"a\" has no name: expected one, as in name www.example.org") },
	{ SITE "web a { name b.example; forward 127.0.0.1:1 }",
	    ERR("2:1", "there are two sites \"a\"; the other is in line 1") },
	{ SITE "web b { name WWW.example.org; forward 127.0.0.1:1 }",
	    ERR("2:9", "name: \"www.example.org\" belongs to the site in line 1 already") },
	{ "web a { name *; forward 127.0.0.1:8443 }",
	    ERR("1:9",
		"name: * would take the VPN's own name too: set name in the block server, or "
		"names in the block sstp") },
	{ "server { name vpn.example }\nweb a { name *; forward 127.0.0.1:8443 }", "" },
	{ "sstp { certificate /c; key /k; names vpn.example }\n"
	  "web a { name *; forward 127.0.0.1:8443 }",
	    "" },
	{ "server { name vpn.example }\nweb a { name VPN.example; forward 127.0.0.1:8443 }",
	    ERR("2:9", "name: \"vpn.example\" is a name of the VPN itself") },
	{ "web a { name b.example; forward 127.0.0.1:443 }",
	    ERR("1:25", "forward: 127.0.0.1:443 is where rrasd itself listens; the web server "
			"needs another port") },
	{ "web a { name b.example; forward [::1]:443 }",
	    ERR("1:25", "forward: [::1]:443 is where rrasd itself listens; the web server needs "
			"another port") },
	{ "web a { name b.example; forward 192.0.2.9:443 }", "" },
	{ "web a { name 192.0.2.1; forward 127.0.0.1:8443 }",
	    ERR("1:14", "name: expected at most 16 DNS names, *.SUFFIX or *; \"192.0.2.1\" is an "
			"address, which TLS does not ask for") },
	{ "web a { name w*.example; forward 127.0.0.1:8443 }",
	    ERR("1:14", "name: expected at most 16 DNS names, *.SUFFIX or *; \"w*.example\" is "
			"none of them") },
	{ "web a { name b.example; forward 127.0.0.1:1 127.0.0.1:2 }",
	    ERR("1:45", "forward: more than 1 values") },
	{ "sstp { certificate /c; key /k; proxy-from 10.0.0.1 10.1.0.0/24 2001:db8::/32 }", "" },
	{ "sstp { certificate /c; key /k; web-redirect https://www.example.org/vpn }", "" },
	{ "sstp { certificate /c; key /k; web-redirect www.example.org }",
	    ERR("1:32", "web-redirect: expected a URL of printable characters, as in "
			"https://www.example.org/") },
	{ "sstp { certificate /c; key /k; web-redirect \"https://x/\\tSet-Cookie\" }",
	    ERR("1:32", "web-redirect: expected a URL of printable characters, as in "
			"https://www.example.org/") },
};

static void
test_checks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		test_found(rows[i].text, NULL, rows[i].wanted);
}

static void
test_names(void **state)
{
	static const char text[] = "server { name vpn.example.org }\n"
				   "sstp { certificate /c; key /k; names *.vpn.example.net }\n"
				   "web rest { name *; forward 127.0.0.1:1 }\n"
				   "web shop { name Shop.Example.org *.shop.example.org\n"
				   "forward 127.0.0.1:2; connections 7; idle-time 10s }\n";
	static const struct {
		const char *name, *site;
	} want[] = {
		{ "", NULL },
		{ "vpn.example.org", NULL },
		{ "a.vpn.example.net", NULL },
		{ "vpn.example.net", "rest" },
		{ "shop.example.org", "shop" },
		{ "x.shop.example.org", "shop" },
		{ "x.y.shop.example.org", "shop" },
		{ "xshop.example.org", "rest" },
		{ ".shop.example.org", "rest" },
		{ "www.example.org", "rest" },
	};
	struct conf_errors errors;
	struct conf *c = test_parse(view_str(text), NULL, &errors);

	(void)state;
	assert_non_null(c);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		const struct conf_web *web = conf_web_for(c, want[i].name);
		assert_int_equal(web != NULL, want[i].site != NULL);
		if (web)
			assert_string_equal(web->name, want[i].site);
	}
	assert_int_equal(conf_web_find(c, view_str("shop"))->connections, 7);
	assert_int_equal(conf_web_find(c, view_str("shop"))->idle_ms, 10000);
	assert_int_equal(conf_web_find(c, view_str("rest"))->connections, 1000);
	assert_null(conf_web_find(c, view_str("Shop")));
	conf_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checks),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("conf/web", tests, NULL, NULL);
}
