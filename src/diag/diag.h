/*
 * The diagnosis: from the record of an attempt to a page that names the cause and the cure.
 *
 * Pure: it is given the record, the catalogue and, where they are known, the configuration, what
 * the host looks like and the server's certificate, and answers with a struct of texts. A cause is
 * what the protocol or the policy saw; a finding is why, after looking at host and configuration.
 * Printing and gathering are the caller's work; nothing here opens a file or asks a clock.
 */
#ifndef DIAG_DIAG_H
#define DIAG_DIAG_H

#include "attempt/host.h"
#include "attempt/record.h"
#include "base/arena.h"
#include "diag/catalogue.h"

/* The correlation id that a probe sends, so that its attempts are not taken for a client's. */
#define DIAG_PROBE_CORRELATION "{00000000-0000-0000-0000-000000000000}"

#define DIAG_POOLS_MAX 16u
#define DIAG_RANGES_MAX 16u
#define DIAG_LISTENERS_MAX 8u
#define DIAG_POLICIES_MAX 1024u

struct diag_range {
	struct ip_addr first, last; /* inclusive */
};

struct diag_pool {
	char name[POOL_NAME_MAX];
	unsigned int n_ranges;
	struct diag_range ranges[DIAG_RANGES_MAX];
	struct ip_prefix prefix6; /* len 0: no IPv6 */
};

struct diag_policy {
	char name[POLICY_NAME_MAX];
	bool enabled, grant;
	bool matches_all;         /* it has no condition */
	unsigned int method_mask; /* 0 = those of the server */
};

/* The part of the configuration that explanations need; cmd/ fills it from struct conf. */
struct diag_config {
	char server_name[256];
	bool remote_access, ipv4_enabled, ipv6_enabled, enable_forwarding, identity_ansi,
	    sstp_enabled;
	unsigned int method_mask;
	char domain[64];
	unsigned int n_realms;
	unsigned int n_listeners;
	struct endpoint listeners[DIAG_LISTENERS_MAX];
	uint32_t sstp_ports;
	unsigned int pool_warning; /* percent of a pool; 0 = never */
	char nat[16];              /* "" = clients keep their addresses */
	unsigned int n_pools;
	struct diag_pool pools[DIAG_POOLS_MAX];
	unsigned int n_policies;
	const struct diag_policy *policies; /* borrowed */
};

/* What an examination of the server's certificate found (crypto/pki.h), as texts. */
enum diag_cert_check {
	CERT_READABLE,
	CERT_KEY,
	CERT_DATES,
	CERT_NAMES,
	CERT_PURPOSE,
	CERT_LEADS_TO_ROOT,
	CERT_STRENGTH,
	N_CERT_CHECK,
};

struct diag_cert {
	char path[256];
	char subject[256], issuer[256], names[256], not_before[32], not_after[32];
	bool readable;                  /* false: what stands in failed[CERT_READABLE] is why */
	bool not_made;                  /* there is none yet: rrasd makes one at its first start */
	bool warning[N_CERT_CHECK];     /* failed[i] is a warning only */
	char failed[N_CERT_CHECK][256]; /* "" = good; else what is wrong and the remedy */
};

/* A file or folder that has to exist and be closed to others. */
struct diag_file {
	char path[256];
	bool looked; /* false: could not be looked at, error tells why */
	bool exists;
	uint32_t mode; /* permission bits */
	char error[96];
};

enum check_result { CHECK_OK, CHECK_WARN, CHECK_FAIL, CHECK_SKIP };

struct diag_check {
	char id[48]; /* "topic.what" */
	enum check_result result;
	char what[400];
	char remedy[400]; /* "" when there is nothing to do */
};

#define DIAG_CHECKS_MAX 128u

struct diag_checks {
	unsigned int n;
	struct diag_check c[DIAG_CHECKS_MAX];
};

/* Accounts that can log in but are granted by no policy. */
struct diag_accounts {
	bool known; /* the list could be read, or the daemon asked */
	unsigned int n, n_without_policy;
	char names[200]; /* the first of them */
};

/* Sessions whose clients send packets and get none (R95). */
struct diag_traffic {
	bool known;                /* the daemon told */
	unsigned int n, n_one_way; /* sessions; of them those with many packets in and none out */
	char name[96];             /* the first of these: its account and address */
	uint64_t in_pkts;          /* what it sent */
	char drops_name[96];       /* the session most of whose packets our own filters dropped */
	uint64_t drops, drops_in;  /* these, and those that went through */
};

#define DIAG_CONFLICTS_MAX 8u

/* A pool as the daemon counts it now. */
struct diag_live_pool {
	char name[POOL_NAME_MAX];
	uint64_t size, n_leased;
	unsigned int n_conflicts;                          /* addresses that other hosts use */
	char conflicts[DIAG_CONFLICTS_MAX][ADDR_TEXT_MAX]; /* the first of them */
};

/* What the daemon says of the sessions that are up, and what this host makes of it. */
struct diag_live {
	unsigned int n_pools;
	struct diag_live_pool pools[DIAG_POOLS_MAX];
	unsigned int n_routed; /* sessions whose route was looked for */
	unsigned int n_lost;   /* of them: it leads elsewhere, or nowhere */
	char lost[200];        /* addresses of the first of them */
};

/* Something that connections are handed to. */
struct diag_target {
	char name[POOL_NAME_MAX]; /* of the block */
	char to[ENDPOINT_TEXT_MAX];
	char error[96]; /* "" when it takes connections */
};
#define DIAG_TARGETS_MAX 16u

/* What the configuration names, and whether it is there. */
struct diag_setup {
	bool groups_known, accounts_known; /* the daemon was asked */
	char missing_groups[800];          /* that policies name; "" = none */
	unsigned int n_reversible;         /* accounts with a password that CHAP can use */
	bool name_is_ours;                 /* the server's name leads to this host */
	char name_error[96], name_addrs[200];
	unsigned int n_webs, n_keys;
	struct diag_target webs[DIAG_TARGETS_MAX];
	struct diag_file conf_file, keys[DIAG_TARGETS_MAX];
	char control_group[32];
	bool no_control_group; /* it is not on this host */
	bool disk_known;
	uint64_t disk_free; /* bytes, of the state directory's file system */
};

/* All that may be known beside the record. Any pointer but the catalogue may be NULL: not known. */
struct diag_context {
	const struct catalogue *catalogue;
	bool client; /* the command runs at the client's end */
	const struct diag_config *config;
	const char *config_error; /* "file:line: ..." when it does not parse */
	const struct host_facts *host;
	const struct diag_cert *cert; /* the first, shown to who asks for none of the others */
	const struct diag_cert *more_certs; /* the others */
	unsigned int n_more_certs;
	const struct diag_file *state_dir, *vault_key;
	const struct diag_accounts *accounts;
	const struct diag_traffic *traffic;
	const struct diag_live *live;
	const struct diag_setup *setup;
	int64_t now_unix_us;
};

/* --- checks of this host (diag/checks*.c) --- */

/* Runs every check over what is known; what is not known is CHECK_SKIP with the reason. */
void diag_run_checks(const struct diag_context *ctx, struct diag_checks *out);

/* Adds one result; texts as printf. For checks that the caller carries out itself. */
struct diag_check *diag_check_add(struct diag_checks *checks, const char *id,
    enum check_result result, const char *what, ...) __attribute__((format(printf, 4, 5)));
void diag_check_remedy(struct diag_check *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Whether id is the check or belongs to the topic `name` ("ports", "certificate.name"). */
bool diag_check_is(const char *id, struct view name);

const char *check_result_name(enum check_result r);

/* The process whose socket keeps `want` from being listened on, or NULL: for checks and tables. */
const struct host_socket *diag_listener_of(
    const struct host_facts *host, const char *proto, const struct endpoint *want);

/* "10.99.0.0/24 via 10.80.0.1 on lan0": the route that networks behind need (R94). Returns out. */
const char *diag_return_routes(const struct diag_context *ctx, char *out, size_t cap);

/* Number of addresses that the pools give to clients: all but the very first, the server's own. */
uint64_t diag_pools_size(const struct diag_config *conf);

/* --- explanation of one attempt --- */

#define DIAG_ITEMS_MAX 16u
#define DIAG_QUOTES_MAX 24u

struct diag_quote {
	uint64_t at_ms;
	const char *name, *witness, *text;
};

struct diag_finding {
	const char *id; /* "name.encoding", or the id of a check */
	enum check_result level;
	const char *text, *remedy; /* remedy may be "" */
};

/* Texts live in mem; "" when not known. Peer text is escaped already. */
struct diag_report {
	struct arena mem;
	char id[ATTEMPT_ID_TEXT];
	bool failed; /* somebody has to act */
	bool live;   /* not ended */
	int64_t began_unix_us;
	uint64_t duration_ms;
	const char *cause, *title, *blame, *class_, *users_see, *note, *means, *problems;
	uint32_t number;           /* what a Windows user sees; 0 = none */
	const char *number_text;   /* "691", "0x800B0109", "none" */
	const char *number_symbol; /* "ERROR_AUTHENTICATION_FAILURE", or "" */
	uint16_t nps_reason;
	const char *nps_text;
	const char *wire; /* what the peer was told: "E=691" */
	const char *user, *account, *peer, *local, *tunnel, *method, *policy, *stage, *ended_by,
	    *address, *correlation;
	unsigned int n_saw, n_quotes, n_here, n_there, n_findings;
	const char *saw[DIAG_ITEMS_MAX], *here[DIAG_ITEMS_MAX], *there[DIAG_ITEMS_MAX];
	struct diag_quote quotes[DIAG_QUOTES_MAX];
	struct diag_finding findings[DIAG_ITEMS_MAX];
	uint32_t facts_dropped, facts_unread; /* gaps of the trail */
};

/* Explains r. False when memory is out; diag_report_fini in any case. */
MUST_USE bool diag_explain(
    const struct attempt_record *r, const struct diag_context *ctx, struct diag_report *out);
void diag_report_fini(struct diag_report *out);

/*
 * The number a Windows user sees for this attempt; it depends on what the method can carry: MS-CHAP
 * has six numbers, PAP and CHAP only 691, a TLS alert its own.
 */
uint32_t diag_number(const struct attempt_record *r);

/* Whether a user who reports `number` may have met this cause, by whatever method. */
bool diag_cause_has_number(const struct cause_info *info, uint32_t number);

/* "691" or "0x800B0109"; "none" for 0. Returns out. */
char *diag_number_text(uint32_t number, char out[16]);

/* Reads "691", "0x800B0109", "-2146762487". False when it is no number. */
MUST_USE bool diag_number_parse(struct view v, uint32_t *out);

/* Windows' symbol and what it means, for numbers that users report; NULL when not in the table. */
const char *diag_number_symbol(uint32_t number);
const char *diag_number_meaning(uint32_t number);

/* What a reason code of NPS means; NULL when not in the table. */
const char *diag_nps_meaning(uint16_t reason);

/* --- text for people (diag/render.c) --- */

/* Gets one line without its end. */
typedef void (*diag_line_fn)(void *ctx, const char *line);

void diag_render(const struct diag_report *r, unsigned int width, diag_line_fn fn, void *ctx);

/* One check: "ok    ports.sstp  text", the remedy beneath. */
void diag_render_check(const struct diag_check *c, unsigned int width, diag_line_fn fn, void *ctx);

/* Wraps text at width, first line behind `lead`, the others as far in. '\n' begins a new line. */
void diag_wrap(const char *lead, const char *text, unsigned int width, diag_line_fn fn, void *ctx);

#endif
