/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/proc_list.h"

#include <stdlib.h>
#include <string.h>

static int by_pid(const void *a, const void *b)
{
	int32_t x = ((const struct proc *)a)->stat.pid, y = ((const struct proc *)b)->stat.pid;

	return (x > y) - (x < y);
}

void proc_list_sort(struct proc_list *l)
{
	if (l->count > 0)
		qsort(l->all, l->count, sizeof *l->all, by_pid);
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
