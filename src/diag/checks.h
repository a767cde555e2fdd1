/* Inside of the checks: what checks.c and checks_net.c share. */
#ifndef DIAG_CHECKS_H
#define DIAG_CHECKS_H

#include "diag/diag.h"

/* Ports taken, listeners missing, IPv6 included (R15). Needs ctx->config. */
void checks_listeners(const struct diag_context *ctx, struct diag_checks *out);

/* Pools against each other, addresses, routes and ports (R60, R94, R99). Needs ctx->config. */
void checks_pools(const struct diag_context *ctx, struct diag_checks *out);

/* The routes that networks behind need, and whether sessions get answers (R94, R95). Needs both. */
void checks_return(const struct diag_context *ctx, struct diag_checks *out);

/* IPv6 forwarding, where clients get IPv6 (R93). */
void checks_forwarding6(const struct diag_context *ctx, struct diag_checks *out);

/* Interfaces whose strict reverse path filter drops what clients send. */
void checks_reverse_path(const struct host_facts *host, struct diag_checks *out);

/* Pools as they are now, and the routes of sessions (R60, R99). */
void checks_live(const struct diag_context *ctx, struct diag_checks *out);

/* Forwarding, reverse path, packet filters (R7, R93). */
void checks_forwarding(const struct diag_context *ctx, struct diag_checks *out);

/* Policies, groups, names, sites, files and disk (checks_conf.c). */
void checks_setup(const struct diag_context *ctx, struct diag_checks *out);

#endif
