/* SPDX-License-Identifier: Apache-2.0
 *
 * wait [ID]: nothing more is read until that job is done, or all that end by themselves.
 */
#include "console/cmd_jobs.h"
#include "proto/base/err.h"

int cmd_wait(struct session *s, int argc, const char *const argv[])
{
	struct job *j = NULL;

	if (argc > 2)
		return session_refuse(s, "wait takes the number of one job, or none");
	if (argc == 2 && !(j = jobs_named(s, argv[1])))
		return AS_EBADMSG;
	if (!j && jobs_ending(&s->jobs) == 0)
		return SESSION_DONE;
	s->waits = true;
	s->waits_for = j ? j->id : 0;
	s->jobs.shows = true;
	return SESSION_RUNS;
}
