/* The way back from a host behind the server. See ctl_reach.h. */
#include "cmd/ctl_reach.h"

#include "os/talk.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define WAIT_MS 3000u
#define PORT 80u
#define OUR_DEVICE "rras"

enum reach { ANSWERS, SILENT, NO_WAY };

/* from: NULL is what the kernel chooses. */
static enum reach
try(const struct endpoint *to, const struct ip_addr *from)
{
	int fd = talk_open_from(to, from, WAIT_MS);

	if (fd >= 0)
		close(fd);
	return fd >= 0 || fd == -ECONNREFUSED ? ANSWERS : fd == -ETIMEDOUT ? SILENT : NO_WAY;
}

/* The server's own end of the tunnels: to others an address of the pool like a client's. */
static const struct ip_addr *
address_in_pool(const struct host_facts *host)
{
	for (unsigned int i = 0; host && i < host->n_addrs; i++)
		if (strncmp(host->addrs[i].device, OUR_DEVICE, strlen(OUR_DEVICE)) == 0 &&
		    host->addrs[i].prefix.addr.family == IP_V4)
			return &host->addrs[i].prefix.addr;
	return NULL;
}

void
ctl_reach(const char *target, const struct diag_context *ctx, struct diag_checks *out)
{
	const struct ip_addr *own = address_in_pool(ctx->host);
	char to_text[ENDPOINT_TEXT_MAX], own_text[ADDR_TEXT_MAX], routes[300];
	struct endpoint to = { .port = PORT };
	struct diag_check *c;
	enum reach plain;

	out->n = 0;
	if (!ip_parse(view_str(target), &to.addr) && !endpoint_parse(view_str(target), &to)) {
		c = diag_check_add(out, "probe.way-back", CHECK_FAIL,
		    "\"%.64s\" is no address of a host behind.", target);
		diag_check_remedy(c, "Give an address such as 10.0.0.7 or 10.0.0.7:22.");
		return;
	}
	if (!own || to.addr.family != IP_V4) {
		(void)diag_check_add(out, "probe.way-back", CHECK_SKIP,
		    own ? "Only IPv4 is tried."
			: "This host has no address of a pool now: rrasd "
			  "does not run, or serves no IPv4.");
		return;
	}
	endpoint_text(&to, to_text);
	ip_text(own, own_text);
	plain = try(&to, NULL);
	if (plain != ANSWERS) {
		c = diag_check_add(out, "probe.way-back", CHECK_WARN,
		    plain == NO_WAY ? "This host itself has no way to TCP %s."
				    : "TCP %s does not answer this host's own address either: that "
				      "proves nothing.",
		    to_text);
		diag_check_remedy(c,
		    "Name a host that is on, and a port that no filter drops: --reach HOST:PORT.");
	} else if (try(&to, own) == ANSWERS) {
		(void)diag_check_add(out, "probe.way-back", CHECK_OK,
		    "TCP %s answers %s, an address of the pool: there is a route back.", to_text,
		    own_text);
	} else {
		c = diag_check_add(out, "probe.way-back", CHECK_FAIL,
		    "TCP %s answers this host's own address, and not %s of the pool: there is no "
		    "route back to clients.",
		    to_text, own_text);
		diag_return_routes(ctx, routes, sizeof(routes));
		diag_check_remedy(
		    c, "That host, or the router it uses, needs a route to %s.", routes);
	}
}
