/* Certificates: making a CA and server certificates, and examining what an administrator gave. */
#ifndef CRYPTO_PKI_H
#define CRYPTO_PKI_H

#include "base/view.h"

#define PEM_MAX 16384u

/* A new ECDSA P-256 CA. PEM texts are written terminated. False with the reason in err. */
MUST_USE bool pki_make_ca(const char *common_name, unsigned int days, int64_t now_unix_s,
    char cert_pem[PEM_MAX], char key_pem[PEM_MAX], char *err, size_t cap);

enum pki_use { PKI_SERVER, PKI_CLIENT };

struct pki_issue {
	enum pki_use use;
	bool rsa; /* RSA 2048 rather than ECDSA P-256 */
	const char *common_name;
	const char *names[16]; /* DNS names and IP addresses for subjectAltName */
	unsigned int n_names;
	unsigned int days;
	int64_t now_unix_s;
};

/* Issues a certificate; cert_pem holds it followed by the CA's. */
MUST_USE bool pki_issue(const struct pki_issue *want, struct view ca_cert_pem,
    struct view ca_key_pem, char cert_pem[PEM_MAX], char key_pem[PEM_MAX], char *err, size_t cap);

/* A defect of a server certificate, for `rrasctl check` and rrasd's start. */
enum pki_defect {
	PKI_OK,
	PKI_UNREADABLE,
	PKI_KEY_MISMATCH,
	PKI_EXPIRED,
	PKI_NOT_YET,
	PKI_EXPIRES_SOON, /* within 30 days: a warning */
	PKI_NO_SERVER_AUTH,
	PKI_NAME_MISSING, /* not the name clients dial */
	PKI_CHAIN_INCOMPLETE,
	PKI_WEAK,           /* RSA below 2048 bits, SHA-1 signature */
	PKI_ISSUER_MAY_NOT, /* signed by a certificate that is no CA's */
	PKI_CRITICAL,       /* a critical extension that clients do not know */
};

struct pki_report {
	unsigned int n_defects;
	enum pki_defect defects[12];
	char subject[256], issuer[256], names[256], not_before[32], not_after[32];
	char detail[256];
};

/* Examines chain and key (key may be empty) for a server that is dialled as `name` ("" = any). */
void pki_examine(struct view chain_pem, struct view key_pem, const char *name, int64_t now_unix_s,
    struct pki_report *out);
const char *pki_defect_text(enum pki_defect d); /* one line with the remedy */

#endif
