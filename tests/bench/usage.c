/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/usage.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/proc.h"
#include "tests/bench/scene.h"

static long memory_of(const struct usage *u)
{
	static struct proc all[PROC_BELOW_MAX];
	long sum = 0;

	for (int i = 0; i < u->count; i++) {
		size_t n = proc_below(u->roots[i], all);

		for (size_t k = 0; k < n; k++)
			sum += proc_rss_kib(all[k].pid);
	}
	return sum;
}

/* A process of its own, so that neither its time nor its memory is anybody's. */
static _Noreturn void sample(const struct usage *u)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		long now = memory_of(u);

		if (now > *u->shared)
			*u->shared = now;
		usleep(USAGE_SAMPLE_MS * 1000);
	}
}

static void add_part(struct usage *u, const char *name, double cpu_s)
{
	int i = 0;

	u->cpu_s += cpu_s;
	while (i < u->part_count && strcmp(u->parts[i].name, name) != 0)
		i++;
	if (i == USAGE_PARTS_MAX)
		return;
	if (i == u->part_count)
		snprintf(u->parts[u->part_count++].name, sizeof u->parts[i].name, "%s", name);
	u->parts[i].cpu_s += cpu_s;
}

/* sign: -1 at the begin, 1 at the end */
static void add_cpu(struct usage *u, double sign)
{
	static struct proc_cpu all[PROC_BELOW_MAX];

	for (int i = 0; i < u->count; i++) {
		size_t n = proc_cpu(u->roots[i], all);

		for (size_t k = 0; k < n; k++) {
			add_part(u, all[k].name, sign * all[k].own_s);
			add_part(u, USAGE_ENDED, sign * all[k].ended_s);
		}
	}
}

void usage_begin(struct usage *u, const pid_t roots[], int count)
{
	*u = (struct usage){.count = count};
	memcpy(u->roots, roots, (size_t)count * sizeof *roots);
	u->shared = mmap(NULL, sizeof *u->shared, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (u->shared == MAP_FAILED)
		abort();
	u->sampler = fork();
	if (u->sampler == 0)
		sample(u);
	add_cpu(u, -1);
	u->began_ns = scene_now_ns();
}

void usage_end(struct usage *u)
{
	u->wall_s = (double)(scene_now_ns() - u->began_ns) / 1e9;
	add_cpu(u, 1);
	kill(u->sampler, SIGKILL);
	waitpid(u->sampler, NULL, 0);
	u->peak_kib = *u->shared;
	munmap(u->shared, sizeof *u->shared);
}

static pid_t start(const char *const argv[])
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

int usage_run(struct usage *u, const pid_t roots[], int count, const char *const argv[])
{
	pid_t all[USAGE_ROOTS_MAX];
	struct rusage r;
	int status;

	memcpy(all, roots, (size_t)count * sizeof *roots);
	all[count] = start(argv);
	usage_begin(u, all, count + 1);
	/* its own seconds come from wait4(): when it has ended nothing else knows them */
	u->count = count;
	u->cpu_s = 0;
	u->part_count = 0;
	memset(u->parts, 0, sizeof u->parts);
	add_cpu(u, -1);
	if (wait4(all[count], &status, 0, &r) != all[count])
		status = -1;
	usage_end(u);
	u->cpu_s += (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
		    (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
	if (status == 0)
		return 0;
	fprintf(stderr, "bench: %s failed (%d)\n", argv[0], status);
	return -1;
}
