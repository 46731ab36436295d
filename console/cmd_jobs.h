/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of jobs, for `jobs` and `status`; and a job's number, for the commands that take one.
 */
#ifndef AS_CONSOLE_CMD_JOBS_H
#define AS_CONSOLE_CMD_JOBS_H

#include <stdio.h>

#include "console/session_priv.h"

struct json_t;

void jobs_print(const struct jobs *js, FILE *out);
struct json_t *jobs_json(const struct jobs *js);

/* A job at work by its number, "3" or "%3". NULL when there is none; it has been said then. */
struct job *jobs_named(struct session *s, const char *word);

#endif
