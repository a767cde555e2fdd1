/*
 * An attempt as it is stored and explained: what is left of it after it ended. Written by record
 * (server) and rasdial (client), read by diag.
 */
#ifndef ATTEMPT_RECORD_H
#define ATTEMPT_RECORD_H

#include "attempt/attempt.h"
#include "attempt/decision.h"

struct attempt_record {
	struct attempt_id id;
	enum tunnel_kind tunnel;
	struct endpoint peer, local;
	int64_t began_unix_us;
	uint64_t duration_ms;
	enum stage stage; /* how far it came */
	bool ended;
	bool client; /* made by rasdial */
	enum cause cause;
	enum party ended_by;
	enum auth_method method;
	char user[NAME_MAX_BYTES + 1]; /* as sent; escape when printed */
	char account[NAME_MAX_BYTES + 1];
	char policy[POLICY_NAME_MAX];
	char device[16];
	struct ip_addr address; /* inner; the prefix when there is no IPv4 */
	struct ip_addr prefix6; /* the first address of the session's /64; none: no IPv6 */
	uint64_t in_bytes, out_bytes, in_pkts, out_pkts;
	struct view facts; /* records that fact_read reads */
};

#endif
