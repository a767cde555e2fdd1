/* DHCPINFORM and its answer. See dhcp.h. */
#include "proto/dhcp/dhcp.h"

#define PORT_SERVER 67u
#define PORT_CLIENT 68u
#define UDP_HEADER 8u
#define BOOTREQUEST 1u
#define BOOTREPLY 2u
#define HARDWARE_PPP 1u /* what Windows writes: Ethernet, for want of a number of its own */
#define COOKIE 0x63825363u
#define NAMES_BYTES 192u /* sname and file */
#define MESSAGE_MIN 300u /* RFC 1542 section 2.1: relays and old clients drop shorter ones */

enum option {
	OPT_PAD = 0,
	OPT_DNS = 6,
	OPT_DOMAIN = 15,
	OPT_NBNS = 44,
	OPT_TYPE = 53,
	OPT_SERVER = 54,
	OPT_PARAMETERS = 55,
	OPT_VENDOR_CLASS = 60,
	OPT_ROUTES = 121,         /* RFC 3442 */
	OPT_ROUTES_WINDOWS = 249, /* the same by an older number */
	OPT_END = 255,
};

bool
dhcp_is(struct view pkt, bool to_server)
{
	struct rd_fault fault;
	struct rd r = rd_over(pkt, &fault);
	uint8_t first = rd_u8(&r);

	rd_take(&r, 8);
	if (first >> 4 != IP_V4 || rd_u8(&r) != IP_PROTO_UDP)
		return false;
	rd_take(&r, 10);
	rd_take(&r, rd_minus(&r, (size_t)(first & 0x0f) * 4, IP_HEADER4));
	rd_u16(&r);
	return rd_u16(&r) == (to_server ? PORT_SERVER : PORT_CLIENT) && rd_ok(&r);
}

static struct ip_addr
rd_addr4(struct rd *r)
{
	struct ip_addr a = { .family = IP_V4 };

	rd_bytes(r, a.b, 4);
	return a;
}

static void
read_servers(struct rd *r, struct ip_addr out[DHCP_SERVERS_MAX], unsigned int *n)
{
	while (rd_more(r)) {
		struct ip_addr a = rd_addr4(r);
		if (rd_ok(r) && *n < DHCP_SERVERS_MAX)
			out[(*n)++] = a;
	}
}

/* RFC 3442: the length, as many bytes of the destination as it needs, the router. */
static void
read_routes(struct rd *r, struct dhcp_options *o)
{
	while (rd_more(r)) {
		struct dhcp_route route = { .dst = { .addr = { .family = IP_V4 } } };
		uint8_t len = rd_u8(r);

		if (len > 32) {
			rd_fail(r, RD_BAD_VALUE);
			return;
		}
		route.dst.len = len;
		rd_bytes(r, route.dst.addr.b, ((size_t)len + 7) / 8);
		if (len % 8)
			route.dst.addr.b[len / 8] &= (uint8_t)(0xff00u >> (len % 8));
		route.gateway = rd_addr4(r);
		if (rd_ok(r) && o->n_routes < DHCP_ROUTES_MAX)
			o->routes[o->n_routes++] = route;
	}
}

/* A host name and nothing else: what goes into a resolver's configuration. */
static void
read_suffix(struct rd *r, struct dhcp_options *o)
{
	struct view v = rd_rest(r);

	while (v.n && v.p[v.n - 1] == 0) /* Windows ends it with a zero */
		v.n--;
	if (v.n == 0 || v.n >= sizeof(o->suffix))
		return;
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i] | 0x20;
		if (!(c >= 'a' && c <= 'z') && !(v.p[i] >= '0' && v.p[i] <= '9') && v.p[i] != '-' &&
		    v.p[i] != '.')
			return;
	}
	memcpy(o->suffix, v.p, v.n);
	o->suffix[v.n] = 0;
}

static void
read_option(struct rd *r, uint8_t code, struct dhcp_msg *out)
{
	struct dhcp_options *o = &out->options;
	struct view v;

	switch (code) { /* a byte of the wire, not an enum */
	case OPT_TYPE:
		out->type = rd_u8(r);
		return;
	case OPT_SERVER:
		o->server = rd_addr4(r);
		return;
	case OPT_PARAMETERS:
		v = rd_rest(r);
		out->n_parameters =
		    v.n < DHCP_PARAMETERS_MAX ? (unsigned int)v.n : DHCP_PARAMETERS_MAX;
		if (out->n_parameters)
			memcpy(out->parameters, v.p, out->n_parameters);
		return;
	case OPT_DNS:
		read_servers(r, o->dns, &o->n_dns);
		return;
	case OPT_NBNS:
		read_servers(r, o->nbns, &o->n_nbns);
		return;
	case OPT_DOMAIN:
		read_suffix(r, o);
		return;
	case OPT_ROUTES: /* RFC 3442: before all other ways to tell routes */
		o->n_routes = 0;
		read_routes(r, o);
		return;
	case OPT_ROUTES_WINDOWS:
		if (o->n_routes == 0)
			read_routes(r, o);
		return;
	default:
		return;
	}
}

static void
read_options(struct rd *r, struct dhcp_msg *out)
{
	while (rd_more(r)) {
		uint8_t code = rd_u8(r);

		if (code == OPT_PAD)
			continue;
		if (code == OPT_END)
			break;
		struct rd body = rd_sub(r, rd_u8(r));
		read_option(&body, code, out);
	}
	rd_rest(r);
}

static void
read_message(struct rd *r, struct dhcp_msg *out)
{
	uint8_t op = rd_u8(r);

	if (op != BOOTREQUEST && op != BOOTREPLY)
		rd_fail(r, RD_BAD_VALUE);
	out->reply = op == BOOTREPLY;
	out->hw_type = rd_u8(r);
	out->hw_len = rd_u8(r);
	if (out->hw_len > sizeof(out->hw))
		rd_fail(r, RD_BAD_LENGTH);
	rd_u8(r); /* hops */
	out->xid = rd_u32(r);
	rd_u16(r); /* seconds */
	out->flags = rd_u16(r);
	out->client = rd_addr4(r);
	rd_take(r, 12); /* yiaddr, siaddr, giaddr */
	rd_bytes(r, out->hw, sizeof(out->hw));
	rd_take(r, NAMES_BYTES);
	if (rd_u32(r) != COOKIE)
		rd_fail(r, RD_BAD_VALUE);
	read_options(r, out);
}

bool
dhcp_read(struct view pkt, struct dhcp_msg *out, struct rd_fault *fault)
{
	struct ip_hdr h;
	struct rd r = rd_over(pkt, fault);

	*out = (struct dhcp_msg){ 0 };
	if (!ip_hdr_read(pkt, &h, fault))
		return false;
	rd_take(&r, h.transport_at);
	struct view udp = rd_take(&r, (size_t)h.total_bytes - h.transport_at);
	if (h.family != IP_V4 || h.protocol != IP_PROTO_UDP || h.fragment) {
		rd_fail(&r, RD_BAD_VALUE);
		return false;
	}
	struct rd body = rd_over(udp, fault);
	rd_take(&body, 4);
	size_t length = rd_u16(&body);
	uint16_t sum = rd_u16(&body);
	if (length != udp.n || (sum && ip_transport_checksum(&h, udp) != 0))
		rd_fail(&body, RD_BAD_VALUE);
	out->src = h.src;
	out->dst = h.dst;
	read_message(&body, out);
	return rd_done(&body);
}

/* ---- writing ---- */

/* What each message begins with, up to its options. */
static void
put_head(struct wr *w, uint8_t op, const struct dhcp_msg *m)
{
	wr_u8(w, op);
	wr_u8(w, m->hw_type);
	wr_u8(w, m->hw_len);
	wr_u8(w, 0);
	wr_u32(w, m->xid);
	wr_u16(w, 0);
	wr_u16(w, m->flags);
	wr_bytes(w, m->client.b, 4);
	wr_zero(w, 12);
	wr_bytes(w, m->hw, sizeof(m->hw));
	wr_zero(w, NAMES_BYTES);
	wr_u32(w, COOKIE);
}

/* The end, padding, and IP and UDP around it. */
static void
put_packet(struct wr *w, const struct ip_addr *src, const struct ip_addr *dst, bool to_server,
    struct wr *m)
{
	uint8_t bytes[DHCP_PACKET_MAX];
	struct wr u = wr_over(bytes, sizeof(bytes));
	struct ip_hdr h = { .family = IP_V4, .protocol = IP_PROTO_UDP, .src = *src, .dst = *dst };
	uint8_t head[IP_HEADER4];
	struct wr ip = wr_over(head, sizeof(head));

	wr_u8(m, OPT_END);
	if (wr_len(m) < MESSAGE_MIN)
		wr_zero(m, MESSAGE_MIN - wr_len(m));
	struct view v = wr_view_of(m);
	wr_u16(&u, to_server ? PORT_CLIENT : PORT_SERVER);
	wr_u16(&u, to_server ? PORT_SERVER : PORT_CLIENT);
	wr_u16(&u, (uint16_t)(UDP_HEADER + v.n));
	wr_u16(&u, 0);
	wr_view(&u, v);
	must(wr_done(m) && wr_done(&u));
	uint16_t sum = ip_transport_checksum(&h, wr_view_of(&u));
	sum = sum ? sum : UINT16_MAX; /* RFC 768: zero means none */
	wr_poke8(&u, 6, (uint8_t)(sum >> 8));
	wr_poke8(&u, 7, (uint8_t)sum);

	wr_u16(&ip, 0x4500);
	wr_u16(&ip, (uint16_t)(IP_HEADER4 + wr_len(&u)));
	wr_u32(&ip, 0);
	wr_u8(&ip, 64);
	wr_u8(&ip, IP_PROTO_UDP);
	wr_u16(&ip, 0);
	wr_bytes(&ip, src->b, 4);
	wr_bytes(&ip, dst->b, 4);
	sum = ip_checksum(wr_view_of(&ip));
	wr_poke8(&ip, 10, (uint8_t)(sum >> 8));
	wr_poke8(&ip, 11, (uint8_t)sum);
	wr_view(w, wr_view_of(&ip));
	wr_view(w, wr_view_of(&u));
}

void
dhcp_write_inform(struct wr *w, const struct ip_addr *client, uint32_t xid)
{
	static const uint8_t wanted[] = { OPT_DNS, OPT_DOMAIN, OPT_NBNS, OPT_ROUTES,
		OPT_ROUTES_WINDOWS };
	struct ip_addr all = ip_v4(UINT32_MAX);
	struct dhcp_msg m = { .hw_type = HARDWARE_PPP, .hw_len = 6, .xid = xid, .client = *client };
	uint8_t bytes[DHCP_PACKET_MAX - IP_HEADER4 - UDP_HEADER];
	struct wr b = wr_over(bytes, sizeof(bytes));

	memcpy(m.hw + 2, client->b, 4); /* there is no hardware: unique on this link */
	put_head(&b, BOOTREQUEST, &m);
	wr_u8(&b, OPT_TYPE);
	wr_u8(&b, 1);
	wr_u8(&b, DHCP_INFORM);
	wr_u8(&b, OPT_VENDOR_CLASS);
	wr_u8(&b, 8);
	wr_str(&b, "OpenRRAS");
	wr_u8(&b, OPT_PARAMETERS);
	wr_u8(&b, sizeof(wanted));
	wr_bytes(&b, wanted, sizeof(wanted));
	put_packet(w, client, &all, true, &b);
}

static bool
asked_for(const struct dhcp_msg *q, uint8_t code)
{
	if (q->n_parameters == 0)
		return code != OPT_ROUTES_WINDOWS;
	return memchr(q->parameters, code, q->n_parameters) != NULL;
}

static void
put_servers(struct wr *w, uint8_t code, const struct ip_addr *list, unsigned int n)
{
	if (n == 0)
		return;
	wr_u8(w, code);
	wr_u8(w, (uint8_t)(4 * n));
	for (unsigned int i = 0; i < n; i++)
		wr_bytes(w, list[i].b, 4);
}

static void
put_routes(struct wr *w, uint8_t code, const struct dhcp_options *o)
{
	wr_u8(w, code);
	size_t at = wr_len(w), n = 0;

	wr_u8(w, 0);
	for (unsigned int i = 0; i < o->n_routes; i++) {
		const struct dhcp_route *r = &o->routes[i];
		size_t bytes = ((size_t)r->dst.len + 7) / 8;
		if (n + 5 + bytes > UINT8_MAX)
			break;
		wr_u8(w, r->dst.len);
		wr_bytes(w, r->dst.addr.b, bytes);
		wr_bytes(w, r->gateway.b, 4);
		n += 5 + bytes;
	}
	wr_poke8(w, at, (uint8_t)n);
}

void
dhcp_write_ack(struct wr *w, const struct dhcp_msg *q, const struct dhcp_options *o)
{
	uint8_t bytes[DHCP_PACKET_MAX - IP_HEADER4 - UDP_HEADER];
	struct wr b = wr_over(bytes, sizeof(bytes));
	size_t suffix = strlen(o->suffix);

	put_head(&b, BOOTREPLY, q);
	wr_u8(&b, OPT_TYPE);
	wr_u8(&b, 1);
	wr_u8(&b, DHCP_ACK);
	put_servers(&b, OPT_SERVER, &o->server, 1);
	if (asked_for(q, OPT_DNS))
		put_servers(&b, OPT_DNS, o->dns, o->n_dns);
	if (asked_for(q, OPT_NBNS))
		put_servers(&b, OPT_NBNS, o->nbns, o->n_nbns);
	if (suffix && asked_for(q, OPT_DOMAIN)) {
		wr_u8(&b, OPT_DOMAIN);
		wr_u8(&b, (uint8_t)suffix);
		wr_bytes(&b, o->suffix, suffix);
	}
	if (o->n_routes && asked_for(q, OPT_ROUTES))
		put_routes(&b, OPT_ROUTES, o);
	/* 240 + 3 + 6 + 18 + 18 + 256 + 2 * 257: all of it fits. */
	if (o->n_routes && asked_for(q, OPT_ROUTES_WINDOWS))
		put_routes(&b, OPT_ROUTES_WINDOWS, o);
	put_packet(w, &o->server, &q->client, false, &b);
}
