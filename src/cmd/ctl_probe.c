/*
 * The steps of an SSTP client, one by one, so that the first that fails is named: name, TCP, TLS
 * and certificate, the request of SSTP. It logs in nowhere. Ping is not used: its silence proves
 * nothing (R6). See ctl_probe.h.
 */
#include "cmd/ctl_probe.h"

#include "base/text.h"
#include "crypto/crypto.h"
#include "crypto/tls.h"
#include "os/file.h"
#include "os/sock.h"
#include "os/talk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 5000u
#define ADDRESSES_MAX 8u
#define CA_FILE_MAX (1u << 20)

struct probe {
	char host[256];
	uint16_t port;
	const char *ca_file;
	struct diag_checks *out;
	struct ip_addr addrs[ADDRESSES_MAX];
	size_t n_addrs;
	int fd;
	struct tls_ctx *tls_ctx;
	struct tls *tls;
};

/* "host", "host:port", "[v6]:port", or a bare IPv6 address. */
static bool
take_target(struct probe *p, const char *target)
{
	struct endpoint e;
	struct ip_addr a;
	const char *colon = strrchr(target, ':');
	size_t n = strlen(target);

	p->port = 443;
	if (ip_parse(view_str(target), &a)) {
		snprintf(p->host, sizeof(p->host), "%s", target);
		return true;
	}
	if (endpoint_parse(view_str(target), &e)) {
		ip_text(&e.addr, p->host);
		p->port = e.port;
		return true;
	}
	if (colon) {
		unsigned long port = strtoul(colon + 1, NULL, 10);
		if (port == 0 || port > 65535)
			return false;
		p->port = (uint16_t)port;
		n = (size_t)(colon - target);
	}
	if (n == 0 || n >= sizeof(p->host))
		return false;
	memcpy(p->host, target, n);
	p->host[n] = 0;
	return true;
}

static bool
step_name(struct probe *p)
{
	char err[160] = "", list[400] = "", text[ADDR_TEXT_MAX];
	struct diag_check *c;

	p->n_addrs = sock_resolve(p->host, p->addrs, ADDRESSES_MAX, err, sizeof(err));
	if (p->n_addrs == 0) {
		c = diag_check_add(
		    p->out, "probe.name", CHECK_FAIL, "%s does not resolve: %s.", p->host, err);
		diag_check_remedy(
		    c, "Check the spelling and this host's name service. A client shows 868.");
		return false;
	}
	for (size_t i = 0; i < p->n_addrs; i++) {
		size_t n = strlen(list);
		snprintf(
		    list + n, sizeof(list) - n, "%s%s", n ? ", " : "", ip_text(&p->addrs[i], text));
	}
	(void)diag_check_add(p->out, "probe.name", CHECK_OK,
	    "%s is %s. Compare this with the address you expect.", p->host, list);
	return true;
}

/* One address; closed and filtered are told apart. */
static bool
connect_one(struct probe *p, const struct ip_addr *a)
{
	struct endpoint to = { .addr = *a, .port = p->port };
	char text[ENDPOINT_TEXT_MAX];
	struct diag_check *c;

	endpoint_text(&to, text);
	p->fd = talk_open(&to, WAIT_MS);
	if (p->fd >= 0) {
		(void)diag_check_add(
		    p->out, "probe.connect", CHECK_OK, "TCP %s is LISTENING.", text);
		return true;
	}
	if (p->fd == -ECONNREFUSED) {
		c = diag_check_add(p->out, "probe.connect", CHECK_FAIL,
		    "TCP %s is NOT LISTENING: the host refuses at once.", text);
		diag_check_remedy(c, "Check the port on the server: \"rrasctl listeners\" there.");
	} else if (p->fd == -ETIMEDOUT) {
		c = diag_check_add(p->out, "probe.connect", CHECK_FAIL,
		    "TCP %s is FILTERED: no answer within %u seconds.", text, WAIT_MS / 1000);
		diag_check_remedy(c,
		    "Somebody drops the packets, or the host is off. Try from another "
		    "network; run \"rrasctl check filter\" on the server.");
	} else {
		c = diag_check_add(
		    p->out, "probe.connect", CHECK_FAIL, "TCP %s: %s.", text, strerror(-p->fd));
		diag_check_remedy(c, "\"ip route get\" tells whether this host has a way there.");
	}
	return false;
}

static bool
step_connect(struct probe *p)
{
	for (size_t i = 0; i < p->n_addrs; i++)
		if (connect_one(p, &p->addrs[i]))
			return true;
	return false;
}

static bool
flush(struct probe *p)
{
	struct view out = tls_out(p->tls);

	if (out.n == 0)
		return true;
	if (talk_send(p->fd, out, WAIT_MS) < 0)
		return false;
	tls_out_drop(p->tls, out.n);
	return true;
}

/* Takes what the server sends into the TLS connection. False at the end or after a long silence. */
static bool
feed(struct probe *p)
{
	uint8_t buf[8192];
	ssize_t n = talk_recv(p->fd, buf, sizeof(buf), WAIT_MS);

	return n > 0 && tls_feed(p->tls, view_of(buf, (size_t)n));
}

static bool
make_tls(struct probe *p)
{
	struct file_bytes roots = { 0 };
	char err[300] = "";
	int rc = p->ca_file ? file_read(p->ca_file, CA_FILE_MAX, &roots) : 0;

	if (rc < 0)
		snprintf(err, sizeof(err), "%.200s: %s", p->ca_file, strerror(-rc));
	else
		p->tls_ctx = tls_client_ctx(file_view(&roots), err, sizeof(err));
	file_bytes_free(&roots);
	p->tls = p->tls_ctx ? tls_new(p->tls_ctx, p->host) : NULL;
	if (!p->tls)
		(void)diag_check_add(
		    p->out, "probe.tls", CHECK_SKIP, "TLS could not be tried: %s.", err);
	return p->tls != NULL;
}

static bool
step_tls(struct probe *p)
{
	enum tls_state state = TLS_HANDSHAKE;
	struct tls_cert cert;
	struct diag_check *c;
	bool alive = true;

	if (!make_tls(p))
		return false;
	while (alive && (state = tls_step(p->tls)) == TLS_HANDSHAKE)
		alive = flush(p) && feed(p);
	if (state == TLS_OPEN && flush(p)) {
		(void)diag_check_add(p->out, "probe.tls", CHECK_OK,
		    "%s with %s; the certificate is trusted here and carries the name.",
		    tls_version(p->tls), tls_cipher(p->tls));
		return true;
	}
	const struct tls_failure *f = tls_failure(p->tls);
	bool seen = tls_peer_cert(p->tls, &cert);
	char number[16] = "800";
	if (f->cause != CAUSE_NONE)
		diag_number_text(cause_info(f->cause)->ras_error, number);
	c = diag_check_add(p->out, "probe.tls", CHECK_FAIL, "%s: %s. A client shows %s.%s%s%s%s",
	    f->cause ? cause_info(f->cause)->name : "tls.handshake-silent",
	    f->detail[0] ? f->detail : "the handshake did not come to its end", number,
	    seen ? " The certificate is for " : "", seen ? cert.names : "",
	    seen ? ", issued by " : "", seen ? cert.issuer : "");
	diag_check_remedy(c, "\"rrasctl diagnose --explain %s\" tells what to do on either side.",
	    f->cause ? cause_info(f->cause)->name : "tls.handshake-silent");
	return false;
}

/* MS-SSTP 3.2.4.1: the request that only an SSTP server answers with 200. */
static void
step_sstp(struct probe *p)
{
	char request[600], answer[1024] = "";
	struct diag_check *c;
	size_t n = 0;
	int got = 0;
	unsigned int status = 0;

	snprintf(request, sizeof(request),
	    "SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n"
	    "Host: %s\r\nContent-Length: 18446744073709551615\r\n"
	    "SSTPCORRELATIONID: " DIAG_PROBE_CORRELATION "\r\n\r\n",
	    p->host);
	if (tls_write(p->tls, view_str(request)) && flush(p))
		while (!strstr(answer, "\r\n\r\n") && n + 1 < sizeof(answer)) {
			got = tls_read(p->tls, answer + n, sizeof(answer) - 1 - n);
			if (got > 0)
				answer[n += (size_t)got] = 0;
			else if (got < 0 || !feed(p))
				break;
		}
	if (strncmp(answer, "HTTP/1.", 7) == 0 && n > 12)
		status = (unsigned int)strtoul(answer + 9, NULL, 10);
	if (status == 200) {
		(void)diag_check_add(p->out, "probe.sstp", CHECK_OK, "An SSTP server answered.");
		return;
	}
	if (status)
		c = diag_check_add(p->out, "probe.sstp", CHECK_FAIL,
		    "The answer was HTTP %u: this is a web server, or SSTP is off.", status);
	else
		c = diag_check_add(p->out, "probe.sstp", CHECK_FAIL,
		    "The request of SSTP got no answer that is HTTP.");
	diag_check_remedy(
	    c, "\"rrasctl listeners\" on the server names the process that has the port.");
}

void
ctl_probe(const char *target, const char *ca_file, struct diag_checks *out)
{
	struct probe p = { .ca_file = ca_file, .out = out, .fd = -1 };
	char err[300] = "";

	if (!crypto_init(err, sizeof(err))) {
		(void)diag_check_add(out, "probe.tls", CHECK_SKIP, "%s", err);
		return;
	}
	if (!take_target(&p, target)) {
		(void)diag_check_add(
		    out, "probe.name", CHECK_FAIL, "\"%s\" is no name or address.", target);
		return;
	}
	if (step_name(&p) && step_connect(&p) && step_tls(&p))
		step_sstp(&p);
	tls_free(p.tls);
	tls_ctx_unref(p.tls_ctx);
	if (p.fd >= 0)
		talk_close(p.fd);
}
