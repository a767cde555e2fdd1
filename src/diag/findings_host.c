/*
 * Findings about the path and the clocks, from the trail and from the host as it is: packets of
 * full size that get lost while small ones pass, and a clock by which a good certificate seems bad.
 * Pure; a rule says nothing unless its evidence is there.
 */
#include "diag/explain.h"

#include "base/text.h"

#include <time.h>

/* 2020-01-01: a clock before it was never set. */
#define CLOCK_UNSET_S 1577836800

/* Causes that are a silence of the other end. */
static bool
is_silence(enum cause cause)
{
	return strstr(cause_info(cause)->name, "silent") != NULL || cause == CAUSE_TLS_PEER_CLOSED;
}

static uint64_t
number(const struct explain *x, const char *fact, const char *field)
{
	struct fact_field f;

	return explain_find_field(x->r->facts, view_str(fact), field, &f) ? f.u : 0;
}

/* RFC 2923 section 2.1: what follows arrives, what is as large as the path should take does not. */
static void
rule_black_hole(const struct explain *x)
{
	uint64_t mss = number(x, "path.tcp", "mss"), pmtu = number(x, "path.tcp", "pmtu");
	uint64_t in = number(x, "path.tcp", "gaps_in"), out = number(x, "path.tcp", "gaps_out");
	uint64_t retries = number(x, "path.tcp", "retries");

	if (!is_silence(x->r->cause))
		return;
	if (in)
		explain_add(x, "path.mtu", CHECK_FAIL,
		    "On the server's host: \"sysctl -w net.ipv4.tcp_mtu_probing=1\", or a smaller "
		    "MTU of the route to its clients (\"ip route change ... mtu 1280\"). The "
		    "lasting "
		    "cure is on the way: let ICMP type 3 code 4 (IPv6: type 2) through.",
		    "A part of what the %s sent is missing for good, while %llu segments behind it "
		    "arrived: large packets get lost on the way and small ones pass (path MTU "
		    "here %llu).",
		    x->r->client ? "server" : "client", (unsigned long long)in,
		    (unsigned long long)pmtu);
	else if (out && retries)
		explain_add(x, "path.mtu", CHECK_FAIL,
		    "On this host: \"sysctl -w net.ipv4.tcp_mtu_probing=1\", or a smaller MTU of "
		    "the "
		    "route (\"ip route change ... mtu 1280\"). The lasting cure is on the way: let "
		    "ICMP type 3 code 4 (IPv6: type 2) through.",
		    "Segments of %llu bytes were sent %llu times in vain, while %llu smaller ones "
		    "behind them arrived: large packets get lost on the way (path MTU %llu).",
		    (unsigned long long)mss, (unsigned long long)retries + 1,
		    (unsigned long long)out, (unsigned long long)pmtu);
}

static const char *
utc_text(int64_t unix_us, char out[32])
{
	time_t t = (time_t)(unix_us / 1000000);
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(out, 32, "%Y-%m-%d %H:%M UTC", &tm) == 0)
		out[0] = 0;
	return out;
}

/* The client calls our certificate expired, and by our clock it is not: one clock is wrong. */
static void
rule_clock_of_client(const struct explain *x)
{
	const struct diag_cert *cert = x->ctx->cert;
	const struct host_facts *host = x->ctx->host;
	struct fact_field alert;
	char now[32], text[FACT_TEXT_MAX];

	if (x->r->client || x->r->cause != CAUSE_TLS_CERT_REFUSED || !cert || !cert->readable ||
	    (cert->failed[CERT_DATES][0] && !cert->warning[CERT_DATES]) ||
	    !explain_find_field(x->r->facts, view_str("tls.alert"), "alert", &alert) ||
	    !strstr(fact_field_text(&alert, text, sizeof(text)), "expired"))
		return;
	explain_add(x, "host.clock", CHECK_FAIL,
	    "Compare both clocks with a good one, the client's first; on this host: "
	    "\"timedatectl\".",
	    "The client says that the certificate has expired or is not valid yet. By the clock of "
	    "this host it is: from %s to %s, and it was %s%s. One of the two clocks is wrong.",
	    cert->not_before, cert->not_after, utc_text(x->r->began_unix_us, now),
	    host && host->clock_synced == HOST_NO ? ", kept right by no time service" : "");
}

/* A certificate is judged by the clock of who looks at it: here the client's, at the attempt. */
static void
rule_clock(const struct explain *x)
{
	const struct host_facts *host = x->ctx->host;
	bool unset = x->r->began_unix_us / 1000000 < CLOCK_UNSET_S;
	struct fact_field from, to;
	char now[32];

	if (x->r->cause != CAUSE_CERT_EXPIRED && x->r->cause != CAUSE_CERT_NOT_YET)
		return;
	(void)utc_text(x->r->began_unix_us, now);
	if (unset) {
		explain_add(x, "host.clock", CHECK_FAIL,
		    "Set the clock and run a time service: \"timedatectl set-ntp true\".",
		    "The clock of this host said %s: it was never set. By it every certificate is "
		    "outside of its dates.",
		    now);
		return;
	}
	if (!explain_find_field(x->r->facts, view_str("tls.certificate"), "not_before", &from) ||
	    !explain_find_field(x->r->facts, view_str("tls.certificate"), "not_after", &to))
		return;
	explain_add(x, "host.clock", CHECK_WARN,
	    "Compare the clock of this host with a good one (\"timedatectl\"): if it is right, the "
	    "certificate has to be renewed; if not, set it.",
	    "By the clock of this host it was %s%s; the certificate is valid from %.*s to %.*s.",
	    now,
	    host && host->clock_synced == HOST_NO ? ", and no time service keeps that clock right"
						  : "",
	    (int)from.bytes.n, (const char *)from.bytes.p, (int)to.bytes.n,
	    (const char *)to.bytes.p);
}

void
explain_path_and_clock(const struct explain *x)
{
	rule_black_hole(x);
	rule_clock(x);
	rule_clock_of_client(x);
}
