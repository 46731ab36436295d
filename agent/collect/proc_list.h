/* SPDX-License-Identifier: Apache-2.0
 *
 * All processes, read in one walk (of /proc, or from the kernel of Windows). What a process says
 * about itself (name, command line) is hostile text; it is made printable where it is printed, one
 * process per line.
 */
#ifndef AS_AGENT_COLLECT_PROC_LIST_H
#define AS_AGENT_COLLECT_PROC_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/collect/proc_text.h"

#define PROC_LIST_MAX 32768 /* a fork bomb must not take our memory too */

struct proc {
	struct proc_stat stat;
	uint32_t uid;
	double cpu;    /* percent of one processor since the walk before; -1 = new */
	uint32_t next; /* used by the tree: index + 1 of the next child of the same parent */
	uint32_t child;
};

struct proc_list {
	struct proc *all; /* ours, sorted by pid */
	size_t count;
	uint64_t when_ms;
	bool more; /* there were more than PROC_LIST_MAX */
};

int proc_list_read(struct proc_list *l);
void proc_list_sort(struct proc_list *l);
void proc_list_done(struct proc_list *l);

/* NULL when there is none. */
struct proc *proc_list_find(const struct proc_list *l, int32_t pid);

/* Fills in cpu from two walks. Pure. */
void proc_list_compare(const struct proc_list *before, struct proc_list *now, long ticks_per_s);

/* Links children to parents. Returns index + 1 of the first root; a root has no parent in the list.
 * No cycle can come of it, whatever the list says. Pure. */
uint32_t proc_list_tree(struct proc_list *l);

/* The command line with blanks between its words, or [name] for a kernel thread. Printable, one
 * line, cut to cap. */
void proc_command(const struct proc *p, char *out, size_t cap);

#endif
