/* IP addresses and their text forms. See addr.h. inet_pton and inet_ntop do no I/O. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>

struct ip_addr
ip_v4(uint32_t x)
{
	return (struct ip_addr){ .family = IP_V4,
		.b = { (uint8_t)(x >> 24), (uint8_t)(x >> 16), (uint8_t)(x >> 8), (uint8_t)x } };
}

uint32_t
ip_v4_u32(const struct ip_addr *a)
{
	return (uint32_t)a->b[0] << 24 | (uint32_t)a->b[1] << 16 | (uint32_t)a->b[2] << 8 | a->b[3];
}

bool
ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->family == b->family && memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

bool
ip_is_none(const struct ip_addr *a)
{
	static const uint8_t zero[16];

	return a->family == IP_NONE || memcmp(a->b, zero, sizeof(zero)) == 0;
}

bool
ip_in_prefix(const struct ip_addr *a, const struct ip_prefix *p)
{
	if (a->family != p->addr.family)
		return false;
	for (unsigned int i = 0; i < p->len; i++) {
		unsigned int bit = 0x80u >> (i % 8);
		if ((a->b[i / 8] ^ p->addr.b[i / 8]) & bit)
			return false;
	}
	return true;
}

bool
ip_parse(struct view v, struct ip_addr *out)
{
	char text[ADDR_TEXT_MAX];
	struct ip_addr a = { 0 };

	if (memchr(v.p ? (const char *)v.p : "", 0, v.n) || !view_copy(v, text, sizeof(text) - 1))
		return false;
	text[v.n] = 0;
	if (inet_pton(AF_INET, text, a.b) == 1)
		a.family = IP_V4;
	else if (inet_pton(AF_INET6, text, a.b) == 1)
		a.family = IP_V6;
	else
		return false;
	*out = a;
	return true;
}

/* A decimal number of at most max; false when v is anything else. */
static bool
parse_number(struct view v, unsigned int max, unsigned int *out)
{
	unsigned int x = 0;

	if (v.n == 0 || v.n > 5)
		return false;
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return false;
		x = x * 10 + (unsigned int)(v.p[i] - '0');
	}
	if (x > max)
		return false;
	*out = x;
	return true;
}

bool
ip_prefix_parse(struct view v, struct ip_prefix *out)
{
	const uint8_t *slash = v.n ? memchr(v.p, '/', v.n) : NULL;
	struct ip_prefix p;
	unsigned int len;

	if (!ip_parse(view_of(v.p, slash ? (size_t)(slash - v.p) : v.n), &p.addr))
		return false;
	len = p.addr.family == IP_V4 ? 32 : 128;
	if (slash && !parse_number(view_of(slash + 1, (size_t)(v.p + v.n - slash) - 1), len, &len))
		return false;
	p.len = (uint8_t)len;
	*out = p;
	return true;
}

bool
ip_prefix_is_net(const struct ip_prefix *p)
{
	unsigned int bits = p->addr.family == IP_V4 ? 32 : 128;

	for (unsigned int i = p->len; i < bits; i++)
		if (p->addr.b[i / 8] & 0x80u >> i % 8)
			return false;
	return true;
}

bool
endpoint_parse(struct view v, struct endpoint *out)
{
	struct endpoint e;
	struct view host;
	unsigned int port;
	size_t i = v.n;

	while (i > 0 && v.p[i - 1] != ':')
		i--;
	if (i == 0 || !parse_number(view_of(v.p + i, v.n - i), 65535, &port))
		return false;
	host = view_of(v.p, i - 1);
	if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = view_of(host.p + 1, host.n - 2);
	else if (host.n && memchr(host.p, ':', host.n))
		return false;
	if (!ip_parse(host, &e.addr))
		return false;
	e.port = (uint16_t)port;
	*out = e;
	return true;
}

char *
ip_text(const struct ip_addr *a, char out[ADDR_TEXT_MAX])
{
	int af = a->family == IP_V4 ? AF_INET : AF_INET6;

	if (a->family == IP_NONE || !inet_ntop(af, a->b, out, ADDR_TEXT_MAX))
		memcpy(out, "-", 2);
	return out;
}

char *
endpoint_text(const struct endpoint *e, char out[ENDPOINT_TEXT_MAX])
{
	char a[ADDR_TEXT_MAX];
	bool v6 = e->addr.family == IP_V6;

	ip_text(&e->addr, a);
	snprintf(out, ENDPOINT_TEXT_MAX, "%s%s%s:%u", v6 ? "[" : "", a, v6 ? "]" : "", e->port);
	return out;
}
