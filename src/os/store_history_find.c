/* Reading history.db: lists, the latest failure, one attempt by id. See store_history.h. */
#include "os/store_history_priv.h"

#include "base/text.h"
#include "base/wr.h"

#include <stdio.h>
#include <stdlib.h>

#define SQL_MAX 8192u

/* Column order is HISTORY_COLUMNS, then facts. */
static void
read_row(sqlite3_stmt *s, bool with_facts, struct attempt_record *r)
{
	char text[ENDPOINT_TEXT_MAX];
	const void *id = sqlite3_column_blob(s, 0);

	*r = (struct attempt_record){ 0 };
	if (id && sqlite3_column_bytes(s, 0) == (int)sizeof(r->id.b))
		memcpy(r->id.b, id, sizeof(r->id.b));
	r->tunnel = (enum tunnel_kind)sqlite3_column_int(s, 1);
	store_text(s, 2, text, sizeof(text));
	if (!endpoint_parse(view_str(text), &r->peer))
		r->peer = (struct endpoint){ 0 };
	store_text(s, 3, text, sizeof(text));
	if (!endpoint_parse(view_str(text), &r->local))
		r->local = (struct endpoint){ 0 };
	r->began_unix_us = sqlite3_column_int64(s, 4);
	r->duration_ms = (uint64_t)sqlite3_column_int64(s, 5);
	r->stage = (enum stage)sqlite3_column_int(s, 6);
	r->ended = sqlite3_column_int(s, 7) != 0;
	r->client = sqlite3_column_int(s, 8) != 0;
	r->cause = (enum cause)sqlite3_column_int(s, 9);
	r->ended_by = (enum party)sqlite3_column_int(s, 10);
	r->method = (enum auth_method)sqlite3_column_int(s, 11);
	store_text(s, 12, r->user, sizeof(r->user));
	store_text(s, 13, r->account, sizeof(r->account));
	store_text(s, 14, r->policy, sizeof(r->policy));
	store_text(s, 15, r->device, sizeof(r->device));
	store_text(s, 16, text, sizeof(text));
	if (!ip_parse(view_str(text), &r->address))
		r->address = (struct ip_addr){ 0 };
	r->in_bytes = (uint64_t)sqlite3_column_int64(s, 17);
	r->out_bytes = (uint64_t)sqlite3_column_int64(s, 18);
	r->in_pkts = (uint64_t)sqlite3_column_int64(s, 19);
	r->out_pkts = (uint64_t)sqlite3_column_int64(s, 20);
	store_text(s, 21, text, sizeof(text));
	if (!ip_parse(view_str(text), &r->prefix6))
		r->prefix6 = (struct ip_addr){ 0 };
	if (with_facts) {
		const void *p = sqlite3_column_blob(s, 22);
		r->facts = view_of(p, p ? (size_t)sqlite3_column_bytes(s, 22) : 0);
	}
}

/* "cause IN (...)": those whose user is told this number by that method. */
static void
causes_told(struct wr *w, uint32_t number, enum auth_method method, bool client)
{
	const struct cause_info *c;
	const char *comma = "";

	wr_str(w, "cause IN (");
	for (size_t i = 0; (c = cause_at(i)); i++) {
		if (cause_number_told(c, method, client) != number)
			continue;
		wr_fmt(w, "%s%u", comma, (unsigned int)c->cause);
		comma = ",";
	}
	wr_str(w, ")");
}

/* What the user was told depends on the method and on the end that wrote the record. */
static void
where_ras_error(struct wr *w, uint32_t number)
{
	wr_fmt(w, " AND CASE WHEN client OR method NOT IN (%d, %d, %d, %d) THEN ", AUTH_PAP,
	    AUTH_CHAP, AUTH_MSCHAP, AUTH_MSCHAPV2);
	causes_told(w, number, AUTH_NONE, true);
	wr_fmt(w, " WHEN method IN (%d, %d) THEN ", AUTH_PAP, AUTH_CHAP);
	causes_told(w, number, AUTH_PAP, false);
	wr_str(w, " ELSE ");
	causes_told(w, number, AUTH_MSCHAPV2, false);
	wr_str(w, " END");
}

/* A failure: it ended, and somebody has to act. */
static void
where_failure(struct wr *w)
{
	const struct cause_info *c;

	wr_str(w, " AND ended = 1 AND cause NOT IN (0");
	for (size_t i = 0; (c = cause_at(i)); i++)
		if (c->blame == BLAME_NONE)
			wr_fmt(w, ",%u", (unsigned int)c->cause);
	wr_str(w, ")");
}

static sqlite3_stmt *
prepare_list(struct history *h, const struct history_filter *f, uint32_t limit, bool with_facts,
    char *err, size_t cap)
{
	char sql[SQL_MAX];
	struct wr w = wr_over(sql, sizeof(sql) - 1);
	sqlite3_stmt *s;

	wr_fmt(
	    &w, "SELECT " HISTORY_COLUMNS "%s FROM attempt WHERE 1", with_facts ? ", facts" : "");
	if (f->failures)
		where_failure(&w);
	if (f->live)
		wr_str(&w, " AND ended = 0");
	if (f->user)
		wr_str(&w, " AND (user = ?1 OR account = ?1)");
	if (f->ras_error)
		where_ras_error(&w, f->ras_error);
	if (f->cause != CAUSE_NONE)
		wr_fmt(&w, " AND cause = %u", (unsigned int)f->cause);
	if (f->min_stage > STAGE_ARRIVED)
		wr_fmt(&w, " AND stage >= %u", (unsigned int)f->min_stage);
	if (f->since_unix_us)
		wr_fmt(&w, " AND began_us >= %lld", (long long)f->since_unix_us);
	wr_str(&w, " ORDER BY began_us DESC, id DESC");
	if (limit)
		wr_fmt(&w, " LIMIT %u", limit);
	must(wr_done(&w));
	sql[wr_len(&w)] = 0;
	s = store_prepare(h->db, sql, &history_schema, err, cap);
	if (s && f->user)
		sqlite3_bind_text(s, 1, f->user, -1, SQLITE_STATIC);
	return s;
}

int64_t
history_list(struct history *h, const struct history_filter *f, uint32_t limit, bool with_facts,
    history_row_fn fn, void *ctx, char *err, size_t cap)
{
	sqlite3_stmt *s = prepare_list(h, f, limit, with_facts, err, cap);
	int64_t n = 0;
	int rc;

	if (!s)
		return -1;
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct attempt_record r;
		read_row(s, with_facts, &r);
		n++;
		if (!fn(ctx, &r)) {
			rc = SQLITE_DONE;
			break;
		}
	}
	if (rc != SQLITE_DONE) {
		(void)store_error(h->db, rc, &history_schema, err, cap);
		n = -1;
	}
	sqlite3_finalize(s);
	return n;
}

/* A copy of r in one piece of memory, its facts behind it. */
static struct attempt_record *
copy_row(const struct attempt_record *r)
{
	struct attempt_record *out = malloc(sizeof(*out) + r->facts.n);

	if (!out)
		return NULL;
	*out = *r;
	if (r->facts.n) {
		memcpy(out + 1, r->facts.p, r->facts.n);
		out->facts.p = (const uint8_t *)(out + 1);
	}
	return out;
}

static bool
keep_first(void *ctx, const struct attempt_record *r)
{
	struct attempt_record **out = ctx;

	*out = copy_row(r);
	return false;
}

enum history_found
history_latest(struct history *h, const struct history_filter *f, struct attempt_record **out,
    char *err, size_t cap)
{
	struct attempt_record *r = NULL;
	int64_t n = history_list(h, f, 1, true, keep_first, &r, err, cap);

	if (n <= 0)
		return n < 0 ? HISTORY_ERROR : HISTORY_NONE;
	if (!r) {
		snprintf(err, cap, "memory is out");
		return HISTORY_ERROR;
	}
	*out = r;
	return HISTORY_FOUND;
}

/* The range of ids that begin with these hex digits. */
static bool
id_range(struct view hex, uint8_t low[16], uint8_t high[16])
{
	char lo[33], hi[33];

	if (hex.n < 4 || hex.n > 32)
		return false;
	for (size_t i = 0; i < 32; i++) {
		lo[i] = i < hex.n ? (char)hex.p[i] : '0';
		hi[i] = i < hex.n ? (char)hex.p[i] : 'f';
		if (lo[i] == ' ' || lo[i] == '\t')
			return false;
	}
	return text_unhex(view_of(lo, 32), low, 16) == 16 &&
	       text_unhex(view_of(hi, 32), high, 16) == 16;
}

enum history_found
history_by_id(
    struct history *h, struct view id_prefix, struct attempt_record **out, char *err, size_t cap)
{
	enum history_found found = HISTORY_NONE;
	struct attempt_record *keep = NULL;
	uint8_t low[16], high[16];
	sqlite3_stmt *s;
	int rc;

	if (!id_range(id_prefix, low, high))
		return HISTORY_NONE;
	s = store_prepare(h->db,
	    "SELECT " HISTORY_COLUMNS ", facts FROM attempt WHERE id BETWEEN ?1 AND ?2 LIMIT 2",
	    &history_schema, err, cap);
	if (!s)
		return HISTORY_ERROR;
	sqlite3_bind_blob(s, 1, low, sizeof(low), SQLITE_STATIC);
	sqlite3_bind_blob(s, 2, high, sizeof(high), SQLITE_STATIC);
	rc = sqlite3_step(s);
	if (rc == SQLITE_ROW) {
		struct attempt_record r;
		read_row(s, true, &r);
		keep = copy_row(&r);
		found = keep ? HISTORY_FOUND : HISTORY_ERROR;
		if (!keep)
			snprintf(err, cap, "memory is out");
		rc = sqlite3_step(s);
		if (keep && rc == SQLITE_ROW)
			found = HISTORY_AMBIGUOUS;
	}
	if (rc != SQLITE_DONE && rc != SQLITE_ROW) {
		(void)store_error(h->db, rc, &history_schema, err, cap);
		found = HISTORY_ERROR;
	}
	sqlite3_finalize(s);
	if (found == HISTORY_FOUND)
		*out = keep;
	else
		free(keep);
	return found;
}

void
history_free(struct attempt_record *r)
{
	free(r);
}

int64_t
history_counts(struct history *h, uint64_t since_minute, uint32_t limit, history_count_fn fn,
    void *ctx, char *err, size_t cap)
{
	sqlite3_stmt *s = store_prepare(h->db,
	    "SELECT minute, cause, prefix, n FROM counted WHERE minute >= ?1 "
	    "ORDER BY minute DESC, n DESC LIMIT ?2",
	    &history_schema, err, cap);
	int64_t n = 0;
	int rc;

	if (!s)
		return -1;
	sqlite3_bind_int64(s, 1, (int64_t)since_minute);
	sqlite3_bind_int64(s, 2, limit ? (int64_t)limit : -1);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		char prefix[ADDR_TEXT_MAX + 5];
		struct history_count c = {
			.minute = (uint64_t)sqlite3_column_int64(s, 0),
			.cause = (enum cause)sqlite3_column_int(s, 1),
			.attempts = (uint64_t)sqlite3_column_int64(s, 3),
		};
		store_text(s, 2, prefix, sizeof(prefix));
		if (!ip_prefix_parse(view_str(prefix), &c.prefix))
			continue;
		n++;
		if (!fn(ctx, &c)) {
			rc = SQLITE_DONE;
			break;
		}
	}
	if (rc != SQLITE_DONE) {
		(void)store_error(h->db, rc, &history_schema, err, cap);
		n = -1;
	}
	sqlite3_finalize(s);
	return n;
}
