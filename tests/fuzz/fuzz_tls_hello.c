/*
 * The look into a ClientHello: in one piece or byte by byte it must end the same, and a name is
 * nothing but letters, digits and -_.: (it goes into logs and is compared with names of sites).
 */
#include "proto/tls/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_hello whole, slow = { 0 };
	enum tls_hello_progress p, q = TLS_HELLO_MORE;
	struct rd_fault fault;

	if (size > 2 * TLS_HELLO_MAX)
		return 0;
	p = tls_hello_read(view_of(data, size), &whole);
	for (size_t n = 0; n <= size && q == TLS_HELLO_MORE; n++) {
		if (n && n < slow.need && n < size)
			continue; /* it said that these bytes tell nothing new */
		q = tls_hello_read(view_of(data, n), &slow);
		must(q != TLS_HELLO_MORE || (slow.need > n && slow.need <= TLS_HELLO_MAX));
	}
	must(p == q);
	if (p == TLS_HELLO_COMPLETE) {
		must(strcmp(whole.name, slow.name) == 0 && strlen(whole.name) <= 253);
		for (const char *c = whole.name; *c; c++)
			must((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') ||
			     strchr("-_.:", *c));
	}
	if (!tls_hello_read_message(view_of(data, size), &whole, &fault))
		must(fault.error != RD_OK && fault.at <= size && whole.name[0] == 0);
	return 0;
}
