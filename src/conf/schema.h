/*
 * The schema: one table of every key that rrasd.conf knows. Parser, checker, defaults, the help of
 * `rrasd --help-config` and the table in rrasd.conf(5) all come from it. A new setting is a row
 * here and a member of struct conf.
 */
#ifndef CONF_SCHEMA_H
#define CONF_SCHEMA_H

#include "base/view.h"
#include "base/wr.h"

enum conf_block {
	BLOCK_TOP, /* outside of any block */
	BLOCK_SERVER,
	BLOCK_AUTHENTICATION,
	BLOCK_PPP,
	BLOCK_SSTP,
	BLOCK_CERTIFICATE,
	BLOCK_POOL,
	BLOCK_POLICY,
	BLOCK_WEB,
	N_BLOCK,
};

enum conf_type {
	CONF_BOOL,       /* yes, no */
	CONF_CHOICE,     /* one of the words of choices, "false|true" or more */
	CONF_NUMBER,     /* of min to max; uint8_t to uint32_t */
	CONF_SIZE,       /* bytes with a unit: 64KiB; uint32_t */
	CONF_MS,         /* a time with a unit, kept in milliseconds; min and max too; uint32_t */
	CONF_SECONDS,    /* a time with a unit, kept in seconds; uint32_t */
	CONF_TEXT,       /* one word or string of min to max bytes; char[] */
	CONF_HOST,       /* a DNS name or an address; char[] */
	CONF_PATH,       /* an absolute path; char[] */
	CONF_DEVICE,     /* the start of a network device's name; char[] */
	CONF_ADDRESSES,  /* IPv4 addresses; struct ip_addr[max] */
	CONF_ADDRESSES6, /* IPv6 addresses; struct ip_addr[max] */
	CONF_PREFIX6,    /* an IPv6 prefix of min to max bits; struct ip_prefix */
	CONF_RANGES,     /* FIRST - LAST, or a prefix; struct conf_range[max] and a count */
	CONF_ENDPOINTS,  /* ADDRESS:PORT; struct endpoint[max] and a count */
	CONF_PREFIXES,   /* prefixes; a list of struct ip_prefix */
	CONF_PATTERNS,   /* names with * and ?; a list of char[POLICY_NAME_MAX] */
	CONF_REALMS,     /* DNS suffixes; char[max][256] and a count */
	CONF_NAMES,      /* DNS names, *.SUFFIX or *; char[max][256] and a count */
	CONF_METHODS,    /* authentication methods; a mask of AUTH_BIT */
	CONF_TUNNELS,    /* tunnel types; a mask */
	CONF_HASHES,     /* sha256, sha1; a mask of SSTP_HASH_ */
	CONF_POOL_NAMES, /* names of pool blocks; char[max][POOL_NAME_MAX] and a count */
	CONF_ENCRYPTION, /* strengths; a mask of enum encryption */
	CONF_ROUTES,     /* prefixes; struct ip_prefix[max] and a count */
	CONF_HOURS,      /* ranges of the week; struct hours */
};

struct conf_key {
	enum conf_block block;
	const char *name;
	enum conf_type type;
	uint32_t min, max; /* by type: value, length, or number of items */
	const char *def;   /* as one would write it; empty: not set */
	const char *choices;
	size_t offset, size; /* of the member in its block's struct */
	size_t count_offset; /* lists: of the member that counts */
	const char *help;
};

struct conf_block_info {
	const char *name;
	bool named; /* pool NAME { }: may stand several times */
	const char *help;
};

/* The i-th key; NULL past the end. Keys of one block stand together. */
const struct conf_key *conf_key_at(size_t i);
size_t conf_n_keys(void);
const struct conf_key *conf_key_find(enum conf_block block, struct view name);

const struct conf_block_info *conf_block_info(enum conf_block block);
/* The block with this name; BLOCK_TOP when there is none. */
enum conf_block conf_block_find(struct view name);

/* "a time of 5s to 1h": what a key takes, for help and manual. Returns out. */
char *conf_key_takes(const struct conf_key *k, char *out, size_t cap);

/* "1min 30s", "500ms": a time of `ms` milliseconds. Returns out. */
char *conf_ms_text(uint64_t ms, char *out, size_t cap);

/* The whole table as text for a terminal, or as mdoc for rrasd.conf(5). */
void conf_help(struct wr *w);
void conf_help_mdoc(struct wr *w);

/* What rrasd runs with when the file names no pool or no policy, as one would write it. */
extern const char conf_default_pool[];
extern const char conf_default_policy[];

#endif
