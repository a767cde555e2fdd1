/*
 * The memory between OpenSSL and the caller: one BIO whose reads empty the connection's input queue
 * and whose writes fill its output queue. OpenSSL's own memory BIO moves or clears its whole buffer
 * on each turn; this one copies each byte once and gives memory back when it is idle.
 *
 * An empty queue holds no memory: what it had goes to a few spare buffers that all connections of
 * the thread share, so that an idle session costs none and a busy one allocates nothing.
 */
#include "base/secret.h"
#include "crypto/tls_int.h"

#include <pthread.h>
#include <stdlib.h>

#define FIRST_BYTES 4096u       /* what a queue begins with */
#define SPARE_MAX_BYTES 131072u /* larger ones are freed */
#define SPARES 8u

struct spare {
	uint8_t *p;
	size_t cap;
};

static _Thread_local struct spare spares[SPARES];
static _Thread_local unsigned int n_spares;

static BIO_METHOD *method; /* set once */
static pthread_once_t made = PTHREAD_ONCE_INIT;

/* A buffer of at least n bytes for an empty queue; the last spare one is the warmest. */
static bool
take_spare(struct tls_buf *b, size_t n)
{
	for (unsigned int i = n_spares; i > 0; i--) {
		if (spares[i - 1].cap < n)
			continue;
		b->p = spares[i - 1].p;
		b->cap = spares[i - 1].cap;
		spares[i - 1] = spares[--n_spares];
		return true;
	}
	return false;
}

static void
give_spare(struct tls_buf *b)
{
	if (b->cap > SPARE_MAX_BYTES || n_spares == SPARES) {
		tls_buf_fini(b);
		return;
	}
	spares[n_spares++] = (struct spare){ b->p, b->cap };
	*b = (struct tls_buf){ 0 };
}

bool
tls_buf_append(struct tls_buf *b, struct view v)
{
	if (v.n == 0)
		return true;
	if (b->off + b->len + v.n > b->cap && b->off) {
		memmove(b->p, b->p + b->off, b->len);
		b->off = 0;
	}
	if (b->len + v.n > b->cap && (b->p || !take_spare(b, v.n))) {
		size_t cap = b->cap ? b->cap : FIRST_BYTES;

		while (cap < b->len + v.n) {
			if (cap > SIZE_MAX / 2)
				return false;
			cap *= 2;
		}
		uint8_t *p = realloc(b->p, cap);
		if (!p)
			return false;
		b->p = p;
		b->cap = cap;
	}
	memcpy(b->p + b->off + b->len, v.p, v.n);
	b->len += v.n;
	return true;
}

void
tls_buf_drop(struct tls_buf *b, size_t n)
{
	must(n <= b->len);
	b->off += n;
	b->len -= n;
	if (b->len)
		return;
	if (b->p)
		give_spare(b);
}

void
tls_buf_fini(struct tls_buf *b)
{
	free(b->p); /* holds ciphertext only: nothing to wipe */
	*b = (struct tls_buf){ 0 };
}

static int
bio_write(BIO *bio, const char *data, size_t n, size_t *done)
{
	struct tls *t = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (!tls_buf_append(&t->out, view_of(data, n))) {
		t->no_memory = true;
		return 0;
	}
	*done = n;
	return 1;
}

static int
bio_read(BIO *bio, char *out, size_t cap, size_t *done)
{
	struct tls *t = BIO_get_data(bio);
	size_t n = cap < t->in.len ? cap : t->in.len;

	BIO_clear_retry_flags(bio);
	if (n == 0) {
		BIO_set_retry_read(bio);
		return 0;
	}
	memcpy(out, t->in.p + t->in.off, n);
	tls_buf_drop(&t->in, n);
	*done = n;
	return 1;
}

static long
bio_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
	(void)bio;
	(void)num;
	(void)ptr;
	return cmd == BIO_CTRL_FLUSH;
}

static void
make_method(void)
{
	method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "session memory");
	must(method && BIO_meth_set_write_ex(method, bio_write) == 1 &&
	     BIO_meth_set_read_ex(method, bio_read) == 1 &&
	     BIO_meth_set_ctrl(method, bio_ctrl) == 1);
}

BIO *
tls_bio_new(struct tls *t)
{
	must(pthread_once(&made, make_method) == 0);
	BIO *bio = BIO_new(method);

	if (!bio)
		return NULL;
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	return bio;
}
