/* SPDX-License-Identifier: Apache-2.0
 *
 * A device that is not an OpenSSH: a small SSH server (libssh's own) with a password, questions, a
 * terminal with prompt and pager, and bad manners of each kind. One process per peer; killed by
 * ssh_peer_stop().
 */
#ifndef AS_TESTS_SSH_PEER_H
#define AS_TESTS_SSH_PEER_H

#include <stdint.h>
#include <sys/types.h>

#define SSH_PEER_PASSWORD "correct horse"
#define SSH_PEER_CODE	  "kx81q7" /* to its second question */

enum ssh_peer_kind {
	SSH_PEER_SWITCH,    /* a terminal like Cisco's, with a pager that ignores its setting */
	SSH_PEER_QUESTIONS, /* keyboard-interactive: password, then a code; commands by channels */
	SSH_PEER_DROPS,	    /* hangs up in the middle of the second command */
	SSH_PEER_BINARY,    /* answers with bytes of any kind */
	SSH_PEER_OLD,	    /* offers old algorithms only */
	SSH_PEER_BANNER,    /* greets without end */
	SSH_PEER_EXITS,	    /* closes the connection on a wrong password */
	SSH_PEER_TWICE,	    /* wants the password, and the password once more */
	SSH_PEER_BOTH,	    /* takes every password, and then wants a key */
};

struct ssh_peer {
	pid_t pid;
	char target[64]; /* admin@127.0.0.1:PORT */
	uint16_t port;
};

void ssh_peer_start(struct ssh_peer *p, enum ssh_peer_kind kind);
void ssh_peer_stop(struct ssh_peer *p);

#endif
