/*
 * Looks into the first message of a TLS client for the name that it wants (server_name, RFC 6066
 * section 3), before anything is answered. It judges nothing: bytes that are no ClientHello, or an
 * unusual one, are for the TLS library to refuse in its own words.
 */
#ifndef PROTO_TLS_HELLO_H
#define PROTO_TLS_HELLO_H

#include "base/rd.h"

#define TLS_HELLO_MAX 16384u /* bytes on the wire, record headers and all */
#define TLS_HELLO_RECORDS_MAX 1024u
#define TLS_HELLO_EXTENSIONS_MAX 128u

enum tls_hello_progress {
	TLS_HELLO_MORE,     /* not complete; see need */
	TLS_HELLO_COMPLETE, /* the name, or "" when none is asked for */
	TLS_HELLO_OTHER,    /* no ClientHello that we can read */
};

struct tls_hello {
	char name[256]; /* in lower case; "" = none. Letters, digits and -_.: only, no address */
	size_t need; /* TLS_HELLO_MORE: with fewer bytes than this another call tells nothing new */
};

/* Reads the records at the start of bytes, which begin at the same place in every call. */
enum tls_hello_progress tls_hello_read(struct view bytes, struct tls_hello *out);

/* A whole ClientHello message without record headers. False: malformed. */
MUST_USE bool tls_hello_read_message(
    struct view message, struct tls_hello *out, struct rd_fault *fault);

#endif
