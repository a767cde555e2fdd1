/* The nftables table of ours. See nft.h. */
#include "os/nft.h"

#include "os/proc.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NFT_TIME_MS 5000u

const char *
nft_table_name(const char *device_prefix, char out[NFT_TABLE_MAX])
{
	if (strcmp(device_prefix, "rras") == 0)
		snprintf(out, NFT_TABLE_MAX, "openrras");
	else
		snprintf(out, NFT_TABLE_MAX, "openrras_%.11s", device_prefix);
	return out;
}

static json_t *
match_meta(const char *key, const char *op, const char *value)
{
	return json_pack("{s:{s:s, s:{s:{s:s}}, s:s}}", "match", "op", op, "left", "meta", "key",
	    key, "right", value);
}

static json_t *
match_destination(const struct nft_nat *nat)
{
	json_t *set = json_array();

	for (unsigned int i = 0; i < nat->n_ranges; i++) {
		const struct nft_range *r = &nat->ranges[i];
		char first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX];
		ip_text(&r->first, first);
		ip_text(&r->last, last);
		json_array_append_new(set, ip_equal(&r->first, &r->last)
					       ? json_string(first)
					       : json_pack("{s:[s, s]}", "range", first, last));
	}
	return json_pack("{s:{s:s, s:{s:{s:s, s:s}}, s:{s:o}}}", "match", "op", "==", "left",
	    "payload", "protocol", "ip", "field", "daddr", "right", "set", set);
}

static json_t *
match_new(void)
{
	return json_pack("{s:{s:s, s:{s:{s:s}}, s:[s, s]}}", "match", "op", "in", "left", "ct",
	    "key", "state", "right", "new", "invalid");
}

static void
add(json_t *all, const char *verb, const char *what, json_t *object)
{
	json_array_append_new(all, json_pack("{s:{s:o}}", verb, what, object));
}

static json_t *
chain(const char *table, const char *name, const char *type, const char *hook, int prio)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:s}", "family", "inet", "table", table,
	    "name", name, "type", type, "hook", hook, "prio", prio, "policy", "accept");
}

static void
add_rule(json_t *all, const char *table, const char *chain_name, json_t *expr, const char *comment)
{
	add(all, "add", "rule",
	    json_pack("{s:s, s:s, s:s, s:s, s:o}", "family", "inet", "table", table, "chain",
		chain_name, "comment", comment, "expr", expr));
}

static json_t *
match_client(const struct nft_nat *nat, const char *ours)
{
	json_t *expr = json_array();

	json_array_append_new(expr, match_meta("iifname", "==", ours));
	json_array_append_new(expr, strcmp(nat->out, "any") == 0
					? match_meta("oifname", "!=", ours)
					: match_meta("oifname", "==", nat->out));
	return expr;
}

static json_t *
match_ports(void)
{
	return json_pack("{s:{s:s, s:{s:{s:s}}, s:{s:[s, s]}}}", "match", "op", "==", "left",
	    "meta", "key", "l4proto", "right", "set", "tcp", "udp");
}

/*
 * N07: a client that kept the port it chose could lay itself over a port of this host or of another
 * client: what a stranger then sends to that port would be taken for an answer to it. So the ports
 * are drawn at random, never below 1024.
 */
static json_t *
masquerade(bool with_ports)
{
	return with_ports ? json_pack("{s:{s:{s:[i, i]}, s:s}}", "masquerade", "port", "range",
				1024, 65535, "flags", "fully-random")
	                  : json_pack("{s:n}", "masquerade");
}

static void
add_nat(json_t *all, const char *table, const struct nft_nat *nat)
{
	char ours[16];
	bool any = strcmp(nat->out, "any") == 0;
	json_t *expr;

	snprintf(ours, sizeof(ours), "%.11s*", nat->device_prefix);
	add(all, "add", "chain", chain(table, "clients", "nat", "postrouting", 100));
	for (unsigned int with_ports = 2; with_ports-- > 0;) {
		expr = match_client(nat, ours);
		if (with_ports)
			json_array_append_new(expr, match_ports());
		json_array_append_new(expr, masquerade(with_ports));
		add_rule(all, table, "clients", expr, "clients leave under this host's address");
	}
	if (nat->n_ranges == 0)
		return;
	/* N08: who is in front of the NAT must not reach, or tell by answers, what is behind it. */
	add(all, "add", "chain", chain(table, "strangers", "filter", "prerouting", -150));
	expr = json_array();
	if (any) {
		json_array_append_new(expr, match_meta("iifname", "!=", ours));
		json_array_append_new(expr, match_meta("iifname", "!=", "lo"));
	} else {
		json_array_append_new(expr, match_meta("iifname", "==", nat->out));
	}
	json_array_append_new(expr, match_destination(nat));
	json_array_append_new(expr, match_new());
	json_array_append_new(expr, json_pack("{s:n}", "drop"));
	add_rule(all, table, "strangers", expr, "nobody outside begins a talk with a client");
}

char *
nft_nat_text(const char *device_prefix, const struct nft_nat *nat)
{
	char table[NFT_TABLE_MAX], *text;
	json_t *all = json_array(), *root;

	nft_table_name(device_prefix, table);
	/* Adding first makes deleting work when it is not there. */
	add(all, "add", "table", json_pack("{s:s, s:s}", "family", "inet", "name", table));
	add(all, "delete", "table", json_pack("{s:s, s:s}", "family", "inet", "name", table));
	if (nat) {
		add(all, "add", "table", json_pack("{s:s, s:s}", "family", "inet", "name", table));
		add_nat(all, table, nat);
	}
	root = json_pack("{s:o}", "nftables", all);
	text = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	return text;
}

bool
nft_apply(const char *text, char *err, size_t cap)
{
	static const char *const argv[] = { "nft", "-j", "-f", "-", NULL };
	struct proc_result r;
	int rc = proc_run(argv, view_str(text), NFT_TIME_MS, &r);

	if (rc < 0) {
		snprintf(err, cap, "%s",
		    rc == -ENOENT ? "the command nft is not installed (Debian: package nftables)"
				  : strerror(-rc));
		return false;
	}
	bool ok = proc_ok(&r);
	if (!ok)
		snprintf(err, cap, "nft %s: %.*s", r.timed_out ? "took too long" : "refused",
		    (int)strcspn(r.out ? r.out : "", "\n"), r.out ? r.out : "");
	proc_result_fini(&r);
	return ok;
}
