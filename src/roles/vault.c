/*
 * The vault role: reads the master key and the server's keys of TLS, keeps what record streams to
 * it, and answers CHECK of aaa, SEAL of record and TLS_SIGN of the workers. It has no network and
 * parses nothing that a peer shapes. The work is done by vault/; here are messages, the key file
 * and the locked pages.
 */
#include "vault/vault.h"
#include "os/file.h"
#include "roles/host.h"
#include "vault/vault_tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define SYNC_RETRY_MS 1000u
#define SYNC_SILENT_MS 5000u
#define KEY_BYTES_MAX 65536u

struct vault_role {
	struct role_host *host;
	struct vault *vault;
	struct vault_tls *tls;
	struct loop_timer *timer;   /* to ask record again */
	struct loop_timer *tickets; /* to make the next ticket key */
	char key_error[320];        /* why there is no vault */
	char tls_error[512];        /* what was wrong with a key of TLS */
	uint64_t n_signed, n_refused;
	bool sync_running, synced;
	bool no_memory; /* a secret was not taken: ask again */
};

/*
 * Pages with secrets stay out of swap and core dumps. Best effort: a limit on locked memory
 * (RLIMIT_MEMLOCK) must not keep users from logging in.
 */
static void
hold_pages(void *p, size_t n, bool held)
{
	if (!held) {
		(void)munlock(p, n);
		return;
	}
	(void)mlock(p, n);
	(void)madvise(p, n, MADV_DONTDUMP);
}

static void
ask_for_secrets(struct vault_role *v)
{
	struct msg m = { .id = MSG_SYNC_ASK };
	uint64_t now_ms = loop_now(v->host->loop)->ms;
	bool sent = v->vault && host_send(v->host, ROLE_RECORD, 0, &m, -1);

	v->sync_running = sent;
	if (sent)
		vault_sync_begin(v->vault);
	loop_timer_at(v->timer, now_ms + (sent ? SYNC_SILENT_MS : SYNC_RETRY_MS));
}

static void
on_timer(void *ctx)
{
	ask_for_secrets(ctx);
}

static void
vault_close(void *role)
{
	struct vault_role *v = role;

	if (!v)
		return;
	if (v->timer)
		loop_timer_free(v->timer);
	loop_timer_free(v->tickets);
	vault_free(v->vault);
	vault_tls_free(v->tls);
	free(v);
}

/* The ticket keys to one worker, which may be new, or to all. */
static void
send_tickets(struct vault_role *v, unsigned int first, unsigned int n)
{
	uint64_t due_ms;
	struct msg m = { .id = MSG_TICKET_KEYS_SECRET,
		.u.ticket_keys = {
		    .keys = vault_tls_tickets(v->tls, loop_now(v->host->loop), &due_ms) } };

	for (unsigned int i = first; i < first + n; i++)
		(void)!host_send(v->host, ROLE_NET, i, &m, -1); /* it resumes nothing then */
	loop_timer_at(v->tickets, due_ms);
}

static void
on_tickets_due(void *ctx)
{
	send_tickets(ctx, 0, WORKERS_MAX);
}

static void *
vault_open(struct role_host *h)
{
	struct vault_role *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->host = h;
	v->timer = loop_timer_new(h->loop, on_timer, v);
	v->tickets = loop_timer_new(h->loop, on_tickets_due, v);
	v->tls = vault_tls_new();
	if (v->timer && v->tickets && v->tls)
		return v;
	vault_close(v);
	return NULL;
}

static void
take_key(struct vault_role *v, const struct msg_file *m, int fd)
{
	struct file_bytes b = { 0 };
	int path_n = (int)(m->path.n < 200 ? m->path.n : 200);
	const char *path = (const char *)m->path.p;
	int rc = file_read_fd(fd, 4 * SEAL_KEY_BYTES, &b);

	if (rc < 0 && rc != -EFBIG) {
		snprintf(v->key_error, sizeof(v->key_error), "cannot read the vault key %.*s: %s",
		    path_n, path, strerror(-rc));
	} else if (b.n != SEAL_KEY_BYTES) {
		snprintf(v->key_error, sizeof(v->key_error),
		    "the vault's key %.*s must have exactly %u bytes%s; restore it from a backup "
		    "(passwords sealed with another key cannot be read)",
		    path_n, path, SEAL_KEY_BYTES,
		    b.n < SEAL_KEY_BYTES ? " and is shorter" : " and is longer");
	} else if (!v->vault) {
		v->vault = vault_new(b.p, hold_pages, loop_now(v->host->loop));
		if (!v->vault)
			snprintf(v->key_error, sizeof(v->key_error), "out of memory");
	}
	file_bytes_free(&b);
}

/* A private key of TLS. What is wrong with it is told when the configuration comes. */
static void
take_tls_key(struct vault_role *v, const struct msg_file *m, int fd)
{
	struct file_bytes b = { 0 };
	char why[256];
	int rc = file_read_fd(fd, KEY_BYTES_MAX, &b);

	if (rc < 0)
		snprintf(why, sizeof(why), "%s", strerror(-rc));
	if (rc < 0 || !vault_tls_add(v->tls, VAULT_KEY_TLS, file_view(&b), why, sizeof(why)))
		snprintf(v->tls_error, sizeof(v->tls_error), "private key %.*s: %s",
		    (int)(m->path.n < 200 ? m->path.n : 200), (const char *)m->path.p, why);
	file_bytes_free(&b);
}

/* The keys that came belong to this configuration. */
static bool
vault_configure(void *role, const struct conf *c, char *err, size_t cap)
{
	struct vault_role *v = role;

	(void)c;
	vault_tls_turn(v->tls);
	if (!v->tls_error[0])
		return true;
	snprintf(err, cap, "%s", v->tls_error);
	v->tls_error[0] = '\0';
	return false;
}

static bool
vault_go(void *role, char *err, size_t cap)
{
	struct vault_role *v = role;

	if (!v->vault) {
		snprintf(
		    err, cap, "%s", v->key_error[0] ? v->key_error : "no key was handed to it");
		return false;
	}
	ask_for_secrets(v);
	return true;
}

static void
on_check(struct vault_role *v, const struct msg_check *q)
{
	struct msg m = { .id = MSG_CHECK_REPLY_SECRET };
	struct msg_check_reply *r = &m.u.check_reply;
	struct check_answer a;

	vault_check(v->vault, q->account, &q->request, &a);
	r->question = q->question;
	r->result = (uint8_t)a.result;
	r->success = view_str(a.success);
	memcpy(r->server_send, a.server_send, sizeof(r->server_send));
	memcpy(r->server_recv, a.server_recv, sizeof(r->server_recv));
	(void)!host_send(v->host, ROLE_AAA, 0, &m, -1); /* unanswered: aaa's timer names us */
	secret_wipe_bytes(&a, sizeof(a));
	secret_wipe_bytes(&m, sizeof(m));
}

static void
on_tls_sign(struct vault_role *v, unsigned int worker, const struct msg_tls_sign *q)
{
	struct msg m = { .id = MSG_TLS_SIGNED,
		.u.tls_signed = { .attempt = q->attempt, .seq = q->seq } };
	uint8_t sig[SIGN_MAX];
	size_t n = 0;
	const char *refused = vault_tls_sign(v->tls, q->key, q->scheme, q->what, sig, &n);

	m.u.tls_signed.signature = view_of(sig, refused ? 0 : n);
	m.u.tls_signed.refused = view_str(refused ? refused : "");
	v->n_signed += refused == NULL;
	v->n_refused += refused != NULL;
	(void)!host_send(v->host, ROLE_NET, worker, &m, -1); /* unanswered: it has a deadline */
}

static void
on_change(struct vault_role *v, const struct msg_change *q)
{
	struct msg m = { .id = MSG_CHANGED_SECRET };
	struct msg_changed *r = &m.u.changed;
	struct change_answer a;

	vault_change(v->vault, q->account, &q->request, q->min_length, &a);
	r->question = q->question;
	r->result = (uint8_t)a.result;
	r->success = view_str(a.success);
	r->hash = view_of(a.hash, a.n_hash);
	r->reversible = view_of(a.reversible, a.n_reversible);
	memcpy(r->server_send, a.server_send, sizeof(r->server_send));
	memcpy(r->server_recv, a.server_recv, sizeof(r->server_recv));
	(void)!host_send(v->host, ROLE_AAA, 0, &m, -1); /* unanswered: aaa's timer names us */
	secret_wipe_bytes(&a, sizeof(a));
	secret_wipe_bytes(&m, sizeof(m));
}

static void
on_seal(struct vault_role *v, const struct msg_seal *q)
{
	uint8_t buf[VAULT_SEALED_MAX];
	struct wr w = wr_over(buf, sizeof(buf));
	struct msg m = { .id = MSG_SEALED };
	const char *error =
	    vault_seal(v->vault, q->account, (enum secret_kind)q->kind, q->plain, &w);

	m.u.sealed.seq = q->seq;
	m.u.sealed.ok = error == NULL && wr_done(&w);
	m.u.sealed.sealed = m.u.sealed.ok ? wr_view_of(&w) : view_of(NULL, 0);
	m.u.sealed.error = view_str(error ? error : "");
	(void)!host_send(v->host, ROLE_RECORD, 0, &m, -1); /* rrasctl says that nothing came */
}

static void
on_secret(struct vault_role *v, const struct msg_secret *m)
{
	enum vault_put_result r =
	    vault_put(v->vault, m->account, (enum secret_kind)m->kind, m->sealed);

	if (r == VAULT_PUT_NO_MEMORY)
		v->no_memory = true;
	if (v->sync_running)
		loop_timer_at(v->timer, loop_now(v->host->loop)->ms + SYNC_SILENT_MS);
}

static void
on_sync_done(struct vault_role *v)
{
	uint64_t again = NEVER_MS;

	if (!v->sync_running)
		return;
	v->sync_running = false;
	v->synced = true;
	vault_sync_end(v->vault);
	if (v->no_memory)
		again = loop_now(v->host->loop)->ms + SYNC_RETRY_MS;
	v->no_memory = false;
	loop_timer_at(v->timer, again);
}

static void
on_status_ask(struct vault_role *v, const struct msg_status_ask *q)
{
	struct vault_counts c = vault_counts(v->vault);
	struct msg m = { .id = MSG_STATUS };
	uint8_t buf[512];
	struct wr w = wr_over(buf, sizeof(buf));

	wr_fmt(&w,
	    "synced %s\nsecrets %zu\nreversible %zu\nunreadable %llu\nchecks %llu\n"
	    "tls-keys %u\nsignatures %llu\nsignatures-refused %llu\n",
	    v->synced ? "yes" : "no", c.n_hashes, c.n_reversible, (unsigned long long)c.n_bad,
	    (unsigned long long)c.n_checks, vault_tls_n_keys(v->tls),
	    (unsigned long long)v->n_signed, (unsigned long long)v->n_refused);
	m.u.status.seq = q->seq;
	m.u.status.lines = wr_view_of(&w);
	(void)!host_send(v->host, ROLE_RECORD, 0, &m, -1); /* rrasctl says that nothing came */
}

/* Who may send what was checked when the message was decoded (ipc/msg.h). */
static void
vault_message(void *role, enum role_id from, unsigned int index, const struct msg *m, int fd)
{
	struct vault_role *v = role;

	(void)from;
	if (m->id == MSG_FILE && fd >= 0 && m->u.file.purpose == FILE_VAULT_KEY)
		take_key(v, &m->u.file, fd);
	if (m->id == MSG_FILE && fd >= 0 && m->u.file.purpose == FILE_KEY)
		take_tls_key(v, &m->u.file, fd);
	if (fd >= 0)
		close(fd);
	if (!v->vault)
		return; /* the role will not pass go */
	if (m->id == MSG_TLS_SIGN)
		on_tls_sign(v, index, &m->u.tls_sign);
	else if (m->id == MSG_CHECK_SECRET)
		on_check(v, &m->u.check);
	else if (m->id == MSG_CHANGE_SECRET)
		on_change(v, &m->u.change);
	else if (m->id == MSG_SEAL_SECRET)
		on_seal(v, &m->u.seal);
	else if (m->id == MSG_SECRET)
		on_secret(v, &m->u.secret);
	else if (m->id == MSG_SYNC_DONE)
		on_sync_done(v);
	else if (m->id == MSG_STATUS_ASK)
		on_status_ask(v, &m->u.status_ask);
}

static void
vault_peer_lost(void *role, enum role_id who, unsigned int index, const char *how)
{
	struct vault_role *v = role;

	(void)index;
	(void)how;
	if (who != ROLE_RECORD)
		return;
	v->sync_running = false; /* what is known stays; asked for when record is back */
	loop_timer_at(v->timer, NEVER_MS);
}

static void
vault_peer_back(void *role, enum role_id who, unsigned int index)
{
	struct vault_role *v = role;

	if (who == ROLE_RECORD && !v->sync_running)
		ask_for_secrets(v);
	if (who == ROLE_NET)
		send_tickets(v, index, 1);
}

const struct role_ops role_vault = {
	.id = ROLE_VAULT,
	.open = vault_open,
	.configure = vault_configure,
	.go = vault_go,
	.message = vault_message,
	.peer_lost = vault_peer_lost,
	.peer_back = vault_peer_back,
	.close = vault_close,
};
