/* SPDX-License-Identifier: Apache-2.0
 *
 * One large file from the customer to the engineer, ours and everybody else's, one after the other
 * in each run: bytes that do not compress, and the text of a system log.
 */
#include "tests/bench/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "tests/bench/make_file.h"
#include "tests/bench/rivals.h"
#include "tests/bench/transfer.h"

#define MIB 1048576.0
#define ONE 1.0 /* a ratio: ours must be less */

struct contest {
	struct scene *s;
	struct rivals rivals;
	char from[SCENE_PATH_MAX], to[SCENE_PATH_MAX];
	uint64_t bytes;
};

struct rival {
	const char *name;
	int (*run)(struct contest *c, const struct rival *r, struct usage *u);
	const char *command;
	bool gcm, nginx;
	struct series mib_s, cpu_s, peak_mib;
	struct part {
		const char *what, *name;
		struct series cpu_s;
	} parts[5]; /* whose seconds they are; the last has no name */
};

/* ---- one transfer ---- */

static int by_assent(struct contest *c, const struct rival *r, struct usage *u)
{
	(void)r;
	return transfer_get(c->s, c->from, u);
}

static int by_command(struct contest *c, const struct rival *r, struct usage *u)
{
	return rivals_ssh(&c->rivals, u, r->gcm ? c->rivals.config_gcm : c->rivals.config,
			  r->command, c->from, c->to);
}

static int by_tls(struct contest *c, const struct rival *r, struct usage *u)
{
	return rivals_tls_pair(&c->rivals, u, r->nginx, c->from, c->to);
}

static bool is_wanted(const struct scene *s, const struct rival *r)
{
	for (const char *const *only = s->only; *only; only++)
		if (strstr(r->name, *only))
			return true;
	return !s->only[0];
}

static bool is_possible(const struct contest *c, const struct rival *r)
{
	if (!is_wanted(c->s, r))
		return false;
	return r->run == by_assent || (r->run == by_tls && (!r->nginx || c->rivals.has_nginx)) ||
	       (r->run == by_command && c->rivals.has_ssh);
}

static bool arrived(const struct contest *c)
{
	struct stat st;

	return stat(c->to, &st) == 0 && (uint64_t)st.st_size == c->bytes;
}

static double seconds_of(const struct usage *u, const char *name)
{
	for (int i = 0; i < u->part_count; i++)
		if (strcmp(u->parts[i].name, name) == 0)
			return u->parts[i].cpu_s;
	return 0;
}

/* The agent's helpers have ended and were waited for, or are just about to. */
static double seconds_of_part(const struct usage *u, const struct part *p)
{
	double s = seconds_of(u, p->name);

	if (strcmp(p->name, USAGE_ENDED) == 0)
		s += seconds_of(u, "assent-net") + seconds_of(u, "assent-collect");
	return s;
}

static void one(struct contest *c, struct rival *r)
{
	double gib = (double)c->bytes / (1024 * MIB);
	struct usage u;

	if (!is_possible(c, r))
		return;
	unlink(c->to);
	if (r->run(c, r, &u) < 0 || (r->run != by_assent && !arrived(c)))
		return;
	series_add(&r->mib_s, (double)c->bytes / MIB / u.wall_s);
	series_add(&r->cpu_s, u.cpu_s / gib);
	for (struct part *p = r->parts; p->what; p++)
		series_add(&p->cpu_s, seconds_of_part(&u, p) / gib);
	series_add(&r->peak_mib, (double)u.peak_kib / 1024);
}

#define PROGRAMS                                                                \
	{                                                                       \
		{.what = "assent-net and assent-collect", .name = USAGE_ENDED}, \
		    {.what = "assent-agent", .name = "assent-agent"},           \
		    {.what = "assent-relay", .name = "assent-relay"},           \
		    {.what = "assent-console", .name = "assent-console"},       \
	}

/* The rest of it is the sender's. */
#define SHAPE                                                                                     \
	{                                                                                         \
		{.what = "nginx", .name = "nginx"}, {.what = "the receiver", .name = "tls-pair"}, \
	}

/* ---- the table ---- */

static double median(const struct series *s)
{
	return series_quantile(s, 0.5);
}

static void rows(struct report *rep, const char *what, const struct rival *r)
{
	char name[128];

	if (r->mib_s.count == 0)
		return;
	snprintf(name, sizeof name, "%s: %s", what, r->name);
	report_median(rep, name, &r->mib_s, "MiB/s", NO_GOAL);
	snprintf(name, sizeof name, "  processor seconds per GiB, all processes");
	report_median(rep, name, &r->cpu_s, "s", NO_GOAL);
	for (const struct part *p = r->parts; p->what; p++) {
		snprintf(name, sizeof name, "    of these: %s", p->what);
		report_median(rep, name, &p->cpu_s, "s", NO_GOAL);
	}
	snprintf(name, sizeof name, "  memory of all processes, at most");
	report_median(rep, name, &r->peak_mib, "MiB", NO_GOAL);
}

/* Ours is the first; below 1 is better. */
static void against(struct report *rep, const char *what, const struct rival *ours,
		    const struct rival *other, bool cpu)
{
	char name[128];

	if (ours->mib_s.count == 0 || other->mib_s.count == 0)
		return;
	snprintf(name, sizeof name, "%s: our time / that of %s", what, other->name);
	report_value(rep, name, median(&other->mib_s) / median(&ours->mib_s), "", ONE);
	if (!cpu)
		return;
	snprintf(name, sizeof name, "%s: our processor time / that of %s", what, other->name);
	report_value(rep, name, median(&ours->cpu_s) / median(&other->cpu_s), "", ONE);
}

static void open_contest(struct contest *c, struct scene *s)
{
	struct statvfs fs;
	bool memory =
	    statvfs("/dev/shm", &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize > 4 * s->bytes;

	*c = (struct contest){.s = s, .bytes = s->bytes};
	snprintf(c->from, sizeof c->from, "%s/assent-bench-%d.from", memory ? "/dev/shm" : "/tmp",
		 (int)getpid());
	snprintf(c->to, sizeof c->to, "%s/assent-bench-%d.to", memory ? "/dev/shm" : "/tmp",
		 (int)getpid());
	transfer_open(s, memory ? "/dev/shm" : "/tmp");
	rivals_open(&c->rivals, s, 0);
}

static void close_contest(struct contest *c)
{
	rivals_done(&c->rivals);
	transfer_done(c->s);
	unlink(c->from);
	unlink(c->to);
}

static void play(struct contest *c, struct report *rep, const char *kind, struct rival *all,
		 size_t n, unsigned runs)
{
	char what[64];

	snprintf(what, sizeof what, "%u MiB of %s", (unsigned)(c->bytes >> 20), kind);
	for (unsigned run = 0; run < runs; run++)
		for (size_t i = 0; i < n; i++)
			one(c, &all[i]);
	for (size_t i = 0; i < n; i++)
		rows(rep, what, &all[i]);
}

void measure_bulk(struct scene *s, struct report *rep, unsigned runs)
{
	static struct rival all[] = {
	    {.name = "assent get", .run = by_assent, .parts = PROGRAMS},
	    {.name = "nginx, TLS in TLS", .run = by_tls, .nginx = true, .parts = SHAPE},
	    {.name = "TLS in TLS, no relay", .run = by_tls},
	    {.name = "ssh -J",
	     .run = by_command,
	     .command = "ssh -F \"$1\" target cat \"$2\" >\"$3\""},
	    {.name = "ssh -J, aes128-gcm",
	     .run = by_command,
	     .gcm = true,
	     .command = "ssh -F \"$1\" target cat \"$2\" >\"$3\""},
	    {.name = "scp -J",
	     .run = by_command,
	     .command = "scp -q -F \"$1\" target:\"$2\" \"$3\""},
	    {.name = "scp -J, aes128-gcm",
	     .run = by_command,
	     .gcm = true,
	     .command = "scp -q -F \"$1\" target:\"$2\" \"$3\""},
	};
	struct contest c;

	open_contest(&c, s);
	make_random(s, c.from, c.bytes);
	play(&c, rep, "noise", all, sizeof all / sizeof all[0], runs);
	against(rep, "noise", &all[0], &all[1], true);
	close_contest(&c);
}

void measure_text(struct scene *s, struct report *rep, unsigned runs)
{
	static struct rival all[] = {
	    {.name = "assent get", .run = by_assent, .parts = PROGRAMS},
	    {.name = "zstd -1 | ssh -J",
	     .run = by_command,
	     .command = "ssh -F \"$1\" target zstd -q -1 -c \"$2\" | zstd -q -d >\"$3\""},
	    {.name = "pigz -1 | ssh -J",
	     .run = by_command,
	     .command = "ssh -F \"$1\" target pigz -1 -c \"$2\" | pigz -d >\"$3\""},
	    {.name = "rsync -z",
	     .run = by_command,
	     .command = "rsync -z -e \"ssh -F $1\" target:\"$2\" \"$3\""},
	    {.name = "ssh -C -J",
	     .run = by_command,
	     .command = "ssh -C -F \"$1\" target cat \"$2\" >\"$3\""},
	    {.name = "scp -C -J",
	     .run = by_command,
	     .command = "scp -q -C -F \"$1\" target:\"$2\" \"$3\""},
	};
	struct contest c;

	open_contest(&c, s);
	make_syslog(s, c.from, c.bytes);
	play(&c, rep, "log", all, sizeof all / sizeof all[0], runs);
	against(rep, "log", &all[0], &all[1], false);
	close_contest(&c);
}
