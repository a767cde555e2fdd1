/*
 * The pools as aaa counts them: how full each is, and which addresses somebody else uses (R60,
 * R99). Reads the lines that aaa/engine_admin.c writes.
 */
#include "roles/record_ctl.h"

#include <stdlib.h>
#include <string.h>

/* The word after a label in line; "" when it is not there or too long. */
static const char *
word_after(const char *line, const char *label, char *out, size_t cap)
{
	const char *at = strstr(line, label);
	size_t n;

	out[0] = 0;
	if (!at)
		return out;
	at += strlen(label);
	n = strcspn(at, " ");
	if (n < cap) {
		memcpy(out, at, n);
		out[n] = 0;
	}
	return out;
}

static json_int_t
number_after(const char *line, const char *label)
{
	char text[24];

	return (json_int_t)strtoll(word_after(line, label, text, sizeof(text)), NULL, 10);
}

static json_t *
pool_row(const char *line)
{
	const char *name = strstr(line, " name "), *ranges = strstr(line, " ranges ");
	char state[16];

	if (!name || !ranges || ranges < name)
		return NULL;
	name += strlen(" name ");
	return json_pack("{s:s%, s:s, s:I, s:I, s:s, s:[]}", "pool", name, (size_t)(ranges - name),
	    "ranges", ranges + strlen(" ranges "), "size", number_after(line, " size "), "leased",
	    number_after(line, " leased "), "state",
	    word_after(line, " state ", state, sizeof(state)), "conflicts");
}

static void
add_conflict(json_t *rows, const char *line)
{
	const char *pool = strstr(line, " pool ");
	char address[64];
	json_t *row;
	size_t i;

	if (!pool)
		return;
	word_after(line, "conflict ", address, sizeof(address));
	json_array_foreach(rows, i, row)
	{
		const char *name = json_string_value(json_object_get(row, "pool"));
		if (name && strcmp(name, pool + strlen(" pool ")) == 0) {
			json_array_append_new(
			    json_object_get(row, "conflicts"), json_string(address));
			return;
		}
	}
}

/* The pools' lines come before those of conflicts. */
static void
read_line(json_t *rows, struct view v)
{
	char line[700];

	if (v.n >= sizeof(line))
		return;
	memcpy(line, v.p, v.n);
	line[v.n] = 0;
	if (strncmp(line, "conflict ", 9) == 0) {
		add_conflict(rows, line);
	} else if (strncmp(line, "pool ", 5) == 0) {
		json_t *row = pool_row(line);
		if (row)
			json_array_append_new(rows, row);
	}
}

static void
on_answer(struct question *q, const struct rctl_wait *w, const struct msg *m)
{
	struct view v;

	(void)w;
	if (!m)
		return;
	q->out = json_array();
	for (v = m->u.status.lines; v.n;) {
		const uint8_t *nl = memchr(v.p, '\n', v.n);
		size_t n = nl ? (size_t)(nl - v.p) : v.n;
		read_line(q->out, view_of(v.p, n));
		v = view_of(v.p + n + (nl != NULL), v.n - n - (nl != NULL));
	}
}

static void
on_done(struct question *q)
{
	json_t *row;
	size_t i;

	if (!q->out) {
		rctl_refuse(q, cause_info(CAUSE_AAA_DOWN)->name,
		    "the aaa process, which counts the leases, does not answer",
		    "see rrasctl status");
		return;
	}
	json_array_foreach(q->out, i, row) rctl_row(q, json_incref(row));
	rctl_ok(q, NULL);
}

void
rctl_do_pools(struct question *q)
{
	struct msg m = { .id = MSG_STATUS_ASK, .u.status_ask = { rctl_seq(q) } };

	q->on_answer = on_answer;
	q->on_done = on_done;
	if (!rctl_ask_role(q, ROLE_AAA, 0, &m, m.u.status_ask.seq))
		q->n_lost++;
	rctl_wait_for(q, CTL_ANSWER_MS);
}
