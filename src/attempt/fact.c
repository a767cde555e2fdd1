/* Facts: making, encoding, reading, printing. See fact.h and facts.def. */
#include "attempt/fact.h"

#include "base/text.h"

#include <stdio.h>

static const struct fact_info facts[] = {
#define FACT(num, id, name, fields, text) { FACT_##id, name, fields, text },
#include "attempt/facts.def"
#undef FACT
};

#define N_FACTS (sizeof(facts) / sizeof(facts[0]))

const struct fact_info *
fact_info(enum fact_id id)
{
	for (size_t i = 0; i < N_FACTS; i++)
		if (facts[i].id == id)
			return &facts[i];
	return NULL;
}

const struct fact_info *
fact_at(size_t i)
{
	return i < N_FACTS ? &facts[i] : NULL;
}

/* The type of the i-th field by the letter of facts.def; 0 when there is no such field. */
static enum fact_type
declared_type(const struct fact_info *info, size_t i)
{
	const char *s = info->fields;

	for (; *s && i > 0; s++)
		if (*s == ' ')
			i--;
	switch (*s) {
	case 'u':
		return FACT_U64;
	case 'a':
		return FACT_ADDR;
	case 'e':
		return FACT_END;
	case 'b':
		return FACT_BYTES;
	case 't':
		return FACT_TEXT;
	case 'l':
		return FACT_LIST;
	default:
		return 0;
	}
}

struct fact
fact_make(enum fact_id id, const struct fact_field *fields, size_t n)
{
	const struct fact_info *info = fact_info(id);
	struct fact f = { .id = id };

	must(info && n <= FACT_FIELDS_MAX);
	f.n_fields = (uint8_t)n;
	for (size_t i = 0; i < n; i++) {
		size_t most = fields[i].type == FACT_TEXT ? FACT_TEXT_MAX : FACT_BYTES_MAX;
		must(declared_type(info, i) == fields[i].type);
		f.fields[i] = fields[i];
		if (f.fields[i].bytes.n > most)
			f.fields[i].bytes.n = most;
	}
	must(declared_type(info, n) == 0);
	return f;
}

static void
write_addr(struct wr *w, const struct ip_addr *a)
{
	wr_u8(w, a->family);
	wr_bytes(w, a->b, a->family == IP_V4 ? 4 : a->family == IP_V6 ? 16 : 0);
}

static void
write_field(struct wr *w, const struct fact_field *f)
{
	wr_u8(w, (uint8_t)f->type);
	switch (f->type) {
	case FACT_U64:
		wr_u64(w, f->u);
		break;
	case FACT_ADDR:
		write_addr(w, &f->end.addr);
		break;
	case FACT_END:
		write_addr(w, &f->end.addr);
		wr_u16(w, f->end.port);
		break;
	case FACT_BYTES:
	case FACT_TEXT:
		wr_u16(w, (uint16_t)f->bytes.n);
		wr_view(w, f->bytes);
		break;
	case FACT_LIST:
		wr_u8(w, f->n_list);
		for (unsigned int i = 0; i < f->n_list; i++)
			wr_u16(w, f->list[i]);
		break;
	}
}

void
fact_write(struct wr *w, const struct fact *f)
{
	size_t mark = wr_len16_begin(w);

	wr_u16(w, (uint16_t)f->id);
	wr_u8(w, (uint8_t)f->witness);
	wr_u64(w, f->at_ms);
	wr_u8(w, f->n_fields);
	for (unsigned int i = 0; i < f->n_fields; i++)
		write_field(w, &f->fields[i]);
	wr_len16_end(w, mark, 0);
}

static void
read_addr(struct rd *r, struct ip_addr *out)
{
	*out = (struct ip_addr){ .family = rd_u8(r) };
	if (out->family != IP_NONE && out->family != IP_V4 && out->family != IP_V6)
		rd_fail(r, RD_BAD_VALUE);
	rd_bytes(r, out->b, out->family == IP_V4 ? 4 : out->family == IP_V6 ? 16 : 0);
}

static void
read_field(struct rd *r, struct fact_field *out)
{
	*out = (struct fact_field){ .type = rd_u8(r) };
	switch (out->type) {
	case FACT_U64:
		out->u = rd_u64(r);
		return;
	case FACT_ADDR:
		read_addr(r, &out->end.addr);
		return;
	case FACT_END:
		read_addr(r, &out->end.addr);
		out->end.port = rd_u16(r);
		return;
	case FACT_BYTES:
	case FACT_TEXT:
		out->bytes = rd_take(r, rd_u16(r));
		if (out->bytes.n > FACT_TEXT_MAX)
			rd_fail(r, RD_TOO_MANY);
		return;
	case FACT_LIST:
		out->n_list = rd_u8(r);
		if (out->n_list > FACT_LIST_MAX) {
			rd_fail(r, RD_TOO_MANY);
			return;
		}
		for (unsigned int i = 0; i < out->n_list; i++)
			out->list[i] = rd_u16(r);
		return;
	}
	rd_fail(r, RD_BAD_VALUE);
}

bool
fact_read(struct rd *r, struct fact *out)
{
	struct rd body = rd_sub(r, rd_minus(r, rd_u16(r), 2));
	const struct fact_info *info;

	*out = (struct fact){ .id = rd_u16(&body) };
	out->witness = rd_u8(&body);
	out->at_ms = rd_u64(&body);
	out->n_fields = rd_u8(&body);
	info = fact_info(out->id);
	if (!info || out->witness > BY_DIAL || out->n_fields > FACT_FIELDS_MAX)
		rd_fail(&body, RD_BAD_VALUE);
	for (unsigned int i = 0; rd_ok(&body) && i < out->n_fields; i++) {
		read_field(&body, &out->fields[i]);
		if (out->fields[i].type != declared_type(info, i))
			rd_fail(&body, RD_BAD_VALUE);
	}
	return rd_done(&body);
}

const struct fact_field *
fact_field(const struct fact *f, const char *name)
{
	const struct fact_info *info = fact_info(f->id);
	const char *s = info ? info->fields : "";
	size_t n = strlen(name);

	for (unsigned int i = 0; i < f->n_fields && *s; i++) {
		size_t len = strcspn(s, " ");
		if (len == n + 2 && memcmp(s + 2, name, n) == 0)
			return &f->fields[i];
		s += len + (s[len] == ' ');
	}
	return NULL;
}

char *
fact_field_text(const struct fact_field *field, char *out, size_t cap)
{
	char end[ENDPOINT_TEXT_MAX];
	size_t o = 0;

	must(cap > 0);
	out[0] = 0;
	switch (field->type) {
	case FACT_U64:
		snprintf(out, cap, "%llu", (unsigned long long)field->u);
		break;
	case FACT_ADDR:
		snprintf(out, cap, "%s", ip_text(&field->end.addr, end));
		break;
	case FACT_END:
		snprintf(out, cap, "%s", endpoint_text(&field->end, end));
		break;
	case FACT_BYTES:
		text_hex(field->bytes, out, cap);
		break;
	case FACT_TEXT:
		text_escape(field->bytes, out, cap);
		break;
	case FACT_LIST:
		for (unsigned int i = 0; i < field->n_list && o < cap; i++)
			o += (size_t)snprintf(out + o, cap - o, i ? ", %u" : "%u", field->list[i]);
		break;
	}
	return out;
}

char *
fact_text(const struct fact *f, char *out, size_t cap)
{
	const struct fact_info *info = fact_info(f->id);
	size_t o = 0;

	must(cap > 0);
	for (const char *s = info ? info->text : ""; *s && o + 1 < cap;) {
		const char *close = *s == '@' ? strchr(s + 1, '@') : NULL;
		char name[32];

		if (!close || (size_t)(close - s) > sizeof(name)) {
			out[o++] = *s++;
			continue;
		}
		memcpy(name, s + 1, (size_t)(close - s) - 1);
		name[close - s - 1] = 0;
		const struct fact_field *field = fact_field(f, name);
		out[o] = 0;
		if (field)
			fact_field_text(field, out + o, cap - o);
		o += strlen(out + o);
		s = close + 1;
	}
	out[o] = 0;
	return out;
}

const char *
witness_name(enum witness w)
{
	static const char *const names[] = { "monitor", "net", "aaa", "vault", "record", "dial" };

	return w <= BY_DIAL ? names[w] : "?";
}
