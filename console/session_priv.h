/* SPDX-License-Identifier: Apache-2.0
 *
 * What session.c shares with the commands (cmd_*.c).
 */
#ifndef AS_CONSOLE_SESSION_PRIV_H
#define AS_CONSOLE_SESSION_PRIV_H

#include "console/agree.h"
#include "console/catalog.h"
#include "console/collect.h"
#include "console/comeback.h"
#include "console/connect_args.h"
#include "console/job.h"
#include "console/link.h"
#include "console/op.h"
#include "console/session.h"

#define SESSION_TICK_MS	     250
#define SESSION_HANDSHAKE_MS 30000 /* from JOIN to the first PENDING */
#define SESSION_ANSWER_MS    15000 /* beyond what the customer has */
#define SESSION_PING_MS	     15000 /* PROTOCOL.md section 9 */
#define SESSION_SILENCE_MS   45000
#define SESSION_GOODBYE_MS   5000

enum session_state {
	SESSION_CONNECTING, /* no relay yet, or it looks for the agent */
	SESSION_PROVING,    /* inner TLS and code */
	SESSION_ASKING,	    /* the customer reads */
	SESSION_READY,	    /* granted, no command at work in the foreground */
	SESSION_BUSY,	    /* a command is at work in the foreground */
	SESSION_ENDING,	    /* nothing new is started; waiting for the link to go */
	SESSION_OVER,
};

struct session {
	struct session_setup setup;
	const struct session_events *on;
	void *owner;
	struct events *ev;
	enum session_state state;
	struct link *link; /* NULL once it is gone */
	struct agree agree;
	struct bundle *bundle; /* from the first grant on */
	as_Catalog catalog;
	bool catalog_due; /* a grant has come, its CATALOG has not */
	struct ops ops;
	struct jobs jobs;
	uv_timer_t tick;
	uv_idle_t work; /* turns while some job has something to do */
	uv_check_t pause;
	unsigned handles;
	uint64_t deadline_ms, ping_ms, granted_ms; /* clock_mono_ms(); 0: none */
	int why;				   /* the first thing that went wrong; 0: nothing */
	bool told_ending;			   /* on_ending() was called */
	bool denied;				   /* a DENY ended it */
	bool incomplete;			   /* some command could not do what it was told */

	/* the command at work in the foreground */
	const char *line; /* as it was typed; while its function runs */
	bool background;  /* it ends in '&' */
	struct job *front;
	bool waits; /* `wait`, for this job or (0) for all that end by themselves */
	uint32_t waits_for;
	bool finishing; /* no command will come: the end when all is done */

	bool suspended; /* the connection is lost; everything below is about that */
	struct comeback comeback;
	uint64_t until_ms; /* when we give up */
	uint32_t for_s;	   /* how long that was in the beginning */
	char *waiting;	   /* the command at work, which has not begun; ours */
	char *again;	   /* the one that waits for the customer's answer to a request; ours */
	bool is_again;	   /* that one is being run */
};

/* A command's function: argv[0] is its name. SESSION_DONE, SESSION_RUNS (it is at work, and will be
 * done by itself) or negative when it could not do what it was told, and has said so. */
#define SESSION_DONE 0
#define SESSION_RUNS 1
typedef int (*session_cmd)(struct session *s, int argc, const char *const argv[]);

int cmd_catalog(struct session *s, int argc, const char *const argv[]);
int cmd_collect(struct session *s, int argc, const char *const argv[]);
int cmd_device(struct session *s, int argc, const char *const argv[]);
int cmd_request(struct session *s, int argc, const char *const argv[]);
int cmd_tail(struct session *s, int argc, const char *const argv[]);
int cmd_journal(struct session *s, int argc, const char *const argv[]);
int cmd_eventlog(struct session *s, int argc, const char *const argv[]);
int cmd_top(struct session *s, int argc, const char *const argv[]);
int cmd_ls(struct session *s, int argc, const char *const argv[]);
int cmd_stat(struct session *s, int argc, const char *const argv[]);
int cmd_find(struct session *s, int argc, const char *const argv[]);
int cmd_get(struct session *s, int argc, const char *const argv[]);
int cmd_put(struct session *s, int argc, const char *const argv[]);
int cmd_jobs(struct session *s, int argc, const char *const argv[]);
int cmd_cancel(struct session *s, int argc, const char *const argv[]);
int cmd_wait(struct session *s, int argc, const char *const argv[]);
int cmd_status(struct session *s, int argc, const char *const argv[]);
int cmd_end(struct session *s, int argc, const char *const argv[]);
int cmd_help(struct session *s, int argc, const char *const argv[]);

/* session_peer.c: its ears; the owner of all these callbacks is the session. */
extern const struct agree_events session_agree_events;
extern const struct link_events session_link_events;
extern const struct comeback_events session_comeback_events;

/* No command is at work and one may be given. Harmless in other states. */
void session_idle(struct session *s);

/* The command at work in the foreground is done. */
void session_done(struct session *s);

/* A command has begun this job: it stays in front, or goes behind. What the command returns. */
int session_began(struct session *s, struct job *job);

/* A command cannot be carried out: why says all. What the command returns. */
int session_refuse(struct session *s, const char *why);

/* A command could not be begun. What the command returns. */
int session_fault(struct session *s, int err);

/* After everything that may have ended a job; not from inside one. Frees the jobs that are done and
 * goes on with what waited for them. */
void session_settle(struct session *s);

/* Ends the session because of err. The first reason counts and is told once. */
void session_fail(struct session *s, int err, const char *detail);

/* The first half of session_fail(): says and keeps the reason. */
void session_tell(struct session *s, int err, const char *detail);

/* The link is gone: nothing more will come. */
void session_wrap_up(struct session *s);

bool session_allows(enum scope_kind kind, void *session);

/* The customer is asked first: when he has agreed this command is run once more, and `is_again` is
 * true then. What the command returns. */
int session_after_grant(struct session *s, const struct scope *scopes, size_t n);

/* The answer is there: the command that waited for it is run, or (no) forgotten. */
void session_again(struct session *s, bool granted);

/* The connection is back: what waits goes on. */
void session_go_on(struct session *s);

/* Is a lost connection made again? */
bool session_may_resume(const struct session *s);

/* Seconds until a suspended session is given up. */
uint32_t session_lost_left_s(const struct session *s);

/* Seconds that the grant has left. */
uint32_t session_left_s(const struct session *s);

#endif
