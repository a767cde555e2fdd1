/*
 * The commit of a password that its user has changed over MS-CHAPv2: aaa has decided, vault has
 * sealed; here it becomes durable, aaa and vault are told, and only then aaa is answered. A
 * reversible copy is kept when there was one, and always of the new password.
 */
#include "roles/record_priv.h"

#include <stdio.h>

static void
answer(struct record *rec, uint64_t question, const char *error)
{
	struct msg m = { .id = MSG_PASSWORD_SET_DONE };

	m.u.password_set_done.question = question;
	m.u.password_set_done.ok = error == NULL;
	m.u.password_set_done.error = view_str(error ? error : "");
	if (m.u.password_set_done.error.n > STORE_ERR_MAX - 1)
		m.u.password_set_done.error.n = STORE_ERR_MAX - 1;
	(void)!host_send(rec->host, ROLE_AAA, 0, &m, -1); /* unanswered: aaa's timer names us */
}

void
record_on_password_set(struct record *rec, const struct msg_password_set *m)
{
	int64_t now_s = loop_now(rec->host->loop)->unix_us / 1000000;
	struct account_change c = { .is_new = false };
	char err[STORE_ERR_MAX] = "the account is gone";
	struct account row;

	if (!rec->going) {
		answer(rec, m->question, "the store is not open yet");
		return;
	}
	if (loop_now(rec->host->loop)->ms >= m->until_ms) {
		answer(rec, m->question, "the store was busy for too long");
		return;
	}
	enum accounts_result r = accounts_by_id(rec->accounts, m->account, &row, err, sizeof(err));
	if (r == ACCOUNTS_OK) {
		row.changed_unix_s = row.password_set_unix_s = now_s;
		row.must_change = false;
		if (row.password_expires_unix_s <= now_s)
			row.password_expires_unix_s = 0; /* the date was that of the old password */
		c.row = &row;
		c.sealed[SECRET_NT_HASH] = m->hash;
		c.sealed[SECRET_REVERSIBLE] = m->reversible;
		c.drop_secret[SECRET_REVERSIBLE] = m->reversible.n == 0;
		r = accounts_put(rec->accounts, &c, err, sizeof(err));
	}
	if (r == ACCOUNTS_OK)
		record_sync_account(rec, m->account);
	answer(rec, m->question, r == ACCOUNTS_OK ? NULL : err);
}
