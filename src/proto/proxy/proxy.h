/*
 * The header that a load balancer puts before a connection to say whose it is: the PROXY protocol,
 * version 2 (haproxy's proxy-protocol.txt, section 2.2). Reader, incremental by being called again,
 * and writer. Version 1, a line of text, is recognised so that it can be refused by its name.
 */
#ifndef PROTO_PROXY_PROXY_H
#define PROTO_PROXY_PROXY_H

#include "base/addr.h"
#include "base/rd.h"
#include "base/wr.h"

#define PROXY_FIXED 16u        /* signature, version and command, family, length */
#define PROXY_HEADER_MAX 4096u /* the most that we take, additions (TLVs) and all */
#define PROXY_TLVS_MAX 64u
#define PROXY_WRITE_MAX 52u /* the most that proxy_write writes */

enum proxy_progress {
	PROXY_MORE,     /* the header is not complete */
	PROXY_COMPLETE, /* it is, and was understood */
	PROXY_MISSING,  /* the bytes are no PROXY header */
	PROXY_V1,       /* a header of version 1 */
	PROXY_BAD,      /* a header of version 2 with the place of its error in the fault */
};

struct proxy_header {
	bool local; /* LOCAL: the front itself connects; no addresses (a health check) */
	struct endpoint source, destination; /* as the front saw the client's connection */
	size_t n_bytes;                      /* of the header; what follows is the client's */
	unsigned int n_tlvs; /* additions, which are checked for their lengths and not read */
};

/*
 * Reads the header at the start of bytes, which begin at the same place in every call. An IPv4
 * address in IPv6 form (::ffff:0:0/96) is given as IPv4. A header that is neither LOCAL nor about a
 * TCP connection between IP addresses is PROXY_BAD: it does not say who the client is.
 */
enum proxy_progress proxy_read(struct view bytes, struct proxy_header *out, struct rd_fault *fault);

/* Writes the header of a TCP connection; both ends are of one family, else it is sent as LOCAL. */
void proxy_write(struct wr *w, const struct endpoint *source, const struct endpoint *destination);

#endif
