/*
 * Messages between roles: typed structs, their encoding, and the permission check, all built from
 * messages.def. A message that is malformed, too long, or not allowed from this sender to this
 * receiver is the mark of a broken-into peer: the caller closes the channel.
 */
#ifndef IPC_MSG_H
#define IPC_MSG_H

#include "attempt/answer.h"
#include "attempt/attempt.h"

enum role_id {
	ROLE_MONITOR,
	ROLE_NET,
	ROLE_AAA,
	ROLE_VAULT,
	ROLE_RECORD,
	ROLE_DIAL,
	ROLE_FETCH,
	N_ROLE,
};
#define ROLE_BIT(r) (1u << (r))

#define MSG_HEADER_BYTES 2   /* the id */
#define MSG_MAX_BYTES 24576u /* the largest message with its header; see messages.def */

/* What an opened file is for (MSG_FILE). */
enum file_purpose {
	FILE_VAULT_KEY = 1, /* vault: 32 bytes */
	FILE_CERT,          /* net: a certificate chain of the server, PEM; in the order of use */
	FILE_KEY,           /* vault: the private key of one of them, PEM */
	FILE_CONTROL,       /* record: the listening control socket */
	FILE_JOURNAL,       /* record: a datagram socket connected to the journal */
};

/* Which secret of an account (MSG_SECRET, MSG_SEAL_SECRET). */
enum secret_kind { SECRET_NT_HASH = 1, SECRET_REVERSIBLE = 2 };

/* What a GRANT says. */
enum grant_what {
	GRANT_BEGIN = 1, /* all that follow, up to GRANT_END, are all there are */
	GRANT_ACCOUNT,   /* an account's own address and routes; empty ones: it has none */
	GRANT_END,
};

/* What a LOOKED says of an address. */
enum look_result { LOOK_FREE, LOOK_TAKEN, LOOK_DETACHED };

/* An account's dial-in permission (NPS: Network Access Permission). */
enum dialin { DIALIN_BY_POLICY, DIALIN_ALLOW, DIALIN_DENY };

/* A vault's answer (MSG_CHECK_REPLY_SECRET, MSG_CHANGED_SECRET). */
enum check_result {
	CHECK_NO,
	CHECK_YES,
	CHECK_NO_SECRET,
	CHECK_UNSUPPORTED,
	/* MSG_CHANGED_SECRET: the old password is right, the new one will not do */
	CHECK_NEW_SHORT,
	CHECK_NEW_SAME,
	CHECK_NEW_BAD, /* empty, no text, or longer than what can be kept */
};

/* The C types behind the field types of messages.def. */
#define MSG_T_u8(n) uint8_t n
#define MSG_T_u16(n) uint16_t n
#define MSG_T_u32(n) uint32_t n
#define MSG_T_u64(n) uint64_t n
#define MSG_T_i64(n) int64_t n
#define MSG_T_flag(n) bool n
#define MSG_T_addr(n) struct ip_addr n
#define MSG_T_end(n) struct endpoint n
#define MSG_T_id(n) struct attempt_id n
#define MSG_T_key16(n) uint8_t n[16]
#define MSG_T_text(n) struct view n
#define MSG_T_blob(n) struct view n
#define MSG_T_request(n) struct auth_request n
#define MSG_T_answer(n) struct auth_answer n
#define MSG_T_lease(n) struct lease_answer n
#define MSG_T_decision(n) struct decision n

#define F(type, name) MSG_T_##type(name);
#define MSG(num, ID, name, from, to, fd, max, fields)                                              \
	struct msg_##name {                                                                        \
		fields                                                                             \
	};
#include "ipc/messages.def"
#undef MSG
#undef F

enum msg_id {
	MSG_NONE = 0,
#define MSG(num, ID, name, from, to, fd, max, fields) MSG_##ID = (num),
#include "ipc/messages.def"
#undef MSG
};

struct msg {
	enum msg_id id;
	union {
#define MSG(num, ID, name, from, to, fd, max, fields) struct msg_##name name;
#include "ipc/messages.def"
#undef MSG
	} u;
};

/* Encodes m. must() that m->id is in the table; false when a field is too long. */
MUST_USE bool msg_write(struct wr *w, const struct msg *m);

/* Decodes one message sent by `from` to `to`; views point into bytes. False: malformed or
 * forbidden. */
MUST_USE bool msg_read(
    struct view bytes, enum role_id from, enum role_id to, struct msg *out, struct rd_fault *fault);

/* Whether `from` may send this message to `to`. False for an id that the table does not have. */
bool msg_may(enum msg_id id, enum role_id from, enum role_id to);

bool msg_has_fd(enum msg_id id);    /* whether a descriptor travels with it */
bool msg_is_secret(enum msg_id id); /* whether buffers that held it are to be wiped */
const char *msg_name(enum msg_id id);
const char *role_name(enum role_id r);

#endif
