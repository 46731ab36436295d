/* SPDX-License-Identifier: Apache-2.0
 *
 * Measures what Assent promises to be: quick, light, and stopped at once. What each figure
 * means stands in NOTES.md. It always exits 0 when it could measure; a missed goal is a word
 * in the table, because a busy machine is not a broken program.
 *
 * usage: assent-bench --programs BINDIR --json FILE [--runs N] [--about NAME=TEXT]...
 *                     [--only TEXT]... [--mib N] [MEASURE...]
 *
 * --only and --mib are for bulk and text: those alone whose name has one of the TEXTs in it, and
 * how large the file is.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tests/bench/measure.h"

#define RUNS_DEFAULT 7
#define RUNS_MAX     100
#define ONLY_MAX     8
#define MIB_DEFAULT  1024
#define MIB_MAX	     (16 * 1024) /* what the console takes of one session */

static const struct {
	const char *name;
	void (*run)(struct scene *s, struct report *r, unsigned runs);
} measures[] = {
    {"sizes", measure_sizes}, {"start", measure_start},
    {"full", measure_full},   {"memory", measure_memory},
    {"stop", measure_stop},   {"relay", measure_relay},
    {"tail", measure_tail},   {"resume", measure_resume},
    {"many", measure_many},   {"unreachable", measure_unreachable},
    {"bulk", measure_bulk},   {"text", measure_text},
    {"delay", measure_delay},
};
#define MEASURES (sizeof measures / sizeof measures[0])

struct options {
	const char *programs, *json, *only[ONLY_MAX + 1];
	size_t only_count;
	unsigned runs, mib;
	char **wanted;
	size_t wanted_count;
};

static int usage(void)
{
	fprintf(stderr,
		"usage: assent-bench --programs BINDIR --json FILE [--runs N] "
		"[--about NAME=TEXT]... [--only TEXT]... [--mib N] [MEASURE...]\nmeasures:");
	for (size_t i = 0; i < MEASURES; i++)
		fprintf(stderr, " %s", measures[i].name);
	fputc('\n', stderr);
	return 2;
}

static int take_about(struct report *r, char *text)
{
	char *equals = strchr(text, '=');

	if (!equals)
		return -1;
	*equals = '\0';
	report_about(r, text, equals + 1);
	return 0;
}

static int parse(int argc, char **argv, struct options *o, struct report *r)
{
	static const struct option names[] = {
	    {"programs", required_argument, NULL, 'p'},
	    {"json", required_argument, NULL, 'j'},
	    {"runs", required_argument, NULL, 'n'},
	    {"about", required_argument, NULL, 'a'},
	    {"only", required_argument, NULL, 'o'},
	    {"mib", required_argument, NULL, 'm'},
	    {NULL, 0, NULL, 0},
	};
	int opt, err = 0;

	*o = (struct options){.runs = RUNS_DEFAULT, .mib = MIB_DEFAULT};
	while (err == 0 && (opt = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (opt == 'p')
			o->programs = optarg;
		else if (opt == 'j')
			o->json = optarg;
		else if (opt == 'n')
			o->runs = (unsigned)strtoul(optarg, NULL, 10);
		else if (opt == 'o' && o->only_count < ONLY_MAX)
			o->only[o->only_count++] = optarg;
		else if (opt == 'm')
			o->mib = (unsigned)strtoul(optarg, NULL, 10);
		else
			err = opt == 'a' ? take_about(r, optarg) : -1;
	}
	o->wanted = argv + optind;
	o->wanted_count = (size_t)(argc - optind);
	if (o->runs == 0 || o->runs > RUNS_MAX || o->mib == 0 || o->mib > MIB_MAX)
		err = -1;
	return err < 0 || !o->programs || !o->json ? -1 : 0;
}

static bool is_wanted(const struct options *o, const char *name)
{
	for (size_t i = 0; i < o->wanted_count; i++)
		if (strcmp(o->wanted[i], name) == 0)
			return true;
	return o->wanted_count == 0;
}

static bool all_known(const struct options *o)
{
	for (size_t i = 0; i < o->wanted_count; i++) {
		size_t k = 0;

		while (k < MEASURES && strcmp(o->wanted[i], measures[k].name) != 0)
			k++;
		if (k == MEASURES)
			return false;
	}
	return true;
}

static void describe_machine(struct report *r)
{
	struct utsname u;
	double load[1] = {0};
	char text[512];

	report_about(r, "assent", ASSENT_VERSION);
	if (uname(&u) == 0) {
		snprintf(text, sizeof text, "%.64s %.64s", u.sysname, u.release);
		report_about(r, "kernel", text);
	}
	snprintf(text, sizeof text, "%ld", sysconf(_SC_NPROCESSORS_ONLN));
	report_about(r, "processors", text);
	if (getloadavg(load, 1) == 1) {
		snprintf(text, sizeof text, "%.2f", load[0]);
		report_about(r, "load before", text);
	}
	report_about(r, "user",
		     scene_can_have_logs() ? "root, with 64 MiB of made-up logs"
					   : "not root: with this computer's logs only");
}

int main(int argc, char **argv)
{
	struct options o;
	struct report r;
	struct scene s;

	report_init(&r);
	describe_machine(&r);
	if (parse(argc, argv, &o, &r) < 0 || !all_known(&o))
		return usage();
	signal(SIGPIPE, SIG_IGN);
	report_heading(&r);
	for (size_t i = 0; i < MEASURES; i++) {
		if (!is_wanted(&o, measures[i].name))
			continue;
		scene_open(&s, o.programs);
		s.only = o.only;
		s.bytes = (uint64_t)o.mib << 20;
		measures[i].run(&s, &r, o.runs);
		scene_done(&s);
	}

	int err = report_save(&r, o.json);
	if (err < 0)
		fprintf(stderr, "bench: %s: %s\n", o.json, strerror(-err));
	report_done(&r);
	return err < 0 ? 1 : 0;
}
