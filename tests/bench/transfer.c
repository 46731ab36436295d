/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char out_dir[SCENE_PATH_MAX];

void transfer_open(struct scene *s, const char *out)
{
	snprintf(out_dir, sizeof out_dir, "%.400s/assent-bench.XXXXXX", out);
	if (!mkdtemp(out_dir))
		scene_fail(s, out_dir);
	scene_use_out(s, out_dir);
}

static void empty(struct scene *s)
{
	char line[SCENE_PATH_MAX + 32];

	snprintf(line, sizeof line, "rm -rf %s/*", out_dir);
	scene_run(s, (const char *[]){"/bin/sh", "-c", line, NULL});
}

void transfer_done(struct scene *s)
{
	empty(s);
	rmdir(out_dir);
	scene_use_out(s, NULL);
}

int transfer_get(struct scene *s, const char *path, struct usage *u)
{
	char scope[SCENE_PATH_MAX + 8], command[SCENE_PATH_MAX + 8];
	const char *const scopes[] = {scope, NULL}, *const commands[] = {command, NULL};
	bool whole;

	snprintf(scope, sizeof scope, "files:%s", path);
	snprintf(command, sizeof command, "get %s", path);
	scene_agent(s, SCENE_SKIP_LOCK);
	scene_code(s);
	scene_connect_with(s, scopes, commands);
	scene_prompt(s);
	scene_type(s, "allow\n");
	scene_until(s, &s->console, "\"event\":\"granted\"");

	const pid_t roots[] = {s->relay.pid, s->agent.pid, s->console.pid};
	usage_begin(u, roots, 3);
	scene_until(s, &s->console, "\"event\":\"bundle\"");
	usage_end(u);
	whole = strstr(s->console.screen, "\"name\":\"get\",\"state\":\"ok\"") != NULL;
	scene_session_done(s);
	empty(s);
	return whole ? 0 : -1;
}
