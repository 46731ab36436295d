/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PROC_ALL_MAX  4096
#define PROC_TEXT_MAX 4096
#define PATH_TEXT_MAX 64

static bool read_text(pid_t pid, const char *what, char text[PROC_TEXT_MAX])
{
	char path[PATH_TEXT_MAX];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, what);

	FILE *f = fopen(path, "re");
	if (!f)
		return false;

	size_t n = fread(text, 1, PROC_TEXT_MAX - 1, f);
	fclose(f);
	text[n] = '\0';
	return n > 0;
}

static bool read_one(pid_t pid, bool dead_too, struct proc *out)
{
	char text[PROC_TEXT_MAX], state;
	const char *open, *close;
	int parent;

	if (!read_text(pid, "stat", text) || !(open = strchr(text, '(')) ||
	    !(close = strrchr(text, ')')) || sscanf(close, ") %c %d", &state, &parent) != 2 ||
	    (!dead_too && (state == 'Z' || state == 'X')))
		return false;
	*out = (struct proc){.pid = pid, .parent = parent};
	snprintf(out->name, sizeof out->name, "%.*s", (int)(close - open - 1), open + 1);
	return true;
}

static size_t read_all(bool dead_too, struct proc out[PROC_ALL_MAX])
{
	DIR *dir = opendir("/proc");
	size_t n = 0;

	if (!dir)
		return 0;
	for (const struct dirent *e; n < PROC_ALL_MAX && (e = readdir(dir)) != NULL;)
		if (isdigit((unsigned char)e->d_name[0]) &&
		    read_one((pid_t)strtol(e->d_name, NULL, 10), dead_too, &out[n]))
			n++;
	closedir(dir);
	return n;
}

/* Breadth first: every process found is asked for its children once. */
static size_t below(pid_t top, bool dead_too, struct proc out[PROC_BELOW_MAX])
{
	static struct proc all[PROC_ALL_MAX];
	size_t count = read_all(dead_too, all), n = 0;

	for (size_t i = 0; i < count && n == 0; i++)
		if (all[i].pid == top)
			out[n++] = all[i];
	for (size_t at = 0; at < n; at++)
		for (size_t i = 0; i < count && n < PROC_BELOW_MAX; i++)
			if (all[i].parent == out[at].pid)
				out[n++] = all[i];
	return n;
}

size_t proc_below(pid_t top, struct proc out[PROC_BELOW_MAX])
{
	return below(top, false, out);
}

static long field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

bool proc_memory(pid_t pid, struct proc_memory *out)
{
	char text[PROC_TEXT_MAX];
	/* first, so that -1 cannot mean that it has ended meanwhile */
	long pss = read_text(pid, "smaps_rollup", text) ? field(text, "\nPss:") : -1;

	if (!read_text(pid, "status", text) || field(text, "\nVmRSS:") < 0)
		return false;
	out->rss_kib = field(text, "\nVmRSS:");
	out->peak_kib = field(text, "\nVmHWM:");
	out->pss_kib = pss;
	return true;
}

long proc_peak_kib(pid_t pid)
{
	char text[PROC_TEXT_MAX];

	return read_text(pid, "status", text) ? field(text, "\nVmHWM:") : -1;
}

long proc_rss_kib(pid_t pid)
{
	char text[PROC_TEXT_MAX];
	long kib = read_text(pid, "status", text) ? field(text, "\nVmRSS:") : 0;

	return kib > 0 ? kib : 0;
}

/* user, system and the same of waited-for children: fields 14 to 17 of proc(5)'s stat */
static void cpu_of(pid_t pid, struct proc_cpu *out)
{
	double tick = (double)sysconf(_SC_CLK_TCK);
	unsigned long long t[4];
	char text[PROC_TEXT_MAX];
	const char *close;

	if (!read_text(pid, "stat", text) || !(close = strrchr(text, ')')) ||
	    sscanf(close, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu",
		   &t[0], &t[1], &t[2], &t[3]) != 4)
		return;
	out->own_s = (double)(t[0] + t[1]) / tick;
	out->ended_s = (double)(t[2] + t[3]) / tick;
}

size_t proc_cpu(pid_t top, struct proc_cpu out[PROC_BELOW_MAX])
{
	static struct proc all[PROC_BELOW_MAX];
	size_t n = below(top, true, all); /* nobody has waited for the dead yet */

	for (size_t i = 0; i < n; i++) {
		out[i] = (struct proc_cpu){.own_s = 0};
		memcpy(out[i].name, all[i].name, sizeof out[i].name);
		cpu_of(all[i].pid, &out[i]);
	}
	return n;
}

long proc_written(pid_t pid)
{
	char text[PROC_TEXT_MAX];

	return read_text(pid, "io", text) ? field(text, "\nwchar:") : -1;
}

int proc_watch(pid_t pid)
{
	long fd = syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : (int)fd;
}

size_t proc_count_from(const char *folder)
{
	static struct proc all[PROC_ALL_MAX];
	size_t count = read_all(false, all), found = 0, len = strlen(folder);

	for (size_t i = 0; i < count; i++) {
		char path[PATH_TEXT_MAX], exe[PATH_MAX];
		snprintf(path, sizeof path, "/proc/%d/exe", (int)all[i].pid);

		ssize_t n = readlink(path, exe, sizeof exe - 1);
		found += n > (ssize_t)len && memcmp(exe, folder, len) == 0 && exe[len] == '/';
	}
	return found;
}
