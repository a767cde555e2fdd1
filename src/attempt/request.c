/* Names of methods and tunnels. See request.h. */
#include "attempt/request.h"

#include "base/text.h"

#include <stdio.h>

static const char *const method_names[N_AUTH_METHOD] = {
	[AUTH_NONE] = "none",
	[AUTH_PAP] = "pap",
	[AUTH_CHAP] = "chap",
	[AUTH_MSCHAP] = "mschap",
	[AUTH_MSCHAPV2] = "mschapv2",
	[AUTH_EAP] = "eap",
};

static const char *const tunnel_names[] = {
	[TUNNEL_NONE] = "none",
	[TUNNEL_PPTP] = "pptp",
	[TUNNEL_L2TP] = "l2tp",
	[TUNNEL_SSTP] = "sstp",
	[TUNNEL_IKEV2] = "ikev2",
};

#define N_TUNNELS (sizeof(tunnel_names) / sizeof(tunnel_names[0]))

const char *
auth_method_name(enum auth_method m)
{
	return m < N_AUTH_METHOD ? method_names[m] : "?";
}

enum auth_method
auth_method_by_name(struct view name)
{
	for (unsigned int m = AUTH_PAP; m < N_AUTH_METHOD; m++)
		if (text_eq_nocase(view_str(method_names[m]), name))
			return (enum auth_method)m;
	return AUTH_NONE;
}

char *
auth_mask_text(unsigned int mask, char *out, size_t cap)
{
	size_t o = 0;

	must(cap > 0);
	snprintf(out, cap, "none");
	for (unsigned int m = N_AUTH_METHOD - 1; m >= AUTH_PAP && o < cap; m--)
		if (mask & AUTH_BIT(m))
			o += (size_t)snprintf(
			    out + o, cap - o, "%s%s", o ? " " : "", method_names[m]);
	return out;
}

const char *
tunnel_name(enum tunnel_kind t)
{
	return t < N_TUNNELS ? tunnel_names[t] : "?";
}

enum tunnel_kind
tunnel_by_name(struct view name)
{
	for (unsigned int t = TUNNEL_PPTP; t < N_TUNNELS; t++)
		if (text_eq_nocase(view_str(tunnel_names[t]), name))
			return (enum tunnel_kind)t;
	return TUNNEL_NONE;
}
