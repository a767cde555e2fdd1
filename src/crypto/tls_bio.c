/*
 * The memory between OpenSSL and the caller: one BIO whose reads empty the connection's input queue
 * and whose writes fill its output queue. OpenSSL's own memory BIO moves or clears its whole buffer
 * on each turn; this one copies each byte once and gives memory back when it is idle.
 */
#include "base/secret.h"
#include "crypto/tls_int.h"

#include <pthread.h>
#include <stdlib.h>

#define KEEP_BYTES 4096u /* an empty queue keeps this much; an idle session costs no more */

static BIO_METHOD *method; /* set once */
static pthread_once_t made = PTHREAD_ONCE_INIT;

bool
tls_buf_append(struct tls_buf *b, struct view v)
{
	if (v.n == 0)
		return true;
	if (b->off + b->len + v.n > b->cap && b->off) {
		memmove(b->p, b->p + b->off, b->len);
		b->off = 0;
	}
	if (b->len + v.n > b->cap) {
		size_t cap = b->cap ? b->cap : KEEP_BYTES;

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
	b->off = 0;
	if (b->cap > KEEP_BYTES)
		tls_buf_fini(b);
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
