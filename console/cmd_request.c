/* SPDX-License-Identifier: Apache-2.0
 *
 * request SCOPE...: asks the customer for more. They are prompted again; what was granted
 * before goes on meanwhile.
 */
#include <stdio.h>

#include "console/session_priv.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

static int refuse(struct session *s, const char *why)
{
	events_usage(s->ev, why);
	return AS_EBADMSG;
}

int cmd_request(struct session *s, int argc, const char *const argv[])
{
	struct scope scopes[SCOPES_MAX];
	size_t n = 0;
	char why[160];

	if (argc < 2)
		return refuse(s, "request needs a scope: request logs");
	for (int i = 1; i < argc; i++) {
		if (n == SCOPES_MAX)
			return refuse(s, "at most 16 scopes");
		if (scope_parse(argv[i], &scopes[n++]) < 0) {
			snprintf(why, sizeof why, "%.80s: no such scope", argv[i]);
			return refuse(s, why);
		}
	}

	int err = agree_escalate(&s->agree, scopes, n, clock_wall_s());
	if (err == AS_EEXISTS) {
		events_note(s->ev, "All of that is allowed already.");
		return SESSION_DONE;
	}
	if (err < 0) {
		events_error(s->ev, err, "");
		return err;
	}
	s->deadline_ms = clock_mono_ms() + SESSION_HANDSHAKE_MS; /* until PENDING says more */
	return SESSION_RUNS;
}
