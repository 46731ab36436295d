/* SPDX-License-Identifier: Apache-2.0
 *
 * What assent-probe prints, for the collectors that run it: blocks of lines, the first one
 * "target: NAME" or "server: ADDRESS", the last one "result: TEXT". Pure but for probe_text().
 */
#ifndef AS_AGENT_COLLECT_PROBE_H
#define AS_AGENT_COLLECT_PROBE_H

#include <stdbool.h>
#include <stddef.h>

struct sink;

#define PROBE_TITLE_MAX	 160
#define PROBE_RESULT_MAX 256
#define PROBE_ARGS_MAX	 16

struct probe_block {
	char title[PROBE_TITLE_MAX + 1]; /* what stands behind "target: "; cut when longer */
	char result[PROBE_RESULT_MAX + 1];
};

/* Reads one block and moves *at behind it; false when there is no further whole block. */
bool probe_next(const char **at, struct probe_block *out);

/* Runs the probe with args (NULL at the end; the program's name is put before). The output as
 * tool_text() gives it. */
int probe_text(struct sink *s, const char *const args[], char *out, size_t cap);

/* The host of "HOST", "HOST:PORT" or "https://HOST:PORT" when it is a name that a name server can
 * be asked for; false for an address. */
bool probe_name(const char *target, char *out, size_t cap);

#endif
