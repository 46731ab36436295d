/* SPDX-License-Identifier: Apache-2.0
 *
 * Real OpenSSH servers for flow tests: unprivileged, each on a loopback address of its own, with
 * keys and settings in a folder of the test. The one user who can log in is who runs the test.
 */
#ifndef AS_TESTS_SSHD_H
#define AS_TESTS_SSHD_H

#include <stdint.h>
#include <sys/types.h>

#define SSHD_PORT 2222

struct sshd {
	pid_t pid;
	char host[32], user[65];
	char key[600];	  /* private, of the user: to log in with */
	char target[160]; /* USER@HOST:PORT */
};

/* n: which one of this test, from 0. forced: a shell script run instead of every command, which
 * stands in SSH_ORIGINAL_COMMAND; NULL: none. settings: more lines of its configuration, or "".
 * Fails the test when it does not listen. */
void sshd_start(struct sshd *s, const char *dir, unsigned n, const char *forced,
		const char *settings);
void sshd_stop(struct sshd *s);

#endif
