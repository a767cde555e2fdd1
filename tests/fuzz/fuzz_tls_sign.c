/*
 * Fuzz target of the vault's question tls_sign: scheme in two bytes, then what is to be signed. Of
 * all inputs only the two shapes of a server's handshake may come out signed.
 */
#include "crypto/crypto.h"
#include "crypto/pki.h"
#include "vault/vault_tls.h"

#include <stdlib.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vault_tls *vault;
static uint8_t ids[2][SIGN_KEY_ID];

static void
make_vault(void)
{
	static char ca[PEM_MAX], ca_key[PEM_MAX], cert[PEM_MAX], key[PEM_MAX];
	struct pki_issue want = { .common_name = "fuzz",
		.names = { "fuzz" },
		.n_names = 1,
		.days = 30,
		.now_unix_s = time(NULL) };
	char err[256];

	/* First, with its random generators: what those have in the vault's secure heap no search
	 * for leaks would see. */
	must(pki_make_ca("Fuzz CA", 30, want.now_unix_s, ca, ca_key, err, sizeof(err)));
	vault = vault_tls_new();
	must(vault);
	for (unsigned int i = 0; i < 2; i++) {
		want.rsa = i == 1;
		must(pki_issue(&want, view_str(ca), view_str(ca_key), cert, key, err, sizeof(err)));
		must(vault_tls_add(vault, VAULT_KEY_TLS, view_str(key), err, sizeof(err)));
		struct sign_key *k = sign_key_read(view_str(key), err, sizeof(err));
		must(k);
		memcpy(ids[i], sign_key_id(k), SIGN_KEY_ID);
		sign_key_free(k);
	}
	vault_tls_turn(vault);
}

/* What a signed message must have, told in another way than the vault's own check. */
static void
must_be_ours(const uint8_t *p, size_t n)
{
	static const char verify[] = "TLS 1.3, server CertificateVerify";

	if (p[64] == 'T') {
		must(n == 64 + sizeof(verify) + 32 || n == 64 + sizeof(verify) + 48);
		must(memcmp(p + 64, verify, sizeof(verify)) == 0);
		for (unsigned int i = 0; i < 64; i++)
			must(p[i] == ' ');
		return;
	}
	must(p[64] == 3 && p[65] == 0 && n == 68u + p[67]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t sig[SIGN_MAX];

	if (!vault)
		make_vault();
	if (size < 2)
		return 0;
	uint16_t scheme = (uint16_t)(data[0] << 8 | data[1]);
	uint8_t *copy = malloc(size - 1); /* of exact size, and one to be there at all */
	must(copy);
	memcpy(copy, data + 2, size - 2);
	for (unsigned int i = 0; i < 2; i++) {
		size_t n = 0;
		const char *why = vault_tls_sign(
		    vault, view_of(ids[i], SIGN_KEY_ID), scheme, view_of(copy, size - 2), sig, &n);
		must((why == NULL) == (n > 0));
		if (!why)
			must_be_ours(copy, size - 2);
	}
	free(copy);
	return 0;
}
