/*
 * The fetch role: the only one that connects to elsewhere. It holds no secret and decides nothing.
 * Here it takes connections that ask for a web site, and connects each with the server that the
 * configuration names for that site; net names the site, nobody names a target.
 */
#include "roles/fetch_priv.h"

#include "os/sandbox.h"
#include "proto/proxy/proxy.h"
#include "proto/tls/hello.h"

#include <stdlib.h>
#include <unistd.h>

#define COUNTERS_EVERY_MS 10000u
#define FIRST_MAX (PROXY_WRITE_MAX + TLS_HELLO_MAX)

void
fetch_arm(struct fetch *f)
{
	struct heap_node *first = heap_first(&f->timers);

	loop_timer_at(f->timer, first ? first->deadline_ms : NEVER_MS);
}

static void
on_timer(void *ctx)
{
	struct fetch *f = ctx;
	struct heap_node *node;

	while ((node = heap_first(&f->timers)) && node->deadline_ms <= loop_now(f->loop)->ms)
		fetch_pair_due(container_of(node, struct fetch_pair, timer));
	fetch_arm(f);
}

static void
on_counters(void *ctx)
{
	struct fetch *f = ctx;

	counted_flush(&f->counted, f->host);
	loop_timer_at(f->counters, loop_now(f->loop)->ms + COUNTERS_EVERY_MS);
}

static void fetch_close(void *role);

static void *
fetch_open(struct role_host *h)
{
	struct fetch *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->host = h;
	f->loop = h->loop;
	list_init(&f->pairs);
	f->timer = loop_timer_new(h->loop, on_timer, f);
	f->counters = loop_timer_new(h->loop, on_counters, f);
	if (!f->timer || !f->counters || !heap_init(&f->timers, FETCH_PAIRS_MAX)) {
		fetch_close(f);
		return NULL;
	}
	return f;
}

static void
end_all(struct fetch *f)
{
	struct list *it, *tmp;

	list_each (it, tmp, &f->pairs)
		fetch_pair_free(container_of(it, struct fetch_pair, link));
}

static void
fetch_close(void *role)
{
	struct fetch *f = role;

	end_all(f);
	loop_timer_free(f->timer);
	loop_timer_free(f->counters);
	heap_fini(&f->timers);
	free(f);
}

static bool
fetch_go(void *role, char *err, size_t cap)
{
	struct fetch *f = role;
	uint32_t files = sandbox_files_max();

	(void)err;
	(void)cap;
	/* A descriptor that comes when there is no room for it is lost, and its channel with it. */
	f->max_pairs =
	    files > 2 * FETCH_FILES_KEPT ? (files - FETCH_FILES_KEPT) / 2 : FETCH_FILES_KEPT / 4;
	if (f->max_pairs > FETCH_PAIRS_MAX)
		f->max_pairs = FETCH_PAIRS_MAX;
	on_counters(f);
	return true;
}

/* The place of a site's numbers. One that no pair needs is given to a new name when all are taken.
 */
static struct fetch_site *
site_of(struct fetch *f, const char *name)
{
	struct fetch_site *free_one = NULL;

	for (unsigned int i = 0; i < f->n_sites; i++) {
		if (strcmp(f->sites[i].name, name) == 0)
			return &f->sites[i];
		if (f->sites[i].n_pairs == 0)
			free_one = &f->sites[i];
	}
	if (f->n_sites < sizeof(f->sites) / sizeof(f->sites[0]))
		free_one = &f->sites[f->n_sites++];
	if (!free_one)
		return NULL;
	*free_one = (struct fetch_site){ 0 };
	memcpy(free_one->name, name, strnlen(name, sizeof(free_one->name) - 1));
	return free_one;
}

void
fetch_failed(
    struct fetch *f, struct fetch_site *site, const struct endpoint *peer, enum cause cause)
{
	if (site)
		site->n_failed++;
	counted_add(&f->counted, f->host, &peer->addr, cause);
}

static void
take(struct fetch *f, const struct msg_hand_over *m, int fd)
{
	const struct conf_web *web = conf_web_find(f->host->conf, m->site);
	struct fetch_site *site = web ? site_of(f, web->name) : NULL;
	uint8_t first[FIRST_MAX];
	struct wr w = wr_over(first, sizeof(first));
	enum cause cause;

	if (!site || web->n_forward == 0) { /* a reload took it away in between */
		close(fd);
		fetch_failed(f, site, &m->peer, CAUSE_WEB_NOT_TAKEN);
		return;
	}
	if (site->n_pairs >= web->connections || f->n_pairs >= f->max_pairs) {
		close(fd);
		fetch_failed(f, site, &m->peer, CAUSE_WEB_LIMIT);
		return;
	}
	if (web->proxy_header)
		proxy_write(&w, &m->peer, &m->local);
	wr_view(&w, m->bytes);
	if (!wr_done(&w)) { /* net never reads so much */
		close(fd);
		fetch_failed(f, site, &m->peer, CAUSE_WEB_NOT_TAKEN);
		return;
	}
	cause =
	    fetch_pair_new(f, site, fd, &m->peer, &web->forward[0], web->idle_ms, wr_view_of(&w));
	if (cause == CAUSE_NONE)
		site->n_taken++;
	else
		fetch_failed(f, site, &m->peer, cause);
	fetch_arm(f);
}

static void
status(struct fetch *f, uint32_t seq)
{
	char text[4096];
	struct wr out = wr_over(text, sizeof(text));

	wr_fmt(&out, "web connections %u\n", f->n_pairs);
	for (unsigned int i = 0; i < f->n_sites; i++)
		wr_fmt(&out, "site %s connections %u taken %llu failed %llu\n", f->sites[i].name,
		    f->sites[i].n_pairs, (unsigned long long)f->sites[i].n_taken,
		    (unsigned long long)f->sites[i].n_failed);
	struct msg m = { .id = MSG_STATUS, .u.status = { .seq = seq, .lines = wr_view_of(&out) } };
	(void)!host_send(f->host, ROLE_RECORD, 0, &m, -1);
}

static void
fetch_message(void *role, enum role_id from, unsigned int index, const struct msg *m, int fd)
{
	struct fetch *f = role;

	(void)from;
	(void)index;
	switch ((unsigned int)m->id) { /* of all messages, those that concern us */
	case MSG_HAND_OVER:
		take(f, &m->u.hand_over, fd);
		return;
	case MSG_STATUS_ASK:
		status(f, m->u.status_ask.seq);
		return;
	default:
		if (fd >= 0)
			close(fd);
	}
}

static void
fetch_stop(void *role)
{
	struct fetch *f = role;

	end_all(f);
	counted_flush(&f->counted, f->host);
}

const struct role_ops role_fetch = {
	.id = ROLE_FETCH,
	.open = fetch_open,
	.go = fetch_go,
	.message = fetch_message,
	.stop = fetch_stop,
	.close = fetch_close,
};
