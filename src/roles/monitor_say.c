/*
 * What monitor tells: a line to the log, to record as an event for `rrasctl log`, and, while a
 * reload is asked for, to who asked. The last lines are kept for a record that is started anew.
 */
#include "roles/monitor_priv.h"

#include "base/text.h"
#include "os/file.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define REPORT_MAX 12000u

static struct {
	struct monitor *m;
	pid_t pid;  /* children of ours say things too, but have no channel */
	int listen; /* a memory file that gets each line, theirs too; -1 */
} said = { .listen = -1 };

void
monitor_say_start(struct monitor *m)
{
	said.m = m;
	said.pid = getpid();
}

static void
send_event(struct monitor *m, const struct mevent *e)
{
	struct mrole *record = monitor_role(m, ROLE_RECORD, 0);
	struct msg msg = { .id = MSG_EVENT,
		.u.event = { .unix_us = e->unix_us, .text = view_str(e->text) } };

	if (record && record->chan && record->ready)
		(void)!chan_send(record->chan, &msg, -1); /* it is a note: the log has it too */
}

void
monitor_tell_events(struct monitor *m)
{
	unsigned int n = m->n_events < MONITOR_EVENTS_MAX ? m->n_events : MONITOR_EVENTS_MAX;

	for (unsigned int i = m->n_events - n; i != m->n_events; i++)
		send_event(m, &m->events[i % MONITOR_EVENTS_MAX]);
}

static void
keep_event(const char *line)
{
	struct monitor *m = said.m;

	if (!m || !m->loop || getpid() != said.pid)
		return;
	struct mevent *e = &m->events[m->n_events++ % MONITOR_EVENTS_MAX];
	e->unix_us = loop_now(m->loop)->unix_us;
	text_escape(view_str(line), e->text, sizeof(e->text));
	send_event(m, e);
}

static void
say(const char *prefix, const char *line)
{
	char text[1100];
	int n = snprintf(text, sizeof(text), "%s\n", line);

	fprintf(stderr, "%s%s\n", prefix, line);
	if (said.listen >= 0 && n > 0 && (size_t)n < sizeof(text))
		(void)!write(said.listen, text, (size_t)n);
	keep_event(line);
}

void
monitor_say_line(const char *line)
{
	say("", line);
}

void
monitor_say(const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	say("rrasd: ", line);
}

void
monitor_fatal(struct monitor *m, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (m->exit_status == 0)
		monitor_say("%s", line);
	m->exit_status = 1;
	m->stopping = true;
	loop_stop(m->loop);
}

void
monitor_listen_begin(void)
{
	said.listen = memfd_create("said", MFD_CLOEXEC);
}

struct view
monitor_listen_end(char *out, size_t cap)
{
	struct file_bytes b = { 0 };
	size_t n = 0;

	if (said.listen >= 0 && file_read_fd(said.listen, REPORT_MAX, &b) == 0) {
		n = b.n < cap ? b.n : cap;
		if (n)
			memcpy(out, b.p, n);
		file_bytes_free(&b);
	}
	if (said.listen >= 0)
		close(said.listen);
	said.listen = -1;
	return view_of(out, n);
}
