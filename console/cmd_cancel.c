/* SPDX-License-Identifier: Apache-2.0
 *
 * cancel ID: ends one job. What has arrived is kept.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/cmd_jobs.h"
#include "proto/base/err.h"

struct job *jobs_named(struct session *s, const char *word)
{
	const char *digits = word[0] == '%' ? word + 1 : word;
	size_t n = strspn(digits, "0123456789");
	struct job *j = NULL;
	char why[120];

	if (n > 0 && n < 10 && !digits[n])
		j = jobs_find(&s->jobs, (uint32_t)strtoul(digits, NULL, 10));
	if (!j) {
		snprintf(why, sizeof why,
			 "%.40s: no job of that number is at work; 'jobs' lists them", word);
		events_usage(s->ev, why);
	}
	return j;
}

int cmd_cancel(struct session *s, int argc, const char *const argv[])
{
	if (argc != 2)
		return session_refuse(s, "cancel needs the number of one job, as 'jobs' shows it");

	struct job *j = jobs_named(s, argv[1]);
	if (!j)
		return AS_EBADMSG;
	j->kind->stop(j, JOB_CANCELLED, "cancelled by the engineer");
	return SESSION_DONE;
}
