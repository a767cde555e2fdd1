/*
 * Whether the packet filter rules of this host keep tunnel packets out (R7): what nft wrote as JSON
 * is walked as the kernel would walk it for one made-up packet. A match that cannot be judged makes
 * the outcome uncertain, and then nothing is claimed. See hostfacts.h. Pure but for jansson.
 */
#include "os/hostfacts.h"

#include "os/nft.h"

#include <jansson.h>
#include <stdio.h>

#define JUMPS_MAX 8u

/* The made-up packet: the first of a TCP connection to us, or one that a client sends on. */
struct probe {
	const char *hook;
	uint16_t port;      /* 0 = any */
	const char *device; /* it came in by, a prefix; NULL = from outside, name not known */
};

enum match { NO, YES, MAYBE };
enum fate { ON, PASSES, DROPPED, UNSURE };

struct walk {
	const json_t *all; /* the array of the ruleset */
	const struct probe *probe;
	char where[96], what[96]; /* of the rule that dropped it */
	uint64_t handle;
};

static const char *
text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

/* One value of the right side of a match against a number: a number, or a range. */
static bool
has_number(const json_t *right, json_int_t want)
{
	const json_t *range = json_object_get(right, "range"), *set = json_object_get(right, "set");
	const json_t *one;
	size_t i;

	if (json_is_integer(right))
		return json_integer_value(right) == want;
	if (json_array_size(range) == 2)
		return json_integer_value(json_array_get(range, 0)) <= want &&
		       want <= json_integer_value(json_array_get(range, 1));
	json_array_foreach(set ? set : right, i, one) if (has_number(one, want)) return true;
	return false;
}

/* The same for words; a word that ends in * stands for all that begin so. */
static bool
has_word(const json_t *right, const char *want)
{
	const json_t *set = json_object_get(right, "set"), *one;
	const char *s = json_string_value(right);
	size_t i;

	if (s && *s && s[strlen(s) - 1] == '*')
		return strncmp(s, want, strlen(s) - 1) == 0;
	if (s)
		return strcmp(s, want) == 0;
	json_array_foreach(set ? set : right, i, one) if (has_word(one, want)) return true;
	return false;
}

/* A reference to a named set, or anything else that is not spelt out. */
static bool
is_plain(const json_t *right)
{
	const char *s = json_string_value(right);

	return !(s && s[0] == '@') && !json_object_get(right, "prefix");
}

static enum match
turn(bool hit, const char *op)
{
	return hit == (strcmp(op, "!=") != 0) ? YES : NO;
}

static enum match
match_payload(const json_t *payload, const json_t *right, const char *op, const struct probe *p)
{
	const char *protocol = text(payload, "protocol"), *field = text(payload, "field");

	if (strcmp(protocol, "udp") == 0 || strncmp(protocol, "icmp", 4) == 0)
		return p->port ? NO : MAYBE;
	if (strcmp(protocol, "tcp") == 0 && strcmp(field, "dport") == 0)
		return p->port ? turn(has_number(right, p->port), op) : MAYBE;
	if (strcmp(field, "protocol") == 0 || strcmp(field, "nexthdr") == 0)
		return p->port ? turn(has_word(right, "tcp") || has_number(right, 6), op) : MAYBE;
	return MAYBE;
}

static enum match
match_meta(const char *key, const json_t *right, const char *op, const struct probe *p)
{
	if (strcmp(key, "l4proto") == 0)
		return p->port ? turn(has_word(right, "tcp") || has_number(right, 6), op) : MAYBE;
	if (strcmp(key, "iifname") == 0 || strcmp(key, "iif") == 0) {
		if (p->device)
			return turn(has_word(right, p->device), op);
		/* from outside: by any device but the loopback */
		return json_is_string(right) && has_word(right, "lo") &&
		               strcmp(json_string_value(right), "*") != 0
		           ? turn(false, op)
		           : MAYBE;
	}
	return MAYBE;
}

static enum match
match_one(const json_t *m, const struct probe *p)
{
	const json_t *left = json_object_get(m, "left"), *right = json_object_get(m, "right");
	const json_t *payload = json_object_get(left, "payload");
	const char *op = text(m, "op");
	const char *ct = text(json_object_get(left, "ct"), "key");
	const char *meta = text(json_object_get(left, "meta"), "key");

	if (!is_plain(right))
		return MAYBE;
	if (payload)
		return match_payload(payload, right, op, p);
	if (strcmp(ct, "state") == 0)
		return turn(has_word(right, "new"), op);
	if (*meta)
		return match_meta(meta, right, op, p);
	return MAYBE;
}

static enum fate walk_chain(
    struct walk *w, const char *family, const char *table, const char *chain, unsigned int depth);

static void
remember(struct walk *w, const json_t *rule, const char *verdict)
{
	w->handle = (uint64_t)json_integer_value(json_object_get(rule, "handle"));
	snprintf(w->where, sizeof(w->where), "table %.16s %.28s, chain %.36s", text(rule, "family"),
	    text(rule, "table"), text(rule, "chain"));
	snprintf(w->what, sizeof(w->what), "rule with handle %llu has the verdict %s",
	    (unsigned long long)w->handle, verdict);
}

/* A rule: its matches in order, then its verdict. */
static enum fate
walk_rule(struct walk *w, const json_t *rule, unsigned int depth)
{
	enum match so_far = YES;
	const json_t *part, *target;
	enum fate fate;
	size_t i;

	json_array_foreach(json_object_get(rule, "expr"), i, part)
	{
		if (json_object_get(part, "match")) {
			enum match m = match_one(json_object_get(part, "match"), w->probe);
			if (m == NO)
				return ON;
			so_far = m == MAYBE ? MAYBE : so_far;
		} else if (json_object_get(part, "accept")) {
			return so_far == YES ? PASSES : UNSURE;
		} else if (json_object_get(part, "drop") || json_object_get(part, "reject")) {
			if (so_far == MAYBE)
				return UNSURE;
			remember(w, rule, json_object_get(part, "drop") ? "drop" : "reject");
			return DROPPED;
		} else if ((target = json_object_get(part, "jump")) ||
			   (target = json_object_get(part, "goto"))) {
			fate = walk_chain(w, text(rule, "family"), text(rule, "table"),
			    text(target, "target"), depth + 1);
			return fate == ON || so_far == YES ? fate : UNSURE;
		} else if (!json_object_get(part, "counter") && !json_object_get(part, "log") &&
			   !json_object_get(part, "comment")) {
			so_far = MAYBE; /* limits, maps, extensions, "return" */
		}
	}
	return ON;
}

/* UNSURE stays until something is certain to drop: then the claim would still be too wide. */
static enum fate
walk_chain(
    struct walk *w, const char *family, const char *table, const char *chain, unsigned int depth)
{
	bool unsure = depth > JUMPS_MAX;
	const json_t *item;
	size_t i;

	if (unsure)
		return UNSURE;
	json_array_foreach(w->all, i, item)
	{
		const json_t *rule = json_object_get(item, "rule");
		if (!rule || strcmp(text(rule, "family"), family) != 0 ||
		    strcmp(text(rule, "table"), table) != 0 ||
		    strcmp(text(rule, "chain"), chain) != 0)
			continue;
		enum fate fate = walk_rule(w, rule, depth);
		if (fate == PASSES || (fate == DROPPED && !unsure))
			return fate;
		if (fate != ON)
			unsure = true;
	}
	return unsure ? UNSURE : ON;
}

static void
add_drop(const struct walk *w, const json_t *chain, bool policy, struct host_facts *out)
{
	struct host_drop *d;

	if (out->n_drops == HOST_RULES_MAX)
		return;
	d = &out->drops[out->n_drops++];
	*d = (struct host_drop){ .handle = policy ? 0 : w->handle };
	if (policy)
		snprintf(d->chain, sizeof(d->chain), "table %.16s %.28s, chain %.36s",
		    text(chain, "family"), text(chain, "table"), text(chain, "name"));
	else
		snprintf(d->chain, sizeof(d->chain), "%s", w->where);
	if (policy && w->probe->port)
		snprintf(d->what, sizeof(d->what),
		    "the policy of the chain is drop and no rule accepts TCP %u", w->probe->port);
	else if (policy)
		snprintf(d->what, sizeof(d->what),
		    "the policy of the chain is drop and no rule lets packets of %s* be forwarded",
		    w->probe->device);
	else
		snprintf(d->what, sizeof(d->what), "%s, for %s", w->what,
		    w->probe->port ? "the port of the tunnel" : "packets that clients send on");
}

static void
probe_chains(const json_t *all, const struct probe *p, struct host_facts *out)
{
	const json_t *item, *chain;
	size_t i;

	json_array_foreach(all, i, item)
	{
		struct walk w = { .all = all, .probe = p };
		chain = json_object_get(item, "chain");
		if (!chain || strcmp(text(chain, "hook"), p->hook) != 0 ||
		    strcmp(text(chain, "type"), "filter") != 0)
			continue;
		enum fate fate = walk_chain(
		    &w, text(chain, "family"), text(chain, "table"), text(chain, "name"), 0);
		if (fate == DROPPED)
			add_drop(&w, chain, false, out);
		else if (fate == ON && strcmp(text(chain, "policy"), "drop") == 0)
			add_drop(&w, chain, true, out);
	}
}

/* The rule of os/nft.c that hides clients, in the table of these devices. */
static bool
is_nat_rule(const json_t *rule, const char *device)
{
	char table[NFT_TABLE_MAX];

	return rule && device && strcmp(text(rule, "chain"), "clients") == 0 &&
	       strcmp(text(rule, "table"), nft_table_name(device, table)) == 0;
}

bool
hostfacts_read_nft(struct view json, const struct hostfacts_want *want, struct host_facts *out)
{
	json_t *root = json_loadb((const char *)json.p, json.n, 0, NULL);
	const json_t *all = json_object_get(root, "nftables"), *item;
	struct probe in = { .hook = "input", .port = want->tcp_port };
	struct probe forward = { .hook = "forward", .device = want->device };
	size_t i;

	if (!json_is_array(all)) {
		json_decref(root);
		return false;
	}
	out->filter = HOST_NO;
	json_array_foreach(all, i, item) if (json_object_get(item, "rule") ||
					     json_object_get(item, "chain")) out->filter = HOST_YES;
	json_array_foreach(all, i, item) out->nat_rules =
	    out->nat_rules || is_nat_rule(json_object_get(item, "rule"), want->device);
	probe_chains(all, &in, out);
	if (want->device)
		probe_chains(all, &forward, out);
	json_decref(root);
	return true;
}
