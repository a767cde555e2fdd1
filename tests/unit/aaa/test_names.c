/* Names: splitting, folding, encodings (R24, R27, R28, B02). */
#include "aaa/names.h"
#include "unit/aaa/aaa_test.h"

static const char unicode[] = "authentication { domain CORP; realm example.com vpn.example.com }";
static const char ansi[] = "authentication { domain CORP; identity-encoding ansi }";

/* Reads an exact-size heap copy, so that a byte read too far is seen. */
static enum cause
read_name(const char *conf_text, struct view sent, struct lookup_name *lookup, size_t *hash_from)
{
	struct conf *c = test_conf(conf_text);
	uint8_t *copy = malloc(sent.n ? sent.n : 1);
	struct name_rules rules;
	struct peer_name name;
	enum cause cause;

	assert_non_null(copy);
	if (sent.n)
		memcpy(copy, sent.p, sent.n);
	name_rules_init(&rules, c);
	cause = name_read(&rules, view_of(copy, sent.n), &name);
	assert_true(name.sent.p == copy && name.sent.n == sent.n);
	assert_true(name.for_hash.p + name.for_hash.n == copy + sent.n);
	if (hash_from)
		*hash_from = (size_t)(name.for_hash.p - copy);
	*lookup = name.lookup;
	free(copy);
	conf_free(c);
	return cause;
}

static void
expect(const char *conf_text, const char *sent, const char *cause, const char *lookup)
{
	struct lookup_name got;
	enum cause c = read_name(conf_text, view_str(sent), &got, NULL);

	assert_cause(c, cause);
	assert_string_equal(got.s, lookup);
}

static void
test_plain_and_domains(void **state)
{
	size_t from;
	struct lookup_name got;

	(void)state;
	expect(unicode, "anna", "none", "anna");
	expect(unicode, "ANNA", "none", "anna");
	expect(unicode, "CORP\\Anna", "none", "anna");
	expect(unicode, "corp\\anna", "none", "anna");
	expect(unicode, ".\\anna", "none", "anna");
	expect(unicode, "\\anna", "none", "anna");
	expect(unicode, "anna@Example.COM", "none", "anna");
	expect(unicode, "anna@vpn.example.com", "none", "anna");
	expect(unicode, "example.com\\anna", "none", "anna");
	expect(unicode, "CORP\\anna@example.com", "none", "anna");
	expect(unicode, "OTHER\\anna", "account.unknown-domain", "");
	expect(unicode, "anna@other.net", "account.unknown-domain", "");
	expect(unicode, "CORP\\anna@other.net", "account.unknown-domain", "");
	expect("", "CORP\\anna", "account.unknown-domain", "");

	/* the hashed name loses its domain before the backslash, nothing else, and keeps its case
	 */
	assert_cause(read_name(unicode, view_str("CORP\\Anna@example.com"), &got, &from), "none");
	assert_int_equal(from, 5);
	assert_cause(
	    read_name(unicode, view_str("A\\B\\anna"), &got, &from), "account.unknown-domain");
	assert_int_equal(from, 4);
}

/* B02: what looks alike is the same account or none, never another. */
static void
test_lookalikes(void **state)
{
	(void)state;
	expect(unicode, "\xc3\x84nne", "none", "\xc3\xa4nne");  /* capital A umlaut */
	expect(unicode, "A\xcc\x88nne", "none", "\xc3\xa4nne"); /* the same, decomposed */
	expect(unicode, "gro\xc3\x9f", "none", "gross");        /* sharp s */
	expect(unicode, "anna@example.com.", "none", "anna");   /* root dot of a domain */
	expect(unicode, "anna.", "account.unknown", "");        /* trailing dot */
	expect(unicode, "anna ", "account.unknown", "");
	expect(unicode, " anna", "account.unknown", "");
	expect(unicode, "an\xe2\x80\x8bna", "account.unknown", ""); /* zero width space */
	expect(unicode, "an\xc2\xadna", "account.unknown", "");     /* soft hyphen */
	expect(unicode,
	    "\xe2\x80\xae"
	    "anna",
	    "account.unknown", "");                                 /* right-to-left override */
	expect(unicode, "an\xef\xb8\x8fna", "account.unknown", ""); /* variation selector */
	expect(unicode, "an\xc2\xa0na", "account.unknown", "");     /* no-break space */
	expect(unicode, "an\tna", "account.unknown", "");
	expect(unicode, "an\x7fna", "account.unknown", "");
	expect(unicode, "CORP\xe2\x80\x8b\\anna", "account.unknown-domain", "");
}

static void
test_bounds(void **state)
{
	struct lookup_name got;
	char name[NAME_MAX_BYTES + 1];

	(void)state;
	expect(unicode, "", "account.unknown", "");
	expect(unicode, "CORP\\", "account.unknown", "");
	expect(unicode, "anna@", "account.unknown-domain", ""); /* RFC 7542: no empty realm */
	expect(unicode, "anna@.", "account.unknown-domain", "");
	expect(unicode, "@example.com", "none", "@example.com"); /* no realm without a name */
	assert_cause(read_name(unicode, view_of("an\0na", 5), &got, NULL), "account.unknown");
	memset(name, 'a', sizeof(name));
	assert_cause(read_name(unicode, view_of(name, NAME_MAX_BYTES), &got, NULL), "none");
	assert_int_equal(got.n, NAME_MAX_BYTES);
	assert_cause(
	    read_name(unicode, view_of(name, NAME_MAX_BYTES + 1), &got, NULL), "account.unknown");
	/* folding makes 256 bytes longer than 256: refused, not cut */
	for (size_t i = 0; i < NAME_MAX_BYTES; i += 2)
		memcpy(name + i, "\xc5\x89", 2); /* n preceded by apostrophe: three when folded */
	assert_cause(
	    read_name(unicode, view_of(name, NAME_MAX_BYTES), &got, NULL), "account.unknown");
	assert_cause(read_name(unicode, view_of(name, 2), &got, NULL), "none");
	assert_int_equal(got.n, 3);
}

/* R27: bytes that are not UTF-8 are named as such; R28: with ansi they are read as a code page. */
static void
test_encodings(void **state)
{
	(void)state;
	expect(unicode, "j\xfcrgen", "account.name-encoding", "");
	expect(ansi, "j\xfcrgen", "none", "j\xc3\xbcrgen");
	expect(ansi, "J\xdcRGEN", "none", "j\xc3\xbcrgen");
	expect(ansi, "CORP\\j\xfcrgen", "none", "j\xc3\xbcrgen");
	expect(ansi, "\x80uro", "none", "\xe2\x82\xacuro");
	expect(ansi, "a\x81z", "account.name-encoding", "");
	expect(
	    ansi, "j\xc3\xbcrgen", "none", "j\xc3\xa3\xc2\xbcrgen"); /* ansi only: two characters */
	expect(unicode, "a\xc3", "account.name-encoding", "");
	expect(unicode, "a\xed\xa0\x80", "account.name-encoding", ""); /* a surrogate */
}

/* R27: what the other encoding would have read is kept, to name the encoding as the cause. */
static void
test_other_reading(void **state)
{
	struct conf *c = test_conf(ansi);
	struct name_rules rules;
	struct peer_name name;

	(void)state;
	name_rules_init(&rules, c);
	assert_cause(name_read(&rules, view_str("j\xc3\xbcrgen"), &name), "none");
	assert_string_equal(name.other.s, "j\xc3\xbcrgen");
	assert_cause(name_read(&rules, view_str("anna"), &name), "none");
	assert_int_equal(name.other.n, 0);
	conf_free(c);
}

/* R25, R26: what a client writes; what it wrote is read back by a server of the same encoding. */
static void
test_written(void **state)
{
	static const struct {
		const char *utf8, *ansi; /* NULL: cannot be written */
	} rows[] = { { "anna", "anna" }, { "CORP\\m\xc3\xbcller", "CORP\\m\xfcller" },
		{ "\xe2\x82\xac"
		  "5",
		    "\x80"
		    "5" },
		{ "\xc5\xa0", "\x8a" }, { "\xc5\x81ukasz", NULL }, { "\xc2\x80", NULL },
		{ "\xfc", NULL } };
	enum name_encoding e = NAMES_UNICODE;
	uint8_t buf[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wr w = wr_over(buf, sizeof(buf));
		size_t n = strlen(rows[i].utf8);
		assert_int_equal(
		    name_write(NAMES_ANSI, view_str(rows[i].utf8), &w), rows[i].ansi != NULL);
		if (!rows[i].ansi)
			continue;
		assert_true(view_eq(wr_view_of(&w), view_str(rows[i].ansi)));
		w = wr_over(buf, sizeof(buf));
		assert_true(name_write(NAMES_WINDOWS, view_str(rows[i].utf8), &w));
		assert_true(view_eq(wr_view_of(&w), view_str(rows[i].ansi)));
		w = wr_over(buf, n - 1);
		assert_false(name_write(NAMES_UNICODE, view_str(rows[i].utf8), &w));
	}
	expect(ansi, "CORP\\M\xdcller", "none", "m\xc3\xbcller");
	assert_true(name_encoding_parse("windows", &e) && e == NAMES_WINDOWS);
	assert_true(name_encoding_parse("ansi", &e) && e == NAMES_ANSI);
	assert_false(name_encoding_parse("utf-8", &e));
}

/* A normal form is its own normal form. */
static void
test_stable(void **state)
{
	static const char *const names[] = { "\xc3\x84nne", "gro\xc3\x9f", "\xce\xa3\xcf\x82",
		"\xc4\xb0stanbul", "\xe1\xba\x9e", "\xef\xac\x81sh" };
	struct lookup_name once, twice;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_true(name_normalise(view_str(names[i]), &once));
		assert_true(name_normalise(view_str(once.s), &twice));
		assert_string_equal(once.s, twice.s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_and_domains),
		cmocka_unit_test(test_lookalikes),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_other_reading),
		cmocka_unit_test(test_stable),
		cmocka_unit_test(test_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
