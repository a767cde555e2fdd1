/*
 * Lists of accounts; the first byte chooses the reader. Whatever comes: reading goes on to an end,
 * cells are texts within the record and UTF-8, a fault has a text, a remedy and a place in the
 * file.
 */
#include "base/text.h"
#include "cmd/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_record(const struct import *im)
{
	must(im->n_cells > 0 && im->n_cells <= IMPORT_CELLS_MAX);
	must(im->n_bytes <= IMPORT_RECORD_MAX);
	for (unsigned int i = 0; i < im->n_cells; i++) {
		const char *s = import_cell(im, i);
		size_t end = i + 1 < im->n_cells ? im->cells[i + 1].from : im->n_bytes;
		must(im->cells[i].from + strlen(s) + 1 == end);
		must(text_is_utf8(view_str(s)));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct import im;
	enum import_result r;
	size_t before;

	if (size == 0)
		return 0;
	bool chap = data[0] & 1;
	import_init(&im, view_of(data + 1, size - 1));
	do {
		before = im.pos;
		r = chap ? import_chap_next(&im) : import_csv_next(&im);
		must(im.pos <= size - 1 &&
		     (im.pos > before || r == IMPORT_END || r == IMPORT_BROKEN));
		must((r == IMPORT_BAD || r == IMPORT_BROKEN) == (im.fault != NULL));
		if (r == IMPORT_RECORD)
			check_record(&im);
		if (im.fault)
			must(im.remedy && im.fault_at.line >= 1 && im.fault_at.column >= 1 &&
			     im.fault_at.line <= im.here.line);
		if (r == IMPORT_RECORD && chap)
			must(im.entry.client && im.entry.secret[0] && im.entry.address);
	} while (r != IMPORT_END && r != IMPORT_BROKEN);
	must(r == IMPORT_BROKEN || im.pos == size - 1);
	import_wipe(&im);
	return 0;
}
