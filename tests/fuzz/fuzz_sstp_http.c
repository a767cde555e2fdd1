/*
 * The HTTP heads of SSTP, both sides: a head found in one piece and byte by byte must be the same,
 * and what the parser takes must be judged with a status that we can answer.
 */
#include "proto/sstp/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try_side(enum side side, struct view bytes)
{
	struct http_scan whole = { 0 }, slow = { 0 };
	size_t n_whole = 0, n_slow = 0;
	enum http_progress at_once = http_scan_head(&whole, side, bytes, &n_whole);
	enum http_progress p = HTTP_MORE;
	struct http_request request;
	struct rd_fault fault;
	unsigned int status = 0;

	for (size_t n = 0; n <= bytes.n && p == HTTP_MORE; n++)
		p = http_scan_head(&slow, side, view_of(bytes.p, n), &n_slow);
	must(p == at_once && n_whole == n_slow);
	if (p != HTTP_COMPLETE)
		return;
	must(n_whole <= bytes.n && n_whole <= HTTP_HEAD_MAX);
	struct view head = view_of(bytes.p, n_whole);
	if (side == SIDE_CLIENT) {
		if (http_read_answer(head, &status, &fault))
			must(status >= 100 && status <= 599);
		return;
	}
	if (!http_read_request(head, &request, &fault)) {
		must(fault.error != RD_OK && fault.at <= n_whole);
		return;
	}
	uint8_t buf[1024];
	struct wr w = wr_over(buf, sizeof(buf));

	status = http_judge_request(&request);
	http_write_error(&w, status, true, "x", (int64_t)bytes.n << 40);
	must(wr_done(&w) && request.method.n && request.target.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 2 * HTTP_HEAD_MAX)
		return 0;
	try_side(SIDE_SERVER, view_of(data, size));
	try_side(SIDE_CLIENT, view_of(data, size));
	return 0;
}
