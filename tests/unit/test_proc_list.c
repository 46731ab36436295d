/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/proc_list.h"

static struct proc one(int32_t pid, int32_t ppid, uint64_t start, uint64_t ticks)
{
	struct proc p = {.cpu = -1};

	p.stat.pid = pid;
	p.stat.ppid = ppid;
	p.stat.start_ticks = start;
	p.stat.ticks = ticks;
	return p;
}

/* Counts what can be reached from the roots; a cycle would count for ever. */
static size_t reach(const struct proc_list *l, uint32_t at, size_t left)
{
	size_t n = 0;

	for (; at != 0; at = l->all[at - 1].next) {
		cr_assert_gt(left, n, "the tree has a cycle");
		n += 1 + reach(l, l->all[at - 1].child, left - n - 1);
	}
	return n;
}

Test(proc_list, finds_this_process_and_its_command)
{
	struct proc_list l;
	char command[512];

	cr_assert_eq(proc_list_read(&l), 0);

	const struct proc *me = proc_list_find(&l, getpid());
	cr_assert_not_null(me);
	cr_assert_eq(me->uid, getuid());
	cr_assert_eq(me->stat.ppid, getppid());
	proc_command(me, command, sizeof command);
	cr_assert_neq(command[0], '\0');
	cr_assert_null(strchr(command, '\n'));
	cr_assert_null(proc_list_find(&l, -5));
	cr_assert_eq(reach(&l, proc_list_tree(&l), l.count), l.count);
	proc_list_done(&l);
}

Test(proc_list, tells_how_busy_a_process_was_between_two_walks)
{
	struct proc old[] = {one(1, 0, 1, 100), one(2, 1, 5, 100), one(3, 1, 6, 100)};
	struct proc new[] = {one(1, 0, 1, 150), one(2, 1, 9, 999), one(4, 1, 6, 100)};
	struct proc_list before = {.all = old, .count = 3, .when_ms = 1000};
	struct proc_list now = {.all = new, .count = 3, .when_ms = 2000};

	proc_list_compare(&before, &now, 100);
	cr_assert_float_eq(new[0].cpu, 50.0, 0.001);
	cr_assert_lt(new[1].cpu, 0, "the same number, another process");
	cr_assert_lt(new[2].cpu, 0, "a new process");

	now.when_ms = before.when_ms;
	new[0].cpu = -1;
	proc_list_compare(&before, &now, 100);
	cr_assert_lt(new[0].cpu, 0, "no time has passed");
}

Test(proc_list, hangs_children_below_their_parents_in_order)
{
	struct proc all[] = {one(1, 0, 1, 0), one(2, 1, 2, 0), one(3, 2, 3, 0), one(4, 1, 4, 0),
			     one(9, 77, 5, 0)};
	struct proc_list l = {.all = all, .count = 5};

	cr_assert_eq(proc_list_tree(&l), 1);
	cr_assert_eq(all[0].next, 5, "an orphan is a root");
	cr_assert_eq(all[0].child, 2);
	cr_assert_eq(all[1].next, 4);
	cr_assert_eq(all[1].child, 3);
	cr_assert_eq(reach(&l, 1, 5), 5);
}

Test(proc_list, makes_no_cycle_of_a_list_that_has_one)
{
	/* Pids are used again while the walk runs: 1 -> 2 -> 3 -> 1, and one that is its own
	 * parent. */
	struct proc all[] = {one(1, 3, 5, 0), one(2, 1, 5, 0), one(3, 2, 5, 0), one(4, 4, 5, 0)};
	struct proc_list l = {.all = all, .count = 4};

	cr_assert_eq(reach(&l, proc_list_tree(&l), 4), 4);
}

Test(proc_list, of_nothing_has_no_tree)
{
	struct proc_list l = {.all = NULL};

	cr_assert_eq(proc_list_tree(&l), 0);
	cr_assert_null(proc_list_find(&l, 1));
}
