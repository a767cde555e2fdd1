/* Redirectors on this host. See redirect.h. */
#include "os/redirect.h"

#include "os/file.h"
#include "os/proc.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define MAPS_BYTES_MAX (4u << 20)
#define NFT_MS 3000u
#define JUMPS_MAX 8u

/* The beginnings of such libraries' file names. */
static const char *const known[] = { "libproxychains", "libtsocks", "libtorsocks", "libdsocks",
	"libsocksify", "libgraftcp", "libredsocks", "libsocks5", "libhev-socks5", "libtun2socks" };

bool
redirect_find_library(struct view maps, char *out, size_t cap)
{
	const char *p = (const char *)maps.p, *end = p + maps.n;

	while (p < end) {
		const char *line_end = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((line_end ? line_end : end) - p);
		const char *path = memchr(p, '/', n), *name = path;
		for (const char *s = path; s && s < p + n; s++)
			if (*s == '/')
				name = s + 1;
		size_t left = path ? n - (size_t)(name - p) : 0;
		for (size_t i = 0; path && i < sizeof(known) / sizeof(known[0]); i++) {
			if (left < strlen(known[i]) ||
			    memcmp(name, known[i], strlen(known[i])) != 0)
				continue;
			snprintf(out, cap, "%.*s", (int)(n - (size_t)(path - p)), path);
			return true;
		}
		p += n + 1;
	}
	return false;
}

bool
redirect_library(char *out, size_t cap)
{
	struct file_bytes b;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	bool found = false;

	if (fd >= 0 && file_read_fd(fd, MAPS_BYTES_MAX, &b) == 0) {
		found = redirect_find_library(file_view(&b), out, cap);
		file_bytes_free(&b);
	}
	if (fd >= 0)
		close(fd);
	return found;
}

bool
redirect_variable(char *out, size_t cap)
{
	static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
		"http_proxy", "HTTP_PROXY" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);
		if (!value || !*value)
			continue;
		snprintf(out, cap, "%s", names[i]); /* its value may hold a password */
		return true;
	}
	return false;
}

/* --- rules --- */

static const char *
text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

/* Whether a value of a match certainly holds for us: a number, a word, a range, a set of them. */
static bool
has_port(const json_t *right, uint16_t port)
{
	const json_t *range = json_object_get(right, "range"), *set = json_object_get(right, "set");
	const json_t *one;
	size_t i;

	if (json_is_integer(right))
		return json_integer_value(right) == port;
	if (json_array_size(range) == 2)
		return json_integer_value(json_array_get(range, 0)) <= port &&
		       port <= json_integer_value(json_array_get(range, 1));
	json_array_foreach(set, i, one) if (has_port(one, port)) return true;
	return false;
}

static bool
has_address(const json_t *right, const struct ip_addr *a)
{
	const json_t *prefix = json_object_get(right, "prefix"),
		     *set = json_object_get(right, "set");
	const json_t *one;
	struct ip_prefix p;
	size_t i;

	if (json_is_string(right))
		return ip_prefix_parse(view_str(json_string_value(right)), &p) &&
		       ip_in_prefix(a, &p);
	if (prefix && ip_parse(view_str(text(prefix, "addr")), &p.addr)) {
		json_int_t len = json_integer_value(json_object_get(prefix, "len"));
		p.len = (uint8_t)(len >= 0 && len <= 128 ? len : 128);
		return ip_in_prefix(a, &p);
	}
	json_array_foreach(set, i, one) if (has_address(one, a)) return true;
	return false;
}

/* Whether the match certainly lets our connection on; what cannot be judged does not. */
static bool
matches(const json_t *m, const struct endpoint *to)
{
	const json_t *left = json_object_get(m, "left"), *right = json_object_get(m, "right");
	const json_t *payload = json_object_get(left, "payload");
	const char *protocol = text(payload, "protocol"), *field = text(payload, "field");
	const char *word = json_string_value(right), *op = text(m, "op");
	bool tcp = (word && strcmp(word, "tcp") == 0) ||
	           (json_is_integer(right) && json_integer_value(right) == 6);

	if (strcmp(op, "==") != 0 && strcmp(op, "in") != 0 && *op)
		return false;
	if (strcmp(protocol, "tcp") == 0 && strcmp(field, "dport") == 0)
		return has_port(right, to->port);
	if (strcmp(field, "daddr") == 0)
		return has_address(right, &to->addr);
	if (strcmp(field, "protocol") == 0 || strcmp(field, "nexthdr") == 0)
		return tcp;
	return strcmp(text(json_object_get(left, "meta"), "key"), "l4proto") == 0 && tcp;
}

struct search {
	const json_t *all;
	const struct endpoint *to;
	char *out;
	size_t cap;
};

static bool look_in_chain(const struct search *s, const json_t *chain, unsigned int depth);

/* The chain that a jump of a rule leads to. */
static bool
follow(const struct search *s, const json_t *rule, const char *target, unsigned int depth)
{
	const json_t *o;
	size_t i;

	if (!*target || depth == JUMPS_MAX)
		return false;
	json_array_foreach(s->all, i, o)
	{
		const json_t *c = json_object_get(o, "chain");
		if (c && strcmp(text(c, "family"), text(rule, "family")) == 0 &&
		    strcmp(text(c, "table"), text(rule, "table")) == 0 &&
		    strcmp(text(c, "name"), target) == 0)
			return look_in_chain(s, c, depth + 1);
	}
	return false;
}

static bool
look_in_rule(const struct search *s, const json_t *rule, unsigned int depth)
{
	const json_t *e, *m, *redirect, *dnat, *to;
	size_t i;

	json_array_foreach(json_object_get(rule, "expr"), i, e)
	{
		m = json_object_get(e, "match");
		if (m && !matches(m, s->to))
			return false;
		if (m || json_object_get(e, "counter") || json_object_get(e, "log"))
			continue;
		to = json_object_get(e, "jump") ? json_object_get(e, "jump")
		                                : json_object_get(e, "goto");
		if (to)
			return follow(s, rule, text(to, "target"), depth);
		redirect = json_object_get(e, "redirect");
		dnat = json_object_get(e, "dnat");
		if (!redirect && !dnat)
			return false; /* accept, or what cannot be judged */
		int at = snprintf(s->out, s->cap, "%s %s %s: %s to %s", text(rule, "family"),
		    text(rule, "table"), text(rule, "chain"), redirect ? "redirect" : "dnat",
		    text(dnat, "addr"));
		if (at > 0 && (size_t)at < s->cap)
			snprintf(s->out + at, s->cap - (size_t)at, ":%lld",
			    (long long)json_integer_value(
				json_object_get(redirect ? redirect : dnat, "port")));
		return true;
	}
	return false;
}

static bool
look_in_chain(const struct search *s, const json_t *chain, unsigned int depth)
{
	const json_t *o;
	size_t i;

	json_array_foreach(s->all, i, o)
	{
		const json_t *r = json_object_get(o, "rule");
		if (r && strcmp(text(r, "family"), text(chain, "family")) == 0 &&
		    strcmp(text(r, "table"), text(chain, "table")) == 0 &&
		    strcmp(text(r, "chain"), text(chain, "name")) == 0 && look_in_rule(s, r, depth))
			return true;
	}
	return false;
}

bool
redirect_find_rule(struct view json, const struct endpoint *to, char *out, size_t cap)
{
	json_t *root = json_loadb((const char *)json.p, json.n, 0, NULL);
	struct search s = {
		.all = json_object_get(root, "nftables"), .to = to, .out = out, .cap = cap
	};
	const char *family = to->addr.family == IP_V4 ? "ip" : "ip6";
	const json_t *o;
	bool found = false;
	size_t i;

	json_array_foreach(s.all, i, o)
	{
		const json_t *c = json_object_get(o, "chain");
		if (found || !c || strcmp(text(c, "hook"), "output") != 0 ||
		    strcmp(text(c, "type"), "nat") != 0)
			continue;
		if (strcmp(text(c, "family"), family) == 0 ||
		    strcmp(text(c, "family"), "inet") == 0)
			found = look_in_chain(&s, c, 0);
	}
	json_decref(root);
	return found;
}

bool
redirect_rule(const struct endpoint *to, char *out, size_t cap)
{
	static const char *const argv[] = { "nft", "-j", "list", "ruleset", NULL };
	struct proc_result res;
	bool found;

	if (proc_run(argv, view_of(NULL, 0), NFT_MS, &res) < 0)
		return false;
	found = proc_ok(&res) && !res.cut &&
	        redirect_find_rule(view_of((const uint8_t *)res.out, res.n_out), to, out, cap);
	proc_result_fini(&res);
	return found;
}
