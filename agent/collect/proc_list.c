/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/proc_list.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/collect/copy.h"
#include "proto/base/clock.h"
#include "proto/base/text.h"

#define STAT_TEXT_MAX 1024
#define COMMAND_MAX   4096

/* ---- the walk ---- */

static int read_one(const char *pid, struct proc *out)
{
	char path[64], text[STAT_TEXT_MAX];
	struct stat owner;

	snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
	if (stat(path, &owner) < 0 || read_text(path, text, sizeof text) <= 0)
		return -ESRCH; /* gone since the folder was listed */

	struct proc p = {.uid = owner.st_uid, .cpu = -1};
	int err = proc_stat_parse(text, &p.stat);
	if (err == 0)
		*out = p;
	return err;
}

static int add(struct proc_list *l, size_t *cap, const char *pid)
{
	struct proc p;

	if (read_one(pid, &p) < 0)
		return 0;
	if (l->count == PROC_LIST_MAX) {
		l->more = true;
		return 0;
	}
	if (l->count == *cap) {
		size_t want = *cap ? *cap * 2 : 256;
		struct proc *grown = realloc(l->all, want * sizeof *grown);

		if (!grown)
			return -ENOMEM;
		l->all = grown;
		*cap = want;
	}
	l->all[l->count++] = p;
	return 0;
}

static int by_pid(const void *a, const void *b)
{
	int32_t x = ((const struct proc *)a)->stat.pid, y = ((const struct proc *)b)->stat.pid;

	return (x > y) - (x < y);
}

int proc_list_read(struct proc_list *l)
{
	DIR *proc = opendir("/proc");
	size_t cap = 0;
	int err = 0;

	memset(l, 0, sizeof *l);
	if (!proc)
		return -errno;
	for (const struct dirent *e; err == 0 && (e = readdir(proc)) != NULL;) {
		if (isdigit((unsigned char)e->d_name[0]))
			err = add(l, &cap, e->d_name);
	}
	closedir(proc);
	if (err < 0) {
		proc_list_done(l);
		return err;
	}
	l->when_ms = clock_mono_ms();
	if (l->count > 0)
		qsort(l->all, l->count, sizeof *l->all, by_pid);
	return 0;
}

void proc_list_done(struct proc_list *l)
{
	free(l->all);
	memset(l, 0, sizeof *l);
}

struct proc *proc_list_find(const struct proc_list *l, int32_t pid)
{
	const struct proc key = {.stat = {.pid = pid}};

	return l->count ? bsearch(&key, l->all, l->count, sizeof *l->all, by_pid) : NULL;
}

/* ---- what follows from the list ---- */

void proc_list_compare(const struct proc_list *before, struct proc_list *now, long ticks_per_s)
{
	double s = (double)(now->when_ms - before->when_ms) / 1000.0;

	for (size_t i = 0; i < now->count; i++) {
		struct proc *p = &now->all[i];
		const struct proc *old = proc_list_find(before, p->stat.pid);

		/* The same number may be another process by now; its start tells. */
		if (!old || old->stat.start_ticks != p->stat.start_ticks || s <= 0 ||
		    p->stat.ticks < old->stat.ticks)
			continue;
		p->cpu =
		    100.0 * (double)(p->stat.ticks - old->stat.ticks) / (double)ticks_per_s / s;
	}
}

uint32_t proc_list_tree(struct proc_list *l)
{
	uint32_t roots = 0;

	for (size_t i = 0; i < l->count; i++)
		l->all[i].child = l->all[i].next = 0;
	for (size_t i = l->count; i-- > 0;) { /* from the end, so that the lists are in order */
		struct proc *p = &l->all[i];
		struct proc *parent = proc_list_find(l, p->stat.ppid);
		/* Pids wrap round, so a parent may have the higher one; but it is never younger. */
		bool older = parent && parent != p &&
			     (parent->stat.start_ticks < p->stat.start_ticks ||
			      (parent->stat.start_ticks == p->stat.start_ticks &&
			       parent->stat.pid < p->stat.pid));
		uint32_t *list = older ? &parent->child : &roots;

		p->next = *list;
		*list = (uint32_t)i + 1;
	}
	return roots;
}

void proc_command(const struct proc *p, char *out, size_t cap)
{
	char path[64], text[COMMAND_MAX];

	snprintf(path, sizeof path, "/proc/%d/cmdline", p->stat.pid);

	int n = read_text(path, text, sizeof text);
	while (n > 0 && text[n - 1] == '\0')
		n--;
	if (n <= 0) {
		snprintf(text, sizeof text, "[%s]", p->stat.name);
		n = (int)strlen(text);
	}
	for (int i = 0; i < n; i++) {
		if (text[i] == '\0')
			text[i] = ' ';
	}
	text_line(text, (size_t)n, out, cap);
}
