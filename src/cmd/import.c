/* What the readers of lists of accounts share. See import.h. */
#include "cmd/import.h"

#include "base/secret.h"
#include "base/text.h"

static const char too_long[] = "the record is longer than 8 KiB";
static const char too_long_remedy[] = "is a closing quote missing?";

void
import_init(struct import *im, struct view text)
{
	memset(im, 0, sizeof(*im));
	im->text = text;
	im->here = (struct import_place){ 1, 1 };
	if (text.n >= 3 && memcmp(text.p, "\xef\xbb\xbf", 3) == 0)
		im->pos = 3;
}

void
import_wipe(struct import *im)
{
	secret_wipe_bytes(im, sizeof(*im));
}

const char *
import_cell(const struct import *im, unsigned int i)
{
	return i < im->n_cells ? im->bytes + im->cells[i].from : "";
}

int
import_peek(const struct import *im, size_t ahead)
{
	return im->text.n - im->pos > ahead ? im->text.p[im->pos + ahead] : -1;
}

void
import_advance(struct import *im)
{
	int c = import_peek(im, 0);

	must(c >= 0);
	im->pos++;
	/* CRLF is one end: its CR is passed over as a character */
	if (c == '\n' || (c == '\r' && import_peek(im, 0) != '\n')) {
		im->here.line++;
		im->here.column = 1;
	} else if (c >> 6 != 2) { /* continuation bytes of UTF-8 are no columns of their own */
		im->here.column++;
	}
}

void
import_record_begin(struct import *im)
{
	im->n_cells = 0;
	im->n_bytes = 0;
	im->fault = im->remedy = NULL;
}

bool
import_fault(struct import *im, struct import_place at, const char *fault, const char *remedy)
{
	if (!im->fault) {
		im->fault = fault;
		im->remedy = remedy;
		im->fault_at = at;
	}
	return false;
}

bool
import_cell_begin(struct import *im)
{
	if (im->n_cells == IMPORT_CELLS_MAX)
		return import_fault(im, im->here, "there are more than 48 columns",
		    "an account needs no more; is a line end missing?");
	im->cells[im->n_cells++] =
	    (struct import_cell){ .at = im->here, .from = (uint16_t)im->n_bytes };
	if (im->n_bytes == IMPORT_RECORD_MAX)
		return import_fault(im, im->here, too_long, too_long_remedy);
	im->bytes[im->n_bytes] = 0; /* a text even before it has ended */
	return true;
}

bool
import_cell_add(struct import *im, int c)
{
	must(im->n_cells > 0);
	if (im->n_bytes + 1 >= IMPORT_RECORD_MAX) /* room for the zero behind it */
		return import_fault(im, im->cells[im->n_cells - 1].at, too_long, too_long_remedy);
	im->bytes[im->n_bytes++] = (char)c;
	return true;
}

bool
import_cell_end(struct import *im)
{
	const struct import_cell *cell = &im->cells[im->n_cells - 1];
	struct view v = view_of(im->bytes + cell->from, im->n_bytes - cell->from);

	im->bytes[im->n_bytes++] = 0;
	if (v.n && memchr(v.p, 0, v.n))
		return import_fault(im, cell->at, "there is a zero byte in it",
		    "is this a text file? save it as UTF-8, not as UTF-16");
	if (!text_is_utf8(v))
		return import_fault(im, cell->at, "this is not UTF-8 text",
		    "save the file as UTF-8, or convert it: iconv -f WINDOWS-1252 -t UTF-8");
	return true;
}
