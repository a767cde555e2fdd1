/* What was kept of a decision: by the daemon, or out of history.db. See ctl_trace.h. */
#include "cmd/ctl_trace.h"
#include "os/store_history.h"
#include "roles/record_ctl.h"

static json_t *
read_offline(const struct ctl *c, const json_t *request, int *status)
{
	char path[512], err[STORE_ERR_MAX] = "";
	struct attempt_record *r = NULL;
	struct history *h = history_open(ctl_state_path(c, HISTORY_FILE, path, sizeof(path)),
	    HISTORY_READ, NULL, err, sizeof(err));
	enum history_found found =
	    h ? rctl_find_decided(h, ctl_str(request, "id"), ctl_str(request, "want"),
		    ctl_str(request, "user"), &r, err, sizeof(err))
	      : HISTORY_ERROR;
	json_t *answer =
	    found == HISTORY_FOUND ? rctl_json_decision_of(h, r, err, sizeof(err)) : NULL;

	if (found == HISTORY_NONE)
		*status =
		    ctl_fail(c, CTL_NOT_FOUND, "no such attempt is stored", "see rrasctl attempts");
	else if (found == HISTORY_AMBIGUOUS)
		*status = ctl_fail(c, CTL_NOT_FOUND, "more than one attempt's id begins so",
		    "see rrasctl attempts");
	else if (!answer)
		*status = ctl_fail(c, CTL_FAILED, err, "");
	history_free(r);
	history_close(h);
	return answer;
}

json_t *
ctl_decision(struct ctl *c, json_t *request, int *status)
{
	json_t *answer;

	json_object_set_new(request, "cmd", json_string("decision"));
	if (ctl_daemon_runs(c))
		return ctl_ask(c, request, status);
	answer = read_offline(c, request, status);
	json_decref(request);
	return answer;
}
