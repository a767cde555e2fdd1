/* Packet buffers, trains, the arena, secrets, heap, lists: ownership and bounds. S05: bounded
 * memory. */
#include "base/arena.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/now.h"
#include "base/pkt.h"
#include "base/secret.h"

#include <setjmp.h>
#include <signal.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void
test_pool(void **state)
{
	struct pkt_pool *pool = pkt_pool_new(2, 1);
	struct pkt *a, *b, *c;

	(void)state;
	assert_non_null(pool);
	a = pkt_get(pool, 1500);
	b = pkt_get(pool, PKT_SMALL - PKT_HEADROOM);
	assert_true(a && b && a != b);
	assert_int_equal(a->cap, PKT_SMALL);
	assert_null(pkt_get(pool, 1)); /* a large slot is not given for a small need */
	c = pkt_get(pool, PKT_SMALL - PKT_HEADROOM + 1);
	assert_non_null(c);
	assert_int_equal(c->cap, PKT_LARGE);
	assert_null(pkt_get(pool, PKT_LARGE - PKT_HEADROOM));
	assert_int_equal(pkt_pool_in_use(pool), 3);
	pkt_put(pool, a);
	pkt_put(pool, NULL);
	assert_ptr_equal(pkt_get(pool, 1), a);
	pkt_put(pool, a);
	pkt_put(pool, b);
	pkt_put(pool, c);
	assert_int_equal(pkt_pool_in_use(pool), 0);
	pkt_pool_free(pool);
	pkt_pool_free(NULL);
}

static void
test_pkt_in_place(void **state)
{
	struct pkt_pool *pool = pkt_pool_new(1, 0);
	struct pkt *p = pkt_get(pool, 100);

	(void)state;
	assert_int_equal(p->off, PKT_HEADROOM);
	assert_int_equal(p->len, 0);
	assert_int_equal(pkt_tailroom(p), PKT_SMALL - PKT_HEADROOM);
	p->len = 4;
	memcpy(pkt_data(p), "data", 4);
	memcpy(pkt_push(p, 2), "h:", 2);
	assert_int_equal(pkt_view(p).n, 6);
	assert_memory_equal(pkt_view(p).p, "h:data", 6);
	pkt_pull(p, 2);
	pkt_trim(p, 3);
	assert_memory_equal(pkt_view(p).p, "dat", 3);
	pkt_push(p, PKT_HEADROOM);
	assert_int_equal(p->off, 0);
	pkt_put(pool, p);
	p = pkt_get(pool, 1);
	assert_int_equal(p->off, PKT_HEADROOM); /* a slot comes back empty */
	assert_int_equal(p->len, 0);
	pkt_put(pool, p);
	pkt_pool_free(pool);
}

static void
test_arena(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 10000);
	uint8_t *x = arena_alloc(&a, 1), *y = arena_alloc(&a, 1);
	assert_true(x && y && x != y);
	assert_int_equal((uintptr_t)y % alignof(max_align_t), 0);
	assert_int_equal(*x | *y, 0);
	char *s = arena_copy(&a, view_of("abc", 3));
	assert_string_equal(s, "abc");
	assert_string_equal(arena_copy(&a, view_of(NULL, 0)), "");
	assert_non_null(arena_alloc(&a, 5000)); /* larger than a block */
	assert_null(arena_alloc(&a, 5000));     /* past the limit */
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_null(arena_alloc(&a, SIZE_MAX - 8));
	assert_null(arena_copy(&a, view_of("x", SIZE_MAX))); /* n + 1 wraps */
	assert_non_null(arena_alloc(&a, 100));               /* a refusal changes nothing */
	arena_fini(&a);
	assert_int_equal(a.used_bytes, 0);
	assert_non_null(arena_alloc(&a, 9000)); /* usable again */
	arena_fini(&a);
	arena_fini(&a);
}

static void
test_arena_zero_bytes(void **state)
{
	struct arena a;

	(void)state;
	arena_init(&a, 64);
	assert_non_null(arena_alloc(&a, 0));
	assert_null(arena_alloc(&a, 65));
	assert_non_null(arena_alloc(&a, 64));
	assert_null(arena_alloc(&a, 1));
	arena_fini(&a);
}

static void
test_secret(void **state)
{
	struct secret s = { 0 };
	uint8_t big[SECRET_MAX + 1] = { 0 };

	(void)state;
	assert_true(secret_set(&s, view_str("pass")));
	assert_int_equal(secret_view(&s).n, 4);
	assert_true(secret_equal(&s, view_str("pass")));
	assert_false(secret_equal(&s, view_str("Pass")));
	assert_false(secret_equal(&s, view_str("passx")));
	assert_false(secret_equal(&s, view_of(NULL, 0)));
	/* A shorter one leaves nothing of the longer one behind. */
	assert_true(secret_set(&s, view_str("x")));
	assert_memory_equal(s.b, "x\0\0\0", 4);
	assert_true(secret_set(&s, view_of(big, SECRET_MAX)));
	assert_false(secret_set(&s, view_of(big, SECRET_MAX + 1)));
	assert_int_equal(s.n, 0);
	assert_true(secret_set(&s, view_str("pass")));
	secret_wipe(&s);
	for (size_t i = 0; i < sizeof(s.b); i++)
		assert_int_equal(s.b[i], 0);
	assert_int_equal(s.n, 0);
	assert_true(secret_equal(&s, view_of(NULL, 0)));
	secret_wipe_bytes(NULL, 0);
	memset(big, 7, sizeof(big));
	secret_wipe_bytes(big, 3);
	assert_int_equal(big[2], 0);
	assert_int_equal(big[3], 7);
}

static void
test_secret_bytes(void **state)
{
	uint8_t a[16] = { 0 }, b[16] = { 0 };

	(void)state;
	assert_true(secret_bytes_equal(a, b, sizeof(a)));
	for (unsigned int i = 0; i < 128; i++) {
		b[i / 8] = (uint8_t)(1u << (i % 8));
		assert_false(secret_bytes_equal(a, b, sizeof(a)));
		b[i / 8] = 0;
	}
	assert_true(secret_bytes_equal(a, "x", 0));
}

static void
test_heap(void **state)
{
	struct heap_node nodes[50] = { 0 };
	struct heap h;
	uint64_t last = 0;

	(void)state;
	assert_true(heap_init(&h, 50));
	assert_null(heap_first(&h));
	for (unsigned int i = 0; i < 50; i++)
		heap_set(&h, &nodes[i], 1000 + i * 37 % 50);
	for (unsigned int i = 0; i < 50; i += 3)
		heap_set(&h, &nodes[i], i * 11 % 50); /* moved, not put in again */
	heap_remove(&h, &nodes[1]);
	heap_remove(&h, &nodes[1]);
	for (unsigned int left = 49; left > 0; left--) {
		struct heap_node *n = heap_first(&h);
		assert_non_null(n);
		assert_true(n->deadline_ms >= last);
		assert_ptr_not_equal(n, &nodes[1]);
		last = n->deadline_ms;
		heap_remove(&h, n);
	}
	assert_null(heap_first(&h));
	heap_fini(&h);
}

struct item {
	int value;
	struct list node;
};

static void
test_list(void **state)
{
	struct list head, *n, *tmp;
	struct item items[3] = { { .value = 1 }, { .value = 2 }, { .value = 3 } };
	int sum = 0;

	(void)state;
	list_init(&head);
	assert_true(list_empty(&head));
	for (int i = 0; i < 3; i++)
		list_append(&head, &items[i].node);
	list_each (n, tmp, &head) { /* the current one may go */
		struct item *it = container_of(n, struct item, node);
		sum = sum * 10 + it->value;
		if (it->value == 2)
			list_remove(n);
	}
	assert_int_equal(sum, 123);
	assert_ptr_equal(head.next->next, &items[2].node);
	list_remove(&items[1].node); /* harmless when it is not linked */
	list_remove(&items[0].node);
	list_remove(&items[2].node);
	assert_true(list_empty(&head));
}

static void
draw(void *ctx, uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = ++*(uint8_t *)ctx;
}

static void
test_now_and_views(void **state)
{
	uint8_t seed = 0, out[3];
	struct now now = { .draw = draw, .draw_ctx = &seed };

	(void)state;
	assert_int_equal(now_draw_u32(&now), 0x01020304);
	assert_int_equal(deadline_min(NEVER_MS, 5), 5);
	assert_int_equal(deadline_min(4, 5), 4);
	assert_true(view_copy(view_str("abc"), out, 3));
	assert_false(view_copy(view_str("abcd"), out, 3));
	assert_true(view_copy(view_of(NULL, 0), out, 0));
	assert_true(view_eq(view_of(NULL, 0), view_str("")));
	assert_false(view_eq(view_str("a"), view_str("b")));
}

/* must() ends the process, in release builds too: a broken invariant never runs on. */
static void
test_must_aborts(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		must(1 + 1 == 3);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pool),
		cmocka_unit_test(test_pkt_in_place),
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_arena_zero_bytes),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_secret_bytes),
		cmocka_unit_test(test_heap),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_now_and_views),
		cmocka_unit_test(test_must_aborts),
	};

	return cmocka_run_group_tests_name("base/memory", tests, NULL, NULL);
}
