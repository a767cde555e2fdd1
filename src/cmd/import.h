/*
 * Lists of accounts that somebody else has written: CSV by RFC 4180 and pppd's chap-secrets. This
 * reads bytes into records of cells; what a cell means for an account is the caller's matter
 * (ctl_import.c). No I/O, no allocation; every record is bounded. A record may hold a password:
 * import_wipe when done.
 */
#ifndef CMD_IMPORT_H
#define CMD_IMPORT_H

#include "base/must.h"
#include "base/view.h"

#define IMPORT_CELLS_MAX 48u
#define IMPORT_RECORD_MAX 8192u /* bytes of all cells of a record, without their quoting */

/* Lines and columns count from 1; a column is a character. */
struct import_place {
	unsigned int line, column;
};

struct import_cell {
	struct import_place at; /* of its first character, quote or not */
	uint16_t from;          /* in bytes of the record; a zero ends it */
};

enum import_result {
	IMPORT_RECORD, /* cells are set; for chap-secrets entry as well */
	IMPORT_END,
	IMPORT_BAD, /* fault, remedy and fault_at are set; reading may go on behind this record */
	IMPORT_BROKEN, /* the same, but where the next record begins is not known: it ends here */
};

/* An entry of chap-secrets. The texts lie in the record. */
struct import_entry {
	const char *client, *server, *secret;
	const char *address; /* "": any */
	bool more;           /* further addresses follow, which an account cannot have */
};

struct import {
	struct view text;
	size_t pos;
	struct import_place here;
	struct import_cell cells[IMPORT_CELLS_MAX];
	unsigned int n_cells;
	struct import_entry entry;
	struct import_place fault_at;
	const char *fault, *remedy; /* constants */
	size_t n_bytes;
	char bytes[IMPORT_RECORD_MAX];
};

/* Begins with text, which stays the caller's; a byte order mark in front is passed over. */
void import_init(struct import *im, struct view text);
void import_wipe(struct import *im);

/* A cell of the record as text; "" for one that is not there. */
const char *import_cell(const struct import *im, unsigned int i);

/*
 * The next record. Cells are parted by commas; one in double quotes may hold commas, line ends and
 * doubled quotes (RFC 4180 section 2). A line ends in CRLF, LF or CR; empty ones are passed over.
 * Cells are UTF-8 without zeros.
 */
enum import_result import_csv_next(struct import *im);

/*
 * The next entry: client, server, secret, addresses, parted by blanks, as pppd(8) says: # begins a
 * comment, either quote holds blanks, a backslash takes the next character for itself or is one of
 * the escapes of C, \s for a blank, or an octal or hexadecimal code; before a line end both vanish.
 * What stands behind "--" are options and no addresses. An entry that is none for an account - any
 * client, a secret in another file, an address that is not a single one - is IMPORT_BAD.
 */
enum import_result import_chap_next(struct import *im);

/* For the two readers. */

/* The byte `ahead` places on; -1 behind the end. */
int import_peek(const struct import *im, size_t ahead);
/* Moves over one byte. */
void import_advance(struct import *im);
void import_record_begin(struct import *im);
/* False with a fault: too many cells, or too many bytes. */
MUST_USE bool import_cell_begin(struct import *im);
MUST_USE bool import_cell_add(struct import *im, int c);
/* Ends the cell. False with a fault: it has a zero, or is not UTF-8. */
MUST_USE bool import_cell_end(struct import *im);
/* Notes what is wrong; the first fault of a record stays. Returns false. */
bool import_fault(struct import *im, struct import_place at, const char *fault, const char *remedy);

#endif
