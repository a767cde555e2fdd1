/* Hash chains by prefix, asked for each length in use, the longest first. See behind.h. */
#include "net/behind.h"

#include <stdlib.h>

struct behind_net {
	struct behind_net *next; /* in its bucket */
	struct ip_prefix prefix; /* without bits behind its length */
	void *owner;
	unsigned int n_more; /* networks of the same behind_add that follow in memory */
};

static uint32_t *
lengths(struct behind *t, uint8_t family)
{
	return t->n_of_length[family == IP_V6];
}

static struct ip_addr
masked(const struct ip_addr *a, unsigned int len)
{
	struct ip_addr out = *a;

	for (unsigned int i = 0; i < sizeof(out.b); i++)
		if (8 * i >= len)
			out.b[i] = 0;
		else if (8 * i + 8 > len)
			out.b[i] &= (uint8_t)(0xff00u >> (len - 8 * i));
	return out;
}

/* What an administrator wrote chooses the bucket, not a peer. */
static size_t
bucket_of(const struct ip_addr *a, unsigned int len)
{
	uint64_t x = a->family + 8u * len;

	for (unsigned int i = 0; i < 16; i += 4)
		x = (x ^ ((uint64_t)a->b[i] << 24 | (uint64_t)a->b[i + 1] << 16 |
			     (uint64_t)a->b[i + 2] << 8 | a->b[i + 3])) *
		    0x9e3779b97f4a7c15ull;
	return (size_t)(x >> 32) % BEHIND_BUCKETS;
}

struct behind_net *
behind_add(struct behind *t, const struct ip_prefix *networks, unsigned int n, void *owner)
{
	struct behind_net *all = n ? calloc(n, sizeof(*all)) : NULL;

	for (unsigned int i = 0; all && i < n; i++) {
		unsigned int max = networks[i].addr.family == IP_V6 ? 128 : 32;
		unsigned int len = networks[i].len < max ? networks[i].len : max;
		struct behind_net *x = &all[i];
		x->prefix.addr = masked(&networks[i].addr, len);
		x->prefix.len = (uint8_t)len;
		x->owner = owner;
		x->n_more = n - 1 - i;
		struct behind_net **head = &t->buckets[bucket_of(&x->prefix.addr, len)];
		x->next = *head;
		*head = x;
		lengths(t, x->prefix.addr.family)[len]++;
		t->n++;
	}
	return all;
}

void
behind_remove(struct behind *t, struct behind_net *networks)
{
	unsigned int n = networks ? networks->n_more + 1 : 0;

	for (unsigned int i = 0; i < n; i++) {
		struct behind_net *x = &networks[i];
		struct behind_net **at = &t->buckets[bucket_of(&x->prefix.addr, x->prefix.len)];
		while (*at != x)
			at = &(*at)->next;
		*at = x->next;
		lengths(t, x->prefix.addr.family)[x->prefix.len]--;
		t->n--;
	}
	free(networks);
}

void *
behind_find(const struct behind *t, const struct ip_addr *a)
{
	const uint32_t *of_length = t->n_of_length[a->family == IP_V6];

	if (t->n == 0)
		return NULL;
	for (unsigned int len = a->family == IP_V6 ? 129 : 33; len-- > 0;) {
		if (of_length[len] == 0)
			continue;
		struct ip_addr net = masked(a, len);
		for (const struct behind_net *x = t->buckets[bucket_of(&net, len)]; x; x = x->next)
			if (x->prefix.len == len && ip_equal(&x->prefix.addr, &net))
				return x->owner;
	}
	return NULL;
}
