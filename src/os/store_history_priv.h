/* What the two halves of the history store share: writing in store_history.c, reading in
 * store_history_find.c. */
#ifndef OS_STORE_HISTORY_PRIV_H
#define OS_STORE_HISTORY_PRIV_H

#include "os/store.h"
#include "os/store_history.h"

/* Retention classes. */
enum history_class { HISTORY_EARLY, HISTORY_AUTH, HISTORY_UP, N_HISTORY_CLASS };

struct history {
	sqlite3 *db;
	uint32_t limit[N_HISTORY_CLASS], limit_counted;
	uint32_t n_ended[N_HISTORY_CLASS], n_counted;
	bool in_transaction;
	sqlite3_stmt *look, *put, *set_facts, *trim, *count_add, *count_trim, *put_decided,
	    *trim_decided;
};

extern const struct store_schema history_schema;

#define HISTORY_COLUMNS                                                                            \
	"id, tunnel, peer, local, began_us, duration_ms, stage, ended, client, cause, ended_by, "  \
	"method, user, account, policy, device, address, in_bytes, out_bytes, in_pkts, out_pkts, " \
	"prefix6"

#endif
