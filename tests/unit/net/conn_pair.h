/*
 * A whole SSTP connection in memory: rasdial's end against rrasd's end, TLS and all, with the
 * answers of aaa played here. For the tests of net/conn.h.
 */
#ifndef TESTS_CONN_PAIR_H
#define TESTS_CONN_PAIR_H

#include "crypto/crypto.h"
#include "crypto/mschap.h"
#include "crypto/pki.h"
#include "net/conn_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define HOST "203.0.113.1"

struct pki {
	char ca[PEM_MAX], ca_key[PEM_MAX], cert[PEM_MAX], key[PEM_MAX];
};

static struct pki pki, other;

struct pair {
	struct now now;
	struct conn_conf cc, sc;
	struct conn *client, *server;
	struct conn_work *cw, *sw;
	enum cause lease_cause; /* what aaa answers */
	bool silent_aaa, may_retry;
	uint32_t idle_s, session_s, hours_s; /* what the policy grants */
	unsigned int n_from_client;          /* IP packets that reached the server's TUN */
	unsigned int n_from_server;
	size_t chunk;             /* bytes moved at a time; 0 = all */
	bool ends_without_memory; /* conn_feed may fail, and ends the connection, as in a worker */
};

static bool aaa_answers; /* what is allocated meanwhile is not the connection's */

static inline void
make_pki(struct pki *p)
{
	char err[256];
	int64_t now = (int64_t)time(NULL);
	struct pki_issue want = { .use = PKI_SERVER,
		.common_name = "test",
		.names = { HOST },
		.n_names = 1,
		.days = 10,
		.now_unix_s = now };

	if (!pki_make_ca("Test CA", 10, now, p->ca, p->ca_key, err, sizeof(err)) ||
	    !pki_issue(
		&want, view_str(p->ca), view_str(p->ca_key), p->cert, p->key, err, sizeof(err)))
		fail_msg("%s", err);
}

static inline void
open_pair(struct pair *p, const char *roots, const char *password, unsigned int client_methods,
    unsigned int server_methods)
{
	struct endpoint a = { .addr = ip_v4(0xcb007102u), .port = 50000 };
	struct endpoint b = { .addr = ip_v4(0xcb007101u), .port = 443 };
	char err[256];

	*p = (struct pair){ .now = { .ms = 1000,
				.unix_us = (int64_t)time(NULL) * 1000000,
				.draw = crypto_random } };
	p->cw = calloc(1, sizeof(*p->cw));
	p->sw = calloc(1, sizeof(*p->sw));
	p->sc.side = SIDE_SERVER;
	p->cc.side = SIDE_CLIENT;
	p->sc.tls = tls_server_ctx(view_str(pki.cert), view_str(pki.key), err, sizeof(err));
	p->cc.tls = tls_client_ctx(view_str(roots), err, sizeof(err));
	assert_non_null(p->sc.tls);
	assert_non_null(p->cc.tls);
	p->sc.handshake_ms = p->cc.handshake_ms = 30000;
	p->sc.stall_ms = p->cc.stall_ms = 60000;
	p->sc.pace_ms = 20;
	snprintf(p->cc.host, sizeof(p->cc.host), HOST);
	sstp_conf_defaults(&p->sc.sstp, SIDE_SERVER);
	sstp_conf_defaults(&p->cc.sstp, SIDE_CLIENT);
	snprintf(p->cc.sstp.host, sizeof(p->cc.sstp.host), HOST);
	ppp_conf_defaults(&p->sc.ppp, SIDE_SERVER, TUNNEL_SSTP);
	ppp_conf_defaults(&p->cc.ppp, SIDE_CLIENT, TUNNEL_SSTP);
	p->sc.ppp.hold_network = p->cc.ppp.hold_network = true;
	p->sc.ppp.auth_mask = server_methods;
	p->cc.ppp.auth_mask = client_methods;
	p->cc.ppp.n_user = 5;
	memcpy(p->cc.ppp.user, "alice", 5);
	assert_true(secret_set(&p->cc.ppp.password, view_str(password)));
	p->client = conn_new(&p->cc, &b, &a, BY_DIAL, &p->now);
	p->server = conn_new(&p->sc, &a, &b, BY_NET, &p->now);
	assert_non_null(p->client);
	assert_non_null(p->server);
}

static inline void
close_pair(struct pair *p)
{
	conn_free(p->client);
	conn_free(p->server);
	tls_ctx_unref(p->cc.tls);
	tls_ctx_unref(p->sc.tls);
	free(p->cw);
	free(p->sw);
}

static inline void answer_lease(struct pair *p);

/* aaa and vault in a few lines: the right password is "secret". */
static inline void
answer_auth(struct pair *p)
{
	struct auth_request *r = &p->sw->auth;
	struct auth_answer a = { .cause = CAUSE_WRONG_PASSWORD, .may_retry = p->may_retry };
	uint8_t hash[16], response[24];

	aaa_answers = true;
	assert_true(mschap_nt_hash(view_str("secret"), hash));
	assert_int_equal(r->n_name, 5);
	if (r->method == AUTH_PAP) {
		a.ok = secret_equal(&r->password, view_str("secret"));
	} else if (r->method == AUTH_MSCHAPV2) {
		struct view name = view_of(r->name, r->n_name);
		mschap2_nt_response(r->challenge, r->peer_challenge, name, hash, response);
		a.ok = memcmp(response, r->nt_response, 24) == 0;
		a.has_keys = a.ok;
		mschap2_authenticator_response(
		    hash, response, r->peer_challenge, r->challenge, name, a.success);
		mschap2_master_keys(hash, response, a.server_send_key, a.server_recv_key);
	}
	aaa_answers = false;
	if (a.ok)
		a.cause = CAUSE_NONE;
	a.profile.idle_timeout_s = p->idle_s;
	a.profile.session_timeout_s = p->session_s;
	a.profile.hours_left_s = p->hours_s;
	if (conn_answer_auth(p->server, p->sw, &a, &p->now) & CONN_ASK_LEASE)
		answer_lease(p);
}

static inline void
answer_lease(struct pair *p)
{
	struct lease_answer a = { .cause = p->lease_cause,
		.local = ip_v4(0x0a630001u),
		.remote = ip_v4(0x0a630002u),
		.dns = { ip_v4(0x0a500002u) } };

	(void)conn_answer_lease(p->server, p->sw, &a, &p->now);
}

/* Moves what one end wants to send to the other. Whether anything moved. */
static inline bool
move(struct pair *p, struct conn *from, struct conn *to, struct conn_work *w, unsigned int *n_ip)
{
	struct view out = conn_out(from);
	bool more = true;

	if (out.n == 0)
		return false;
	if (p->chunk && out.n > p->chunk)
		out.n = p->chunk;
	bool fed = conn_feed(to, out);
	conn_out_sent(from, out.n, &p->now);
	if (!fed) {
		assert_true(p->ends_without_memory);
		(void)conn_close(to, w, CAUSE_NO_MEMORY, &p->now);
		return true;
	}
	while (more) {
		unsigned int ev = conn_step(to, w, &p->now, &more);
		*n_ip += (unsigned int)w->join.n_pieces;
		if ((ev & CONN_ASK_AUTH) && !p->silent_aaa)
			answer_auth(p);
		if (ev & CONN_ASK_LEASE)
			answer_lease(p);
	}
	return true;
}

/* Runs until nothing moves; then time passes to the next deadline, at most for `for_ms`. */
static inline void
run(struct pair *p, uint64_t for_ms)
{
	uint64_t end = p->now.ms + for_ms;

	for (;;) {
		bool moved;
		do {
			moved = move(p, p->client, p->server, p->sw, &p->n_from_client);
			moved |= move(p, p->server, p->client, p->cw, &p->n_from_server);
		} while (moved);
		if (conn_is_down(p->server))
			(void)conn_lower_down(p->client, p->cw, true, &p->now);
		if (conn_is_down(p->client))
			(void)conn_lower_down(p->server, p->sw, true, &p->now);
		uint64_t next =
		    deadline_min(conn_deadline_ms(p->client), conn_deadline_ms(p->server));
		if (next == NEVER_MS || next > end)
			return;
		p->now.ms = next > p->now.ms ? next : p->now.ms + 1;
		(void)conn_tick(p->client, p->cw, &p->now);
		(void)conn_tick(p->server, p->sw, &p->now);
	}
}

/* Packets as they would be read from TUN, one by one. */
static inline void
send_ip(
    struct conn *c, struct conn_work *w, struct pkt *const *pkts, size_t n, const struct now *now)
{
	static const struct vnet_hdr plain;

	for (size_t i = 0; i < n; i++)
		conn_send_ip(c, w, &plain, pkt_view(pkts[i]), now);
	conn_send_end(c, w);
}

static inline void
assert_cause(struct conn *c, const char *name)
{
	assert_string_equal(cause_info(conn_attempt(c)->cause)->name, name);
}

/* A small IPv4 packet with a right header checksum. */
static inline void
make_ip(struct pkt *p, uint32_t from, uint32_t to)
{
	uint8_t h[28] = { 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17 };
	uint32_t sum = 0;

	for (unsigned int i = 0; i < 4; i++) {
		h[12 + i] = (uint8_t)(from >> (24 - 8 * i));
		h[16 + i] = (uint8_t)(to >> (24 - 8 * i));
	}
	for (unsigned int i = 0; i < 20; i += 2)
		sum += (uint32_t)(h[i] << 8 | h[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~(sum + (sum >> 16)) & 0xffff;
	h[10] = (uint8_t)(sum >> 8);
	h[11] = (uint8_t)sum;
	h[25] = 8;
	pkt_reset(p);
	memcpy(pkt_data(p), h, sizeof(h));
	p->len = sizeof(h);
}

/* A TCP super-packet from the client to the server, as a TUN device would give it. */
#define TRAIN_PAYLOAD 1300u

static inline size_t
make_train(uint8_t *p, struct vnet_hdr *h, size_t n_packets)
{
	size_t n = 40 + n_packets * TRAIN_PAYLOAD;
	static const uint8_t header[40] = { 0x45, 0, 0, 0, 0, 1, 0x40, 0, 64, 6, 0, 0, 0x0a, 0x63,
		0, 2, 0x0a, 0x50, 0, 2, 0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 1, 0,
		0, 0, 0, 0 };

	*h = (struct vnet_hdr){ .flags = VNET_NEEDS_CSUM,
		.gso_type = VNET_GSO_TCP4,
		.hdr_len = 40,
		.gso_size = TRAIN_PAYLOAD,
		.csum_start = 20,
		.csum_offset = 16 };
	memcpy(p, header, sizeof(header));
	p[2] = (uint8_t)(n >> 8);
	p[3] = (uint8_t)n;
	for (size_t i = sizeof(header); i < n; i++)
		p[i] = (uint8_t)(i * 7);
	return n;
}

static inline int
pair_setup(void **state)
{
	char err[256];

	(void)state;
	if (!crypto_init(err, sizeof(err)))
		return -1;
	make_pki(&pki);
	make_pki(&other);
	return 0;
}

#endif
