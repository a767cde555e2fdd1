/*
 * The HTTP head that stands before an SSTP stream: scanner, parsers, and the few answers we give.
 * See http.h. Peer text is handed on as views; who prints them escapes them.
 */
#include "proto/sstp/http.h"

#include "base/text.h"

#define US_PER_S 1000000
#define S_PER_DAY 86400
#define LENGTH_DIGITS_MAX 20u                /* of 2^64 - 1 */
#define STREAM_LENGTH "18446744073709551615" /* MS-SSTP 4.1: no end in sight */

/* The bytes up to the separator, which is skipped; a fault when it does not come. */
static struct view
take_until(struct rd *r, uint8_t separator)
{
	size_t left = rd_left(r);
	const uint8_t *found = left ? memchr(r->p, separator, left) : NULL;

	if (!found) {
		rd_fail(r, RD_SHORT);
		return view_of(NULL, 0);
	}
	struct view v = rd_take(r, (size_t)(found - r->p));
	(void)rd_u8(r);
	return v;
}

/* One line without its end. RFC 9112 section 2.2: a bare LF is taken as well. */
static struct view
take_line(struct rd *r)
{
	struct view v = take_until(r, '\n');

	if (v.n && v.p[v.n - 1] == '\r')
		v.n--;
	return v;
}

/* RFC 9110 section 5.6.2 */
static bool
is_token(struct view v)
{
	for (size_t i = 0; i < v.n; i++) {
		uint8_t c = v.p[i];

		if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
			continue;
		if ((c < '0' || c > '9') && (c == 0 || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return v.n > 0;
}

static bool
is_visible(struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] <= ' ' || v.p[i] >= 0x7f)
			return false;
	return v.n > 0;
}

/* "HTTP/1.1" as 11; 0 when it is no version. */
static unsigned int
read_version(struct view v)
{
	bool digits = v.n == 8 && v.p[5] >= '0' && v.p[5] <= '9' && v.p[6] == '.' &&
	              v.p[7] >= '0' && v.p[7] <= '9';

	if (!digits || !view_eq(view_of(v.p, 5), view_str("HTTP/")))
		return 0;
	return (unsigned int)(v.p[5] - '0') * 10 + (unsigned int)(v.p[7] - '0');
}

static void
read_request_line(struct rd *r, struct http_request *out)
{
	struct rd line = *r; /* shares the fault */
	struct view all = take_line(r);

	line.end = line.p ? line.p + all.n : line.end;
	out->method = take_until(&line, ' ');
	out->target = take_until(&line, ' ');
	out->version = read_version(rd_rest(&line));
	if (!is_token(out->method) || !is_visible(out->target) || !out->version)
		rd_fail(r, RD_BAD_VALUE);
}

static void
read_status_line(struct rd *r, unsigned int *status)
{
	struct view v = take_line(r);
	unsigned int n = 0;

	if (v.n < 12 || !read_version(view_of(v.p, 8)) || v.p[8] != ' ' ||
	    (v.n > 12 && v.p[12] != ' ')) {
		rd_fail(r, RD_BAD_VALUE);
		return;
	}
	for (size_t i = 9; i < 12; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			rd_fail(r, RD_BAD_VALUE);
		n = n * 10 + (unsigned int)(v.p[i] - '0');
	}
	if (n < 100 || n > 599)
		rd_fail(r, RD_BAD_VALUE);
	*status = n;
}

/* One field line. False at the blank line that ends the head. RFC 9112 section 5. */
static bool
read_field(struct rd *r, struct view *name, struct view *value)
{
	struct rd line = *r;
	struct view v = take_line(r);

	if (!rd_ok(r) || v.n == 0)
		return false;
	line.end = line.p + v.n;
	*name = take_until(&line, ':');
	*value = rd_rest(&line);
	if (!is_token(*name)) /* a folded line as well: it starts with a blank */
		rd_fail(r, RD_BAD_VALUE);
	while (value->n && (value->p[0] == ' ' || value->p[0] == '\t'))
		*value = view_of(value->p + 1, value->n - 1);
	while (value->n && (value->p[value->n - 1] == ' ' || value->p[value->n - 1] == '\t'))
		value->n--;
	return rd_ok(r);
}

/* S01: any number will do, since the stream has no end; a sign or a letter will not. */
static bool
is_length(struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		if (v.p[i] < '0' || v.p[i] > '9')
			return false;
	return v.n > 0 && v.n <= LENGTH_DIGITS_MAX;
}

bool
http_read_request(struct view head, struct http_request *out, struct rd_fault *fault)
{
	struct rd r = rd_over(head, fault);
	struct view name, value;
	unsigned int n = 0;

	*out = (struct http_request){ 0 };
	read_request_line(&r, out);
	for (; read_field(&r, &name, &value); n++) {
		if (n == HTTP_FIELDS_MAX)
			rd_fail(&r, RD_TOO_MANY);
		if (text_eq_nocase(name, view_str("Host"))) {
			out->host = value;
			out->n_host++;
		} else if (text_eq_nocase(name, view_str("SSTPCORRELATIONID"))) {
			out->correlation = value; /* real clients send all sorts of text */
		} else if (text_eq_nocase(name, view_str("Content-Length"))) {
			out->bad_length |= !is_length(value);
		}
	}
	return rd_done(&r);
}

bool
http_read_answer(struct view head, unsigned int *status, struct rd_fault *fault)
{
	struct rd r = rd_over(head, fault);
	struct view name, value;
	unsigned int n = 0;

	read_status_line(&r, status);
	for (; read_field(&r, &name, &value); n++)
		if (n == HTTP_FIELDS_MAX)
			rd_fail(&r, RD_TOO_MANY);
	return rd_done(&r);
}

/* The first line alone, as soon as it is there: rubbish need not wait for the end of a head. */
static bool
first_line_is_http(enum side side, struct view line)
{
	struct rd_fault fault;
	struct rd r = rd_over(line, &fault);
	struct http_request request;
	unsigned int status;

	if (side == SIDE_SERVER)
		read_request_line(&r, &request);
	else
		read_status_line(&r, &status);
	return rd_ok(&r);
}

/* A line has ended just before `end`. */
static enum http_progress
scan_line(struct http_scan *s, enum side side, struct view bytes, size_t end)
{
	size_t n = end - s->line_at;
	bool blank = n == 1 || (n == 2 && bytes.p[s->line_at] == '\r');

	if (s->n_lines++ == 0 && !first_line_is_http(side, view_of(bytes.p, end)))
		return HTTP_RUBBISH;
	s->line_at = end;
	if (blank)
		return HTTP_COMPLETE;
	return s->n_lines > HTTP_FIELDS_MAX + 1 ? HTTP_TOO_BIG : HTTP_MORE;
}

enum http_progress
http_scan_head(struct http_scan *s, enum side side, struct view bytes, size_t *n_head)
{
	size_t limit = bytes.n < HTTP_HEAD_MAX ? bytes.n : HTTP_HEAD_MAX;

	while (s->at < limit) {
		uint8_t c = bytes.p[s->at++];

		if (c != '\n') {
			if ((c < ' ' && c != '\r' && c != '\t') || c == 0x7f)
				return HTTP_RUBBISH;
			continue;
		}
		enum http_progress p = scan_line(s, side, bytes, s->at);
		if (p != HTTP_MORE) {
			*n_head = s->at;
			return p;
		}
	}
	return limit == HTTP_HEAD_MAX ? HTTP_TOO_BIG : HTTP_MORE;
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One character of a path: proxies and libraries write braces as %7B and %7D. -1 at a bad escape.
 */
static int
path_char(struct rd *r)
{
	int c = rd_u8(r);

	if (c != '%')
		return c;
	int high = hex_digit(rd_u8(r));
	int low = hex_digit(rd_u8(r));
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* The path of a target: the absolute form carries scheme and authority (RFC 9112 section 3.2.2). */
static struct view
target_path(struct view target)
{
	static const char *const schemes[] = { "https://", "http://" };

	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(schemes[i]);

		if (target.n < n || !text_eq_nocase(view_of(target.p, n), view_str(schemes[i])))
			continue;
		const uint8_t *slash = memchr(target.p + n, '/', target.n - n);
		if (!slash)
			return view_str("/");
		return view_of(slash, target.n - (size_t)(slash - target.p));
	}
	return target;
}

/* Whether target is the SSTP path, GUID in any case, with or without a query such as ?tenantid. */
static bool
is_sstp_target(struct view target)
{
	struct rd_fault fault;
	struct rd r = rd_over(target_path(target), &fault);

	for (const char *want = HTTP_SSTP_PATH; *want; want++) {
		uint8_t c = (uint8_t)path_char(&r), w = (uint8_t)*want;

		if (!rd_ok(&r) || !text_eq_nocase(view_of(&c, 1), view_of(&w, 1)))
			return false;
	}
	return !rd_more(&r) || rd_u8(&r) == '?';
}

unsigned int
http_judge_request(const struct http_request *r)
{
	bool sstp = is_sstp_target(r->target);

	if (r->version / 10 != 1)
		return 505;
	/* RFC 9112 section 3.2; a tunnel without Host hurts nobody. */
	if (r->n_host > 1 || (r->n_host == 0 && r->version >= 11 && !sstp))
		return 400;
	if (r->bad_length)
		return 400;
	if (!sstp)
		return 404;
	if (!view_eq(r->method, view_str(HTTP_SSTP_METHOD)))
		return 405;
	return r->version >= 11 ? 200 : 505;
}

void
http_write_request(struct wr *w, const char *host, const uint8_t id[16])
{
	wr_str(w, HTTP_SSTP_METHOD " " HTTP_SSTP_PATH " HTTP/1.1\r\nHost: ");
	for (const char *p = host; *p; p++)
		if (*p > ' ' && *p < 0x7f) /* a host name from a command line writes no lines */
			wr_u8(w, (uint8_t)*p);
	wr_str(w, "\r\nSSTPCORRELATIONID: {");
	for (unsigned int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			wr_u8(w, '-');
		wr_fmt(w, "%02X", id[i]);
	}
	wr_str(w, "}\r\nContent-Length: " STREAM_LENGTH "\r\n\r\n");
}

/* Year, month and day of a day counted from 1970-01-01 in the Gregorian calendar. */
static void
civil_date(int64_t days, int64_t *year, unsigned int *month, unsigned int *day)
{
	static const unsigned int lengths[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int64_t y = 1970;
	unsigned int m = 0;

	for (;;) {
		bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
		int64_t n = leap ? 366 : 365;

		if (days >= n) {
			days -= n;
			y++;
			continue;
		}
		for (; m < 11; m++) {
			int64_t in_month = lengths[m] + (m == 1 && leap ? 1 : 0);

			if (days < in_month)
				break;
			days -= in_month;
		}
		break;
	}
	*year = y;
	*month = m;
	*day = (unsigned int)days + 1;
}

void
http_write_date(struct wr *w, int64_t unix_us)
{
	static const char wdays[] = "ThuFriSatSunMonTueWed"; /* 1970-01-01 was a Thursday */
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int64_t s = unix_us > 0 ? unix_us / US_PER_S : 0;
	int64_t limit = (int64_t)2932897 * S_PER_DAY - 1; /* the year 9999 ends */
	int64_t year;
	unsigned int month, day;

	s = s < limit ? s : limit;
	civil_date(s / S_PER_DAY, &year, &month, &day);
	wr_fmt(w, "%.3s, %02u %.3s %04lld %02lld:%02lld:%02lld GMT", wdays + s / S_PER_DAY % 7 * 3,
	    day, months + month * 3, (long long)year, (long long)(s / 3600 % 24),
	    (long long)(s / 60 % 60), (long long)(s % 60));
}

static void
write_common(struct wr *w, const char *server, int64_t unix_us)
{
	wr_str(w, "\r\nServer: ");
	wr_str(w, server);
	wr_str(w, "\r\nDate: ");
	http_write_date(w, unix_us);
}

void
http_write_accept(struct wr *w, const char *server, int64_t unix_us)
{
	wr_str(w, "HTTP/1.1 200\r\nContent-Length: " STREAM_LENGTH);
	write_common(w, server, unix_us);
	wr_str(w, "\r\n\r\n");
}

static const char *
reason_phrase(unsigned int status)
{
	switch (status) {
	case 400:
		return "Bad Request";
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 431:
		return "Request Header Fields Too Large";
	case 505:
		return "HTTP Version Not Supported";
	default:
		return "Service Unavailable";
	}
}

void
http_write_error(
    struct wr *w, unsigned int status, bool with_body, const char *server, int64_t unix_us)
{
	const char *reason = reason_phrase(status);
	uint8_t body[256];
	struct wr page = wr_over(body, sizeof(body));

	wr_fmt(&page,
	    "<!DOCTYPE html>\n<html><head><title>%s</title></head>"
	    "<body><h1>%u %s</h1></body></html>\n",
	    reason, status, reason);
	wr_fmt(w, "HTTP/1.1 %u %s\r\nContent-Type: text/html\r\nContent-Length: %zu", status,
	    reason, wr_len(&page));
	if (status == 405) /* RFC 9110 section 15.5.6 wants it */
		wr_str(w, "\r\nAllow: " HTTP_SSTP_METHOD);
	write_common(w, server, unix_us);
	wr_str(w, "\r\nConnection: close\r\n\r\n");
	if (with_body)
		wr_view(w, wr_view_of(&page));
}

void
http_write_redirect(struct wr *w, const char *url, const char *server, int64_t unix_us)
{
	wr_str(w, "HTTP/1.1 302 Found\r\nLocation: ");
	wr_str(w, url);
	wr_str(w, "\r\nContent-Length: 0");
	write_common(w, server, unix_us);
	wr_str(w, "\r\nConnection: close\r\n\r\n");
}
