/* SPDX-License-Identifier: Apache-2.0
 *
 * What an engineer chose for one operation, in the fixed form in which it goes through the
 * agent's processes (net -> broker -> collector): OpenArgs of messages.proto, read once. Every text
 * is clean and ends in its array; a path is any bytes, but never leaves its root by its words.
 */
#ifndef AS_WIRE_OP_ARGS_H
#define AS_WIRE_OP_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire/messages.h"

#define OP_NAMES_MAX   8
#define OP_NAME_MAX    128
#define OP_PATHS_MAX   MSG_PATHS_MAX
#define OP_PATH_MAX    MSG_PATH_MAX
#define OP_PATTERN_MAX 255
#define OP_SHA256_LEN  32

struct op_args {
	uint32_t hours;	    /* logs: how far back; 0 = the collector's default */
	uint32_t priority;  /* logs: syslog priority + 1; 0 = the collector's default */
	uint64_t max_bytes; /* per file; 0 = the collector's default */
	uint32_t names_count, paths_count;
	char names[OP_NAMES_MAX][OP_NAME_MAX + 1]; /* HOST or HOST:PORT */
	char unit[OP_NAME_MAX + 1];
	char root[SCOPE_TARGET_MAX + 1];	   /* the granted folder or file; "" for none */
	char paths[OP_PATHS_MAX][OP_PATH_MAX + 1]; /* below the root; "" is the root itself */
	char pattern[OP_PATTERN_MAX + 1], glob[OP_PATTERN_MAX + 1];
	uint64_t offset;
	bool has_sha256; /* of what stands before offset */
	uint8_t sha256[OP_SHA256_LEN];
	uint64_t size_min, size_max, newer_s, older_s;
	uint32_t lines, types, flags;
};

void op_args_read(const as_OpenArgs *in, struct op_args *out); /* in: from msg_decode() */

/* On the pipe. Always the same length. */
#define OP_ARGS_LEN                                                                            \
	(4 * 4 + 8 + (OP_NAMES_MAX + 1) * (OP_NAME_MAX + 1) + SCOPE_TARGET_MAX + 1 +           \
	 OP_PATHS_MAX * (OP_PATH_MAX + 1) + 2 * (OP_PATTERN_MAX + 1) + 8 + 1 + OP_SHA256_LEN + \
	 4 * 8 + 3 * 4)
struct writer;
struct cursor;
void op_args_put(struct writer *w, const struct op_args *a);
/* Fails through the cursor: AS_EBADMSG for what op_args_check() would not like. */
void op_args_get(struct cursor *c, struct op_args *out);

/* Is it what op_args_read() could have made? For bytes that came as this struct. */
bool op_args_check(const struct op_args *a);

#endif
