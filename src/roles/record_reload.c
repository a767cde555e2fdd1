/* `rrasctl reload`: monitor does it, we carry question and answer. */
#include "roles/record_ctl.h"

/* Certificates are looked through meanwhile; a slow disk may take its time. */
#define RELOAD_MS 30000u

static void
on_reloaded(struct question *q, const struct rctl_wait *w, const struct msg *m)
{
	(void)w;
	if (m)
		q->out = json_pack("{s:b, s:I, s:o}", "done", m->u.reloaded.ok, "generation",
		    (json_int_t)m->u.reloaded.generation, "lines",
		    rctl_json_lines(m->u.reloaded.report));
}

static void
reload_done(struct question *q)
{
	json_t *lines = json_object_get(q->out, "lines");
	json_t *generation = json_object_get(q->out, "generation");

	if (!q->out)
		rctl_refuse(q, "unavailable", "the monitor does not answer",
		    "look into the log of rrasd: journalctl -u openrras");
	else if (json_is_true(json_object_get(q->out, "done")))
		rctl_ok(q, json_pack("{s:O, s:O}", "generation", generation, "lines", lines));
	else
		rctl_refuse_with(q, "configuration", "the new configuration is not taken",
		    "correct what the lines above say and reload again; meanwhile the old "
		    "configuration is in force, nothing has changed",
		    json_pack("{s:O, s:O}", "generation", generation, "lines", lines));
}

void
rctl_do_reload(struct question *q)
{
	struct msg m = { .id = MSG_RELOAD, .u.reload = { rctl_seq(q) } };

	q->on_answer = on_reloaded;
	q->on_done = reload_done;
	if (!rctl_ask_role(q, ROLE_MONITOR, 0, &m, m.u.reload.seq))
		q->n_lost++;
	rctl_wait_for(q, RELOAD_MS);
}
