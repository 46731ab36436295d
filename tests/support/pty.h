/* SPDX-License-Identifier: Apache-2.0
 *
 * Plays the customer: a program on a pseudo-terminal of its own, what it shows, what is
 * typed. And the engineer's script: a program without a terminal. Nothing here waits by sleeping:
 * pty_expect() polls the terminal until the text is there, the program ends, or a limit that only a
 * broken program reaches has passed.
 */
#ifndef AS_TESTS_PTY_H
#define AS_TESTS_PTY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PTY_LIMIT_MS 60000

struct pty {
	pid_t pid; /* 0 once it has been reaped */
	int fd;
	char *screen; /* everything shown so far, ended by NUL; ours */
	size_t len, cap;
	size_t seen; /* pty_expect() looks behind this */
	int status;  /* of waitpid(), valid when pid is 0 */
	bool echo;   /* copy what is shown to our own standard output */
};

/* argv[0] is a path. env: NULL-terminated "NAME=value" list added to LC_ALL=C. 0 or -errno. */
int pty_start(struct pty *p, const char *const argv[], const char *const env[]);

/* The same without a terminal: standard output and error come through a pipe, standard input is
 * empty. For the engineer's side. */
int pty_start_piped(struct pty *p, const char *const argv[], const char *const env[]);

/* Waits until `text` is shown behind what earlier calls have seen. False: the program ended, or
 * the limit passed. On success `seen` is just behind the text. */
bool pty_expect(struct pty *p, const char *text);
bool pty_expect_within(struct pty *p, const char *text, int limit_ms);

/* What stands behind the last pty_expect() up to the end of the line; waits for the line. */
bool pty_rest_of_line(struct pty *p, char *out, size_t cap);

int pty_type(struct pty *p, const char *text);

/* Reads to the end and reaps. The exit code; 128 + signal; -1 when the limit passed (it is
 * then killed). */
int pty_wait(struct pty *p);

/* Closes the terminal, as a window's close button does: the program gets SIGHUP. */
void pty_hang_up(struct pty *p);

/* Kills what is left and frees. */
void pty_done(struct pty *p);

#endif
