/*
 * DHCPINFORM inside a tunnel: what a client asks once it has its address, and the server's answer
 * (RFC 2131 section 4.3.5, RFC 2132, RFC 3442). Windows asks so for the DNS suffix and for routes,
 * by the standard option 121 and by its own 249. Nothing is leased by this protocol here.
 *
 * Whole IPv4 packets in and out; no state but what the caller keeps.
 */
#ifndef PROTO_DHCP_DHCP_H
#define PROTO_DHCP_DHCP_H

#include "base/wr.h"
#include "proto/ip/ip.h"

#define DHCP_ROUTES_MAX 32u
#define DHCP_SERVERS_MAX 4u
#define DHCP_NAME_MAX 254u /* a domain name as text, with its zero */
#define DHCP_PACKET_MAX 1100u
#define DHCP_PARAMETERS_MAX 64u

enum dhcp_type {
	DHCP_ACK = 5,
	DHCP_INFORM = 8,
};

struct dhcp_route {
	struct ip_prefix dst;
	struct ip_addr gateway; /* 0.0.0.0: the link itself */
};

/* What an answer tells. */
struct dhcp_options {
	struct ip_addr server;
	unsigned int n_dns, n_nbns, n_routes;
	struct ip_addr dns[DHCP_SERVERS_MAX], nbns[DHCP_SERVERS_MAX];
	char suffix[DHCP_NAME_MAX]; /* empty: none */
	struct dhcp_route routes[DHCP_ROUTES_MAX];
};

struct dhcp_msg {
	struct ip_addr src, dst; /* of the IP packet */
	bool reply;              /* BOOTREPLY */
	uint8_t type;            /* enum dhcp_type, or another: not for us */
	uint8_t hw_type, hw_len;
	uint8_t hw[16];
	uint32_t xid;
	uint16_t flags;
	struct ip_addr client; /* ciaddr */
	unsigned int n_parameters;
	uint8_t parameters[DHCP_PARAMETERS_MAX]; /* option 55 */
	struct dhcp_options options;             /* of a reply */
};

/* Whether a packet is IPv4 and UDP to port 67 (to_server) or 68; nothing else is checked. */
bool dhcp_is(struct view pkt, bool to_server);

/*
 * Reads one. Lengths, UDP checksum and the options that are known here are checked; a route with
 * bits behind its length loses them, one of more than 32 bits spoils the message.
 */
MUST_USE bool dhcp_read(struct view pkt, struct dhcp_msg *out, struct rd_fault *fault);

/* Writes a whole packet: the question of a client with this address. */
void dhcp_write_inform(struct wr *w, const struct ip_addr *client, uint32_t xid);

/* The answer to q; of the options those that q asks for, or all when it has no list. */
void dhcp_write_ack(struct wr *w, const struct dhcp_msg *q, const struct dhcp_options *o);

#endif
