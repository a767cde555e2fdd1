/*
 * Child processes: this program again in another role, and short commands whose output we read.
 * Waiting for roles is the monitor's matter (SIGCHLD and proc_reap).
 */
#ifndef OS_PROC_H
#define OS_PROC_H

#include "base/must.h"
#include "base/view.h"

#include <stdbool.h>
#include <sys/types.h>

#define PROC_CONTROL_FD 3 /* where a spawned role finds its channel to the monitor */

/*
 * Starts /proc/self/exe with argv (argv[0] included, NULL at the end) and the same environment.
 * The child has standard input from /dev/null, our standard output and error, control_fd as
 * PROC_CONTROL_FD, no other descriptor, no blocked signal, and dies when we do. Returns its pid or
 * -errno; a failing exec is reported here too. control_fd stays the caller's.
 */
MUST_USE pid_t proc_spawn_self(const char *const argv[], int control_fd);

/*
 * For a child that goes on without exec: closes every descriptor from 3 on but the n of keep, so
 * that nothing of the parent's (the pipe its event loop takes signals from, its locks) can be
 * reached from a child that is less trusted. 0 or -errno.
 */
#define PROC_KEEP_MAX 8u
MUST_USE int proc_close_others(const int keep[], size_t n);

/* The next child that has ended: its pid and wait status; 0 when there is none, -ECHILD when there
 * are no children. Never blocks. */
MUST_USE pid_t proc_reap(int *status_out);

/* Kills a child and waits until it is gone, and with it what it held open. */
void proc_end(pid_t pid);

/* "exited with status 1", "killed by signal 11 (Segmentation fault)". Returns out. */
char *proc_status_text(int status, char *out, size_t cap);

#define PROC_OUTPUT_MAX 65536u

struct proc_result {
	int status;     /* wait status */
	bool timed_out; /* it was killed because of the time */
	bool cut;       /* it wrote more than fitted */
	size_t n_out;
	char *out; /* standard output and error together, a zero behind; owned: proc_result_fini */
};

/*
 * Runs a command (argv[0] is looked up in PATH) with input on its standard input, and waits for
 * its end, at most timeout_ms, then kills it. 0 when it ran, whatever its status; -errno when it
 * could not (-ENOENT: no such command; -EACCES: not executable, or a folder of PATH is closed to
 * us).
 */
MUST_USE int proc_run(
    const char *const argv[], struct view input, unsigned int timeout_ms, struct proc_result *out);
void proc_result_fini(struct proc_result *r);

/* Whether the command ran to its end with status 0. */
bool proc_ok(const struct proc_result *r);

/* Allows as many open files as may be allowed (RLIMIT_NOFILE); children inherit it. */
void proc_raise_files(void);

#endif
