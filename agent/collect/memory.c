/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory and swap: how much, how much of it is free, how hard the kernel has to work for it,
 * and which process it would end first.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/collect/collect.h"
#include "agent/collect/copy.h"
#include "agent/collect/proc_text.h"
#include "agent/collect/sink.h"
#include "agent/collect/tool.h"

#define TEXT_ROOM 16384
#define OOM_TOP	  15

static void fact_kb(struct sink *s, const char *meminfo, const char *key, const char *fact)
{
	uint64_t kb;

	if (proc_number(meminfo, key, &kb) == 0)
		sink_fact(s, fact, "%llu", (unsigned long long)kb);
}

static void facts(struct sink *s)
{
	char text[TEXT_ROOM], avg[32];

	if (read_text("/proc/meminfo", text, sizeof text) > 0) {
		fact_kb(s, text, "MemTotal", "mem.total_kb");
		fact_kb(s, text, "MemAvailable", "mem.available_kb");
		fact_kb(s, text, "SwapTotal", "mem.swap_total_kb");
		fact_kb(s, text, "SwapFree", "mem.swap_free_kb");
	}
	if (read_text("/proc/pressure/memory", text, sizeof text) > 0 &&
	    proc_pressure(text, avg, sizeof avg) == 0)
		sink_fact(s, "mem.pressure", "%s", avg);
}

/* ---- the kernel's list of who goes first ---- */

struct victim {
	long score;
	long pid;
};

static long oom_score(const char *pid)
{
	char path[64], text[32];

	snprintf(path, sizeof path, "/proc/%.20s/oom_score", pid);
	return read_text(path, text, sizeof text) > 0 ? strtol(text, NULL, 10) : -1;
}

/* Keeps the highest scores, in order. */
static void rank(struct victim top[OOM_TOP], struct victim v)
{
	for (size_t i = 0; i < OOM_TOP; i++) {
		if (v.score > top[i].score) {
			struct victim pushed = top[i];
			top[i] = v;
			v = pushed;
		}
	}
}

static int print_victims(struct sink *s, const struct victim top[OOM_TOP])
{
	int err = sink_printf(s, "%10s %10s %s\n", "OOM_SCORE", "PID", "NAME");

	for (size_t i = 0; i < OOM_TOP && top[i].score > 0 && err == 0; i++) {
		char path[64], name[64];

		snprintf(path, sizeof path, "/proc/%ld/comm", top[i].pid);
		if (read_text(path, name, sizeof name) <= 0)
			snprintf(name, sizeof name, "(gone)");
		name[strcspn(name, "\n")] = '\0';
		err = sink_printf(s, "%10ld %10ld %s\n", top[i].score, top[i].pid, name);
	}
	return err;
}

static int oom_top(struct sink *s)
{
	struct victim top[OOM_TOP] = {{0, 0}};

	int err = sink_file_begin(s, "sos_commands/memory/oom_scores", ITEM_FROM_API,
				  "/proc/PID/oom_score, highest first");
	if (err < 0)
		return err;

	DIR *proc = opendir("/proc");
	if (!proc)
		return gap_end(s, -errno);
	for (const struct dirent *e; (e = readdir(proc)) != NULL;) {
		if (isdigit((unsigned char)e->d_name[0]))
			rank(top,
			     (struct victim){oom_score(e->d_name), strtol(e->d_name, NULL, 10)});
	}
	closedir(proc);
	return print_victims(s, top);
}

int collect_memory(struct sink *out, const struct collect_args *args)
{
	static const char *const files[] = {"/proc/meminfo",
					    "/proc/vmstat",
					    "/proc/swaps",
					    "/proc/buddyinfo",
					    "/proc/slabinfo", /* root only */
					    "/proc/sys/vm/overcommit_memory",
					    "/proc/sys/vm/swappiness",
					    NULL};
	static const char *const free_m[] = {"free", "-m", NULL};
	static const char *const swapon[] = {"swapon", "--bytes", "--show", NULL};

	(void)args;
	facts(out);

	int err = copy_all(out, files);
	if (err == 0)
		err = copy_existing(out, "/proc/pressure/memory");
	if (err == 0)
		err = tool_file(out, "memory", free_m);
	if (err == 0)
		err = tool_file(out, "memory", swapon);
	return err < 0 ? err : oom_top(out);
}
