/* Which site a name belongs to, and the checks of the blocks web. Keys: schema.c. */
#include "conf/conf.h"
#include "conf/places.h"
#include "conf/report.h"
#include "conf/schema.h"

#include "base/text.h"

static bool
is_all(const char *pattern)
{
	return strcmp(pattern, "*") == 0;
}

/* "*.example.org" covers all names below example.org; "*" is not looked at here. */
static bool
covers(const char *pattern, const char *name)
{
	size_t n = strlen(name), k = strlen(pattern);

	if (pattern[0] != '*')
		return strcmp(pattern, name) == 0;
	return k > 2 && n > k - 1 && strcmp(name + n - (k - 1), pattern + 1) == 0;
}

static bool
is_ours(const struct conf *c, const char *name)
{
	if (text_eq_nocase(view_str(c->server_name), view_str(name)))
		return true;
	for (unsigned int i = 0; i < c->n_sstp_names; i++)
		if (is_all(c->sstp_names[i]) || covers(c->sstp_names[i], name))
			return true;
	return false;
}

const struct conf_web *
conf_web_for(const struct conf *c, const char *name)
{
	const struct conf_web *all = NULL;

	if (!name[0] || c->n_webs == 0 || is_ours(c, name))
		return NULL;
	for (unsigned int i = 0; i < c->n_webs; i++)
		for (unsigned int k = 0; k < c->webs[i].n_names; k++) {
			if (covers(c->webs[i].names[k], name))
				return &c->webs[i];
			if (is_all(c->webs[i].names[k]))
				all = &c->webs[i];
		}
	return all;
}

const struct conf_web *
conf_web_find(const struct conf *c, struct view block)
{
	for (unsigned int i = 0; i < c->n_webs; i++)
		if (view_eq(view_str(c->webs[i].name), block))
			return &c->webs[i];
	return NULL;
}

/* Whether what we forward there comes back to us: a listener of ours, directly or on loopback. */
static bool
comes_back(const struct conf *c, const struct endpoint *to)
{
	static const uint8_t v6_loopback[16] = { [15] = 1 };
	bool loopback = to->addr.family == IP_V4
	                    ? to->addr.b[0] == 127
	                    : memcmp(to->addr.b, v6_loopback, sizeof(v6_loopback)) == 0;

	for (unsigned int i = 0; conf_offers_sstp(c) && i < c->n_sstp_listeners; i++) {
		const struct endpoint *l = &c->sstp_listeners[i];
		if (l->port != to->port || l->addr.family != to->addr.family)
			continue;
		if (ip_equal(&l->addr, &to->addr) || (ip_is_none(&l->addr) && loopback))
			return true;
	}
	return false;
}

/* A name that an earlier site, or an earlier word of this one, has as well. */
static void
check_names(const struct conf *c, const struct conf_places *p, unsigned int i,
    const struct conf_at *at, struct conf_errors *errors)
{
	char name[CONF_QUOTE_MAX];

	for (unsigned int k = 0; k < c->webs[i].n_names; k++) {
		const char *mine = c->webs[i].names[k];
		for (unsigned int j = 0; j < i; j++)
			for (unsigned int m = 0; m < c->webs[j].n_names; m++)
				if (strcmp(c->webs[j].names[m], mine) == 0)
					conf_error(errors, at,
					    "name: %s belongs to the site in line %u already",
					    conf_quote(view_str(mine), name), p->webs[j].at.line);
		if (is_all(mine) && !c->server_name[0] && c->n_sstp_names == 0)
			conf_error(errors, at,
			    "name: * would take the VPN's own name too: set name in the block "
			    "server, or names in the block sstp");
		else if (!is_all(mine) && is_ours(c, mine))
			conf_error(errors, at, "name: %s is a name of the VPN itself",
			    conf_quote(view_str(mine), name));
	}
}

void
conf_check_webs(const struct conf *c, const struct conf_places *p, struct conf_errors *errors)
{
	char name[CONF_QUOTE_MAX], to[ENDPOINT_TEXT_MAX];

	for (unsigned int i = 0; i < c->n_webs; i++) {
		const struct conf_web *web = &c->webs[i];
		const struct conf_seen *seen = &p->webs[i];
		const struct conf_at *names = conf_seen_key(seen, BLOCK_WEB, "name");
		const struct conf_at *forward = conf_seen_key(seen, BLOCK_WEB, "forward");

		conf_quote(view_str(web->name), name);
		for (unsigned int j = 0; j < i && web->name[0]; j++)
			if (strcmp(c->webs[j].name, web->name) == 0)
				conf_error(errors, &seen->at,
				    "there are two sites %s; the other is in line %u", name,
				    p->webs[j].at.line);
		if (!names)
			conf_error(errors, &seen->at,
			    "web %s has no name: expected one, as in name www.example.org", name);
		else
			check_names(c, p, i, names, errors);
		if (!forward)
			conf_error(errors, &seen->at,
			    "web %s has no server: expected one, as in forward 127.0.0.1:8443",
			    name);
		else if (web->n_forward && comes_back(c, &web->forward[0]))
			conf_error(errors, forward,
			    "forward: %s is where rrasd itself listens; the web server needs "
			    "another port",
			    endpoint_text(&web->forward[0], to));
	}
}
