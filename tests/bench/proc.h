/* SPDX-License-Identifier: Apache-2.0
 *
 * The processes below another one, and the memory they use, read from /proc.
 */
#ifndef AS_TESTS_PROC_H
#define AS_TESTS_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PROC_BELOW_MAX 256
#define PROC_NAME_MAX  16

struct proc {
	pid_t pid, parent;
	char name[PROC_NAME_MAX]; /* the kernel's: at most 15 characters */
};

/* The process itself and all below it that live at this moment (zombies do not). How many. */
size_t proc_below(pid_t top, struct proc out[PROC_BELOW_MAX]);

struct proc_memory {
	long rss_kib, peak_kib; /* resident now, and at most until now */
	long pss_kib;		/* shared pages divided by their users; -1 when we may not know */
};

/* False when it has ended. */
bool proc_memory(pid_t pid, struct proc_memory *out);
/* Only what is resident now, which costs the kernel less; 0 when it has ended. */
long proc_rss_kib(pid_t pid);

/* Its peak_kib alone, which costs much less; -1 when it has ended. */
long proc_peak_kib(pid_t pid);

struct proc_cpu {
	char name[PROC_NAME_MAX];
	double own_s, ended_s; /* of itself, and of those below it that were waited for */
};

/* Processor seconds of the process and of all below it that live, each. How many. */
size_t proc_cpu(pid_t top, struct proc_cpu out[PROC_BELOW_MAX]);

/* Bytes it has written to anything, or -1. */
long proc_written(pid_t pid);

/* A descriptor that becomes readable when the process ends, or -errno. */
int proc_watch(pid_t pid);

/* How many processes run a program of that folder. */
size_t proc_count_from(const char *folder);

#endif
