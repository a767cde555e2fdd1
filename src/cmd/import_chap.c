/* chap-secrets and pap-secrets of pppd, as its manual describes them. See import.h. */
#include "cmd/import.h"

#include "base/addr.h"

/* A line end of one or two bytes in front: its length, else 0. */
static size_t
line_end(const struct import *im)
{
	int c = import_peek(im, 0);

	if (c == '\r')
		return import_peek(im, 1) == '\n' ? 2 : 1;
	return c == '\n';
}

static void
advance(struct import *im, size_t n)
{
	while (n-- > 0)
		import_advance(im);
}

static bool
is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

static int
digit(int c, int base)
{
	int d = c >= '0' && c <= '9'   ? c - '0'
	        : c >= 'a' && c <= 'f' ? c - 'a' + 10
	        : c >= 'A' && c <= 'F' ? c - 'A' + 10
	                               : base;

	return d < base ? d : -1;
}

/* Up to max digits; the byte that they name, cut as pppd does. */
static int
take_code(struct import *im, int base, int max)
{
	int value = 0;

	for (int n = 0; n < max && digit(import_peek(im, 0), base) >= 0; n++) {
		value = value * base + digit(import_peek(im, 0), base);
		import_advance(im);
	}
	return value & 0xff;
}

/* Behind a backslash that does not end the line. */
static bool
take_escape(struct import *im)
{
	static const char letters[] = "abfnrst", meant[] = "\a\b\f\n\r \t";
	int c = import_peek(im, 0);
	const char *known = c > 0 ? strchr(letters, c) : NULL;

	if (c < 0)
		return import_fault(im, im->here, "the file ends behind a backslash",
		    "a backslash that is meant is written twice");
	if (digit(c, 8) >= 0)
		return import_cell_add(im, take_code(im, 8, 3));
	import_advance(im);
	if (c == 'x')
		return import_cell_add(im, take_code(im, 16, 2));
	return import_cell_add(im, known ? meant[known - letters] : c);
}

/* One word, which may consist of quoted and unquoted pieces, but for its end. */
static bool
take_word(struct import *im)
{
	struct import_place opened = im->here;
	int quote = 0, c;

	if (!import_cell_begin(im))
		return false;
	for (;;) {
		c = import_peek(im, 0);
		if (c < 0 || line_end(im)) {
			if (!quote)
				break;
			return import_fault(im, opened, "this quote is not closed on its line",
			    "close it, or put a backslash in front of a quote that is meant");
		}
		if (!quote && (is_blank(c) || c == '#'))
			break;
		if (c == '\\') {
			import_advance(im);
			if (line_end(im))
				advance(im, line_end(im));
			else if (!take_escape(im))
				return false;
			continue;
		}
		if (quote ? c == quote : c == '"' || c == '\'') {
			opened = im->here;
			quote = quote ? 0 : c;
		} else if (!import_cell_add(im, c)) {
			return false;
		}
		import_advance(im);
	}
	return true;
}

/* Goes to the next word of this entry. False: there is none. */
static bool
to_word(struct import *im)
{
	for (;;) {
		int c = import_peek(im, 0);
		if (is_blank(c)) {
			import_advance(im);
		} else if (c == '\\' &&
			   (import_peek(im, 1) == '\n' || import_peek(im, 1) == '\r')) {
			import_advance(im);
			advance(im, line_end(im));
		} else if (c == '#') {
			while (import_peek(im, 0) >= 0 && !line_end(im))
				import_advance(im);
			return false;
		} else {
			return c >= 0 && !line_end(im);
		}
	}
}

static struct import_place
place(const struct import *im, unsigned int i)
{
	return im->cells[i < im->n_cells ? i : im->n_cells - 1].at;
}

/* The fourth word: the address, or what is wrong with it. */
static bool
take_address(struct import *im)
{
	const char *word = import_cell(im, 3);
	struct ip_addr a;

	im->entry.address = "";
	if (im->n_cells < 4 || strcmp(word, "*") == 0 || strcmp(word, "--") == 0)
		return true;
	im->entry.more = im->n_cells > 4 && strcmp(import_cell(im, 4), "--") != 0;
	im->entry.address = word;
	if (ip_parse(view_str(word), &a))
		return true;
	if (strcmp(word, "-") == 0)
		return import_fault(im, place(im, 3), "\"-\" allows this entry no address at all",
		    "put * or its address there, or take the entry out");
	return import_fault(im, place(im, 3), "the first address is no single IP address",
	    "put * (an address of the pool) or the address that this account is to have first");
}

/* What the words mean for an account. */
static bool
take_entry(struct import *im)
{
	struct import_entry *e = &im->entry;

	*e = (struct import_entry){ .client = import_cell(im, 0),
		.server = import_cell(im, 1),
		.secret = import_cell(im, 2) };
	if (im->n_cells < 3)
		return import_fault(im, place(im, im->n_cells),
		    "an entry is client, server, secret and addresses",
		    "complete it, or begin the line with #");
	if (strcmp(e->client, "*") == 0)
		return import_fault(im, place(im, 0),
		    "this secret is for any client, not for one account",
		    "name the client, or take the entry out");
	if (!e->secret[0])
		return import_fault(im, place(im, 2), "the secret is empty",
		    "give it one; an account without a password is made by rrasctl user add");
	if (e->secret[0] == '@')
		return import_fault(im, place(im, 2), "the secret is kept in another file (@file)",
		    "put the secret itself here; one that begins with @ is set by rrasctl user "
		    "add");
	return take_address(im);
}

enum import_result
import_chap_next(struct import *im)
{
	bool text = true;

	import_record_begin(im);
	while (!to_word(im)) {
		if (import_peek(im, 0) < 0)
			return IMPORT_END;
		advance(im, line_end(im));
	}
	/* what is wrong with the shape leaves the next entry's place open */
	do {
		if (!take_word(im))
			return IMPORT_BROKEN;
		text = import_cell_end(im) && text;
	} while (to_word(im));
	return text && take_entry(im) ? IMPORT_RECORD : IMPORT_BAD;
}
