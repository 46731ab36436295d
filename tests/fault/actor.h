/* SPDX-License-Identifier: Apache-2.0
 *
 * One program of a schedule, on the loop: what it shows, and that it ended. Over pty.h, which
 * waits for one program at a time; here several are watched at once.
 *
 * Life: actor_start() -> ... -> actor_done(), and the loop until actor_is_gone().
 */
#ifndef AS_TESTS_FAULT_ACTOR_H
#define AS_TESTS_FAULT_ACTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "tests/support/pty.h"

#define ACTOR_SCREEN_MAX (4u << 20) /* a program that says more is broken */

struct actor {
	struct pty pty;
	uv_poll_t out, end;
	int pidfd;
	bool watching_out, watching_end;
	bool started, ended;
	pid_t pid; /* also when it has ended */
	int code;  /* valid when ended: exit code, or 128 + signal */
	unsigned held;
	void (*on_change)(void *owner);
	void *owner;
};

/* 0 or a negative error. terminal: on a pseudo-terminal, else its output comes through a pipe. */
int actor_start(struct actor *a, uv_loop_t *loop, bool terminal, const char *const argv[],
		const char *const env[]);

/* Is the text shown behind what earlier calls have seen? Then it is seen. */
bool actor_saw(struct actor *a, const char *text);

/* The rest of the line behind the text. Nothing is seen while the line is not whole: a terminal
 * may hand it over in pieces. */
bool actor_saw_line(struct actor *a, const char *text, char *out, size_t cap);

bool actor_shows(const struct actor *a, const char *text); /* anywhere */
unsigned actor_count(const struct actor *a, const char *text);
bool actor_is_alive(const struct actor *a);
void actor_type(struct actor *a, const char *text);

/* A clock that was moved is read only by who wakes up. */
void actor_wake(const struct actor *a);

/* Takes the exit status when the program has ended. */
void actor_reap(struct actor *a);

/* Kills what is left and stops watching; the screen stays until actor_free(). */
void actor_done(struct actor *a);
bool actor_is_gone(const struct actor *a);
void actor_free(struct actor *a);

#endif
