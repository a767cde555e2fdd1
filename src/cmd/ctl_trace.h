/*
 * The whole trace of a decision, made again from what was kept of it: the request with the
 * account's attributes of then, and the policies of then as text. For policy explain, why-accepted
 * and why-rejected.
 */
#ifndef CMD_CTL_TRACE_H
#define CMD_CTL_TRACE_H

#include "cmd/ctl.h"

/*
 * Every policy in order as JSON: name, order, enabled, access, ignore_dialin, matches, decides,
 * conditions and constraints [{condition, met, wanted, got}]. answer: of the commands "decision"
 * and "policy explain". NULL when the policies of then are gone, or do not parse any more.
 */
json_t *ctl_trace(const json_t *answer);

/* A trace for people. */
void ctl_trace_print(const json_t *policies);

/* Answers "decision" from the daemon, or from history.db where none runs. NULL after printing why.
 */
json_t *ctl_decision(struct ctl *c, json_t *request, int *status);

/* "control through policy", as NPS says it. */
const char *ctl_dialin_text(const char *dialin);

/* "at 2026-11-22 15:04:05 anna (account anna) from 192.0.2.7 by sstp and mschapv2". */
void ctl_trace_print_request(const json_t *request);

#endif
