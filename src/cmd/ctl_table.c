/*
 * Tables for people. Cells are escaped when they come in, so that nothing a peer wrote reaches the
 * terminal raw (attacks U02, U05), and are measured in columns of the terminal, not in bytes.
 */
#include "base/text.h"
#include "cmd/ctl.h"

#include <stdlib.h>
#include <string.h>
#include <uniwidth.h>

#define COLUMNS_MAX 16u
#define CELL_MAX 512u

struct ctl_table {
	size_t n_columns, n_rows, cap_rows;
	char **cells; /* rows of n_columns texts; row 0 is the titles */
	bool right[COLUMNS_MAX];
};

static int
width_of(const char *s)
{
	int w = u8_strwidth((const uint8_t *)s, "UTF-8");

	return w < 0 ? 0 : w;
}

struct ctl_table *
ctl_table_new(size_t n_columns, const char *const *titles)
{
	struct ctl_table *t = calloc(1, sizeof(*t));

	must(n_columns > 0 && n_columns <= COLUMNS_MAX);
	if (!t)
		return NULL;
	t->n_columns = n_columns;
	ctl_table_row(t, titles);
	return t;
}

void
ctl_table_right(struct ctl_table *t, size_t column)
{
	if (t)
		t->right[column] = true;
}

void
ctl_table_row(struct ctl_table *t, const char *const *cells)
{
	if (!t)
		return;
	if (t->n_rows == t->cap_rows) {
		size_t cap = t->cap_rows ? t->cap_rows * 2 : 32;
		char **p = realloc(t->cells, cap * t->n_columns * sizeof(*p));
		if (!p)
			return;
		t->cells = p;
		t->cap_rows = cap;
	}
	for (size_t i = 0; i < t->n_columns; i++) {
		char text[CELL_MAX];
		const char *s = cells[i] && cells[i][0] ? cells[i] : "-";
		t->cells[t->n_rows * t->n_columns + i] =
		    strdup(text_escape(view_str(s), text, sizeof(text)));
	}
	t->n_rows++;
}

static const char *
cell(const struct ctl_table *t, size_t row, size_t column)
{
	const char *s = t->cells[row * t->n_columns + column];

	return s ? s : "";
}

static void
print_from(const struct ctl_table *t, size_t first, FILE *f)
{
	int width[COLUMNS_MAX] = { 0 };

	for (size_t r = first; r < t->n_rows; r++)
		for (size_t i = 0; i < t->n_columns; i++)
			if (width_of(cell(t, r, i)) > width[i])
				width[i] = width_of(cell(t, r, i));
	for (size_t r = first; r < t->n_rows; r++) {
		for (size_t i = 0; i < t->n_columns; i++) {
			const char *s = cell(t, r, i);
			int pad = width[i] - width_of(s);
			bool last = i + 1 == t->n_columns;
			if (t->right[i])
				fprintf(f, "%*s%s%s", pad, "", s, last ? "" : "  ");
			else
				fprintf(f, "%s%*s", s, last ? 0 : pad + 2, "");
		}
		fputc('\n', f);
	}
}

void
ctl_table_print(const struct ctl_table *t, FILE *f)
{
	if (t)
		print_from(t, 0, f);
}

void
ctl_table_print_rows(const struct ctl_table *t, FILE *f)
{
	if (t)
		print_from(t, 1, f);
}

void
ctl_table_free(struct ctl_table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_rows * t->n_columns; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t);
}
