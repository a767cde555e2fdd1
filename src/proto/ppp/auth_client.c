/*
 * The client's side of authentication: it answers with this user's password and, with MS-CHAPv2,
 * demands that the server proves it knows it too (RFC 1334, RFC 1994, RFC 2759, RFC 3079). The
 * name goes out as typed.
 */
#include "crypto/digest.h"
#include "crypto/mschap.h"
#include "proto/ppp/core.h"

static struct view
user(const struct ppp *p)
{
	return view_of(p->conf->user, p->conf->n_user);
}

static void
send_new(struct turn *t, const struct wr *w)
{
	struct auth *a = &t->p->auth;

	must(wr_done(w));
	a->n_out = (uint16_t)wr_len(w);
	NOTE(t, FACT_AUTH_OURS, F_STR(auth_method_name(a->method)), F_TEXT(user(t->p)));
	if (a->state != AUTH_DONE) { /* else a challenge of a session that is up: no timers */
		a->state = AUTH_SENT;
		a->sends_left =
		    (uint8_t)(t->p->conf->max_configure ? t->p->conf->max_configure - 1 : 0);
		a->timer_ms = t->now->ms + t->p->conf->restart_ms;
	}
	auth_send_stored(t);
}

void
client_auth_start(struct turn *t)
{
	struct ppp *p = t->p;
	struct wr w = auth_out(p);
	struct view name = user(p);
	struct view password = secret_view(&p->conf->password);

	if (p->auth.method != AUTH_PAP)
		return;                                     /* the server begins */
	if (name.n > UINT8_MAX || password.n > UINT8_MAX) { /* PAP has one byte for each length */
		core_fail(t, CAUSE_NAME_ENCODING);
		return;
	}
	p->auth.id = p->cp_lcp.next_id++;
	pap_write_request(&w, p->auth.id, name, password);
	send_new(t, &w);
}

static void
accepted(struct turn *t, struct view message)
{
	struct auth *a = &t->p->auth;

	NOTE(t, FACT_AUTH_RESULT, F_STR("accepted"), F_TEXT(message));
	if (a->state == AUTH_DONE)
		return; /* a later challenge: the keys of the first stay */
	a->state = AUTH_DONE;
	a->timer_ms = NEVER_MS;
	if (a->changing) /* from now on a challenge is answered with the new one */
		t->p->own->password = *t->p->conf->new_password;
	memcpy(a->hlak, a->next_hlak, sizeof(a->hlak));
	a->has_keys = a->method == AUTH_MSCHAPV2;
	secret_wipe_bytes(a->next_hlak, sizeof(a->next_hlak));
	core_auth_done(t);
}

static void
refused(struct turn *t, enum cause cause, struct view message)
{
	NOTE(t, FACT_AUTH_RESULT, F_STR("refused"), F_TEXT(message));
	core_fail(t, cause);
}

void
client_auth_pap(struct turn *t, const struct cp_packet *pk)
{
	struct auth *a = &t->p->auth;
	struct view message;
	struct rd_fault fault;

	if ((pk->code != PAP_ACK && pk->code != PAP_NAK) || a->state != AUTH_SENT ||
	    pk->id != a->id) {
		core_note_ignored(t, "pap", "packet");
		return;
	}
	if (!pap_read_message(pk->data, &message, &fault)) {
		core_note_bad(t, PPP_PROTO_PAP, rd_error_name(fault.error), fault.at + CP_HEADER);
		return;
	}
	auth_wipe(t->p); /* the request holds the password */
	if (pk->code == PAP_ACK)
		accepted(t, message);
	else
		refused(t, CAUSE_AUTH_REFUSED, message);
}

/* RFC 1994 section 4.1: MD5 over identifier, password and challenge. */
static void
respond_md5(struct turn *t, uint8_t id, struct view challenge)
{
	struct ppp *p = t->p;
	uint8_t value[CHAP_MD5_VALUE];
	struct wr w = auth_out(p);
	struct view parts[] = { view_of(&id, 1), secret_view(&p->conf->password), challenge };

	digest(DIGEST_MD5, parts, 3, value);
	chap_write_value(&w, CHAP_RESPONSE, id, view_of(value, sizeof(value)), user(p));
	send_new(t, &w);
}

/* The response to a challenge, and what the server has to show for it; the keys of both. */
static void
prove_mschap2(struct turn *t, const uint8_t challenge[MSCHAP2_CHALLENGE],
    const uint8_t peer_challenge[16], const uint8_t hash[16], uint8_t response[24])
{
	struct auth *a = &t->p->auth;

	mschap2_nt_response(challenge, peer_challenge, user(t->p), hash, response);
	mschap2_authenticator_response(
	    hash, response, peer_challenge, challenge, user(t->p), a->expect);
	/* Our send key is the one the server receives with: RFC 3079 section 3.3. */
	mschap2_master_keys(hash, response, a->next_hlak + 16, a->next_hlak);
}

static void
respond_mschap2(struct turn *t, uint8_t id, const uint8_t challenge[MSCHAP2_CHALLENGE])
{
	struct ppp *p = t->p;
	struct mschap2_value v = { .flags = 0 };
	uint8_t hash[16], value[MSCHAP2_VALUE];
	struct wr w = auth_out(t->p);
	struct wr wv = wr_over(value, sizeof(value));

	if (!mschap_nt_hash(secret_view(&p->conf->password), hash)) {
		core_fail(t, CAUSE_NAME_ENCODING);
		return;
	}
	now_draw(t->now, v.peer_challenge, sizeof(v.peer_challenge));
	prove_mschap2(t, challenge, v.peer_challenge, hash, v.nt_response);
	secret_wipe_bytes(hash, sizeof(hash));
	mschap2_write_value(&wv, &v);
	chap_write_value(&w, CHAP_RESPONSE, id, wr_view_of(&wv), user(p));
	send_new(t, &w);
}

static void
on_challenge(struct turn *t, const struct cp_packet *pk)
{
	struct auth *a = &t->p->auth;
	struct chap_value v;
	struct rd_fault fault;

	if (a->changing && a->state == AUTH_SENT) {
		core_note_ignored(t, "chap", "challenge"); /* the old one, late */
		return;
	}
	if (!chap_read_value(pk->data, &v, &fault)) {
		core_note_bad(t, PPP_PROTO_CHAP, rd_error_name(fault.error), fault.at + CP_HEADER);
		return;
	}
	uint8_t challenge[MSCHAP2_CHALLENGE] = { 0 };
	bool fits = a->method == AUTH_CHAP ? v.value.n > 0
	                                   : v.value.n == sizeof(challenge) &&
	                                         view_copy(v.value, challenge, sizeof(challenge));
	if (!fits) {
		core_note_bad(t, PPP_PROTO_CHAP, "bad-length", CP_HEADER);
		return;
	}
	/* The same challenge again: its answer, or the verdict, was lost. */
	bool again = a->n_out != 0 && pk->id == a->id &&
	             view_eq(view_of(challenge, sizeof(challenge)),
			 view_of(a->challenge, sizeof(a->challenge)));
	if (again && a->method == AUTH_MSCHAPV2) {
		auth_send_stored(t);
		return;
	}
	a->id = pk->id;
	memcpy(a->challenge, challenge, sizeof(a->challenge));
	if (a->method == AUTH_CHAP)
		respond_md5(t, pk->id, v.value);
	else
		respond_mschap2(t, pk->id, challenge);
}

static void
on_success(struct turn *t, const struct cp_packet *pk)
{
	struct auth *a = &t->p->auth;
	struct view shown, message;

	if (a->method != AUTH_MSCHAPV2) {
		accepted(t, pk->data);
		return;
	}
	if (!mschap2_read_success(pk->data, &shown, &message) ||
	    !secret_bytes_equal(shown.p, a->expect, shown.n)) {
		NOTE(t, FACT_AUTH_RESULT, F_STR("not believed"), F_TEXT(pk->data));
		core_fail(t, CAUSE_AUTH_SERVER_UNPROVEN);
		return;
	}
	accepted(t, message);
}

/* The numbers of RFC 2759 section 6. What has no cause of its own is the server's refusal. */
static enum cause
cause_of_error(uint32_t error)
{
	switch (error) {
	case 646:
		return CAUSE_LOGON_HOURS;
	case 647: /* disabled or locked: the number is the same */
		return CAUSE_ACCOUNT_DISABLED;
	case 648:
		return CAUSE_PASSWORD_EXPIRED;
	case 709:
		return CAUSE_NEW_PASSWORD;
	case 649: /* the account's permission, a policy, or no free port: it does not tell which */
		return CAUSE_POLICY_REFUSED;
	case 691: /* name, password, account or policy: the server does not tell */
	default:
		return CAUSE_AUTH_REFUSED;
	}
}

/* RFC 2759 section 7: both passwords are at hand and the server has sent a challenge. */
static bool
change_password(struct turn *t, uint8_t id, const struct mschap2_failure *f)
{
	struct ppp *p = t->p;
	struct auth *a = &p->auth;
	struct mschap2_change c;
	uint8_t old_hash[16], new_hash[16];
	struct view wanted;

	if (!p->conf->new_password || !f->has_challenge || a->changing)
		return false;
	wanted = secret_view(p->conf->new_password);
	now_draw(t->now, c.block, sizeof(c.block));
	if (!mschap_nt_hash(secret_view(&p->conf->password), old_hash) ||
	    !mschap_nt_hash(wanted, new_hash) ||
	    !mschap2_change_seal(wanted, old_hash, c.block, c.hash))
		return false;
	now_draw(t->now, c.peer_challenge, sizeof(c.peer_challenge));
	prove_mschap2(t, f->challenge, c.peer_challenge, new_hash, c.nt_response);
	a->changing = true;
	a->id = (uint8_t)(id + 1);
	memcpy(a->challenge, f->challenge, sizeof(a->challenge));
	struct wr w = auth_out(t->p);
	mschap2_write_change(&w, a->id, &c);
	secret_wipe_bytes(old_hash, sizeof(old_hash));
	secret_wipe_bytes(new_hash, sizeof(new_hash));
	secret_wipe_bytes(&c, sizeof(c));
	NOTE(t, FACT_AUTH_CHANGE, F_STR("sent"));
	send_new(t, &w);
	return true;
}

static void
on_failure(struct turn *t, const struct cp_packet *pk)
{
	struct mschap2_failure f;
	char words[FACT_TEXT_MAX];
	struct wr w = wr_over(words, sizeof(words));

	if (t->p->auth.method != AUTH_MSCHAPV2 || !mschap2_read_failure(pk->data, &f)) {
		refused(t, CAUSE_AUTH_REFUSED, pk->data);
		return;
	}
	if (f.error == 648 && change_password(t, pk->id, &f))
		return;
	wr_fmt(&w, "E=%u ", f.error);
	wr_view(&w, view_of(f.message.p, f.message.n < 200 ? f.message.n : 200));
	/* R=1 invites another password; we have only this one, and the dialler asks anew. */
	refused(t, cause_of_error(f.error), wr_view_of(&w));
}

void
client_auth_chap(struct turn *t, const struct cp_packet *pk)
{
	const struct auth *a = &t->p->auth;
	bool verdict = pk->code == CHAP_SUCCESS || pk->code == CHAP_FAILURE;

	if (pk->code == CHAP_CHALLENGE) {
		on_challenge(t, pk);
		return;
	}
	/* Without a response of ours there is no verdict to be had. */
	if (!verdict || a->n_out == 0 || pk->id != a->id) {
		core_note_ignored(t, "chap", "packet");
		return;
	}
	if (pk->code == CHAP_SUCCESS)
		on_success(t, pk);
	else
		on_failure(t, pk);
}
