/* SPDX-License-Identifier: Apache-2.0
 *
 * The list of processes as top wants it: times in milliseconds since the computer was started.
 */
#include "agent/plat/win/win.h"

#include "agent/plat/win/collect/nt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/collect/proc_list.h"
#include "proto/base/clock.h"

#define PER_MS 10000 /* 100 ns */
#define PAGE   4096

static void name_of(const struct nt_process *p, char out[PROC_NAME_MAX + 1])
{
	wchar_t wide[PROC_NAME_MAX + 1];
	size_t n = p->name.length / sizeof wide[0];

	if (!p->name.text || n == 0) {
		memcpy(out, "System", sizeof "System");
		return;
	}
	if (n > PROC_NAME_MAX)
		n = PROC_NAME_MAX;
	memcpy(wide, p->name.text, n * sizeof wide[0]);
	wide[n] = L'\0';
	win_text(wide, out, PROC_NAME_MAX + 1);
}

/* When the computer was started, in the unit of a process's times. */
static int64_t boot_time(void)
{
	FILETIME now;

	GetSystemTimeAsFileTime(&now);
	return (int64_t)((uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime) -
	       (int64_t)GetTickCount64() * PER_MS;
}

/* Asked once, so that the start of a process is the same in every list. */
static uint64_t start_of(const struct nt_process *p)
{
	static int64_t boot;

	if (boot == 0)
		boot = boot_time();
	return p->created > boot ? (uint64_t)(p->created - boot) / PER_MS : 0;
}

static struct proc one(const struct nt_process *p)
{
	struct proc out = {
	    .cpu = -1,
	    .stat = {.state = '-', /* threads have states here, processes none */
		     .pid = (int32_t)(uintptr_t)p->pid,
		     .ppid = (int32_t)(uintptr_t)p->parent,
		     .ticks = (uint64_t)(p->user + p->kernel) / PER_MS,
		     .start_ticks = start_of(p),
		     .rss_pages = p->working_set / PAGE,
		     .threads = p->threads},
	};

	name_of(p, out.stat.name);
	return out;
}

static const struct nt_process *next(const struct nt_process *p)
{
	return p->next ? (const void *)((const uint8_t *)p + p->next) : NULL;
}

int proc_list_read(struct proc_list *l)
{
	uint32_t length;
	long status;
	struct nt_process *first = nt_query(NT_PROCESSES, &length, &status);
	size_t n = 0;

	memset(l, 0, sizeof *l);
	for (const struct nt_process *p = first; p; p = next(p))
		n++;
	l->all = first ? calloc(n, sizeof *l->all) : NULL;
	if (!l->all) {
		free(first);
		return first ? -ENOMEM : -ENOTSUP;
	}
	for (const struct nt_process *p = first; p && l->count < PROC_LIST_MAX; p = next(p))
		if (p->pid) /* 0 is the time that nobody uses */
			l->all[l->count++] = one(p);
	free(first);
	l->more = l->count == PROC_LIST_MAX;
	l->when_ms = clock_mono_ms();
	proc_list_sort(l);
	return 0;
}
