/*
 * The one nftables table of ours: source NAT for clients, and what keeps strangers from what it
 * hides. Written through the command nft, as one transaction: all of it or nothing (N05). The
 * library behind nft is not linked for its licence.
 */
#ifndef OS_NFT_H
#define OS_NFT_H

#include "base/addr.h"
#include "base/must.h"

#define NFT_RANGES_MAX 256u
#define NFT_TABLE_MAX 32u

struct nft_range {
	struct ip_addr first, last; /* IPv4 */
};

struct nft_nat {
	const char *device_prefix; /* of our TUN devices; names the table too */
	const char *out;           /* the interface whose address clients get; "any": each one's */
	unsigned int n_ranges;     /* addresses of clients and of our own ends */
	struct nft_range ranges[NFT_RANGES_MAX];
};

/* "openrras", or with another prefix than "rras" "openrras_PREFIX": two rrasd have two tables. */
const char *nft_table_name(const char *device_prefix, char out[NFT_TABLE_MAX]);

/*
 * The transaction as nft's JSON, malloc'ed: it puts the table in place of what was there. NULL for
 * nat: only takes it away. Pure. NULL: out of memory.
 */
char *nft_nat_text(const char *device_prefix, const struct nft_nat *nat);

/* Carries it out; takes at most a few seconds. False with what is wrong and what to do. */
MUST_USE bool nft_apply(const char *text, char *err, size_t cap);

#endif
