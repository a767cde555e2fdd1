/* Secrets: copied, compared in constant time, wiped. See secret.h. */
#include "base/secret.h"

bool
secret_set(struct secret *s, struct view v)
{
	secret_wipe(s);
	if (!view_copy(v, s->b, sizeof(s->b)))
		return false;
	s->n = v.n;
	return true;
}

struct view
secret_view(const struct secret *s)
{
	return view_of(s->b, s->n);
}

bool
secret_bytes_equal(const void *a, const void *b, size_t n)
{
	const volatile uint8_t *x = a;
	const volatile uint8_t *y = b;
	uint8_t diff = 0;

	for (size_t i = 0; i < n; i++)
		diff = (uint8_t)(diff | (x[i] ^ y[i]));
	return diff == 0;
}

bool
secret_equal(const struct secret *s, struct view v)
{
	return s->n == v.n && secret_bytes_equal(s->b, v.p, v.n);
}

void
secret_wipe_bytes(void *p, size_t n)
{
	if (!n)
		return;
	memset(p, 0, n);
	/* The barrier keeps the compiler from dropping a store that nothing reads again. */
	__asm__ __volatile__("" : : "r"(p) : "memory");
}

void
secret_wipe(struct secret *s)
{
	secret_wipe_bytes(s, sizeof(*s));
}
