/* CSV by RFC 4180, section 2. See import.h. */
#include "cmd/import.h"

static bool
ends_line(int c)
{
	return c == '\n' || c == '\r' || c < 0;
}

/* A cell in quotes, the opening one included. */
static bool
take_quoted(struct import *im)
{
	struct import_place opened = im->here;
	int c;

	import_advance(im);
	while ((c = import_peek(im, 0)) >= 0) {
		import_advance(im);
		if (c == '"') {
			if (import_peek(im, 0) != '"') /* rule 7: a doubled one is one */
				break;
			import_advance(im);
		}
		if (!import_cell_add(im, c))
			return false;
	}
	if (c < 0)
		return import_fault(im, opened, "this quote is never closed",
		    "close the cell with \"; a quote within it is written twice");
	c = import_peek(im, 0);
	return c == ',' || ends_line(c) ||
	       import_fault(im, im->here, "something follows the closing quote",
		   "a comma or the line's end belongs here; a quote within a cell is written "
		   "twice");
}

static bool
take_plain(struct import *im)
{
	int c;

	while (c = import_peek(im, 0), c != ',' && !ends_line(c)) {
		if (c == '"') /* rule 5 */
			return import_fault(im, im->here,
			    "there is a quote inside of an unquoted cell",
			    "put the whole cell in quotes, without blanks in front, and the quote "
			    "twice");
		if (!import_cell_add(im, c))
			return false;
		import_advance(im);
	}
	return true;
}

static void
take_line_end(struct import *im)
{
	if (import_peek(im, 0) == '\r' && import_peek(im, 1) == '\n')
		import_advance(im);
	if (import_peek(im, 0) >= 0)
		import_advance(im);
}

enum import_result
import_csv_next(struct import *im)
{
	bool text = true;

	import_record_begin(im);
	while (import_peek(im, 0) == '\n' || import_peek(im, 0) == '\r')
		import_advance(im);
	if (import_peek(im, 0) < 0)
		return IMPORT_END;
	for (;;) {
		/* what is wrong with the shape leaves the next record's place open */
		if (!import_cell_begin(im) ||
		    !(import_peek(im, 0) == '"' ? take_quoted(im) : take_plain(im)))
			return IMPORT_BROKEN;
		text = import_cell_end(im) && text;
		if (import_peek(im, 0) != ',')
			break;
		import_advance(im);
	}
	take_line_end(im);
	return text ? IMPORT_RECORD : IMPORT_BAD;
}
