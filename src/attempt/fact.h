/*
 * Facts: things that somebody saw during an attempt. A fact is an id of facts.def and a few typed
 * fields, written with FACT() and kept in the trail as bytes, so that what is recorded can always
 * be printed, searched and put into a diagnosis by field name.
 */
#ifndef ATTEMPT_FACT_H
#define ATTEMPT_FACT_H

#include "base/addr.h"
#include "base/rd.h"
#include "base/wr.h"

enum fact_id {
	FACT_NONE = 0,
#define FACT(num, id, name, fields, text) FACT_##id = (num),
#include "attempt/facts.def"
#undef FACT
	FACT_LAST
};

/* Who says so: a worker's word is evidence, not proof. */
enum witness { BY_MONITOR, BY_NET, BY_AAA, BY_VAULT, BY_RECORD, BY_DIAL };

enum fact_type {
	FACT_U64 = 1,   /* 'u' in facts.def; also durations (ms) and sizes (bytes) */
	FACT_ADDR = 2,  /* 'a' an IP address */
	FACT_END = 3,   /* 'e' an endpoint */
	FACT_BYTES = 4, /* 'b' up to 64 bytes, shown as hex */
	FACT_TEXT = 5,  /* 't' up to 256 bytes; a peer's text, escaped when printed */
	FACT_LIST = 6,  /* 'l' up to 16 numbers of 16 bits */
};

#define FACT_FIELDS_MAX 6
#define FACT_TEXT_MAX 256
#define FACT_BYTES_MAX 64
#define FACT_LIST_MAX 16
#define FACT_ENCODED_MAX 1024

struct fact_field {
	enum fact_type type;
	uint64_t u;          /* FACT_U64 */
	struct endpoint end; /* FACT_END; FACT_ADDR uses end.addr */
	struct view bytes;   /* FACT_BYTES, FACT_TEXT: borrowed */
	uint16_t list[FACT_LIST_MAX];
	uint8_t n_list;
};

struct fact {
	enum fact_id id;
	enum witness witness;
	uint64_t at_ms; /* since the attempt began */
	uint8_t n_fields;
	struct fact_field fields[FACT_FIELDS_MAX];
};

/* Field makers, for the argument list of fx_fact and attempt_note. */
static inline struct fact_field
F_U(uint64_t u) {
	return (struct fact_field){ .type = FACT_U64, .u = u };
}

static inline struct fact_field
F_TEXT(struct view v) {
	return (struct fact_field){ .type = FACT_TEXT, .bytes = v };
}

static inline struct fact_field
F_STR(const char *s) {
	return F_TEXT(view_str(s));
}

static inline struct fact_field
F_BYTES(struct view v) {
	return (struct fact_field){ .type = FACT_BYTES, .bytes = v };
}

static inline struct fact_field
F_ADDR(struct ip_addr a) {
	return (struct fact_field){ .type = FACT_ADDR, .end = { .addr = a } };
}

static inline struct fact_field
F_END(struct endpoint e) {
	return (struct fact_field){ .type = FACT_END, .end = e };
}

/* What facts.def says of a fact. */
struct fact_info {
	enum fact_id id;
	const char *name;   /* "ppp.lcp-opened" */
	const char *fields; /* "u:mru t:auth": type letter and name of each */
	const char *text;   /* one line with @field@ places */
};

/* The row of a fact; NULL for an id that the table does not have. */
const struct fact_info *fact_info(enum fact_id id);
const struct fact_info *fact_at(size_t i);

/*
 * Builds a fact; must() that the fields agree with facts.def. Too long texts are cut, not refused.
 * Borrowed views stay borrowed.
 */
struct fact fact_make(enum fact_id id, const struct fact_field *fields, size_t n);

#define FACT_MAKE(id, ...)                                                                         \
	fact_make((id), (const struct fact_field[]){ { 0 }, ##__VA_ARGS__ } + 1,                   \
	    sizeof((const struct fact_field[]){ { 0 }, ##__VA_ARGS__ }) /                          \
		    sizeof(struct fact_field) -                                                    \
		1)

/* Appends the encoding of a fact, a record with its length in front. */
void fact_write(struct wr *w, const struct fact *f);

/* Reads one record; views point into r's buffer. False after a fault or an unknown id. */
MUST_USE bool fact_read(struct rd *r, struct fact *out);

/* The field called name (of n bytes at most 31), or NULL. */
const struct fact_field *fact_field(const struct fact *f, const char *name);

/* One field as text, escaped; always terminated. Returns out. */
char *fact_field_text(const struct fact_field *field, char *out, size_t cap);

/* The fact's one-line text with its fields filled in. Returns out. */
char *fact_text(const struct fact *f, char *out, size_t cap);

const char *witness_name(enum witness w);

#endif
