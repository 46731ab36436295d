/* SPDX-License-Identifier: Apache-2.0
 *
 * Thirty-two files at once: all together, how evenly they come, and how soon "stop" stops them.
 */
#include "tests/bench/measure.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/make_file.h"
#include "tests/bench/transfer.h"
#include "tests/bench/watch.h"

#define STREAMS	     32
#define MIB	     1048576.0
#define FILE_BYTES   (UINT64_C(16) << 20)
#define EVEN_GOAL    2 /* the mean of all / the slowest, when the first is done */
#define KILL_GOAL_MS 250

static struct {
	double least, sum;
	int count;
} sizes; /* of what has arrived */

static int add_size(const char *path, const struct stat *st, int type, struct FTW *f)
{
	if (type != FTW_F || strncmp(path + f->base, "many-", 5) != 0)
		return 0;
	if (sizes.count++ == 0 || (double)st->st_size < sizes.least)
		sizes.least = (double)st->st_size;
	sizes.sum += (double)st->st_size;
	return 0;
}

static double unevenness(struct scene *s)
{
	char out[SCENE_PATH_MAX];

	memset(&sizes, 0, sizeof sizes);
	nftw(scene_out(s, out), add_size, 16, FTW_PHYS);
	if (sizes.count < STREAMS || sizes.least <= 0)
		return STREAMS; /* one has nothing at all */
	return sizes.sum / STREAMS / sizes.least;
}

static void begin(struct scene *s, const char *folder)
{
	static char lines[STREAMS][SCENE_PATH_MAX];
	const char *commands[STREAMS + 2] = {NULL};
	char scope[SCENE_PATH_MAX + 8];
	const char *const scopes[] = {scope, NULL};

	snprintf(scope, sizeof scope, "files:%s", folder);
	for (int i = 0; i < STREAMS; i++) {
		snprintf(lines[i], sizeof lines[i], "get %.400s/many-%02d &", folder, i);
		commands[i] = lines[i];
	}
	commands[STREAMS] = "wait";
	scene_agent(s, SCENE_SKIP_LOCK);
	scene_code(s);
	scene_connect_with(s, scopes, commands);
	scene_prompt(s);
}

struct figures {
	struct series mib_s, uneven, stop, watched;
};

static void to_the_end(struct scene *s, const char *folder, struct figures *f)
{
	begin(s, folder);

	uint64_t allowed = scene_type(s, "allow\n");
	scene_until(s, &s->console, "\"state\":\"ok\"");
	series_add(&f->uneven, unevenness(s));
	scene_until(s, &s->console, "\"event\":\"bundle\"");
	series_add(&f->mib_s, (double)(STREAMS * FILE_BYTES) / MIB /
				  (MEASURE_MS(scene_now_ns() - allowed) / 1000));
	scene_session_done(s);
}

static void stopped(struct scene *s, const char *folder, struct figures *f)
{
	struct watch_ends t;
	struct watch w;

	begin(s, folder);
	scene_type(s, "allow\n");
	while (!watch_collectors(s, &w) || w.count < STREAMS)
		scene_pump(s, NULL, 0, 1);
	watch_stop(s, &w, &t);
	series_add(&f->stop, MEASURE_MS(t.collectors - t.typed));
	series_add(&f->watched, (double)t.watched);
	scene_session_done(s);
}

void measure_many(struct scene *s, struct report *r, unsigned runs)
{
	struct figures f = {.stop.count = 0};
	char folder[SCENE_PATH_MAX], path[SCENE_PATH_MAX], name[32];

	if (mkdir(scene_path(s, "many", folder), 0700) != 0)
		scene_fail(s, folder);
	for (int i = 0; i < STREAMS; i++) {
		snprintf(name, sizeof name, "many/many-%02d", i);
		make_random(s, scene_path(s, name, path), FILE_BYTES);
	}
	transfer_open(s, "/tmp");
	for (unsigned i = 0; i < runs; i++) {
		to_the_end(s, folder, &f);
		stopped(s, folder, &f);
	}
	transfer_done(s);
	report_median(r, "32 files of 16 MiB at once", &f.mib_s, "MiB/s", NO_GOAL);
	report_median(r, "  mean / slowest, when the first is done", &f.uneven, "", EVEN_GOAL);
	report_median(r, "  stop to the last collector's end", &f.stop, "ms", KILL_GOAL_MS);
	report_median(r, "  collectors at that moment", &f.watched, "", NO_GOAL);
}
