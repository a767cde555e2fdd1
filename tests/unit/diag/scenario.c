/* Reads the lines of a scenario that describe a record. See scenario.h. */
#include "scenario.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

void
scenario_begin(struct scenario *s)
{
	memset(s, 0, sizeof(*s));
	s->w = wr_over(s->facts, sizeof(s->facts));
	s->r.ended = true;
	s->r.tunnel = TUNNEL_SSTP;
	s->r.stage = STAGE_AUTHENTICATE;
	s->r.began_unix_us = 1790000000000000;
	s->r.duration_ms = 152;
	must(endpoint_parse(view_str("198.51.100.7:50123"), &s->r.peer));
	must(endpoint_parse(view_str("203.0.113.1:443"), &s->r.local));
	s->host.sw = (struct host_switches){ 1, 1, 0, 0, 0 };
	s->host.daemon = HOST_YES;
}

/* Takes a word, or a text in quotes with \xNN in it, off *p, in place. */
static char *
take(char **p)
{
	char *out, *o, stop = ' ';

	while (**p == ' ')
		++*p;
	if (**p == '"') {
		stop = '"';
		++*p;
	}
	out = o = *p;
	while (**p && **p != stop) {
		if ((*p)[0] == '\\' && (*p)[1] == 'x') {
			char hex[3] = { (*p)[2], (*p)[3], 0 };
			*o++ = (char)strtoul(hex, NULL, 16);
			*p += 4;
		} else {
			*o++ = *(*p)++;
		}
	}
	if (**p)
		++*p;
	*o = 0;
	return out;
}

static struct fact_field
field_of(char type, char *value)
{
	struct fact_field f = { 0 };

	switch (type) {
	case 'u':
		return F_U(strtoull(value, NULL, 10));
	case 'a':
		must(ip_parse(view_str(value), &f.end.addr));
		return F_ADDR(f.end.addr);
	case 'e':
		must(endpoint_parse(view_str(value), &f.end));
		return F_END(f.end);
	case 'l':
		f.type = FACT_LIST;
		for (char *at = value; *at && f.n_list < FACT_LIST_MAX; at += *at == ',')
			f.list[f.n_list++] = (uint16_t)strtoul(at, &at, 10);
		return f;
	default:
		return F_STR(value);
	}
}

/* "fact NAME VALUE ...": values in the order of facts.def. */
static void
take_fact(struct scenario *s, char *line)
{
	struct fact_field fields[FACT_FIELDS_MAX];
	const struct fact_info *info = NULL;
	const char *name = take(&line), *types;
	size_t n = 0;

	for (size_t i = 0; fact_at(i); i++)
		if (strcmp(fact_at(i)->name, name) == 0)
			info = fact_at(i);
	if (!info)
		fprintf(stderr, "no such fact: %s\n", name);
	must(info);
	types = info->fields;
	while (*types) {
		fields[n++] = field_of(*types, take(&line));
		types += strcspn(types, " ");
		types += *types == ' ';
	}
	struct fact f = fact_make(info->id, fields, n);
	f.witness = s->r.client ? BY_DIAL : BY_AAA;
	f.at_ms = 10 + wr_len(&s->w);
	fact_write(&s->w, &f);
}

static bool
take_config(struct scenario *s, char *line)
{
	const char *key = take(&line), *value = take(&line);

	s->has_config = true;
	s->config.sstp_enabled = true;
	if (s->config.sstp_ports == 0)
		s->config.sstp_ports = 128;
	if (strcmp(key, "ports") == 0)
		s->config.sstp_ports = (uint32_t)strtoul(value, NULL, 10);
	else if (strcmp(key, "identity-encoding") == 0)
		s->config.identity_ansi = strcmp(value, "ansi") == 0;
	else if (strcmp(key, "domain") == 0)
		snprintf(s->config.domain, sizeof(s->config.domain), "%s", value);
	else
		return false;
	return true;
}

static void
take_cert(struct scenario *s, char *line)
{
	const char *names = take(&line), *issuer = take(&line);

	s->has_cert = s->cert.readable = true;
	snprintf(s->cert.names, sizeof(s->cert.names), "%s", names);
	snprintf(s->cert.issuer, sizeof(s->cert.issuer), "%s", issuer);
}

bool
scenario_line(struct scenario *s, char *line)
{
	const char *key = take(&line);

	if (strcmp(key, "cause") == 0)
		s->r.cause = cause_by_name(view_str(take(&line)));
	else if (strcmp(key, "client") == 0)
		s->r.client = true;
	else if (strcmp(key, "began") == 0)
		s->r.began_unix_us = strtoll(take(&line), NULL, 10) * 1000000;
	else if (strcmp(key, "live") == 0)
		s->r.ended = false;
	else if (strcmp(key, "method") == 0)
		s->r.method = auth_method_by_name(view_str(take(&line)));
	else if (strcmp(key, "user") == 0)
		snprintf(s->r.user, sizeof(s->r.user), "%s", take(&line));
	else if (strcmp(key, "account") == 0)
		snprintf(s->r.account, sizeof(s->r.account), "%s", take(&line));
	else if (strcmp(key, "policy") == 0)
		snprintf(s->r.policy, sizeof(s->r.policy), "%s", take(&line));
	else if (strcmp(key, "stage") == 0)
		s->r.stage = (enum stage)strtoul(take(&line), NULL, 10);
	else if (strcmp(key, "fact") == 0)
		take_fact(s, line);
	else if (strcmp(key, "config") == 0)
		return take_config(s, line);
	else if (strcmp(key, "certificate") == 0)
		take_cert(s, line);
	else if (strcmp(key, "forwarding") == 0)
		s->has_host = true, s->host.sw.ip_forward = strcmp(take(&line), "on") == 0;
	else
		return false;
	s->r.facts = wr_view_of(&s->w);
	return true;
}

struct diag_context
scenario_context(struct scenario *s, const struct catalogue *c)
{
	return (struct diag_context){ .catalogue = c,
		.config = s->has_config ? &s->config : NULL,
		.cert = s->has_cert ? &s->cert : NULL,
		.host = s->has_host ? &s->host : NULL,
		.now_unix_us = s->r.began_unix_us };
}
