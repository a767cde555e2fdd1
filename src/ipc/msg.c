/*
 * Encoding, decoding and permission of messages between roles, built from messages.def. See msg.h.
 * On the wire: u16 id, then the fields in order, nothing behind. What stands in the fields is the
 * receiver's to judge; that they are well formed and that the sender may say so is judged here.
 */
#include "ipc/msg.h"

#include "ipc/msg_types.h"

struct msg_row {
	enum msg_id id;
	const char *name;
	unsigned int from, to; /* ROLE_BIT()s */
	bool fd;
	size_t max_bytes; /* without the header */
};

#define WITH_FD true
#define NO_FD false
#define MSG(num, ID, name, from, to, fd, max, fields) { MSG_##ID, #ID, from, to, fd, max },
static const struct msg_row rows[] = {
#include "ipc/messages.def"
};
#undef MSG
#undef WITH_FD
#undef NO_FD

#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* No message may be larger than a receiver's buffer. */
#define MSG(num, ID, name, from, to, fd, max, fields)                                              \
	_Static_assert((max) + MSG_HEADER_BYTES <= MSG_MAX_BYTES, "MSG_MAX_BYTES is too small");
#include "ipc/messages.def"
#undef MSG

static const struct msg_row *
row_of(unsigned int id)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (rows[i].id == id)
			return &rows[i];
	return NULL;
}

#define F(type, name) msg_wr_##type(w, &m->name);
#define MSG(num, ID, name, from, to, fd, max, fields)                                              \
	static void put_##name(struct wr *w, const struct msg_##name *m)                           \
	{                                                                                          \
		fields                                                                             \
	}
#include "ipc/messages.def"
#undef MSG
#undef F

#define F(type, name) msg_rd_##type(r, &m->name);
#define MSG(num, ID, name, from, to, fd, max, fields)                                              \
	static void get_##name(struct rd *r, struct msg_##name *m)                                 \
	{                                                                                          \
		fields                                                                             \
	}
#include "ipc/messages.def"
#undef MSG
#undef F

static void
put_fields(struct wr *w, const struct msg *m)
{
	switch (m->id) {
	case MSG_NONE:
		return;
#define MSG(num, ID, name, from, to, fd, max, fields)                                              \
	case MSG_##ID:                                                                             \
		put_##name(w, &m->u.name);                                                         \
		return;
#include "ipc/messages.def"
#undef MSG
	}
}

static void
get_fields(struct rd *r, struct msg *m)
{
	switch (m->id) {
	case MSG_NONE:
		return;
#define MSG(num, ID, name, from, to, fd, max, fields)                                              \
	case MSG_##ID:                                                                             \
		get_##name(r, &m->u.name);                                                         \
		return;
#include "ipc/messages.def"
#undef MSG
	}
}

bool
msg_write(struct wr *w, const struct msg *m)
{
	const struct msg_row *row = row_of(m->id);
	size_t begin = wr_len(w);

	must(row);
	wr_u16(w, (uint16_t)m->id);
	put_fields(w, m);
	return wr_done(w) && wr_len(w) - begin <= row->max_bytes + MSG_HEADER_BYTES;
}

bool
msg_read(
    struct view bytes, enum role_id from, enum role_id to, struct msg *out, struct rd_fault *fault)
{
	struct rd r = rd_over(bytes, fault);
	const struct msg_row *row = row_of(rd_u16(&r));

	memset(out, 0, sizeof(*out));
	if (!row || !msg_may(row->id, from, to)) {
		rd_fail(&r, RD_BAD_VALUE);
		return false;
	}
	if (rd_left(&r) > row->max_bytes) {
		rd_fail(&r, RD_BAD_LENGTH);
		return false;
	}
	out->id = row->id;
	get_fields(&r, out);
	if (rd_done(&r))
		return true;
	secret_wipe_bytes(out, sizeof(*out)); /* half a request may hold a whole password */
	return false;
}

bool
msg_may(enum msg_id id, enum role_id from, enum role_id to)
{
	const struct msg_row *row = row_of(id);

	must(from < N_ROLE && to < N_ROLE);
	return row && (row->from & ROLE_BIT(from)) && (row->to & ROLE_BIT(to));
}

bool
msg_has_fd(enum msg_id id)
{
	const struct msg_row *row = row_of(id);

	return row && row->fd;
}

/* The ID of a row ends in _SECRET. (MSG(53, SECRET, ...) holds sealed bytes only.) */
bool
msg_is_secret(enum msg_id id)
{
	static const char suffix[] = "_SECRET";
	const struct msg_row *row = row_of(id);
	size_t n = row ? strlen(row->name) : 0, k = sizeof(suffix) - 1;

	return n >= k && memcmp(row->name + n - k, suffix, k) == 0;
}

const char *
msg_name(enum msg_id id)
{
	const struct msg_row *row = row_of(id);

	return row ? row->name : "?";
}

const char *
role_name(enum role_id r)
{
	static const char *const names[N_ROLE] = {
		[ROLE_MONITOR] = "monitor",
		[ROLE_NET] = "net",
		[ROLE_AAA] = "aaa",
		[ROLE_VAULT] = "vault",
		[ROLE_RECORD] = "record",
		[ROLE_DIAL] = "dial",
		[ROLE_FETCH] = "fetch",
	};

	return r < N_ROLE ? names[r] : "?";
}
