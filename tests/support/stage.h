/* SPDX-License-Identifier: Apache-2.0
 *
 * The stage of a flow test: a throw-away organisation, a relay on loopback, one customer and
 * as many engineers as wanted, all with the real programs. Everything lies in a temporary
 * folder that stage_done() removes; every function fails the test when it cannot do its part.
 */
#ifndef AS_TESTS_STAGE_H
#define AS_TESTS_STAGE_H

#include <stdint.h>

#include "tests/support/pty.h"

#define STAGE_PATH_MAX 512
#define STAGE_ARGS_MAX 48

struct stage {
	char dir[STAGE_PATH_MAX];
	char address[64]; /* of the relay */
	char code[32];	  /* once stage_code() has seen it */
	struct pty relay, agent;
	bool no_resume;
	int64_t *clock_ms; /* the agent's clock is this much ahead */
	int silent_fds[4]; /* the listener and who fills its queue; 0 until stage_silent_server() */
	char silent[32];
};

void stage_open(struct stage *s); /* organisation "Acme Support", engineer "ada", relay running */
void stage_done(struct stage *s);

/* Kills the relay and starts another one on the same address, with the same keys. */
void stage_restart_relay(struct stage *s);

/* A lost connection ends the session at once, at both ends: call it before stage_agent(). */
void stage_without_resume(struct stage *s);

/* Runs a program to its end. Its exit code; what it printed is in out when out is not NULL. */
int stage_run(const char *const argv[], char *out, size_t cap);

/* assent-console with these arguments (NULL ends them), without a terminal. */
void stage_console(struct stage *s, struct pty *console, const char *const args[]);

/* "connect CODE --identity DIR/ada --reason ... --json --out DIR/out" and these. */
void stage_connect(struct stage *s, struct pty *console, const char *const args[]);

void stage_agent(struct stage *s);  /* starts it and waits for its code */
void stage_prompt(struct stage *s); /* waits for the prompt and lets the lock's time pass */
void stage_allow(struct stage *s);  /* the same, and types "allow" */

/* The agent's clock jumps; it notices at once. */
void stage_skip(struct stage *s, int64_t ms);

/* "names=127.0.0.1:PORT" of a server whose queue is full, so that whoever connects waits: this is
 * how a test catches a collector in the middle. Open until stage_done(). */
const char *stage_silent_server(struct stage *s);

/* This process and what it starts see mounts of their own from here on. False: the system lets
 * nobody do that. Before stage_open(). */
bool stage_own_mounts(void);

/* DIR/NAME. Returns out. */
const char *stage_path(const struct stage *s, const char *name, char out[STAGE_PATH_MAX]);

/* DIR/data, which stage_data() makes, is what a test's engineer asks for. Valid until the next
 * call. */
const char *stage_data(struct stage *s); /* "files:DIR/data" */
const char *stage_in_data(const struct stage *s, const char *name);
void stage_append(const struct stage *s, const char *name, const char *text); /* or makes it */
void stage_noise(const struct stage *s, const char *name, size_t n); /* nothing compresses it */

/* Does the customer's record have this text? */
bool stage_record_has(const struct stage *s, const char *text);

/* What stands in FOLDER/NAME, or the test fails. Valid until the next call; len may be NULL. */
const char *stage_text(const char *folder, const char *name, size_t *len);

/* Does any file below a folder have this text? */
bool stage_holds(const char *folder, const char *text);

/* The one bundle below DIR/out, or the test fails. */
void stage_bundle(const struct stage *s, char out[STAGE_PATH_MAX]);

/* Every process below pid, at this moment: how many, at most max. */
size_t stage_descendants(pid_t pid, pid_t *out, size_t max);

/* Waits until none of them is left; false after PTY_LIMIT_MS. */
bool stage_all_gone(const pid_t *pids, size_t n);

#endif
