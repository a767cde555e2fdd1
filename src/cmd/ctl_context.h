/*
 * What the explaining subcommands of rrasctl gather before diag/ judges: catalogue, configuration,
 * certificate, files, host facts, accounts. Reads only; whatever cannot be had is left unknown.
 */
#ifndef CMD_CTL_CONTEXT_H
#define CMD_CTL_CONTEXT_H

#include "cmd/ctl.h"
#include "conf/conf.h"
#include "diag/diag.h"

#define CTL_CATALOGUE_DIR "/usr/share/openrras/catalogue.d"

struct ctl_context {
	struct diag_context ctx; /* points into the rest */
	struct catalogue *catalogue;
	struct conf *conf; /* NULL when it has errors; the defaults when there is no file */
	bool conf_is_default;
	char conf_error[600];
	struct diag_config config;
	struct diag_policy *policies;
	struct host_facts *host;
	struct diag_cert *certs; /* one each, in the order of the configuration */
	struct diag_file state_dir, vault_key;
	struct diag_accounts accounts;
	struct diag_traffic traffic;
	struct diag_live live;
	struct diag_setup setup;
};

/* How much to gather. */
enum ctl_gather {
	GATHER_TEXTS,   /* the catalogue alone */
	GATHER_CLIENT,  /* and this host, as a client */
	GATHER_SOCKETS, /* catalogue, configuration and sockets */
	GATHER_ALL,
};

/* False after printing why (memory). catalogue_dir NULL: CTL_CATALOGUE_DIR. */
MUST_USE bool ctl_context_init(
    struct ctl_context *x, const struct ctl *c, enum ctl_gather much, const char *catalogue_dir);
void ctl_context_fini(struct ctl_context *x);

/* Pools and sessions of the daemon, when it answers. Part of ctl_context_init. */
void ctl_look_at_live(struct ctl_context *x, const struct ctl *c);

/* What the configuration names; the same (ctl_setup.c). */
void ctl_look_at_setup(struct ctl_context *x, const struct ctl *c);

void ctl_look_at_file(const char *path, struct diag_file *out);

/* The state directory: --state, or the configuration's. */
const char *ctl_context_state(const struct ctl_context *x, const struct ctl *c);

/* A line for diag_render and its like: to standard output. */
void ctl_put_line(void *ctx, const char *line);

/* Columns of the terminal between 60 and 100; 96 when output is no terminal. */
unsigned int ctl_width(void);

/* One check as JSON. */
json_t *ctl_check_json(const struct diag_check *check);

#endif
