/* The options of rasdial. See dial_opts.h. */
#include "cmd/dial_opts.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIES_DEFAULT 30u
#define OPT_BASE 256

bool
dial_name_ok(const char *s)
{
	return *s && *s != '.' && strlen(s) < 64 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:@") ==
	           strlen(s);
}

/* A whole number within bounds; false when s is anything else. */
static bool
parse_number(const char *s, unsigned long most, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(s, &end, 10);
	return *s >= '0' && *s <= '9' && *end == 0 && errno == 0 && *out > 0 && *out <= most;
}

static const char *
take_text(const char *value, char *out, size_t cap, const char *complaint)
{
	if (!*value || strlen(value) >= cap)
		return complaint;
	memcpy(out, value, strlen(value) + 1);
	return NULL;
}

/* Switches: nothing behind them means yes. */
static const char *
take_switch(const char *value, bool *out)
{
	if (!value || strcmp(value, "yes") == 0)
		*out = true;
	else if (strcmp(value, "no") == 0)
		*out = false;
	else
		return "takes yes or no";
	return NULL;
}

static const char *
set_host(struct dial_args *a, const char *v)
{
	return take_text(v, a->dial.host, sizeof(a->dial.host), "not a host name or address");
}

static const char *
set_tunnel(struct dial_args *a, const char *v)
{
	(void)a;
	return strcmp(v, "sstp") == 0 ? NULL : "no such tunnel type here (there is: sstp)";
}

static const char *
set_user(struct dial_args *a, const char *v)
{
	return take_text(
	    v, a->dial.user, sizeof(a->dial.user), "the user name is empty or too long");
}

static const char *
set_password(struct dial_args *a, const char *v)
{
	a->passwords_of_book = false;
	return take_text(v, a->password_file, sizeof(a->password_file), "not a path");
}

static const char *
set_new_password(struct dial_args *a, const char *v)
{
	return take_text(v, a->new_password_file, sizeof(a->new_password_file), "not a path");
}

static const char *
set_change(struct dial_args *a, const char *v)
{
	return take_switch(v, &a->change);
}

static const char *
set_ca(struct dial_args *a, const char *v)
{
	const char *wrong = take_text(v, a->ca_file, sizeof(a->ca_file), "not a path");

	if (!wrong && access(v, R_OK) < 0)
		wrong = "cannot read the CA file";
	a->dial.ca_file = a->ca_file;
	return wrong;
}

static const char *
set_port(struct dial_args *a, const char *v)
{
	unsigned long n;

	if (!parse_number(v, 65535, &n))
		return "not a port";
	a->dial.port = (uint16_t)n;
	return NULL;
}

static const char *
set_auth(struct dial_args *a, const char *list)
{
	struct view v = view_str(list);
	unsigned int mask = 0;

	while (v.n) {
		size_t n = 0;
		while (n < v.n && v.p[n] != ',' && v.p[n] != ' ')
			n++;
		enum auth_method m = auth_method_by_name(view_of(v.p, n));
		if (m != AUTH_PAP && m != AUTH_CHAP && m != AUTH_MSCHAPV2)
			return "not a list of mschapv2, chap, pap";
		mask |= AUTH_BIT(m);
		n += n < v.n;
		v = view_of(v.p + n, v.n - n);
	}
	a->dial.method_mask = mask;
	return mask ? NULL : "not a list of mschapv2, chap, pap";
}

static const char *
set_route(struct dial_args *a, const char *v)
{
	struct dial_options *d = &a->dial;

	if (a->routes_of_book)
		d->n_routes = 0;
	a->routes_of_book = false;
	if (d->n_routes == DIAL_ROUTES_MAX)
		return "too many routes";
	if (!ip_prefix_parse(view_str(v), &d->routes[d->n_routes]))
		return "not a network such as 10.0.0.0/8";
	d->n_routes++;
	return NULL;
}

static const char *
set_names(struct dial_args *a, const char *v)
{
	return name_encoding_parse(v, &a->dial.names) ? NULL
	                                              : "not an encoding (unicode, ansi, windows)";
}

static const char *
set_behind(struct dial_args *a, const char *v)
{
	struct dial_options *d = &a->dial;

	if (a->behind_of_book)
		d->n_behind = 0;
	a->behind_of_book = false;
	if (d->n_behind == DIAL_ROUTES_MAX)
		return "too many networks";
	if (!ip_prefix_parse(view_str(v), &d->behind[d->n_behind]))
		return "not a network such as 10.0.0.0/8";
	d->n_behind++;
	return NULL;
}

static const char *
set_server_routes(struct dial_args *a, const char *v)
{
	return take_switch(v, &a->dial.server_routes);
}

static const char *
set_class_route(struct dial_args *a, const char *v)
{
	return take_switch(v, &a->dial.class_route);
}

static const char *
set_default(struct dial_args *a, const char *v)
{
	return take_switch(v, &a->dial.default_route);
}

static const char *
set_dns(struct dial_args *a, const char *v)
{
	a->dns_chosen = true;
	return take_switch(v, &a->dial.set_dns);
}

static const char *
set_other(struct dial_args *a, const char *v)
{
	bool block = strcmp(v, "block") == 0;

	a->dial.leave_other = !block;
	return block || strcmp(v, "leave") == 0 ? NULL : "takes block or leave";
}

static const char *
set_reconnect(struct dial_args *a, const char *v)
{
	unsigned long n = 0;
	bool yes = true;

	if (v && parse_number(v, 100000, &n)) {
		a->dial.tries = (unsigned int)n;
		return NULL;
	}
	if (take_switch(v, &yes))
		return "takes yes, no or a number of tries";
	a->dial.tries = yes ? TRIES_DEFAULT : 0;
	return NULL;
}

static const char *
set_name(struct dial_args *a, const char *v)
{
	if (!dial_name_ok(v))
		return "not a name for a connection";
	return take_text(v, a->dial.name, sizeof(a->dial.name), "not a name for a connection");
}

static const char *
set_device(struct dial_args *a, const char *v)
{
	return take_text(v, a->dial.device, sizeof(a->dial.device), "device name too long");
}

static const char *
set_timeout(struct dial_args *a, const char *v)
{
	unsigned long n;

	if (!parse_number(v, 3600, &n))
		return "not a number of seconds";
	a->dial.connect_ms = (uint32_t)n * 1000;
	return NULL;
}

static const char *
set_no_offload(struct dial_args *a, const char *v)
{
	return take_switch(v, &a->dial.no_offload);
}

static const char *
set_foreground(struct dial_args *a, const char *v)
{
	return take_switch(v, &a->foreground);
}

static const char *
set_json(struct dial_args *a, const char *v)
{
	return take_switch(v, &a->json);
}

static const char *
set_action(struct dial_args *a, const char *v, enum dial_action action)
{
	if (a->action != DO_CALL)
		return "does not go with another action";
	a->action = action;
	a->subject = v;
	return NULL;
}

static const char *
set_disconnect(struct dial_args *a, const char *v)
{
	return set_action(a, v, DO_DISCONNECT);
}

static const char *
set_status(struct dial_args *a, const char *v)
{
	return set_action(a, v, DO_STATUS);
}

static const char *
set_list(struct dial_args *a, const char *v)
{
	(void)v;
	return set_action(a, NULL, DO_BOOK);
}

static const char *
set_save(struct dial_args *a, const char *v)
{
	if (!dial_name_ok(v))
		return "not a name for an entry";
	return set_action(a, v, DO_SAVE);
}

static const char *
set_cleanup(struct dial_args *a, const char *v)
{
	(void)v;
	return set_action(a, NULL, DO_CLEANUP);
}

#define BOOK true, false
#define BOOK_SWITCH true, true
#define LINE false, false
#define LINE_SWITCH false, true

static const struct dial_opt table[] = {
	{ "tunnel", "sstp", BOOK, "tunnel type (this version has sstp)", set_tunnel },
	{ "host", "HOST", BOOK, "the server; needed in entries, else it needs no option",
	    set_host },
	{ "user", "USER", BOOK, "user name; DOMAIN\\user and user@realm are understood", set_user },
	{ "password-file", "FILE", BOOK,
	    "first line is the password; - is standard input. Else it is asked for", set_password },
	{ "new-password-file", "FILE", BOOK,
	    "the new password, should the server say that the old one has expired; without it "
	    "the terminal is asked then",
	    set_new_password },
	{ "change-password", NULL, LINE_SWITCH, "ask for the new password beforehand", set_change },
	{ "ca", "FILE", BOOK, "trust the roots in this PEM file instead of the system's", set_ca },
	{ "port", "N", BOOK, "TCP port (443)", set_port },
	{ "auth", "LIST", BOOK, "methods to use, e.g. mschapv2,chap,pap (default mschapv2)",
	    set_auth },
	{ "name-encoding", "E", BOOK,
	    "of letters beyond ASCII in the user name: unicode (UTF-8, the default), ansi "
	    "(Windows-1252), windows (as Windows does: ansi but in EAP)",
	    set_names },
	{ "behind", "PREFIX", BOOK,
	    "a network behind this host, which the server routes here; may be repeated",
	    set_behind },
	{ "route", "PREFIX", BOOK, "send this network through the tunnel; may be repeated",
	    set_route },
	{ "server-routes", NULL, BOOK_SWITCH, "the same for networks that the server names by DHCP",
	    set_server_routes },
	{ "class-route", NULL, BOOK_SWITCH,
	    "the same for the class A, B or C network of the inner address", set_class_route },
	{ "default-route", NULL, BOOK_SWITCH, "send everything through the tunnel", set_default },
	{ "other-family", "block|leave", BOOK,
	    "IPv6 (or IPv4) when everything shall go through a tunnel without it (block)",
	    set_other },
	{ "dns", NULL, BOOK_SWITCH,
	    "use the server's DNS; the default with --default-route, --dns=no turns it off",
	    set_dns },
	{ "reconnect", "TRIES", BOOK_SWITCH,
	    "dial anew when the connection breaks, up to 30 times in a row, or TRIES",
	    set_reconnect },
	{ "name", "NAME", BOOK, "name of the connection (default: the entry's, or HOST)",
	    set_name },
	{ "device", "NAME", BOOK, "name of the TUN device (default ras%d)", set_device },
	{ "timeout", "SECONDS", BOOK, "for the name to be resolved, and TCP to connect (15)",
	    set_timeout },
	{ "no-offload", NULL, BOOK_SWITCH, "one packet at a time over the TUN device",
	    set_no_offload },
	{ "foreground", NULL, LINE_SWITCH, "stay; ctrl-C disconnects", set_foreground },
	{ "json", NULL, LINE_SWITCH, "events, a line of JSON each, instead of text", set_json },
	{ "disconnect", "NAME", LINE_SWITCH, "end a connection", set_disconnect },
	{ "status", "NAME", LINE_SWITCH, "all about a connection", set_status },
	{ "list", NULL, LINE_SWITCH, "what is in the phonebook", set_list },
	{ "save", "ENTRY", LINE, "keep HOST and the options in the phonebook, do not connect",
	    set_save },
	{ "cleanup", NULL, LINE_SWITCH,
	    "undo what a rasdial that was killed has left of routes and DNS settings",
	    set_cleanup },
};

#define N_OPTS (sizeof(table) / sizeof(table[0]))

const struct dial_opt *
dial_opt_at(size_t i)
{
	return i < N_OPTS ? &table[i] : NULL;
}

const struct dial_opt *
dial_opt_find(const char *name)
{
	for (size_t i = 0; i < N_OPTS; i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

void
dial_opts_init(struct dial_args *a)
{
	*a = (struct dial_args){ .dial = { .port = 443,
				     .method_mask = AUTH_BIT(AUTH_MSCHAPV2),
				     .connect_ms = 15000,
				     .device = "ras%d" } };
}

static void
keep(struct dial_args *a, const struct dial_opt *o, const char *value)
{
	if (!o->in_book || a->n_given == DIAL_GIVEN_MAX)
		return;
	a->given[a->n_given].opt = o;
	a->given[a->n_given++].value = value;
}

int
dial_opts_take(struct dial_args *a, int argc, char **argv, char *err, size_t cap)
{
	struct option options[N_OPTS + 1] = { 0 };
	int c;

	for (size_t i = 0; i < N_OPTS; i++)
		options[i] = (struct option){ .name = table[i].name,
			.has_arg = table[i].optional ? optional_argument : required_argument,
			.val = OPT_BASE + (int)i };
	optind = 0; /* from the start, also the second time */
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c < OPT_BASE) {
			snprintf(err, cap, "%s: %.200s",
			    c == ':' ? "this option needs a value" : "unknown option",
			    argv[optind - 1]);
			return -1;
		}
		const struct dial_opt *o = &table[c - OPT_BASE];
		const char *wrong = o->set(a, optarg);
		if (wrong) {
			snprintf(err, cap, "--%s: %s%s%.200s", o->name, wrong, optarg ? ": " : "",
			    optarg ? optarg : "");
			return -1;
		}
		keep(a, o, optarg);
	}
	return optind;
}

void
dial_opts_help(void)
{
	for (size_t i = 0; i < N_OPTS; i++) {
		const struct dial_opt *o = &table[i];
		char left[64];
		bool maybe = o->takes && o->optional;
		snprintf(left, sizeof(left), "--%s%s%s%s", o->name,
		    maybe      ? "[="
		    : o->takes ? " "
			       : "",
		    o->takes ? o->takes : "", maybe ? "]" : "");
		printf("  %-26s%s%s\n", left, strlen(left) > 25 ? " " : "", o->help);
	}
}
