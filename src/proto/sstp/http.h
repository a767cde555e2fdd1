/*
 * The HTTP of SSTP, both sides: one request head, one answer head (RFC 9112; MS-SSTP 4.1). Bounded
 * and incremental. It is no web server: bodies are never read, connections never reused.
 */
#ifndef PROTO_SSTP_HTTP_H
#define PROTO_SSTP_HTTP_H

#include "base/rd.h"
#include "base/wr.h"
#include "proto/fx.h"

#define HTTP_HEAD_MAX 8192u /* with the blank line */
#define HTTP_FIELDS_MAX 64u /* header lines */

#define HTTP_SSTP_METHOD "SSTP_DUPLEX_POST"
#define HTTP_SSTP_PATH "/sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/"

enum http_progress {
	HTTP_MORE,     /* the head is not complete */
	HTTP_COMPLETE, /* *n_head bytes make the head */
	HTTP_TOO_BIG,  /* more bytes or lines than we take: status 431 */
	HTTP_RUBBISH,  /* no HTTP: a control byte, or a first line that is none */
};

/* Where a scan stands, so that dribbled bytes are looked at once. Zero it before the first byte. */
struct http_scan {
	size_t at; /* bytes seen */
	size_t line_at;
	unsigned int n_lines;
};

struct http_request {
	struct view method, target, host, correlation; /* borrowed */
	unsigned int version;                          /* 10 * major + minor: 11 */
	unsigned int n_host;                           /* Host fields seen */
	bool bad_length;                               /* a Content-Length that is no number */
};

/*
 * Looks for the end of the head in what came so far; bytes starts at the same place in every call.
 * side: SIDE_SERVER expects a request, SIDE_CLIENT an answer.
 */
enum http_progress http_scan_head(
    struct http_scan *s, enum side side, struct view bytes, size_t *n_head);

/* Reads a complete request head. False with the place in fault when it is malformed. */
MUST_USE bool http_read_request(struct view head, struct http_request *out, struct rd_fault *fault);

/* The status that a request gets: 200 for SSTP; 404, 405, 400 or 505 for the rest of the world. */
unsigned int http_judge_request(const struct http_request *r);

/* Reads a complete answer head; *status is 100 to 599. */
MUST_USE bool http_read_answer(struct view head, unsigned int *status, struct rd_fault *fault);

/* Client: the request. id becomes the correlation GUID. */
void http_write_request(struct wr *w, const char *host, const uint8_t id[16]);

/* Server: the 200 that turns the connection into an SSTP stream. server is the Server field. */
void http_write_accept(struct wr *w, const char *server, int64_t unix_us);

/* Server: an ordinary web answer with a small page, without it after HEAD. */
void http_write_error(
    struct wr *w, unsigned int status, bool with_body, const char *server, int64_t unix_us);

/* Server: an ordinary web answer that sends a browser to url, which has no blanks or controls. */
void http_write_redirect(struct wr *w, const char *url, const char *server, int64_t unix_us);

/* "Thu, 09 Nov 2006 00:51:09 GMT", RFC 9110 section 5.6.7; no locale involved. */
void http_write_date(struct wr *w, int64_t unix_us);

#endif
