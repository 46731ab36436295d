/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of the customer's system: into the bundle, or into memory. What cannot be had is listed
 * with its reason, in the same words everywhere. Nothing here waits for a pipe or a device.
 */
#ifndef AS_AGENT_COLLECT_COPY_H
#define AS_AGENT_COLLECT_COPY_H

#include <stddef.h>

struct sink;

/* Opens a regular file for reading without ever waiting for another process; or -errno. */
int gap_open(const char *path);

/* Ends the open file as unavailable or failed, with the reason for a person. err is -errno. */
int gap_end(struct sink *s, int err);

/* sink_copy() for what only some systems have: a missing one is no gap. */
int copy_existing(struct sink *s, const char *path);

/* sink_copy() for each path of a list that ends with NULL. */
int copy_all(struct sink *s, const char *const paths[]);

/* The first cap - 1 bytes as a string. Returns its length, or -errno with an empty string. */
int read_text(const char *path, char *out, size_t cap);

#endif
