/* IP addresses, prefixes and endpoints as values, and their text forms (RFC 5952 for IPv6). */
#ifndef BASE_ADDR_H
#define BASE_ADDR_H

#include "base/view.h"

enum ip_family { IP_NONE = 0, IP_V4 = 4, IP_V6 = 6 };

struct ip_addr {
	uint8_t family; /* enum ip_family */
	uint8_t b[16];  /* network order; IPv4 in the first four, the rest zero */
};

struct ip_prefix {
	struct ip_addr addr;
	uint8_t len; /* bits */
};

struct endpoint {
	struct ip_addr addr;
	uint16_t port; /* host order */
};

#define ADDR_TEXT_MAX 48
#define ENDPOINT_TEXT_MAX 56

/* IPv4 from a host-order number, and back. */
struct ip_addr ip_v4(uint32_t host_order);
uint32_t ip_v4_u32(const struct ip_addr *a);

bool ip_equal(const struct ip_addr *a, const struct ip_addr *b);
bool ip_is_none(const struct ip_addr *a); /* family none, or all zero */

/* Whether p covers a. A prefix of another family covers nothing. */
bool ip_in_prefix(const struct ip_addr *a, const struct ip_prefix *p);

/* Parses "10.0.0.1" or "2001:db8::1". False when v is not exactly one address. */
MUST_USE bool ip_parse(struct view v, struct ip_addr *out);

/* Parses "10.0.0.0/8"; a bare address is a full-length prefix. */
MUST_USE bool ip_prefix_parse(struct view v, struct ip_prefix *out);

/* Whether no bit is set behind its length, as the kernel wants routes. */
bool ip_prefix_is_net(const struct ip_prefix *p);

/* Parses "198.51.100.1:443" or "[2001:db8::1]:443". */
MUST_USE bool endpoint_parse(struct view v, struct endpoint *out);

/* Writes the text form into out and returns out. Family none is "-". */
char *ip_text(const struct ip_addr *a, char out[ADDR_TEXT_MAX]);
char *endpoint_text(const struct endpoint *e, char out[ENDPOINT_TEXT_MAX]);

#endif
