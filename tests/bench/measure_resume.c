/* SPDX-License-Identifier: Apache-2.0
 *
 * What is sent again when the connection breaks in the middle of a file: the bytes on the wire with
 * one cut, less those without.
 */
#include "tests/bench/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/make_file.h"
#include "tests/bench/rivals.h"
#include "tests/bench/transfer.h"
#include "tests/bench/wire.h"

#define MIB	  1048576.0
#define BYTES	  (UINT64_C(256) << 20)
#define GOAL_MIB  16 /* what is under way and not yet known to have arrived */
#define TRIES_MAX 3

struct trial {
	struct scene *s;
	struct rivals rivals;
	char from[SCENE_PATH_MAX], to[SCENE_PATH_MAX];
};

static bool is_whole(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && (uint64_t)st.st_size == BYTES;
}

/* ---- one transfer; the bytes it took, 0 when it failed ---- */

static uint64_t by_assent(struct trial *t, const char *command, uint64_t cut_at)
{
	struct scene *s = t->s;
	uint64_t there = 0, back;
	struct usage u;
	struct wire w;

	(void)command;
	wire_lay(s, &w, s->address, 0, cut_at);
	scene_configure(s, w.address);
	if (transfer_get(s, t->from, &u) == 0)
		wire_carried(s, &w, &there, &back);
	wire_take_up(&w);
	scene_configure(s, s->address);
	return there;
}

/* As a person does: once more, until it has worked. */
static uint64_t by_command(struct trial *t, const char *command, uint64_t cut_at)
{
	uint64_t there, back = 0;
	char to[32];
	struct usage u;
	struct wire w;
	int err = -1;

	if (!t->rivals.has_ssh)
		return 0;
	snprintf(to, sizeof to, "127.0.0.1:%d", t->rivals.target_port);
	wire_lay(t->s, &w, to, 0, cut_at);
	setenv("PORT", strrchr(w.address, ':') + 1, 1);
	unlink(t->to);
	for (int i = 0; i < TRIES_MAX && (err < 0 || !is_whole(t->to)); i++)
		err = rivals_ssh(&t->rivals, &u, t->rivals.config, command, t->from, t->to);
	if (err == 0)
		wire_carried(t->s, &w, &there, &back);
	wire_take_up(&w);
	return back;
}

static const struct {
	const char *name;
	uint64_t (*run)(struct trial *t, const char *command, uint64_t cut_at);
	const char *command;
	double goal;
} ways[] = {
    {"assent get", by_assent, NULL, GOAL_MIB},
    {"scp", by_command, "scp -q -F \"$1\" -o Port=$PORT target:\"$2\" \"$3\" 2>/dev/null", NO_GOAL},
    {"rsync --partial --append", by_command,
     "rsync --partial --append -e \"ssh -F $1 -o Port=$PORT\" target:\"$2\" \"$3\" 2>/dev/null",
     NO_GOAL},
};

void measure_resume(struct scene *s, struct report *rep, unsigned runs)
{
	struct trial t = {.s = s};
	char name[128];

	snprintf(t.from, sizeof t.from, "/tmp/assent-bench-%d.from", (int)getpid());
	snprintf(t.to, sizeof t.to, "/tmp/assent-bench-%d.to", (int)getpid());
	make_random(s, t.from, BYTES);
	rivals_open(&t.rivals, s, 0);
	transfer_open(s, "/tmp");
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		struct series again = {.count = 0};
		uint64_t whole = ways[i].run(&t, ways[i].command, WIRE_WHOLE);

		for (unsigned run = 0; run < runs && whole > 0; run++) {
			uint64_t cut = ways[i].run(&t, ways[i].command, BYTES / 2);

			if (cut > 0)
				series_add(&again, ((double)cut - (double)whole) / MIB);
		}
		snprintf(name, sizeof name, "256 MiB, cut in the middle, sent again: %s",
			 ways[i].name);
		report_median(rep, name, &again, "MiB", ways[i].goal);
	}
	transfer_done(s);
	rivals_done(&t.rivals);
	unlink(t.from);
	unlink(t.to);
}
