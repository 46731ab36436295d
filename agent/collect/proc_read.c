/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk of /proc.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/collect/copy.h"
#include "agent/collect/proc_list.h"
#include "proto/base/clock.h"
#include "proto/base/text.h"

#define STAT_TEXT_MAX 1024
#define COMMAND_MAX   4096

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
	proc_list_sort(l);
	return 0;
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
