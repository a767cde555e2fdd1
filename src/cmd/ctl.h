/*
 * rrasctl: what its subcommands share. A subcommand is a row of the table in rrasctl.c and a
 * function here; it parses its own arguments, asks the daemon or reads the store, prints a table
 * or JSON, and returns the exit status.
 */
#ifndef CMD_CTL_H
#define CMD_CTL_H

#include "base/must.h"
#include "base/view.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Exit status of rrasctl. */
enum ctl_exit {
	CTL_OK = 0,
	CTL_USAGE = 1,
	CTL_UNREACHABLE = 2, /* rrasd does not run here, or does not let us in */
	CTL_FAILED = 3,      /* refused, or failed with the reason printed */
	CTL_NOT_FOUND = 4,
};

struct ctl {
	bool json;          /* --json: one JSON document on standard output */
	const char *socket; /* --socket; default /run/openrras/control.sock */
	const char *state;  /* --state DIR; default /var/lib/openrras */
	const char *conf;   /* --config FILE; default /etc/openrras/rrasd.conf */
	const char *cmd;    /* the subcommand as typed, for messages */
};

/* Subcommands: argv[0] is the subcommand's name. They return an enum ctl_exit. */
int ctl_status(struct ctl *c, int argc, char **argv);
int ctl_sessions(struct ctl *c, int argc, char **argv);
int ctl_disconnect(struct ctl *c, int argc, char **argv);
int ctl_attempts(struct ctl *c, int argc, char **argv);
int ctl_pools(struct ctl *c, int argc, char **argv);
int ctl_ports(struct ctl *c, int argc, char **argv);
int ctl_ports_set(struct ctl *c, int argc, char **argv); /* ctl_set.c; argv[0] is "set" */
int ctl_set(struct ctl *c, int argc, char **argv);
int ctl_reload(struct ctl *c, int argc, char **argv); /* ctl_reload.c */
int ctl_log(struct ctl *c, int argc, char **argv);    /* ctl_log.c */
int ctl_user(struct ctl *c, int argc, char **argv);
int ctl_group(struct ctl *c, int argc, char **argv);
int ctl_policy(struct ctl *c, int argc, char **argv);
int ctl_why_accepted(struct ctl *c, int argc, char **argv); /* ctl_why.c */
int ctl_why_rejected(struct ctl *c, int argc, char **argv);
int ctl_pki(struct ctl *c, int argc, char **argv);
int ctl_config(struct ctl *c, int argc, char **argv);
int ctl_diagnose(struct ctl *c, int argc, char **argv);  /* ctl_diagnose.c */
int ctl_check(struct ctl *c, int argc, char **argv);     /* ctl_check.c */
int ctl_listeners(struct ctl *c, int argc, char **argv); /* ctl_listeners.c */

/* Prints "rrasctl CMD: text" and the pointer to the help to standard error; CTL_USAGE. */
int ctl_usage(const struct ctl *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/*
 * Prints an error and what to do about it (remedy may be NULL or ""); with --json as an object
 * {"ok":false,"error":...,"remedy":...}. Returns status, so that `return ctl_fail(...)` reads well.
 */
int ctl_fail(const struct ctl *c, enum ctl_exit status, const char *error, const char *remedy);

/* Options of a subcommand, in the manner of getopt_long, but without its global state. */
struct ctl_opt {
	const char *name; /* "--user" */
	bool takes_value;
};

struct ctl_args {
	int argc;
	char **argv;
	int next;          /* index of the next argument; start at 1 */
	const char *value; /* of the option just returned, or the operand itself */
	bool rest;         /* behind "--": operands only */
};

#define CTL_ARG_END (-1)
#define CTL_ARG_OPERAND (-2)
#define CTL_ARG_BAD (-3) /* value names the bad argument */

/*
 * The next argument: the index of an option in opts (n of them), or one of CTL_ARG_*. Understands
 * "--user X", "--user=X" and "--". Set { argc, argv, 1 } first.
 */
int ctl_arg(struct ctl_args *a, const struct ctl_opt *opts, size_t n);

/*
 * Sends one request to the daemon and collects its answer: the final object, with the rows that
 * were streamed before it as its array "rows". Takes request over. Returns NULL after printing the
 * reason; *status_out then is the exit status.
 */
json_t *ctl_ask(const struct ctl *c, json_t *request, int *status_out);

/* The same, but a refusal is returned too ("ok" is false) and not printed. NULL: unreachable. */
json_t *ctl_ask_answer(const struct ctl *c, json_t *request, int *status_out);

/*
 * As ctl_ask, for an answer whose rows come for as long as somebody looks: each goes to fn,
 * borrowed. Returns the exit status; with for_ever it ends when the daemon does, or when fn says
 * false.
 */
typedef bool (*ctl_row_fn)(void *ctx, const json_t *row);
int ctl_ask_rows(const struct ctl *c, json_t *request, bool for_ever, ctl_row_fn fn, void *ctx);

/*
 * Asks the daemon to load its configuration anew. CTL_OK with the answer in *out (generation,
 * lines), CTL_UNREACHABLE without a word when no daemon runs, else the reason was printed.
 */
int ctl_reload_now(const struct ctl *c, json_t **out);

/* Whether a daemon answers on the socket at all; prints nothing. */
bool ctl_daemon_runs(const struct ctl *c);

/* A field of an answer, "" or 0 when it is missing. Texts are escaped when printed, not here. */
const char *ctl_str(const json_t *o, const char *key);
int64_t ctl_int(const json_t *o, const char *key);
bool ctl_bool(const json_t *o, const char *key);

/* Prints o as one JSON document on standard output. */
void ctl_print_json(const json_t *o);

/* A table for people: columns as wide as their widest cell, UTF-8 aware, peer text escaped. */
struct ctl_table;

struct ctl_table *ctl_table_new(size_t n_columns, const char *const *titles);
/* Columns of numbers stand to the right. */
void ctl_table_right(struct ctl_table *t, size_t column);
/* One row: n_columns texts; NULL and "" are shown as "-". Copied. */
void ctl_table_row(struct ctl_table *t, const char *const *cells);
void ctl_table_print(const struct ctl_table *t, FILE *f);
/* The same without the titles. */
void ctl_table_print_rows(const struct ctl_table *t, FILE *f);
void ctl_table_free(struct ctl_table *t);

/* "2026-11-22 15:04:05" local time of Unix microseconds, "-" for 0. Returns out. */
char *ctl_time_text(int64_t unix_us, char out[32]);
/* "3d 04:05:06" or "12.3 s". Returns out. */
char *ctl_duration_text(uint64_t ms, char out[32]);
/* "1.5 GiB". Returns out. */
char *ctl_bytes_text(uint64_t bytes, char out[32]);

/* "2026-11-22", "2026-11-22 15:04" or with seconds, in local time, to Unix seconds. */
MUST_USE bool ctl_date_parse(const char *s, int64_t *out);
/* A number: decimal or with 0x. */
MUST_USE bool ctl_number_parse(const char *s, int64_t *out);

/* STATE/history.db or any file of the state directory. Returns out. */
char *ctl_state_path(const struct ctl *c, const char *file, char *out, size_t cap);

#endif
