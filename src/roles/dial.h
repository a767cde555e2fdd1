/*
 * rasdial's two processes. The holder has the privileges: device, addresses, routes, the record of
 * the attempt. The core process has the cores and this one user's secret, and nothing else: it runs
 * in a sandbox and parses what the server sends.
 */
#ifndef ROLES_DIAL_H
#define ROLES_DIAL_H

#include "aaa/names.h"
#include "attempt/profile.h"
#include "attempt/record.h"
#include "base/secret.h"
#include "crypto/tls.h"

#define DIAL_ROUTES_MAX 32u
#define DIAL_SET_ROUTES_MAX (2 * DIAL_ROUTES_MAX + 5)

struct dial_options {
	char name[64];  /* of the connection */
	char host[256]; /* as typed: it has to stand in the certificate */
	uint16_t port;
	char user[NAME_MAX_BYTES + 1];
	struct secret password;
	struct secret new_password; /* takes the place of an expired one; empty = none */
	const char *ca_file;        /* NULL: the system's roots */
	unsigned int method_mask;
	enum name_encoding names; /* of the user's name on the wire; user fits it */
	unsigned int n_routes;
	struct ip_prefix routes[DIAL_ROUTES_MAX];
	unsigned int n_behind; /* networks behind this host, which the server routes to it */
	struct ip_prefix behind[DIAL_ROUTES_MAX];
	bool default_route, set_dns;
	bool server_routes; /* prefixes that the server tells by DHCP become routes */
	bool class_route;   /* the class A, B or C network of our inner address, as Windows does */
	bool leave_other;   /* full tunnel: the family that it does not carry stays outside */
	char device[16];    /* wanted name of the TUN device */
	uint32_t connect_ms;
	unsigned int tries; /* to get a broken connection back, in a row; 0: none */
	bool no_offload;
};

/* What the core process starts with; descriptors are taken over. */
struct dial_core {
	struct dial_options *opt; /* the process's own copy; its passwords are wiped */
	struct tls_ctx *tls;
	int sock_fd, tun_fd, chan_fd;
	unsigned int offload; /* what tun_fd takes: VNET_TCP | VNET_UDP */
	struct endpoint peer, local;
};

/* The core process, from sandbox to end. Returns its exit status. */
int dial_core_main(struct dial_core *d);

/* How a call went, told by the holder to rasdial. */
struct dial_result {
	struct attempt_record record;
	uint8_t *facts; /* owned */
	size_t n_facts;
	struct ip_addr local, remote, dns[2]; /* none: no IPv4 */
	struct ip_addr local6, dns6[2];       /* none: no IPv6, or link-local only */
	bool routes6;                         /* the server offers to route all of IPv6 */
	char suffix[DNS_SUFFIX_MAX];          /* told by DHCP, once the call is up */
	unsigned int n_server_routes;
	struct ip_prefix server_routes[DIAL_ROUTES_MAX];
	char device[16];
	bool ended_waiting; /* the user's end of it found no call: record is the former one's */
	char dns_by[16];    /* who was told of the DNS servers; empty: nobody */
	unsigned int n_set_routes; /* through the tunnel */
	struct ip_prefix set_routes[DIAL_SET_ROUTES_MAX];
};

/* What a call tells while it lives, in order; the names are those of rasdial --json. */
enum dial_event_kind {
	DIAL_RESOLVING,
	DIAL_CONNECTING,     /* peer */
	DIAL_TLS,            /* TCP is there */
	DIAL_AUTHENTICATING, /* the server's protocol answered */
	DIAL_ADDRESS,        /* addresses were agreed on */
	DIAL_CONNECTED,      /* result */
	DIAL_CHANGED,        /* result: something about a connection that is up */
	DIAL_WARNING,
	DIAL_RECONNECTING, /* result->record: why; try, tries, wait_ms */
	DIAL_ENDED,        /* result->record: why; the last one */
};

struct dial_event {
	enum dial_event_kind kind;
	const char *text; /* one line for a person */
	struct endpoint peer;
	unsigned int try, tries;
	uint32_t wait_ms;
	const struct dial_result *result;
};

/* Must not keep anything of e. */
typedef void (*dial_event_fn)(void *ctx, const struct dial_event *e);

/*
 * Makes the call and holds it until it ends (SIGTERM, SIGINT, the server, the path), and as often
 * as opt->tries allows makes it again when it breaks. SIGUSR1 has it dial anew at once. Fills *out,
 * whose cause tells why it ended for good. The passwords in opt are wiped.
 */
void dial_hold(struct dial_options *opt, dial_event_fn fn, void *ctx, struct dial_result *out);
void dial_result_fini(struct dial_result *r);

#endif
