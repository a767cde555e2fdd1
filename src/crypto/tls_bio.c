/*
 * The memory between OpenSSL and the caller: one BIO whose reads empty the connection's input queue
 * and whose writes fill its output queue. OpenSSL's own memory BIO moves or clears its whole buffer
 * on each turn; this one copies each byte once, reads what is lent where it lies, and
 * gives memory back when it is idle.
 *
 * An empty queue holds no memory: what it had goes to a few spare buffers that all connections of
 * the thread share, so that an idle session costs none and a busy one allocates nothing.
 */
#include "base/secret.h"
#include "crypto/tls_int.h"

#include <pthread.h>
#include <stdlib.h>

#define FIRST_BYTES 4096u       /* what a queue begins with */
#define BULK_RECORD 8192u       /* a record of this size carries a train of packets */
#define BULK_BYTES 262144u      /* what its queue begins with */
#define SPARE_MAX_BYTES 524288u /* larger ones are freed */
#define SPARES 8u

static _Thread_local struct tls_buf spares[SPARES];
static _Thread_local unsigned int n_spares;

static BIO_METHOD *method; /* set once */
static pthread_once_t made = PTHREAD_ONCE_INIT;

/* An empty buffer of at least cap bytes: the smallest spare one that fits, the last of its size as
 * it is the warmest. p is NULL when memory is out. */
static struct tls_buf
take_buffer(size_t cap)
{
	struct tls_buf b = { 0 };
	unsigned int best = SPARES;

	for (unsigned int i = n_spares; i-- > 0;)
		if (spares[i].cap >= cap && (best == SPARES || spares[i].cap < spares[best].cap))
			best = i;
	if (best < SPARES) {
		b = spares[best];
		spares[best] = spares[--n_spares];
		return b;
	}
	b.p = malloc(cap);
	b.cap = b.p ? cap : 0;
	return b;
}

static void
give_buffer(struct tls_buf *b)
{
	if (b->p && b->cap <= SPARE_MAX_BYTES && n_spares < SPARES) {
		spares[n_spares++] = (struct tls_buf){ .p = b->p, .cap = b->cap };
		b->p = NULL;
	}
	tls_buf_fini(b);
}

/* Makes room for n more bytes, in a buffer of `least` bytes or more. */
static bool
grow(struct tls_buf *b, size_t n, size_t least)
{
	size_t cap = b->cap > least ? b->cap : least;

	while (cap < b->len + n) {
		if (cap > SIZE_MAX / 2)
			return false;
		cap *= 2;
	}
	struct tls_buf bigger = take_buffer(cap);
	if (!bigger.p)
		return false;
	bigger.len = b->len;
	if (b->len)
		memcpy(bigger.p, b->p + b->off, b->len);
	give_buffer(b);
	*b = bigger;
	return true;
}

bool
tls_buf_append(struct tls_buf *b, struct view v)
{
	if (v.n == 0)
		return true;
	if (b->len + v.n > b->cap && !grow(b, v.n, FIRST_BYTES))
		return false;
	if (b->off + b->len + v.n > b->cap) {
		memmove(b->p, b->p + b->off, b->len);
		b->off = 0;
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
	give_buffer(b);
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
	/* The first record of many: not copied from buffer to buffer while the others come. */
	if (t->out.len == 0 && n >= BULK_RECORD && t->state == TLS_OPEN &&
	    t->out.cap < BULK_BYTES && !grow(&t->out, n, BULK_BYTES)) {
		t->no_memory = true;
		return 0;
	}
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
	size_t more = cap - n < t->lent.n ? cap - n : t->lent.n;

	BIO_clear_retry_flags(bio);
	if (n + more == 0) {
		BIO_set_retry_read(bio);
		return 0;
	}
	if (n) {
		memcpy(out, t->in.p + t->in.off, n);
		tls_buf_drop(&t->in, n);
	}
	if (more) {
		memcpy(out + n, t->lent.p, more);
		t->lent = view_of(t->lent.p + more, t->lent.n - more);
	}
	*done = n + more;
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
