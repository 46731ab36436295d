/* SPDX-License-Identifier: Apache-2.0
 *
 * The scene of a measurement: a throw-away organisation, a relay on loopback, one customer and
 * one engineer with the real programs. Unlike the stage of the flow tests it reads all three
 * at the same time, as three people would, and says when something was seen. A scene that
 * does not work ends the benchmark with what the programs said.
 */
#ifndef AS_TESTS_SCENE_H
#define AS_TESTS_SCENE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/support/pty.h"

#define SCENE_PATH_MAX	512
#define SCENE_ARGS_MAX	128
#define SCENE_WATCH_MAX 64
#define SCENE_LIMIT_MS	120000
#define SCENE_LOG_FILES 16
#define SCENE_LOG_BYTES (4u << 20) /* what syslog_files takes of one file */

struct scene {
	char bin[SCENE_PATH_MAX]; /* where the programs are */
	char dir[SCENE_PATH_MAX];
	char address[64], code[32];
	struct pty relay, agent, console;
	int64_t *clock_ms; /* and behind it how fast, and since when: tests/support/clock_shim.c */
	bool has_clock;	   /* of the agent that runs now */
	unsigned sessions;
	const char *const *only; /* measure those whose name has one of these in it; none: all */
	uint64_t bytes;		 /* of the file that is sent */
	const char *out;	 /* scene_use_out() */
	char console_relay[64];	 /* that the console is told; "" for that of its identity */
	/* While it is set, what the console prints goes there and not to its screen. */
	void (*on_console)(void *ctx, const char *data, size_t n);
	void *on_console_ctx;
};

/* How a customer's computer differs from the one we run on. */
enum scene_agent {
	SCENE_PLAIN = 0,
	SCENE_SKIP_LOCK = 1, /* its clock jumps over the prompt's 5 s */
	SCENE_MANY_LOGS =
	    2, /* it sees SCENE_LOG_FILES full log files; only root can arrange that */
};

uint64_t scene_now_ns(void);

void scene_open(struct scene *s, const char *bin);
void scene_done(struct scene *s);
bool scene_can_have_logs(void);

/* The agent's configuration names that relay from now on. */
void scene_configure(struct scene *s, const char *relay);

/* One session: the customer's agent, its code, then the engineer's "connect" with the scopes
 * system, network and logs and the given command. */
void scene_agent(struct scene *s, unsigned how);
void scene_code(struct scene *s);
void scene_connect(struct scene *s, const char *command);
/* The same with scopes and commands of the caller's choice; NULL ends both lists. */
void scene_connect_with(struct scene *s, const char *const scopes[], const char *const commands[]);
/* Bundles go below that folder from now on; NULL: below the scene's own. */
void scene_use_out(struct scene *s, const char *dir);
/* Waits for the prompt (returns when it was there), then for its lock. */
uint64_t scene_prompt(struct scene *s);
/* From now on time passes so much faster for the agent (that was started with SCENE_SKIP_LOCK). */
void scene_hurry(struct scene *s, unsigned factor);
uint64_t scene_type(struct scene *s, const char *text); /* the moment just before */
/* Both programs ended or are killed. */
void scene_session_done(struct scene *s);

/* DIR/NAME. Returns out. */
const char *scene_path(const struct scene *s, const char *name, char out[SCENE_PATH_MAX]);
/* The folder for this session's bundle. */
const char *scene_out(const struct scene *s, char out[SCENE_PATH_MAX]);
/* Runs a program to its end; its exit code must be 0. */
void scene_run(const struct scene *s, const char *const argv[]);

/* Reads what the three show and waits for more at most limit_ms, or until one of the watched
 * descriptors is ready. True: something happened. */
bool scene_pump(struct scene *s, struct pollfd *watched, nfds_t n, int limit_ms);
/* Until the text is shown. The moment. */
uint64_t scene_until(struct scene *s, struct pty *p, const char *text);
/* True when p has shown the text behind what earlier calls have seen. */
bool scene_saw(struct pty *p, const char *text);
/* True once p's program has closed its terminal or pipe. */
bool scene_has_ended(const struct pty *p);

/* The program ended: what it and the others showed, and exit 1. */
_Noreturn void scene_fail(const struct scene *s, const char *what);

#endif
