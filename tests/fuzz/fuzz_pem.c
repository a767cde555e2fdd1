/*
 * Fuzz target of everything that reads PEM: the examination of certificates, both kinds of TLS
 * context, issuing from a CA. The files are an administrator's, but they may come from anywhere.
 */
#include "crypto/pki.h"
#include "crypto/tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char cert[PEM_MAX], key[PEM_MAX];
	const struct view all = view_of(data, size);
	const struct pki_issue want = {
		.common_name = "a.example", .days = 1, .now_unix_s = 1767225600
	};
	struct pki_report report;
	char err[256];

	pki_examine(all, all, "vpn.example.org", 1767225600, &report);
	must((report.n_defects == 0) == (report.detail[0] == '\0'));
	must(memchr(report.detail, 0, sizeof(report.detail)));
	pki_examine(all, view_of(NULL, 0), "192.0.2.7", 0, &report);
	tls_ctx_unref(tls_server_ctx(all, all, err, sizeof(err)));
	if (size)
		tls_ctx_unref(tls_client_ctx(all, err, sizeof(err)));
	(void)!pki_issue(&want, all, all, cert, key, err, sizeof(err));
	return 0;
}
