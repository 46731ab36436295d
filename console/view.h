/* SPDX-License-Identifier: Apache-2.0
 *
 * What list.h and live.h are made of: one job of a few operations, whose records are shown as they
 * come and kept in the bundle. It ends when the last operation has, with the worst of their ends,
 * or as soon as somebody has enough.
 */
#ifndef AS_CONSOLE_VIEW_H
#define AS_CONSOLE_VIEW_H

#include "console/ask.h"
#include "console/job.h"
#include "console/op.h"
#include "console/saved.h"

/* Embedded as the first member of each kind's own struct. */
struct view {
	struct job job;
	enum counted counted; /* what count counts, for people */
	uint64_t count, bytes;
	bool reached; /* its own limit has ended it: set before on_record() refuses the rest */

	/* view.c's own */
	bool printing;	       /* between screen_begin() and screen_end() */
	enum item_state state; /* the worst of what has ended */
	char why[ITEM_WHY_MAX + 1];
	struct saved saved;
	struct op *ops[ASKS_MAX];
	size_t ops_count, at_work;
};

/* Opens all of it. The job's kind, name and flags are filled, and each of ops, one for an ask, with
 * what op_ask() wants. ext: of the file in the bundle; keep: false: it is only listed there. After
 * 0 the job is the table's; AS_E_QUOTA while too many jobs run: the caller frees it. */
int view_start(struct view *v, struct jobs *js, const char *line, const char *ext, bool keep,
	       const struct asks *asks);

/* Ends it, once; harmless afterwards. */
void view_finish(struct view *v, enum item_state state, const char *why);

/* Nothing is asked of the agent any more: before the job is freed. */
void view_hang_up(struct view *v);

/* For op_events. */
void view_part_done(struct view *v, enum item_state state, const char *why);
void view_fed(struct view *v, struct op *op);

/* Before the first line that one of those calls prints. */
void view_begin_printing(struct view *v);

/* A line for the bundle. */
void view_keep(struct view *v, const void *text, size_t n);

/* NOTE: shown, and kept as a remark. */
void view_note(struct view *v, const char *text);

/* For job_kind. */
void view_total(const struct job *j, struct item_view *out);
void view_drained(struct job *j);

#endif
