/*
 * The configuration as roles use it: an immutable generation, filled by conf/ from the text of
 * rrasd.conf (grammar: conf/tree.h, keys: conf/schema.c; man page rrasd.conf(5)).
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include "attempt/decision.h"
#include "attempt/request.h"
#include "base/hours.h"

#define CONF_LISTENERS_MAX 8u
#define CONF_POOLS_MAX 16u
#define CONF_RANGES_MAX 16u
#define CONF_POLICIES_MAX 16384u
#define CONF_PATH_MAX 256u
#define CONF_CERTIFICATES_MAX 16u
#define CONF_ITEMS_MAX 32u
#define CONF_WEBS_MAX 16u
#define CONF_WEB_NAMES_MAX 16u
#define CONF_URL_MAX 512u

/* A certificate of the server. */
struct conf_certificate {
	char label[64]; /* what the block is called; "" for the one of the block sstp */
	char chain[CONF_PATH_MAX], key[CONF_PATH_MAX];
	unsigned int n_names; /* 0: the names that the certificate carries */
	char names[8][256];   /* "*.example.org" is one label more */
};

struct conf_range {
	struct ip_addr first, last; /* inclusive */
};

struct conf_pool {
	char name[POOL_NAME_MAX];
	unsigned int n_ranges;
	struct conf_range ranges[CONF_RANGES_MAX];
	struct ip_addr dns[2], nbns[2];
	struct ip_prefix prefix6; /* len 0: no IPv6 here; each session gets a /64 of it */
	struct ip_addr dns6[2];
};

/* A network policy as written; conditions all have to match, values inside one are alternatives. */
struct conf_policy {
	char name[POLICY_NAME_MAX];
	uint32_t id;    /* its place, from 1 */
	uint32_t order; /* ascending */
	bool enabled;
	bool grant;
	bool ignore_dialin; /* the account's dial-in permission is not looked at */
	/* conditions; empty lists and masks do not take part */
	unsigned int n_users, n_groups, n_clients;
	char (*users)[POLICY_NAME_MAX]; /* patterns with * and ?, case-insensitive */
	char (*groups)[POLICY_NAME_MAX];
	struct ip_prefix *clients;
	unsigned int tunnel_mask;      /* 1 << enum tunnel_kind */
	unsigned int method_condition; /* AUTH_BIT()s */
	struct hours hours;
	/* constraints: failing one refuses at once */
	unsigned int method_mask; /* allowed methods; 0 = those of the server */
	struct hours allow_hours;
	unsigned int allow_tunnels; /* 1 << enum tunnel_kind; 0 = all */
	unsigned int n_allow_servers;
	struct ip_prefix *allow_servers; /* addresses of ours that it may have called */
	/* settings */
	struct profile profile;
};

/* Super-packets over the TUN devices. */
enum conf_offload { OFFLOAD_AUTO, OFFLOAD_ON, OFFLOAD_OFF };

/* A web site that shares our port: connections that ask for its name go to its server. */
struct conf_web {
	char name[POOL_NAME_MAX]; /* of the block */
	unsigned int n_names;
	char names[CONF_WEB_NAMES_MAX][256]; /* lower case; "*.example.org", "*" */
	unsigned int n_forward;
	struct endpoint forward[1];
	bool proxy_header; /* tell the server who the client is */
	uint32_t connections;
	uint32_t idle_ms;
};

struct conf {
	uint64_t generation;
	/* server { } */
	char server_name[256]; /* the name clients dial; goes into the first certificate */
	bool remote_access;
	uint32_t role_deadline_ms; /* 0: hung roles are not looked for */
	bool ipv4_enabled, ipv6_enabled;
	bool enable_forwarding; /* of the kernel, at start: IPv4, and IPv6 where a pool has it */
	unsigned int workers;   /* 0 = one per core */
	bool sandbox;
	char state_dir[CONF_PATH_MAX]; /* /var/lib/openrras */
	char run_dir[CONF_PATH_MAX];   /* /run/openrras */
	char control_group[32]; /* whose members may use the control socket; "" = root only */
	bool control_read_only; /* they may look and not change */
	char vault_key[CONF_PATH_MAX]; /* /etc/openrras/vault.key */
	uint8_t offload;               /* enum conf_offload */
	char device_prefix[12];        /* "rras": TUN devices rras0, rras1, ... */
	char nat[16]; /* interface under whose address clients leave; "any"; "" = as they are */
	uint32_t attempts_kept;            /* rows of stored attempts */
	unsigned int pool_warning_percent; /* a pool so full is warned of; 0 = never */
	/* authentication { } */
	unsigned int method_mask;
	uint8_t retries;
	bool identity_ansi;
	uint32_t lockout_denials, lockout_network_denials; /* 0 = off */
	uint32_t lockout_reset_s;
	uint8_t lockout_scope; /* 0: name and network together; 1: the name alone */
	unsigned int n_lockout_exempt;
	struct ip_prefix *lockout_exempt;
	uint8_t password_length; /* characters of a password that a client changes */
	uint32_t password_age_s; /* 0 = passwords do not age */
	char administrators[64]; /* the group whose passwords another administrator resets */
	char domain[64];         /* names may carry it (DOMAIN\user, user@realm) */
	char realms[8][256];
	unsigned int n_realms;
	/* ppp { } */
	uint16_t mru_bytes;
	uint32_t echo_interval_ms;
	uint8_t echo_failures;
	uint32_t negotiate_ms;
	/* sstp { } */
	bool sstp_enabled;
	unsigned int n_sstp_listeners;
	struct endpoint sstp_listeners[CONF_LISTENERS_MAX];
	char sstp_certificate[CONF_PATH_MAX], sstp_key[CONF_PATH_MAX];
	/*
	 * In the order of use: the one of sstp { } first, then certificate "LABEL" { }. None: rrasd
	 * makes one itself.
	 */
	unsigned int n_certificates;
	struct conf_certificate certificates[CONF_CERTIFICATES_MAX];
	uint32_t sstp_ports;     /* 0: the type is closed */
	uint32_t sstp_half_open; /* calls on their way, all sources */
	uint32_t sstp_half_open_per_source, sstp_half_open_per_network;
	uint32_t sstp_connections; /* slots of a worker */
	uint32_t sstp_pace_ms;
	bool sstp_keyless_binding;
	uint8_t sstp_hash_mask; /* SSTP_HASH_ bits offered */
	uint32_t sstp_negotiation_ms, sstp_hello_ms;
	unsigned int n_sstp_proxy_from;
	struct ip_prefix *sstp_proxy_from; /* fronts: they send PROXY headers */
	unsigned int n_sstp_names;
	char sstp_names[CONF_WEB_NAMES_MAX][256]; /* ours, whatever web sites take */
	char sstp_web_redirect[CONF_URL_MAX];
	/* pool NAME { } and dns at the top level */
	struct ip_addr dns[2], nbns[2], dns6[2];
	unsigned int n_pools;
	struct conf_pool pools[CONF_POOLS_MAX];
	/* policy "NAME" { } in order */
	unsigned int n_policies;
	struct conf_policy *policies;
	/* web NAME { } */
	unsigned int n_webs;
	struct conf_web webs[CONF_WEBS_MAX];
	/*
	 * What decides about requests - policies, pools, authentication, name servers - as a text
	 * in one form that parses to the same; malloc'ed.
	 */
	char *policy_text;
};

/* Whether SSTP is offered at all: it is on and has ports (R40, R57). */
static inline bool
conf_offers_sstp(const struct conf *c)
{
	return c->sstp_enabled && c->sstp_ports > 0;
}

/*
 * The site that a connection belongs to which asks for this name (lower case, "" for none) in its
 * TLS; NULL: it is for SSTP. A site's "*" counts only where nobody names the name.
 */
const struct conf_web *conf_web_for(const struct conf *c, const char *name);

/* The site of this block; NULL when there is none. */
const struct conf_web *conf_web_find(const struct conf *c, struct view block);

/* A configuration with the embedded defaults: what rrasd runs with when there is no file. NULL:
 * memory. */
struct conf *conf_defaults(void);

/*
 * Reads the bytes of an include or of the file itself; returns malloc'ed text or NULL with err. It
 * refuses a file with a zero byte in it, as the text ends at the first one. For a pattern
 * (conf_is_pattern) it returns a text of one line `include "PATH"` for each file that matches, in
 * the order of the names; no match is an empty text, not an error.
 */
typedef char *(*conf_read_fn)(void *ctx, const char *path, char *err, size_t cap);

/* Whether the path of an include is a pattern of several files: it has a *, ? or [. */
bool conf_is_pattern(const char *path);

/* One thing wrong, in file:line:column form with what was expected and the nearest spelling. */
struct conf_error {
	char file[CONF_PATH_MAX];
	unsigned int line, column;
	bool warning;
	char text[320];
};
#define CONF_ERRORS_MAX 32u
struct conf_errors {
	unsigned int n;          /* entries of e, warnings included */
	unsigned int n_warnings; /* those of them that are warnings */
	unsigned int n_more;     /* found, but not kept */
	struct conf_error e[CONF_ERRORS_MAX];
};

/*
 * What a configuration is read from: the file, and the overrides that `rrasctl set` wrote, which
 * are read last and stand in place of what the file says (over_name NULL: none). Texts are
 * borrowed.
 */
struct conf_source {
	const char *name;
	struct view text;
	const char *over_name;
	struct view over;
	conf_read_fn read_fn; /* for includes; NULL: an include is an error */
	void *read_ctx;
};

/* As conf_parse and conf_flatten below, with overrides. */
struct conf *conf_parse_source(const struct conf_source *src, struct conf_errors *errors);
char *conf_flatten_source(const struct conf_source *src);

/*
 * Parses text (of file `name`, for errors) over the defaults. Includes are read through read_fn;
 * with NULL an include is an error. The built-in pool and policy stand only when the text has no
 * pool, or no policy, of its own. Policies are sorted by order. Returns the configuration, or NULL
 * with at least one error. Warnings do not refuse.
 */
struct conf *conf_parse(const char *name, struct view text, conf_read_fn read_fn, void *read_ctx,
    struct conf_errors *errors);
void conf_free(struct conf *c);

/*
 * The configuration with all includes resolved, as one malloc'ed text that parses to the same: for
 * the memfd. NULL when the text has errors of grammar or memory is out.
 */
char *conf_flatten(const char *name, struct view text, conf_read_fn read_fn, void *read_ctx);

/* "file:line:column: error: text". Returns out. */
char *conf_error_text(const struct conf_error *e, char *out, size_t cap);

#endif
