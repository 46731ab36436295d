/* SPDX-License-Identifier: Apache-2.0
 *
 * Sessions with faults: see ./run fault.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fault/lanes.h"
#include "tests/fault/restart.h"
#include "tests/fault/revoke.h"

#define LOG_BYTES      (400u << 10)
#define LONG_LOG_BYTES (4000u << 10)
#define LANES_PER_CPU  6 /* they wait more than they work */
#define COUNT_MAX      1000000

static const char help[] =
    "usage: assent-fault [N [SEED]]          plays N schedules (default 1), seeds SEED, SEED+1 "
    "...\n"
    "       assent-fault --revoke [N [SEED]] measures how soon \"stop\" silences the wire\n"
    "       assent-fault --restart [N [SEED]] restarts the relay in the middle of transfers\n"
    "\n"
    "  --lanes N      so many at the same time\n"
    "  --only KIND    each schedule begins with this kind of fault\n"
    "  --goodbye      each schedule is a cut when all has arrived\n"
    "  --verbose      one line for every schedule, and its faults\n"
    "  --keep         the last session's folder stays; its place is printed\n"
    "  --programs DIR the folder of the programs to test\n";

static int revoked, restart, goodbyes, verbose, keep;

static const struct option options[] = {
    {"revoke", no_argument, &revoked, true},   {"restart", no_argument, &restart, true},
    {"goodbye", no_argument, &goodbyes, true}, {"verbose", no_argument, &verbose, true},
    {"keep", no_argument, &keep, true},	       {"lanes", required_argument, NULL, 'l'},
    {"only", required_argument, NULL, 'o'},    {"programs", required_argument, NULL, 'p'},
    {"help", no_argument, NULL, 'h'},	       {NULL, 0, NULL, 0},
};

static bool number(const char *text, uint64_t max, uint64_t *out)
{
	char *end;
	unsigned long long v = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || v > max)
		return false;
	*out = v;
	return true;
}

int main(int argc, char **argv)
{
	static struct site site;
	const char *programs = PROGRAMS_DIR;
	enum fault_kind only = FAULT_KINDS;
	uint64_t count = 1, seed = 1,
		 lanes = LANES_PER_CPU * (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
	int opt, failed;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 0)
			continue;
		if (opt == 'p')
			programs = optarg;
		else if (opt == 'o' && fault_find(optarg) != FAULT_KINDS)
			only = fault_find(optarg);
		else if (opt != 'l' || !number(optarg, LANES_MAX, &lanes) || lanes == 0)
			return fputs(help, opt == 'h' ? stdout : stderr), opt == 'h' ? 0 : 2;
	}
	if (argc - optind > 2 || (optind < argc && !number(argv[optind], COUNT_MAX, &count)) ||
	    (optind + 1 < argc && !number(argv[optind + 1], UINT64_MAX, &seed)) || count == 0)
		return fputs(help, stderr), 2;
	site.keep = keep;
	if (site_make(&site, programs, revoked || restart ? LONG_LOG_BYTES : LOG_BYTES) != 0)
		return 2;
	if (lanes > LANES_MAX)
		lanes = LANES_MAX;
	if (revoked)
		failed = revoke_measure(&site, (unsigned)count, seed);
	else if (restart)
		failed = restart_measure(&site, (unsigned)count, seed);
	else
		failed = lanes_run(&site, &(struct lanes_job){.lanes = (unsigned)lanes,
							      .count = (unsigned)count,
							      .first = seed,
							      .only = only,
							      .goodbyes = goodbyes,
							      .verbose = verbose});
	if (site.keep)
		printf("kept: %s\n", site.dir);
	site_done(&site);
	return failed != 0;
}
