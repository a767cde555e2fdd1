/*
 * Findings: why the cause came about, by pure rules over the trail, the configuration, the host as
 * it is now and the server's certificate. A rule says nothing unless its evidence is there.
 */
#include "diag/explain.h"

#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

void
explain_add(const struct explain *x, const char *id, enum check_result level, const char *remedy,
    const char *fmt, ...)
{
	struct diag_report *out = x->out;
	char text[512];
	va_list ap;

	if (out->n_findings == DIAG_ITEMS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	out->findings[out->n_findings++] =
	    (struct diag_finding){ .id = explain_keep(out, view_str(id)),
		    .level = level,
		    .text = explain_keep(out, view_str(text)),
		    .remedy = explain_keep(out, view_str(remedy)) };
}

/* The text of a fact's field; false when it is not on the trail or empty. */
static bool
field_text(const struct explain *x, const char *fact, const char *field, char *out, size_t cap)
{
	struct fact_field f;

	out[0] = 0;
	if (!explain_find_field(x->r->facts, view_str(fact), field, &f))
		return false;
	return *fact_field_text(&f, out, cap) != 0;
}

/* The name as the peer sent it, unescaped. */
static struct view
name_as_sent(const struct explain *x)
{
	struct fact_field f;

	if (explain_find_field(x->r->facts, view_str("aaa.request"), "name", &f) ||
	    explain_find_field(x->r->facts, view_str("ppp.auth-answered"), "name", &f) ||
	    explain_find_field(x->r->facts, view_str("ppp.auth-sent"), "name", &f))
		return f.bytes;
	return view_str(x->r->user);
}

/* R25, R28: a client that was refused knows which encoding it wrote, not which one is read. */
static void
rule_name_sent(const struct explain *x, struct view name)
{
	if (text_is_utf8(name))
		explain_add(x, "name.encoding", CHECK_WARN,
		    "Where the server reads names in a code page (rrasd with identity-encoding "
		    "ansi; Windows in all methods but EAP), dial with --name-encoding ansi.",
		    "The user's name has letters beyond ASCII and went out in Unicode (UTF-8). "
		    "The server may read another encoding; the password may be right.");
	else
		explain_add(x, "name.encoding", CHECK_WARN,
		    "Where the server reads Unicode (rrasd's default), dial with --name-encoding "
		    "unicode.",
		    "The user's name has letters beyond ASCII and went out in a code page (ANSI). "
		    "The server may read another encoding; the password may be right.");
}

/* R27, R29: the bytes of the name tell which encoding the client used. */
static void
rule_name_encoding(const struct explain *x)
{
	struct view name = name_as_sent(x);
	bool ansi = x->ctx->config && x->ctx->config->identity_ansi;

	if (x->out->number != 691 || !text_has_high(name))
		return;
	if (x->r->client) {
		rule_name_sent(x, name);
		return;
	}
	if (!text_is_utf8(name))
		explain_add(x, "name.encoding", CHECK_FAIL,
		    ansi ? "Check that client and server use the same code page."
			 : "As long as such clients exist, set identity-encoding ansi on all "
			   "servers and ANSI on all clients, until every client speaks Unicode in "
			   "its method; or give the account a log-in name of plain letters.",
		    "The bytes of the user's name are not UTF-8: the client wrote the letters "
		    "beyond "
		    "ASCII in a code page (ANSI). The password may be right.");
	else if (ansi)
		explain_add(x, "name.encoding", CHECK_FAIL,
		    "Set the client to ANSI for this method, or the server to identity-encoding "
		    "unicode.",
		    "The user's name arrived as UTF-8, and this server reads names in a code page "
		    "(identity-encoding ansi).");
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static void
rule_name_slips(const struct explain *x)
{
	struct view name = name_as_sent(x);
	enum cause cause = x->r->cause;

	if (cause != CAUSE_NO_SUCH_USER && cause != CAUSE_NO_SUCH_DOMAIN &&
	    cause != CAUSE_AUTH_REFUSED)
		return;
	if (name.n && (is_blank(name.p[0]) || is_blank(name.p[name.n - 1])))
		explain_add(x, "name.blanks", CHECK_WARN, "Type the name without blanks around it.",
		    "The user's name begins or ends with a blank.");
	if (name.n == 0)
		explain_add(
		    x, "name.empty", CHECK_WARN, "Type the name.", "The user's name is empty.");
	if (x->ctx->config && !x->ctx->config->domain[0] && x->ctx->config->n_realms == 0 &&
	    name.n && (memchr(name.p, '\\', name.n) || memchr(name.p, '@', name.n)))
		explain_add(x, "name.domain", CHECK_WARN,
		    "Set domain or realm in \"authentication\" of rrasd.conf, or let the user "
		    "leave "
		    "the domain out.",
		    "The user's name carries a domain, and this server has neither domain nor "
		    "realm "
		    "set.");
}

/* Whether a certificate's name (maybe "*.example.org") covers the host. */
static bool
name_covers(struct view name, struct view host)
{
	const uint8_t *dot;

	if (name.n > 2 && name.p[0] == '*' && name.p[1] == '.') {
		dot = memchr(host.p, '.', host.n);
		if (!dot)
			return false;
		name = view_of(name.p + 1, name.n - 1);
		host = view_of(dot, host.n - (size_t)(dot - host.p));
	}
	return text_eq_nocase(name, host);
}

/* names: as crypto/pki.h and crypto/tls.h print them, with or without "DNS:" and "IP:" before. */
static bool
names_cover(const char *names, struct view host)
{
	struct view rest = view_str(names);

	for (struct view w = cat_next_word(&rest); w.n; w = cat_next_word(&rest)) {
		const uint8_t *colon = w.n > 4 ? memchr(w.p, ':', 4) : NULL;
		if (colon && (w.p[0] == 'D' || w.p[0] == 'I'))
			w = view_of(colon + 1, w.n - (size_t)(colon + 1 - w.p));
		if (name_covers(w, host))
			return true;
	}
	return false;
}

/* The correlation id by which `rrasctl diagnose --probe` makes itself known. */
static bool
is_probe(const struct explain *x)
{
	char text[FACT_TEXT_MAX];

	return field_text(x, "sstp.http-request", "correlation", text, sizeof(text)) &&
	       strcmp(text, DIAG_PROBE_CORRELATION) == 0;
}

static void
rule_probe(const struct explain *x)
{
	if (!x->r->client && is_probe(x))
		explain_add(x, "probe", CHECK_WARN,
		    "Nothing to do: look at the attempt before this one.",
		    "This was no client but a test by \"rrasctl diagnose --probe\", which leaves "
		    "at "
		    "this point.");
}

/* A client that leaves right after the certificate: was it for the name it asked for? */
static void
rule_certificate_name(const struct explain *x)
{
	const struct diag_cert *cert = x->ctx->cert;
	char sni[FACT_TEXT_MAX], alert[FACT_TEXT_MAX];
	struct fact_field seen;

	if (x->r->client || !cert || !cert->readable || is_probe(x) ||
	    (x->r->cause != CAUSE_TLS_CERT_REFUSED && x->r->cause != CAUSE_HTTP_CLOSED &&
		x->r->cause != CAUSE_HTTP_SILENT))
		return;
	if (!explain_find_field(x->r->facts, view_str("tls.established"), "sni", &seen)) {
		/* TLS did not come up, so the name is not recorded; the alert is what we have */
		if (field_text(x, "tls.alert", "alert", alert, sizeof(alert)) &&
		    strstr(alert, "unknown"))
			explain_add(x, "certificate.issuer", CHECK_FAIL,
			    "Install the root certificate of this issuer in the trusted roots of "
			    "the client.",
			    "The alert %s says that the client does not know the issuer. The "
			    "certificate for %s "
			    "was issued by %s.",
			    alert, cert->names, cert->issuer);
		return;
	}
	if (!field_text(x, "tls.established", "sni", sni, sizeof(sni)) || strcmp(sni, "-") == 0) {
		explain_add(x, "certificate.no-name-asked", CHECK_WARN,
		    "Dial the server by a name of its certificate.",
		    "The client asked for no name; it was probably given the address of the "
		    "server. The "
		    "certificate is for: %s.",
		    cert->names);
		return;
	}
	if (!names_cover(cert->names, view_str(sni)))
		explain_add(x, "certificate.other-name", CHECK_FAIL,
		    "Issue a certificate that carries this name too, or dial a name that it has.",
		    "The client asked for \"%s\"; the certificate of this server is for: %s. "
		    "Windows "
		    "shows 0x800B010F then.",
		    sni, cert->names);
	else
		explain_add(x, "certificate.issuer", CHECK_WARN,
		    "Install the root certificate of this issuer in the trusted roots of the "
		    "client.",
		    "The certificate carries the name the client asked for (%s). What is left is "
		    "trust: "
		    "it was issued by %s.",
		    sni, cert->issuer);
}

/* R41: the three lists of methods, and what they have in common. */
static void
rule_methods(const struct explain *x)
{
	char ours[FACT_TEXT_MAX], theirs[FACT_TEXT_MAX], policy[FACT_TEXT_MAX], common[128] = "";
	struct view rest, other;
	bool lists = field_text(x, "ppp.auth-lists", "ours", ours, sizeof(ours)) &&
	             field_text(x, "ppp.auth-lists", "theirs", theirs, sizeof(theirs));

	if (!lists)
		lists = field_text(x, "aaa.methods", "server", ours, sizeof(ours)) &&
		        field_text(x, "aaa.methods", "client", theirs, sizeof(theirs));
	if (!lists || (x->r->cause != CAUSE_AUTH_NO_COMMON && x->r->cause != CAUSE_POLICY_METHOD))
		return;
	if (!field_text(x, "aaa.methods", "policy", policy, sizeof(policy)))
		snprintf(policy, sizeof(policy), "%s", ours);
	rest = view_str(ours);
	for (struct view w = cat_next_word(&rest); w.n; w = cat_next_word(&rest)) {
		bool in_theirs = false, in_policy = false;
		for (other = view_str(theirs); other.n;)
			in_theirs = view_eq(cat_next_word(&other), w) || in_theirs;
		for (other = view_str(policy); other.n;)
			in_policy = view_eq(cat_next_word(&other), w) || in_policy;
		if (in_theirs && in_policy && strlen(common) + w.n + 2 < sizeof(common)) {
			if (common[0])
				strncat(common, " ", 2);
			strncat(common, (const char *)w.p, w.n);
		}
	}
	explain_add(x, "authentication.common", common[0] ? CHECK_WARN : CHECK_FAIL,
	    "Make one method stand in all three lists; mschapv2 is the one to choose.",
	    "Methods: server [%s]; policy [%s]; client [%s]. In common: %s.", ours, policy, theirs,
	    common[0] ? common : "none");
}

/* R60: how large the pool is beside what the ports allow. */
static void
rule_pool(const struct explain *x)
{
	struct fact_field size;

	if (x->r->cause != CAUSE_POOL_EXHAUSTED || !x->ctx->config ||
	    !explain_find_field(x->r->facts, view_str("aaa.pool-full"), "size", &size))
		return;
	if (size.u < x->ctx->config->sstp_ports)
		explain_add(x, "pool.size", CHECK_WARN,
		    "Make the pool at least as large as the number of ports, and one more for the "
		    "server.",
		    "The pool had %llu addresses for clients, and SSTP has %u ports: the pool is "
		    "used up first.",
		    (unsigned long long)size.u, x->ctx->config->sstp_ports);
}

/* A client's own host: a tunnel dialled without any way out. */
static void
rule_no_route(const struct explain *x)
{
	const struct host_facts *host = x->ctx->host;

	if (!x->r->client || !host ||
	    (x->r->cause != CAUSE_DIAL_UNREACHABLE && x->r->cause != CAUSE_DIAL_NAME))
		return;
	for (unsigned int i = 0; i < host->n_routes; i++)
		if (host->routes[i].to.len == 0 && !host->routes[i].unreachable)
			return;
	explain_add(x, "host.no-default-route", CHECK_WARN,
	    "Connect this host to the network first.",
	    "This host has no default route now: it can reach only networks it is attached to.");
}

/* Checks that the entry names, as the host is now, where they did not come out well. */
static void
rule_checks(const struct explain *x)
{
	struct view rest = view_str(cat_text(x->entry, CAT_CHECKS));
	struct diag_checks *checks = arena_alloc(&x->out->mem, sizeof(*checks));

	/* the checks look at a server: at a client's end they would judge the wrong host */
	if (!checks || x->r->client || x->ctx->client || !x->ctx->host)
		return;
	diag_run_checks(x->ctx, checks);
	for (struct view w = cat_next_word(&rest); w.n; w = cat_next_word(&rest))
		for (unsigned int i = 0; i < checks->n; i++) {
			const struct diag_check *c = &checks->c[i];
			if (diag_check_is(c->id, w) &&
			    (c->result == CHECK_WARN || c->result == CHECK_FAIL))
				explain_add(x, c->id, c->result, c->remedy, "%s", c->what);
		}
}

void
explain_findings(const struct explain *x)
{
	rule_probe(x);
	rule_name_encoding(x);
	rule_name_slips(x);
	rule_certificate_name(x);
	rule_methods(x);
	rule_pool(x);
	rule_no_route(x);
	explain_path_and_clock(x);
	rule_checks(x);
}
