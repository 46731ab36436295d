/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading the kernel's text files, and files that look like them. Every function is pure: text
 * in, values out, outputs untouched on failure. The text may be hostile (a process chooses its
 * own name, a mount its own path), so nothing is assumed about it but the final NUL.
 */
#ifndef AS_AGENT_COLLECT_PROC_TEXT_H
#define AS_AGENT_COLLECT_PROC_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "MemTotal:   16384 kB": the number after `key:` at the start of a line. AS_EBADMSG. */
int proc_number(const char *text, const char *key, uint64_t *out);

/* "model name\t: Intel(R)": what follows the colon, cut to cap. AS_EBADMSG. */
int proc_field(const char *text, const char *key, char *out, size_t cap);

/* How many lines begin with this key. */
unsigned proc_count(const char *text, const char *key);

/* PRETTY_NAME="Debian GNU/Linux 12": the value without its quotes. AS_EBADMSG. */
int os_release_value(const char *text, const char *key, char *out, size_t cap);

/* /proc/pressure/X: avg10 of the "some" line, as text. AS_EBADMSG. */
int proc_pressure(const char *text, char *out, size_t cap);

/* The "cpu " line of /proc/stat, in ticks. */
struct cpu_times {
	uint64_t busy, total;
};
int proc_cpu_times(const char *text, struct cpu_times *out);
/* 0..100; 0 when no time has passed. */
unsigned cpu_busy_percent(const struct cpu_times *before, const struct cpu_times *after);

/* /proc/PID/stat. */
#define PROC_NAME_MAX 63
struct proc_stat {
	char name[PROC_NAME_MAX + 1];
	char state;
	int32_t pid, ppid;
	uint64_t ticks; /* processor time used so far */
	uint64_t start_ticks;
	uint64_t rss_pages;
	uint32_t threads;
};
int proc_stat_parse(const char *text, struct proc_stat *out);

/* One line of /proc/self/mountinfo. */
#define MOUNT_PATH_MAX 1023
struct mount {
	uint32_t major, minor;
	char where[MOUNT_PATH_MAX + 1];
	char type[64];
	char device[MOUNT_PATH_MAX + 1];
};
/* n: without the newline. AS_EBADMSG, or AS_E_TOO_BIG when a name is too long. */
int mountinfo_parse(const char *line, size_t n, struct mount *out);

#endif
