/*
 * Causes: the closed set of reasons why a connection attempt ended. State machines, the policy
 * engine and the roles set them; diag/ explains them. The table is causes.def.
 */
#ifndef ATTEMPT_CAUSE_H
#define ATTEMPT_CAUSE_H

#include "attempt/request.h"

/* Who has to act. */
enum blame {
	BLAME_NONE,
	BLAME_CLIENT,
	BLAME_CREDENTIALS,
	BLAME_SERVER,
	BLAME_POLICY,
	BLAME_PATH,
	BLAME_CAPACITY,
	BLAME_PROTOCOL,
	BLAME_INTERNAL,
};

/* The class of failure, which is also rasdial's exit status (stable numbers). */
enum cause_class {
	CLASS_OK = 0,
	CLASS_UNREACHABLE = 10,
	CLASS_CREDENTIALS = 20,
	CLASS_ACCOUNT = 30,
	CLASS_POLICY = 40,
	CLASS_CERTIFICATE = 50,
	CLASS_ENCRYPTION = 60,
	CLASS_ADDRESSES = 70,
	CLASS_SERVER = 80,
	CLASS_INTERNAL = 90,
};

/* The protocol's own number for the cause, where it has one. */
enum wire_kind {
	WIRE_NONE,
	WIRE_MSCHAP_E, /* E= of an MS-CHAP failure packet, RFC 2759 section 6 */
	WIRE_SSTP,     /* status of a Status Info attribute, MS-SSTP 2.2.7 */
	WIRE_HTTP,     /* HTTP status of the answer */
};

enum cause {
	CAUSE_NONE = 0,
#define CAUSE(num, id, name, blame, class_, ras, nps, wire) CAUSE_##id = (num),
#include "attempt/causes.def"
#undef CAUSE
};

struct cause_info {
	enum cause cause;
	const char *name; /* "where.what" */
	enum blame blame;
	enum cause_class class_;
	uint32_t ras_error;  /* what a Windows user sees; 0 = none */
	uint16_t nps_reason; /* reason code of NPS; 0 = none */
	enum wire_kind wire_kind;
	uint16_t wire_number;
};

/* The row of a cause; a row named "none" for CAUSE_NONE, "unknown" for a number not in the table.
 */
const struct cause_info *cause_info(enum cause cause);

/*
 * The number that the user of a server's attempt is told, by what the method can carry: 691 alone
 * by PAP and CHAP, E= of RFC 2759 section 6 by MS-CHAP. Else, and for a client's own record,
 * ras_error.
 */
uint32_t cause_number_told(const struct cause_info *info, enum auth_method method, bool client);

/* The cause with this name; CAUSE_NONE when there is none. */
enum cause cause_by_name(struct view name);

/* The i-th row of the table in order of its numbers; NULL past the end. */
const struct cause_info *cause_at(size_t i);

const char *blame_name(enum blame blame);
const char *cause_class_name(enum cause_class c);

#endif
