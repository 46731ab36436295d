/* SPDX-License-Identifier: Apache-2.0
 *
 * Running programs: the list, the tree, who uses most of the processor and of the memory, and
 * how many files each has open. Two walks through /proc, SAMPLE_MS apart, tell how busy each is
 * now, which the averages of ps do not.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/collect/collect.h"
#include "agent/collect/copy.h"
#include "agent/collect/proc_list.h"
#include "agent/collect/sink.h"
#include "agent/collect/tool.h"
#include "proto/base/clock.h"
#include "proto/base/text.h"

#define SAMPLE_MS      300
#define TOP_COUNT      15
#define COMMAND_SHOWN  1024
#define TREE_DEPTH_MAX 64 /* deeper ones are shown at this depth */
#define FILES_SHOWN    64 /* of one process */
#define FILES_ALL_MAX  8192
#define USERS_MAX      256

/* ---- users ---- */

/* From /etc/passwd alone: asking a directory server for each number could hang and would be
 * seen by others. */
struct users {
	size_t count;
	struct {
		uint32_t uid;
		char name[33];
	} all[USERS_MAX];
};

static void users_read(struct users *u)
{
	FILE *f = fopen("/etc/passwd", "re");

	u->count = 0;
	if (!f)
		return;
	for (const struct passwd *p; u->count < USERS_MAX && (p = fgetpwent(f)) != NULL;
	     u->count++) {
		u->all[u->count].uid = p->pw_uid;
		text_line(p->pw_name, strlen(p->pw_name), u->all[u->count].name,
			  sizeof u->all[u->count].name);
	}
	fclose(f);
}

static const char *user_name(const struct users *u, uint32_t uid, char room[12])
{
	for (size_t i = 0; i < u->count; i++) {
		if (u->all[i].uid == uid)
			return u->all[i].name;
	}
	snprintf(room, 12, "%" PRIu32, uid);
	return room;
}

/* ---- lines ---- */

struct view {
	struct sink *out;
	struct proc_list list;
	struct users users;
	uint64_t page_kb;
	long ticks_per_s;
	int64_t boot_s; /* wall clock when the computer started */
};

static uint64_t rss_kb(const struct view *v, const struct proc *p)
{
	return p->stat.rss_pages * v->page_kb;
}

static int print_head(struct view *v)
{
	return sink_printf(v->out, "%8s %8s %-16s %s %6s %12s %7s %-20s %s\n", "PID", "PPID",
			   "USER", "S", "%CPU", "RSS_KB", "THREADS", "STARTED", "COMMAND");
}

static int print_line(struct view *v, const struct proc *p, int depth)
{
	char command[COMMAND_SHOWN], started[CLOCK_TEXT_MAX], room[12], cpu[16] = "-";

	proc_command(p, command, sizeof command);
	clock_utc_text(v->boot_s + (int64_t)(p->stat.start_ticks / (uint64_t)v->ticks_per_s),
		       started);
	if (p->cpu >= 0)
		snprintf(cpu, sizeof cpu, "%.1f", p->cpu);
	return sink_printf(v->out, "%8d %8d %-16s %c %6s %12" PRIu64 " %7" PRIu32 " %-20s %*s%s\n",
			   p->stat.pid, p->stat.ppid, user_name(&v->users, p->uid, room),
			   p->stat.state, cpu, rss_kb(v, p), p->stat.threads, started, 2 * depth,
			   "", command);
}

static int list_all(struct view *v)
{
	int err = sink_file_begin(v->out, "sos_commands/process/processes", ITEM_FROM_API,
				  "/proc/PID/stat and cmdline; %CPU is of one processor, now");
	if (err == 0)
		err = print_head(v);
	for (size_t i = 0; i < v->list.count && err == 0; i++)
		err = print_line(v, &v->list.all[i], 0);
	return err;
}

/* ---- the tree ---- */

/* Walked without recursion: the depth of a tree is chosen by whoever makes the processes. */
static int print_tree(struct view *v)
{
	uint32_t *stack = malloc((v->list.count + 1) * sizeof *stack);
	size_t depth = 0;
	int err = stack ? print_head(v) : -ENOMEM;

	if (stack)
		stack[0] = proc_list_tree(&v->list);
	while (err == 0) {
		if (stack[depth] == 0) { /* no more brothers and sisters: back to the parent */
			if (depth-- == 0)
				break;
			stack[depth] = v->list.all[stack[depth] - 1].next;
			continue;
		}

		const struct proc *p = &v->list.all[stack[depth] - 1];
		err = print_line(v, p, depth < TREE_DEPTH_MAX ? (int)depth : TREE_DEPTH_MAX);
		if (p->child)
			stack[++depth] = p->child;
		else
			stack[depth] = p->next;
	}
	free(stack);
	return err;
}

static int tree(struct view *v)
{
	int err = sink_file_begin(v->out, "sos_commands/process/process_tree", ITEM_FROM_API,
				  "/proc, children below their parents");

	return err < 0 ? err : print_tree(v);
}

/* ---- who uses most ---- */

static int by_cpu(const void *a, const void *b)
{
	double x = (*(struct proc *const *)a)->cpu, y = (*(struct proc *const *)b)->cpu;

	return (x < y) - (x > y);
}

static int by_memory(const void *a, const void *b)
{
	uint64_t x = (*(struct proc *const *)a)->stat.rss_pages,
		 y = (*(struct proc *const *)b)->stat.rss_pages;

	return (x < y) - (x > y);
}

static int print_top(struct view *v, struct proc **sorted, const char *name, const char *source)
{
	int err = sink_file_begin(v->out, name, ITEM_FROM_API, source);

	if (err == 0)
		err = print_head(v);
	for (size_t i = 0; i < v->list.count && i < TOP_COUNT && err == 0; i++)
		err = print_line(v, sorted[i], 0);
	return err;
}

static int top(struct view *v)
{
	struct proc **sorted = malloc((v->list.count + 1) * sizeof *sorted);
	char size[TEXT_SIZE_MAX];

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < v->list.count; i++)
		sorted[i] = &v->list.all[i];
	qsort(sorted, v->list.count, sizeof *sorted, by_cpu);
	if (v->list.count > 0)
		sink_fact(v->out, "proc.top_cpu", "%s (%d) %.0f %%", sorted[0]->stat.name,
			  sorted[0]->stat.pid, sorted[0]->cpu > 0 ? sorted[0]->cpu : 0.0);

	int err = print_top(v, sorted, "sos_commands/process/top_cpu", "/proc, the busiest now");
	qsort(sorted, v->list.count, sizeof *sorted, by_memory);
	if (v->list.count > 0)
		sink_fact(v->out, "proc.top_mem", "%s (%d) %s", sorted[0]->stat.name,
			  sorted[0]->stat.pid, text_size(rss_kb(v, sorted[0]) * 1024, size));
	if (err == 0)
		err = print_top(v, sorted, "sos_commands/process/top_memory",
				"/proc, the largest in memory");
	free(sorted);
	return err;
}

/* ---- open files ---- */

static int print_target(struct view *v, int32_t pid, const char *fd)
{
	char path[64], target[512], clean[512];

	snprintf(path, sizeof path, "/proc/%d/fd/%.20s", pid, fd);

	ssize_t n = readlink(path, target, sizeof target);
	if (n < 0)
		return 0; /* closed meanwhile */
	text_line(target, (size_t)n, clean, sizeof clean);
	return sink_printf(v->out, "    %6s %s\n", fd, clean);
}

static unsigned count_files(int32_t pid, int *err)
{
	char path[64];
	unsigned n = 0;

	snprintf(path, sizeof path, "/proc/%d/fd", pid);

	DIR *fds = opendir(path);
	*err = fds ? 0 : -errno;
	if (!fds)
		return 0;
	for (const struct dirent *e; (e = readdir(fds)) != NULL;)
		n += e->d_name[0] != '.';
	closedir(fds);
	return n;
}

static int print_files(struct view *v, const struct proc *p, unsigned count, unsigned *budget)
{
	char path[64];
	unsigned shown = 0;
	int err = sink_printf(v->out, "%8d %-16s %u open\n", p->stat.pid, p->stat.name, count);

	snprintf(path, sizeof path, "/proc/%d/fd", p->stat.pid);

	DIR *fds = err == 0 ? opendir(path) : NULL;
	if (!fds)
		return err;
	for (const struct dirent *e; err == 0 && (e = readdir(fds)) != NULL;) {
		if (e->d_name[0] == '.')
			continue;
		if (shown == FILES_SHOWN || *budget == 0) {
			err = sink_printf(v->out, "    ... %u more\n",
					  count > shown ? count - shown : 0);
			break;
		}
		shown++;
		(*budget)--;
		err = print_target(v, p->stat.pid, e->d_name);
	}
	closedir(fds);
	return err;
}

static int open_files(struct view *v)
{
	unsigned denied = 0, budget = FILES_ALL_MAX;

	int err = sink_file_begin(v->out, "sos_commands/process/open_files", ITEM_FROM_API,
				  "/proc/PID/fd");
	for (size_t i = 0; i < v->list.count && err == 0; i++) {
		const struct proc *p = &v->list.all[i];
		int why;
		unsigned n = count_files(p->stat.pid, &why);

		if (why == -EACCES || why == -EPERM) {
			denied++;
			err =
			    sink_printf(v->out, "%8d (needs administrator rights)\n", p->stat.pid);
		} else if (why == 0 && n > 0) {
			err = print_files(v, p, n, &budget);
		}
	}
	if (err == 0 && denied > 0)
		err = sink_note(v->out,
				"open files of %u of %zu programs: needs administrator rights",
				denied, v->list.count);
	return err;
}

/* ---- */

static int64_t boot_time(void)
{
	char text[64];

	if (read_text("/proc/uptime", text, sizeof text) <= 0)
		return 0;
	return clock_wall_s() - strtoll(text, NULL, 10);
}

static int sample(struct view *v)
{
	struct proc_list before;

	int err = proc_list_read(&before);
	if (err < 0)
		return err;
	poll(NULL, 0, SAMPLE_MS);
	err = proc_list_read(&v->list);
	if (err == 0)
		proc_list_compare(&before, &v->list, v->ticks_per_s);
	proc_list_done(&before);
	return err;
}

static int show(struct view *v)
{
	static const char *const ps[] = {"ps", "auxwwwm", NULL};

	int err = sink_fact(v->out, "proc.count", "%zu", v->list.count);
	if (err == 0 && v->list.more)
		err = sink_note(v->out, "only %d processes are listed", PROC_LIST_MAX);
	if (err == 0)
		err = top(v);
	if (err == 0)
		err = list_all(v);
	if (err == 0)
		err = tree(v);
	if (err == 0)
		err = tool_file(v->out, "process", ps);
	return err < 0 ? err : open_files(v);
}

int collect_processes(struct sink *out, const struct collect_args *args)
{
	struct view *v = calloc(1, sizeof *v);

	(void)args;
	if (!v)
		return -ENOMEM;
	v->out = out;
	v->page_kb = (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
	v->ticks_per_s = sysconf(_SC_CLK_TCK);
	v->boot_s = boot_time();
	users_read(&v->users);

	int err = sample(v);
	if (err == 0)
		err = show(v);
	proc_list_done(&v->list);
	free(v);
	return err;
}
