/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a collector writes: item records (proto/wire/item.h), redacted (the hook is here;
 * the rules come with their own issue), compressed when asked, to standard output.
 *
 * All calls return 0 or a negative error; after the first error every later call returns it
 * too, so a collector may write on and check once. The sink counts: past the output cap it
 * cuts at the end of a line, marks the file truncated and refuses with AS_E_TOO_BIG.
 *
 * A watchdog thread ends a run at its deadline: it kills the tool that is running, closes the
 * open file as partial, writes END with state timeout, finishes the compression and leaves
 * the process. Time spent waiting for the reader of our output does not count.
 */
#ifndef AS_AGENT_COLLECT_SINK_H
#define AS_AGENT_COLLECT_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/log.h"
#include "proto/wire/item.h"

struct sink;

/* One file of the bundle. Name and source as in item.h. A file left open by the next
 * sink_file_begin() or at the end is closed as ok. */
int sink_file_begin(struct sink *s, const char *name, enum item_source kind, const char *source);
int sink_write(struct sink *s, const void *p, size_t n);
int sink_printf(struct sink *s, const char *fmt, ...) AS_PRINTF(2, 3);
int sink_file_end(struct sink *s, enum item_state state, bool truncated, const char *why);

/* A whole file of the customer's system, copied under its own path ("/proc/meminfo" becomes
 * "proc/meminfo"). A missing or unreadable one becomes a listed gap (file with no bytes and
 * state unavailable) and is not an error of the run: returns 0 unless the sink refuses.
 * max: cut at the end of the last line that fits; 0 = what is left of the cap. */
int sink_copy(struct sink *s, const char *path, uint64_t max);

/* Runs a tool without a shell: argv[0] is looked up in a fixed path, the environment is
 * LC_ALL=C and PATH only, standard input is /dev/null, standard error is kept with the output,
 * in a process group of its own that the watchdog and the end of this process kill. The output goes
 * to `name`; source is the command line. A tool that is not installed, fails or prints nothing is
 * a listed gap, not an error of the run. */
int sink_tool(struct sink *s, const char *name, const char *const argv[]);

/* The file's bytes as they are: not looked at, not redacted, not cut at lines. For files that the
 * customer sends by name. */
int sink_bulk(struct sink *s, const void *p, size_t n);

/* The same for n bytes of an open file from offset `at`, which pass through nobody's hands where
 * the system can do that. The sink's error, or 0; r says what came of the file. */
struct sent {
	uint64_t bytes; /* of the file that are in the sink now */
	uint64_t zeros; /* behind them, because it had fewer than a record had promised */
	int err;	/* -errno of the file; 0 and too few bytes: it has become shorter */
};
int sink_send(struct sink *s, int fd, uint64_t at, uint64_t n, struct sent *r);

/* From here on sink_send() packs what becomes smaller by it. -ENOMEM. */
int sink_pack(struct sink *s);

/* One record of SIZE, OFFSET or HOLE in a file, or ENTRY or LINE outside of files. */
int sink_record(struct sink *s, const struct item *it);

/* For live views (live.h): the output is the caller's from here on, END included. Its descriptor.
 */
int sink_hand_over(struct sink *s);

/* One fact for the summary; key as in item.h. */
int sink_fact(struct sink *s, const char *key, const char *fmt, ...) AS_PRINTF(3, 4);

/* A remark for the manifest: what is missing and why. */
int sink_note(struct sink *s, const char *fmt, ...) AS_PRINTF(2, 3);

#endif
