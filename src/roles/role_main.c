/* The life of a role in a process of its own, and its sandbox. See host_run.h. */
#include "roles/host_run.h"

#include "os/sandbox.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

const struct role_ops *
role_ops_of(enum role_id role)
{
	switch (role) {
	case ROLE_MONITOR:
	case ROLE_DIAL:
	case N_ROLE:
		return NULL;
	case ROLE_NET:
		return &role_net;
	case ROLE_AAA:
		return &role_aaa;
	case ROLE_VAULT:
		return &role_vault;
	case ROLE_RECORD:
		return &role_record;
	case ROLE_FETCH:
		return &role_fetch;
	}
	return NULL;
}

static void
on_end(void *ctx)
{
	loop_stop(ctx);
}

int
role_main(const struct role_ops *ops, unsigned int index, int fd)
{
	char name[16];
	struct loop *loop = loop_new();
	struct host *h;

	snprintf(name, sizeof(name), "rras-%s%.0u", role_name(ops->id), index);
	(void)prctl(PR_SET_NAME, name);
	/* The terminal's signals are monitor's affair: it stops the roles in order. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (!loop)
		return 1;
	h = host_new(loop, ops, index, fd, sandbox_role, on_end, loop);
	if (h)
		loop_run(loop);
	host_free(h);
	loop_free(loop);
	return h ? 0 : 1;
}
