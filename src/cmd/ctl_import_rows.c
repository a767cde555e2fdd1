/* A file of accounts into requests for the daemon, row by row. Asks nobody; see ctl_import.c. */
#include "base/secret.h"
#include "cmd/ctl_user.h"
#include "cmd/import.h"
#include "os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define FILE_MAX (16u << 20)
#define ROWS_MAX 100000u

struct reading {
	const struct user_import *w;
	struct import im;
	json_t *rows;
	int columns[IMPORT_CELLS_MAX];
	unsigned int n_columns;
};

/* A row that is wrong. name may be NULL: not even that is known. */
static void
add_wrong(struct reading *r, struct import_place at, const char *name, const char *error,
    const char *remedy)
{
	json_array_append_new(r->rows,
	    json_pack("{s:i, s:i, s:s*, s:s, s:s, s:s}", "line", (int)at.line, "column",
		(int)at.column, "name", name, "result", "wrong", "error", error, "remedy", remedy));
}

/* A row that may be asked for; takes request over. */
static void
add_good(struct reading *r, json_t *request, bool more)
{
	const struct import_place at = r->im.cells[0].at;

	json_object_set_new(request, "cmd", json_string("user add"));
	json_object_update_missing(request, r->w->defaults);
	json_array_append_new(
	    r->rows, json_pack("{s:i, s:i, s:O, s:o, s:s*}", "line", (int)at.line, "column",
			 (int)at.column, "name", json_object_get(request, "name"), "request",
			 request, "note", more ? "only the first of its addresses is kept" : NULL));
}

/* The first record of a CSV file. False: the file makes no sense, and a row says why. */
static bool
take_headings(struct reading *r)
{
	bool named = false;

	for (unsigned int i = 0; i < r->im.n_cells; i++) {
		const char *heading = import_cell(&r->im, i);
		int column = ctl_user_column(heading);
		char text[200];
		bool again = false;
		for (unsigned int k = 0; k < i; k++)
			again =
			    again || (r->columns[k] == column && !ctl_user_column_is_list(column));
		if (column == USER_COLUMN_UNKNOWN || again) {
			bool parted = r->im.n_cells == 1 && strpbrk(heading, ";\t|");
			snprintf(text, sizeof(text),
			    again ? "the column \"%.60s\" is there twice"
				  : "there is no column \"%.60s\"",
			    heading);
			add_wrong(r, r->im.cells[i].at, NULL, text,
			    parted
				? "cells are parted by commas: save the file as CSV with commas"
				: "the first line names the columns: name, password and the "
				  "options "
				  "of rrasctl user add without --, such as dialin, group, address");
			return false;
		}
		named = named || column == USER_COLUMN_NAME;
		r->columns[i] = column;
	}
	r->n_columns = r->im.n_cells;
	if (!named)
		add_wrong(r, r->im.cells[0].at, NULL, "the column \"name\" is missing",
		    "the first line names the columns");
	return named;
}

static void
take_csv(struct reading *r)
{
	const struct import_cell *cells = r->im.cells;
	json_t *request = json_object();
	const char *error = NULL;
	unsigned int i = 0;
	char text[300];

	for (; i < r->im.n_cells && i < r->n_columns && !error; i++)
		error = ctl_user_cell(request, r->columns[i], import_cell(&r->im, i));
	const char *name = json_string_value(json_object_get(request, "name"));
	if (error) {
		snprintf(text, sizeof(text), "\"%.100s\": %s",
		    r->columns[i - 1] == USER_COLUMN_PASSWORD ? "password"
							      : import_cell(&r->im, i - 1),
		    error);
		add_wrong(r, cells[i - 1].at, name, text,
		    "write it as the option of rrasctl user add is written");
	} else if (r->im.n_cells != r->n_columns) {
		unsigned int at = r->im.n_cells < r->n_columns ? r->im.n_cells - 1 : r->n_columns;
		snprintf(text, sizeof(text), "this row has %u cells, the first line %u",
		    r->im.n_cells, r->n_columns);
		add_wrong(r, cells[at].at, name, text,
		    "a cell that holds a comma stands in quotes; an empty cell keeps its comma");
	} else if (!name) {
		add_wrong(r, cells[0].at, NULL, "the name is missing", "give every row a name");
	} else {
		add_good(r, request, false);
		return;
	}
	json_decref(request);
}

static void
take_chap(struct reading *r)
{
	const struct import_entry *e = &r->im.entry;

	if (r->w->server && strcmp(e->server, "*") != 0 && strcmp(e->server, r->w->server) != 0)
		return; /* another server's */
	json_t *request = json_pack("{s:s, s:s}", "name", e->client, "password", e->secret);
	if (e->address[0])
		json_object_set_new(request, "address", json_string(e->address));
	add_good(r, request, e->more);
}

/* Whether reading goes on. */
static bool
take(struct reading *r, enum import_result got, bool *broken_out)
{
	*broken_out = true;
	switch (got) {
	case IMPORT_END:
		*broken_out = !r->w->chap && r->n_columns == 0;
		if (*broken_out)
			add_wrong(r, (struct import_place){ 1, 1 }, NULL, "the file is empty",
			    "the first line names the columns, the others are accounts");
		return false;
	case IMPORT_BROKEN:
		add_wrong(r, r->im.fault_at, NULL, r->im.fault, r->im.remedy);
		return false;
	case IMPORT_BAD:
		add_wrong(r, r->im.fault_at, NULL, r->im.fault, r->im.remedy);
		return r->w->chap || r->n_columns > 0; /* headings that cannot be read */
	case IMPORT_RECORD:
		break;
	}
	if (json_array_size(r->rows) == ROWS_MAX) {
		add_wrong(r, r->im.cells[0].at, NULL, "there are more than 100000 rows",
		    "import the file in parts");
		return false;
	}
	if (!r->w->chap && r->n_columns == 0)
		return take_headings(r);
	if (r->w->chap)
		take_chap(r);
	else
		take_csv(r);
	return true;
}

json_t *
ctl_import_rows(const struct user_import *w, bool *broken_out, char *err, size_t cap)
{
	int fd = strcmp(w->path, "-") == 0 ? STDIN_FILENO : open(w->path, O_RDONLY | O_CLOEXEC);
	struct reading *r = calloc(1, sizeof(*r));
	struct file_bytes file = { 0 };
	int rc = fd < 0 ? -errno : r ? file_read_fd(fd, FILE_MAX, &file) : -ENOMEM;
	json_t *rows = NULL;

	if (fd > STDIN_FILENO)
		close(fd);
	if (rc == 0) {
		*r = (struct reading){ .w = w, .rows = json_array() };
		import_init(&r->im, file_view(&file));
		while (take(
		    r, w->chap ? import_chap_next(&r->im) : import_csv_next(&r->im), broken_out))
			;
		rows = r->rows;
		import_wipe(&r->im);
	} else {
		snprintf(err, cap, "cannot read %s: %s", w->path,
		    rc == -EFBIG ? "it is larger than 16 MiB" : strerror(-rc));
	}
	file_bytes_free(&file);
	free(r);
	return rows;
}
