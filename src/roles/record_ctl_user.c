/*
 * Accounts and groups over the control socket. A password goes to the vault, comes back sealed, is
 * committed with the rest of the change in one transaction, is told to aaa and vault, and only then
 * answered: without the vault or the store nothing is half done (R93, guide section 3).
 */
#include "aaa/names.h"
#include "base/secret.h"
#include "base/text.h"
#include "base/wr.h"
#include "roles/record_ctl.h"

#include <stdio.h>
#include <stdlib.h>

#define GROUPS_MAX 64u

static const char no_store[] = "the accounts could not be read";

static void
refuse_usage(struct question *q, const char *error, const char *remedy)
{
	rctl_refuse(q, "usage", error, remedy);
}

/* The normalised name of the request into out. False: the question is answered. */
static bool
take_name(struct question *q, struct lookup_name *out)
{
	const char *name = rctl_arg(q, "name");

	if (strpbrk(name, "\\@/")) {
		refuse_usage(q, "an account's name has no domain and none of \\ @ /",
		    "give the bare name; DOMAIN\\name and name@realm are understood at log-in, see "
		    "domain and realm in rrasd.conf(5)");
		return false;
	}
	if (name_normalise(view_str(name), out))
		return true;
	refuse_usage(q, name[0] ? "this cannot be an account's name" : "the name is missing",
	    "use 1 to 256 bytes of UTF-8 without control or invisible characters, not ending in a "
	    "dot or blank");
	return false;
}

static json_t *
not_found_text(const struct question *q)
{
	return json_sprintf("there is no account \"%s\"", rctl_arg(q, "name"));
}

/* The account of the request. False: the question is answered. */
static bool
take_account(struct question *q, struct account *out)
{
	struct lookup_name name;
	char err[STORE_ERR_MAX] = "";

	if (!take_name(q, &name))
		return false;
	enum accounts_result r = accounts_by_name(q->rec->accounts, name.s, out, err, sizeof(err));
	if (r == ACCOUNTS_OK)
		return true;
	if (r == ACCOUNTS_NOT_FOUND) {
		json_t *text = not_found_text(q);
		rctl_refuse(q, "not-found", json_string_value(text), "see rrasctl user list");
		json_decref(text);
		return false;
	}
	rctl_store_down(q, err[0] ? err : no_store);
	return false;
}

/* The routes of the request, as the store keeps them. NULL, or what is wrong. */
static const char *
apply_routes(const struct question *q, struct account *row)
{
	const json_t *all = json_object_get(q->in, "routes");
	struct wr w = wr_over((uint8_t *)row->routes, sizeof(row->routes) - 1);
	struct ip_prefix p;

	if (!json_is_array(all) || json_array_size(all) > ACCOUNT_ROUTES_MAX)
		return "routes is a list of at most 8 prefixes";
	for (size_t i = 0; i < json_array_size(all); i++) {
		const char *s = json_string_value(json_array_get(all, i));
		if (!s || strchr(s, ' ') || !ip_prefix_parse(view_str(s), &p))
			return "a route is no prefix";
		if (p.len == 0)
			return "a route of no bits would lead everything to the client";
		if (!ip_prefix_is_net(&p))
			return "a route has bits set behind its length";
		wr_fmt(&w, "%s%s", i ? " " : "", s);
	}
	row->routes[wr_len(&w)] = 0;
	return wr_done(&w) ? NULL : "the routes are too long";
}

static const char *
apply_hours(const struct question *q, struct account *row)
{
	const char *hours = rctl_arg(q, "hours");
	const char *wrong = week_wrong(view_str(hours));

	if (!wrong)
		snprintf(row->hours, sizeof(row->hours), "%s", hours);
	return wrong;
}

/* Takes the attributes that the request names over into row. NULL, or what is wrong. */
static const char *
apply(const struct question *q, struct account *row)
{
	const char *address = rctl_arg(q, "address"), *wrong;

	row->enabled = rctl_arg_bool(q, "enabled", row->enabled);
	row->locked = rctl_arg_bool(q, "locked", row->locked);
	row->must_change = rctl_arg_bool(q, "must_change", row->must_change);
	row->expires_unix_s = rctl_arg_int(q, "expires", row->expires_unix_s);
	row->password_expires_unix_s =
	    rctl_arg_int(q, "password_expires", row->password_expires_unix_s);
	if (rctl_arg_has(q, "dialin") && !dialin_parse(rctl_arg(q, "dialin"), &row->dialin))
		return "dialin is one of allow, deny, policy";
	if (rctl_arg_has(q, "caller_id")) {
		const char *id = rctl_arg(q, "caller_id");
		if (strlen(id) >= sizeof(row->caller_id))
			return "the caller id is too long";
		snprintf(row->caller_id, sizeof(row->caller_id), "%s", id);
	}
	if (rctl_arg_has(q, "address")) {
		row->address = (struct ip_addr){ 0 };
		if (address[0] && !ip_parse(view_str(address), &row->address))
			return "the address is no IP address";
	}
	if (rctl_arg_has(q, "hours") && (wrong = apply_hours(q, row)))
		return wrong;
	if (rctl_arg_has(q, "routes") && (wrong = apply_routes(q, row)))
		return wrong;
	return NULL;
}

/* The groups of the request, borrowed. Their number, or -1 when they are no list of names. */
static int
take_groups(const struct question *q, const char *out[GROUPS_MAX])
{
	const json_t *all = json_object_get(q->in, "groups");
	size_t n = json_array_size(all);

	if (!json_is_array(all) || n > GROUPS_MAX)
		return -1;
	for (size_t i = 0; i < n; i++) {
		out[i] = json_string_value(json_array_get(all, i));
		if (!out[i])
			return -1;
	}
	return (int)n;
}

/* Whether this change keeps a reversible copy of the new password. */
static bool
wants_reversible(const struct question *q, const struct account *row)
{
	return rctl_arg_bool(q, "reversible", row->has_reversible);
}

static bool
has_password(const struct question *q)
{
	return rctl_arg_has(q, "password");
}

/* What the store says of a change, as the answer. */
static void
answer_change(struct question *q, enum accounts_result r, const char *err)
{
	struct account a;
	char e2[STORE_ERR_MAX], text[STORE_ERR_MAX];

	switch (r) {
	case ACCOUNTS_OK:
		record_sync_account(q->rec, q->account);
		if (accounts_by_id(q->rec->accounts, q->account, &a, e2, sizeof(e2)) == ACCOUNTS_OK)
			rctl_ok(q, json_pack("{s:o}", "user", rctl_json_account(&a)));
		else
			rctl_ok(q, NULL);
		return;
	case ACCOUNTS_EXISTS:
		snprintf(
		    text, sizeof(text), "there is an account \"%s\" already", rctl_arg(q, "name"));
		rctl_refuse(q, "exists", text, "change it with rrasctl user set");
		return;
	case ACCOUNTS_NOT_FOUND:
		rctl_refuse(q, "not-found", "the account is gone", "see rrasctl user list");
		return;
	case ACCOUNTS_NO_GROUP:
		snprintf(text, sizeof(text), "there is no group \"%s\"", err);
		rctl_refuse(q, "not-found", text, "make it with rrasctl group add");
		return;
	case ACCOUNTS_ERROR:
		rctl_store_down(q, err);
		return;
	}
}

/* All of a change but the change itself: what rrasctl user import asks first of every row. */
static void
check_only(struct question *q, const struct account_change *c)
{
	enum accounts_result r = ACCOUNTS_OK;
	char err[STORE_ERR_MAX] = "";

	for (unsigned int i = 0; i < c->n_groups && r == ACCOUNTS_OK; i++)
		r = accounts_group_find(q->rec->accounts, c->groups[i], err, sizeof(err));
	if (r == ACCOUNTS_OK)
		rctl_ok(q, json_pack("{s:b}", "checked", 1));
	else
		answer_change(q, r, err);
}

/* The moment of truth: reads the account anew, applies the request, commits. */
static void
commit(struct question *q)
{
	bool is_new = strcmp(rctl_arg(q, "cmd"), "user add") == 0;
	int64_t now_s = loop_now(q->rec->host->loop)->unix_us / 1000000;
	const char *groups[GROUPS_MAX];
	char err[STORE_ERR_MAX] = "";
	struct lookup_name name;
	struct account row = { .enabled = true, .created_unix_s = now_s };
	struct account_change c = { .row = &row, .is_new = is_new };

	if (is_new) {
		if (!take_name(q, &name))
			return;
		row.id = q->account;
		snprintf(row.name, sizeof(row.name), "%s", name.s);
		snprintf(row.display, sizeof(row.display), "%s", rctl_arg(q, "name"));
	} else if (!take_account(q, &row)) {
		return;
	} else if (row.id != q->account) { /* deleted and made anew while the vault sealed */
		answer_change(q, ACCOUNTS_NOT_FOUND, "");
		return;
	}
	const char *wrong = apply(q, &row);
	if (wrong) {
		refuse_usage(q, wrong, "see rrasctl user --help");
		return;
	}
	row.changed_unix_s = now_s;
	if (has_password(q)) {
		row.password_set_unix_s = now_s;
		row.must_change = rctl_arg_bool(q, "must_change", false);
		/* the date was that of the password before */
		if (!rctl_arg_has(q, "password_expires") && row.password_expires_unix_s <= now_s)
			row.password_expires_unix_s = 0;
	}
	for (unsigned int k = 1; k < N_SECRET_KIND; k++)
		c.sealed[k] = view_of(q->sealed[k], q->n_sealed[k]);
	/* A reversible copy of an earlier password, or one no longer wanted, must not stay. */
	c.drop_secret[SECRET_REVERSIBLE] =
	    (has_password(q) && !q->n_sealed[SECRET_REVERSIBLE]) || !wants_reversible(q, &row);
	int n = rctl_arg_has(q, "groups") ? take_groups(q, groups) : 0;
	if (rctl_arg_has(q, "groups")) {
		c.groups = groups;
		c.n_groups = (unsigned int)n;
	}
	if (rctl_arg_bool(q, "check", false))
		check_only(q, &c);
	else
		answer_change(q, accounts_put(q->rec->accounts, &c, err, sizeof(err)), err);
}

static void
refuse_vault_down(struct question *q)
{
	rctl_refuse(q, cause_info(CAUSE_VAULT_DOWN)->name,
	    "the vault does not answer, so the password cannot be sealed; nothing was changed",
	    "see rrasctl status and the log of rrasd, then try again");
}

static bool
ask_seal(struct question *q, enum secret_kind kind)
{
	const char *password = rctl_arg(q, "password");
	struct msg m = { .id = MSG_SEAL_SECRET,
		.u.seal = { .seq = rctl_seq(q),
		    .account = q->account,
		    .kind = (uint8_t)kind,
		    .plain = view_str(password) } };

	return rctl_ask_role(q, ROLE_VAULT, 0, &m, m.u.seal.seq);
}

/* The kind that is being sealed: the hash first, then the reversible copy. */
static enum secret_kind
next_kind(const struct question *q)
{
	return q->n_sealed[SECRET_NT_HASH] ? SECRET_REVERSIBLE : SECRET_NT_HASH;
}

static void
on_sealed(struct question *q, const struct rctl_wait *w, const struct msg *m)
{
	enum secret_kind kind = next_kind(q);

	(void)w;
	if (!m)
		return; /* counted as lost */
	const struct msg_sealed *s = &m->u.sealed;
	if (!s->ok || !s->sealed.n || !view_copy(s->sealed, q->sealed[kind], SEALED_MAX)) {
		q->out = rctl_json_view(s->error);
		return;
	}
	q->n_sealed[kind] = s->sealed.n;
	if (kind == SECRET_NT_HASH && json_is_true(json_object_get(q->in, "reversible")) &&
	    !ask_seal(q, SECRET_REVERSIBLE))
		q->n_lost++;
}

static void
on_all_sealed(struct question *q)
{
	const char *error = json_string_value(q->out);

	if (q->n_lost)
		refuse_vault_down(q);
	else if (q->out)
		rctl_refuse(q, "refused",
		    error && error[0] ? error : "the vault refused the password",
		    "choose another password");
	else
		commit(q);
}

/* Common part of add and set: seals first when there is a password. */
static void
change(struct question *q, const struct account *row)
{
	struct account probe = *row;
	const char *groups[GROUPS_MAX];
	const char *wrong = apply(q, &probe);

	if (!wrong && rctl_arg_has(q, "groups") && take_groups(q, groups) < 0)
		wrong = "groups is a list of at most 64 names";
	if (!wrong && has_password(q) && !rctl_arg(q, "password")[0])
		wrong = "the password is empty";
	if (!wrong && !has_password(q) && rctl_arg_bool(q, "reversible", false) &&
	    !row->has_reversible)
		wrong = "a reversible copy needs the password";
	if (wrong) {
		refuse_usage(q, wrong, "see rrasctl user --help");
		return;
	}
	if (!has_password(q)) {
		commit(q);
		return;
	}
	json_object_set_new(q->in, "reversible", json_boolean(wants_reversible(q, row)));
	q->on_answer = on_sealed;
	q->on_done = on_all_sealed;
	if (ask_seal(q, SECRET_NT_HASH))
		rctl_wait_for(q, CTL_ANSWER_MS);
	else
		refuse_vault_down(q);
}

void
rctl_do_user_add(struct question *q)
{
	struct account row = { .enabled = true };
	struct account there;
	char err[STORE_ERR_MAX] = "";
	struct lookup_name name;

	if (!take_name(q, &name))
		return;
	enum accounts_result r =
	    accounts_by_name(q->rec->accounts, name.s, &there, err, sizeof(err));
	if (r != ACCOUNTS_NOT_FOUND) {
		answer_change(q, r == ACCOUNTS_OK ? ACCOUNTS_EXISTS : r, err);
		return;
	}
	q->account = accounts_new_id(q->rec->accounts);
	change(q, &row);
}

void
rctl_do_user_set(struct question *q)
{
	struct account row;

	if (!take_account(q, &row))
		return;
	q->account = row.id;
	change(q, &row);
}

void
rctl_do_user_del(struct question *q)
{
	struct account row;
	char err[STORE_ERR_MAX] = "";
	unsigned int n = 0;

	if (!take_account(q, &row))
		return;
	enum accounts_result r = accounts_delete(q->rec->accounts, row.id, err, sizeof(err));
	if (r != ACCOUNTS_OK) {
		answer_change(q, r, err);
		return;
	}
	record_sync_account(q->rec, row.id);
	for (size_t i = 0; i < LIVE_BUCKETS; i++) {
		struct list *node, *tmp;
		list_each (node, tmp, &q->rec->live[i]) {
			const struct live *l = container_of(node, struct live, node);
			n += l->known && !l->r.ended && l->r.stage == STAGE_UP &&
			     (strcmp(l->r.account, row.name) == 0 ||
				 strcmp(l->r.account, row.display) == 0);
		}
	}
	rctl_ok(q, json_pack("{s:i}", "sessions_still_up", (int)n));
}

void
rctl_do_user_show(struct question *q)
{
	struct account row;

	if (take_account(q, &row))
		rctl_ok(q, json_pack("{s:o}", "user", rctl_json_account(&row)));
}

static bool
user_row(void *ctx, const struct account *a)
{
	rctl_row(ctx, rctl_json_account(a));
	return true;
}

void
rctl_do_user_list(struct question *q)
{
	char err[STORE_ERR_MAX] = "";

	if (accounts_each(q->rec->accounts, 0, 0, user_row, q, err, sizeof(err)) < 0)
		rctl_store_down(q, err);
	else
		rctl_ok(q, NULL);
}

/* The group of the request. NULL: the question is answered. */
static const char *
take_group(struct question *q)
{
	const char *g = rctl_arg(q, "group");
	struct lookup_name folded;

	if (g[0] && strlen(g) < GROUP_NAME_MAX && !strpbrk(g, "\n\r\t") &&
	    name_normalise(view_str(g), &folded))
		return g;
	refuse_usage(q, "this cannot be a group's name",
	    "use 1 to 63 bytes of UTF-8 without control or invisible characters");
	return NULL;
}

static void
answer_group(struct question *q, enum accounts_result r, const char *err)
{
	char text[STORE_ERR_MAX];

	if (r == ACCOUNTS_OK) {
		rctl_ok(q, NULL);
	} else if (r == ACCOUNTS_EXISTS) {
		snprintf(
		    text, sizeof(text), "there is a group \"%s\" already", rctl_arg(q, "group"));
		rctl_refuse(q, "exists", text, "see rrasctl group list");
	} else {
		answer_change(q, r, err);
	}
}

void
rctl_do_group_add(struct question *q)
{
	const char *g = take_group(q);
	char err[STORE_ERR_MAX] = "";

	if (g)
		answer_group(q, accounts_group_add(q->rec->accounts, g, err, sizeof(err)), err);
}

void
rctl_do_group_del(struct question *q)
{
	const char *g = take_group(q);
	char err[STORE_ERR_MAX] = "";
	uint64_t *members = g ? calloc(CTL_ROWS_MAX, sizeof(*members)) : NULL;
	int64_t n;

	if (!members) {
		if (g)
			rctl_refuse(q, cause_info(CAUSE_NO_MEMORY)->name, "memory is out", "");
		return;
	}
	n = accounts_members(q->rec->accounts, g, members, CTL_ROWS_MAX, err, sizeof(err));
	enum accounts_result r =
	    n < 0 ? ACCOUNTS_ERROR : accounts_group_delete(q->rec->accounts, g, err, sizeof(err));
	for (int64_t i = 0; r == ACCOUNTS_OK && i < n; i++)
		record_sync_account(q->rec, members[i]);
	free(members);
	answer_group(q, r, err);
}

void
rctl_do_group_member(struct question *q)
{
	struct account row;
	char err[STORE_ERR_MAX] = "";
	const char *g = take_group(q);

	if (!g || !take_account(q, &row))
		return;
	enum accounts_result r = accounts_member(
	    q->rec->accounts, g, row.id, rctl_arg_bool(q, "add", true), err, sizeof(err));
	if (r == ACCOUNTS_OK)
		record_sync_account(q->rec, row.id);
	answer_group(q, r, err);
}

static bool
group_row(void *ctx, const struct account_group *g)
{
	rctl_row(ctx, json_pack("{s:o, s:I}", "group", rctl_json_text(g->name), "members",
			  (json_int_t)g->n_members));
	return true;
}

void
rctl_do_group_list(struct question *q)
{
	char err[STORE_ERR_MAX] = "";

	if (accounts_groups(q->rec->accounts, group_row, q, err, sizeof(err)) < 0)
		rctl_store_down(q, err);
	else
		rctl_ok(q, NULL);
}
