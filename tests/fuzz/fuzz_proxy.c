/*
 * The PROXY header: found in one piece or byte by byte it must be the same, an error must have a
 * place within the bytes, and what was read must be read again when it is written.
 */
#include "proto/proxy/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy_header whole, slow, again;
	struct rd_fault fault;
	enum proxy_progress p, q = PROXY_MORE;
	uint8_t buf[PROXY_WRITE_MAX];

	if (size > 2 * PROXY_HEADER_MAX)
		return 0;
	p = proxy_read(view_of(data, size), &whole, &fault);
	must(p != PROXY_BAD || (fault.error != RD_OK && fault.at <= size));
	if (p != PROXY_BAD) /* one that is bad may be so only when it is complete */
		must(fault.error == RD_OK);
	for (size_t n = 0; n <= size && q == PROXY_MORE; n++)
		q = proxy_read(view_of(data, n), &slow, &fault);
	must(p == q);
	if (p != PROXY_COMPLETE)
		return 0;
	must(whole.n_bytes == slow.n_bytes && whole.n_bytes <= size);
	must(whole.n_bytes <= PROXY_HEADER_MAX && whole.n_tlvs <= PROXY_TLVS_MAX);
	if (whole.local)
		return 0;
	struct wr w = wr_over(buf, sizeof(buf));
	proxy_write(&w, &whole.source, &whole.destination);
	must(wr_done(&w));
	must(proxy_read(wr_view_of(&w), &again, &fault) == PROXY_COMPLETE);
	must(again.local || ip_equal(&again.source.addr, &whole.source.addr));
	return 0;
}
