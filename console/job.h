/* SPDX-License-Identifier: Apache-2.0
 *
 * The commands of a session that are at work on the agent, in the foreground or behind it: one
 * job each, with a number to name it by. A job owns its operations (op.h); this table numbers,
 * lists, stops and finally frees the jobs, and knows nothing of what they do.
 *
 * Life: jobs_add() -> job_done(), once, by the job itself from any callback -> jobs_reap(), at a
 * moment when nobody is inside the job, frees it. What it was stays in the list of the last ones.
 *
 * A job is *endless* when only somebody's word ends it: a live view without a limit. Nobody waits
 * for those, and to end one is no failure.
 */
#ifndef AS_CONSOLE_JOB_H
#define AS_CONSOLE_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console/events.h"

struct bundle;
struct ops;

#define JOBS_MAX      40
#define JOBS_PAST_MAX 16   /* of those that are done */
#define JOB_WHAT_MAX  160  /* bytes of the command line, for people */
#define JOB_REPORT_MS 1000 /* between two "running" events of one item with --json */

struct job;

enum job_stop {
	JOB_CANCELLED, /* by the engineer */
	JOB_ENDED,     /* with the session, by the engineer */
	JOB_LOST,      /* with the session, and nobody wanted that */
};

/* All but stop, total and free may be NULL. */
struct job_kind {
	/* Ends it with what has arrived. With the session job_done() comes before it returns; one
	 * that is cancelled may still put in order what it has. */
	void (*stop)(struct job *j, enum job_stop how, const char *why);
	/* Fills in how much has come, of the whole job. */
	void (*total)(const struct job *j, struct item_view *out);
	/* What is at work in it, for live lines: at most max, returns how many. NULL: the job
	 * itself. */
	size_t (*view)(const struct job *j, struct item_view *out, size_t max);
	void (*tick)(struct job *j, uint64_t now_ms); /* a few times a second */
	/* A piece of what would take too long at once; true: there is more to do. */
	bool (*work)(struct job *j);
	/* Somebody reads our output again: op_release(). */
	void (*drained)(struct job *j);
	void (*free)(struct job *j);
};

/* Embedded as the first member of each kind's own struct. */
struct job {
	const struct job_kind *kind;
	const char *name; /* of the command; a literal */
	bool endless;
	bool works;    /* work() has something to do */
	bool live;     /* it prints as it goes, so it needs no live line */
	bool behind;   /* set by who began it: it is not in front */
	bool own_keys; /* else, in front, "q" and Enter end what is live */

	/* job.c's own */
	struct jobs *jobs;
	uint32_t id;
	uint64_t began_ms;
	uint64_t reported_ms, reported_bytes;
	bool is_done;
	enum item_state state; /* when done */
	char what[JOB_WHAT_MAX];
};

struct job_past {
	uint32_t id;
	char what[JOB_WHAT_MAX];
	struct item_view view; /* name and why are literals or empty */
};

/* What every job needs. */
struct jobs {
	struct events *ev;
	struct ops *ops;
	struct bundle *bundle; /* from the first grant on */
	struct job *at[JOBS_MAX];
	size_t count;
	uint32_t last_id;
	struct job_past past[JOBS_PAST_MAX]; /* the newest last */
	size_t past_count;
	bool incomplete;	      /* sticky: some job failed, or is not complete */
	bool shows;		      /* live lines are wanted: nobody is typing below them */
	void (*on_wake)(void *owner); /* jobs_have_work() has become true; may be NULL */
	void *owner;
};

void jobs_init(struct jobs *js, struct events *ev, struct ops *ops);
void jobs_free(struct jobs *js); /* all of them, as they are */

/* Takes the job, which has kind and name, and numbers it. line: as it was typed; cleaned here.
 * AS_E_QUOTA when there are JOBS_MAX: the caller frees it. */
int jobs_add(struct jobs *js, struct job *j, const char *line);

struct job *jobs_find(const struct jobs *js, uint32_t id);

/* By the job: nothing of it is at work any more, and everything was told. incomplete: it failed, or
 * not all came that should. */
void job_done(struct job *j, enum item_state state, bool incomplete);

/* By the job: `works` was set while nobody was looking. */
void job_wake(struct job *j);

/* Frees the jobs that are done; true when there were some. Not from a callback of an op. */
bool jobs_reap(struct jobs *js);

/* The job as one item is told to scripts: "running", when it begins and once a second while it
 * grows. And at its end, in either form: before job_done(). */
void job_tell_running(struct job *j, uint64_t now_ms);
void job_tell_done(struct job *j, enum item_state state, const char *why);

/* The whole job for a list. */
void job_view(const struct job *j, struct item_view *out);

/* Those that end by themselves. */
size_t jobs_ending(const struct jobs *js);

void jobs_stop_all(struct jobs *js, enum job_stop how, const char *why);
void jobs_stop_endless(struct jobs *js, const char *why);
void jobs_tick(struct jobs *js, uint64_t now_ms);
void jobs_drained(struct jobs *js);
bool jobs_have_work(const struct jobs *js);
bool jobs_work(struct jobs *js); /* one piece of each; true while there is more */

/* Live lines of all that is at work, if they are wanted; before an item's final line is printed,
 * and a few times a second. */
void jobs_show(struct jobs *js);

#endif
