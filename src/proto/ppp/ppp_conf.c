/*
 * The defaults of a PPP link: RFC 1661 section 4.6 for the automaton, and what servers of remote
 * access are used to for the rest. It knows no configuration file.
 */
#include "proto/ppp/ppp_conf.h"

#include "attempt/profile.h"

#define SSTP_MRU 1400u

void
ppp_conf_defaults(struct ppp_conf *c, enum side side, enum tunnel_kind tunnel)
{
	*c = (struct ppp_conf){
		.side = side,
		.tunnel = tunnel,
		.auth_mask = AUTH_BIT(AUTH_MSCHAPV2),
		.mru_bytes = SSTP_MRU,
		.auth_retries = 2,
		.hold_network = tunnel == TUNNEL_SSTP,
		.ip_enabled = true,
		.mppe = tunnel == TUNNEL_PPTP,
		.mppe_stateful = true,
		.encryption = ENCRYPT_ALL,
		.settle_ms = side == SIDE_SERVER ? 1000 : 4000,
		.restart_ms = 3000,
		.max_terminate = 2,
		.max_configure = 10,
		.max_failure = 5,
		.negotiate_ms = 150000,
		.answer_ms = 30000,
		.echo_interval_ms = 30000,
		.echo_failures = 4,
		.want_dns = side == SIDE_CLIENT,
	};
}
