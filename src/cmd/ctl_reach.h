/* Whether a host behind the server finds the way back to clients: `rrasctl diagnose --reach`. */
#ifndef CMD_CTL_REACH_H
#define CMD_CTL_REACH_H

#include "diag/diag.h"

/*
 * Connects by TCP to target ("10.80.0.2", "10.80.0.2:22"; the port is 80 when there is none) from
 * this host's own address and from the address that it has in the pool, as a client's packets look
 * to the networks behind, and adds the check "probe.way-back" (R94). That a port is closed is an
 * answer too. Takes at most six seconds. ctx needs the host, and the configuration for the remedy.
 */
void ctl_reach(const char *target, const struct diag_context *ctx, struct diag_checks *out);

#endif
