/*
 * Fuzz target of TLS, both ends. The first byte of the input chooses: raw bytes to a server, raw
 * bytes to a client, or a handshake between our two ends whose bytes the input disturbs. Whatever
 * comes, an end is open, closed, waiting, or failed with a cause; nothing else.
 */
#include "attempt/cause.h"
#include "crypto/pki.h"
#include "crypto/tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct tls_ctx *server_ctx, *client_ctx;

static void
make_contexts(void)
{
	static char ca[PEM_MAX], ca_key[PEM_MAX], cert[PEM_MAX], key[PEM_MAX];
	int64_t now = time(NULL);
	struct pki_issue want = { .common_name = "fuzz.example.org",
		.names = { "fuzz.example.org" },
		.n_names = 1,
		.days = 30,
		.now_unix_s = now };
	char err[256];

	must(pki_make_ca("Fuzz CA", 30, now, ca, ca_key, err, sizeof(err)));
	must(pki_issue(&want, view_str(ca), view_str(ca_key), cert, key, err, sizeof(err)));
	server_ctx = tls_server_ctx(view_str(cert), view_str(key), err, sizeof(err));
	client_ctx = tls_client_ctx(view_str(ca), err, sizeof(err));
	must(server_ctx && client_ctx);
}

static void
check(struct tls *t)
{
	bool failed = tls_state_of(t) == TLS_FAILED;

	must(failed == (tls_failure(t)->cause != CAUSE_NONE));
	must(failed == (tls_failure(t)->detail[0] != '\0'));
}

static void
drive(struct tls *t)
{
	uint8_t buf[4096];

	if (tls_step(t) == TLS_OPEN)
		while (tls_read(t, buf, sizeof(buf)) > 0)
			continue;
	check(t);
}

/* The input as the peer's bytes, cut where it says. */
static void
raw(struct tls *t, const uint8_t *data, size_t size)
{
	(void)tls_step(t);
	while (size) {
		size_t n = 1 + (size_t)(data[0] & 0x3f) * 8;

		n = n < size ? n : size;
		must(tls_feed(t, view_of(data, n)));
		drive(t);
		data += n;
		size -= n;
	}
	tls_shutdown(t);
	tls_free(t);
}

/* Each three bytes of input: where in the next flight, what to change, and how. */
static void
disturb(struct tls *from, struct tls *to, const uint8_t *op)
{
	struct view out = tls_out(from);
	size_t n = out.n;
	uint8_t *copy = malloc(n ? n : 1);

	must(copy && view_copy(out, copy, n));
	if (op && n) {
		size_t at = ((size_t)op[0] << 4 | op[1] >> 4) % n;

		if (op[1] & 1)
			n = at; /* cut */
		else
			copy[at] ^= op[2];
	}
	must(tls_feed(to, view_of(copy, n)));
	tls_out_drop(from, out.n);
	free(copy);
	drive(to);
}

static void
between(const uint8_t *data, size_t size)
{
	struct tls *server = tls_new(server_ctx, NULL);
	struct tls *client = tls_new(client_ctx, "fuzz.example.org");

	must(server && client);
	drive(client);
	for (unsigned int flight = 0; flight < 6; flight++) {
		const uint8_t *op = size >= 3 && data[1] & 2 ? data : NULL;

		if (flight == 4 && tls_state_of(client) == TLS_OPEN)
			must(tls_write(client, view_of(data, size)));
		disturb(flight & 1 ? server : client, flight & 1 ? client : server, op);
		if (size >= 3) {
			data += 3;
			size -= 3;
		}
	}
	tls_free(server);
	tls_free(client);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!server_ctx)
		make_contexts();
	if (size == 0)
		return 0;
	switch (data[0] % 3) {
	case 0:
		raw(tls_new(server_ctx, NULL), data + 1, size - 1);
		break;
	case 1:
		raw(tls_new(client_ctx, "fuzz.example.org"), data + 1, size - 1);
		break;
	default:
		between(data + 1, size - 1);
	}
	return 0;
}
