/*
 * The field types of messages.def on the wire: one rd and one wr function each. Composite types
 * (request, answer, lease, decision) check every enum and every count, because their reader may be
 * the one role that holds the secrets. The encoding of a value is unique: what was read and is
 * written again gives the same bytes, which the fuzz target relies on.
 */
#ifndef IPC_MSG_TYPES_H
#define IPC_MSG_TYPES_H

#include "ipc/msg.h"

/* Readers fill *out and note the first fault in r; writers note an overflow in w. */
void msg_rd_u8(struct rd *r, uint8_t *out);
void msg_rd_u16(struct rd *r, uint16_t *out);
void msg_rd_u32(struct rd *r, uint32_t *out);
void msg_rd_u64(struct rd *r, uint64_t *out);
void msg_rd_i64(struct rd *r, int64_t *out);
void msg_rd_flag(struct rd *r, bool *out); /* 0 or 1, nothing else */
void msg_rd_addr(struct rd *r, struct ip_addr *out);
void msg_rd_end(struct rd *r, struct endpoint *out);
void msg_rd_id(struct rd *r, struct attempt_id *out);
void msg_rd_key16(struct rd *r, uint8_t (*out)[16]);
void msg_rd_text(struct rd *r, struct view *out); /* borrowed from r's buffer */
void msg_rd_blob(struct rd *r, struct view *out); /* borrowed from r's buffer */
void msg_rd_request(struct rd *r, struct auth_request *out);
void msg_rd_answer(struct rd *r, struct auth_answer *out);
void msg_rd_lease(struct rd *r, struct lease_answer *out);
void msg_rd_decision(struct rd *r, struct decision *out);

void msg_wr_u8(struct wr *w, const uint8_t *x);
void msg_wr_u16(struct wr *w, const uint16_t *x);
void msg_wr_u32(struct wr *w, const uint32_t *x);
void msg_wr_u64(struct wr *w, const uint64_t *x);
void msg_wr_i64(struct wr *w, const int64_t *x);
void msg_wr_flag(struct wr *w, const bool *x);
void msg_wr_addr(struct wr *w, const struct ip_addr *x);
void msg_wr_end(struct wr *w, const struct endpoint *x);
void msg_wr_id(struct wr *w, const struct attempt_id *x);
void msg_wr_key16(struct wr *w, const uint8_t (*x)[16]);
void msg_wr_text(struct wr *w, const struct view *x);
void msg_wr_blob(struct wr *w, const struct view *x);
void msg_wr_request(struct wr *w, const struct auth_request *x);
void msg_wr_answer(struct wr *w, const struct auth_answer *x);
void msg_wr_lease(struct wr *w, const struct lease_answer *x);
void msg_wr_decision(struct wr *w, const struct decision *x);

#endif
