/* rrasctl diagnose --probe: what a client meets on its way to an SSTP server (R5, R13). */
#ifndef CMD_CTL_PROBE_H
#define CMD_CTL_PROBE_H

#include "diag/diag.h"

/*
 * Looks up target ("host", "host:port", "[v6]:port"; the port is 443 when there is none), connects,
 * sets up TLS with the roots of ca_file (NULL: the system's) and asks for SSTP. Adds one check a
 * step; later steps are skipped when an earlier one failed. Takes at most about half a minute.
 */
void ctl_probe(const char *target, const char *ca_file, struct diag_checks *out);

#endif
