/* SPDX-License-Identifier: Apache-2.0
 *
 * The files below a folder of logs, newest first. Symbolic links are never followed: one that
 * stays inside leads to a file that is listed anyway, one that leaves is not a log.
 */
#ifndef AS_AGENT_COLLECT_LOG_LIST_H
#define AS_AGENT_COLLECT_LOG_LIST_H

#include <stddef.h>
#include <stdint.h>

struct sink;

#define LOG_LIST_MAX  4096
#define LOG_DEPTH_MAX 6
#define LOG_PATH_MAX  512

struct log_file {
	char *path; /* ours; relative to the folder */
	int64_t mtime;
};

struct log_list {
	struct log_file *all; /* ours */
	size_t count, cap;
	unsigned left_out; /* beyond LOG_LIST_MAX, too deep, or names too long */
};

/* Walks below root. A folder that cannot be read becomes a note. */
int log_list_read(struct log_list *l, const char *root, struct sink *notes);
void log_list_done(struct log_list *l);

/* Opens one of them. Every folder on the way is opened without following links, so that nobody
 * can turn one round between the walk and now. -errno. */
int log_list_open(const char *root, const char *path);

#endif
