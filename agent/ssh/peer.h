/* SPDX-License-Identifier: Apache-2.0
 *
 * One connection to a device, from its first byte to its last, in a process that is shut in before.
 *
 *   peer_run(): key exchange -> KEY -> (ACCEPT) -> log-in -> commands -> END, OVER
 *                                   -> (LATER)  -> nothing was said yet: the next connection goes
 * on
 *
 * Everything blocks, and everything has a limit: PEER_*_MS here, and the catalogue's for commands.
 * While the customer thinks there is no connection, so there is no limit of the device's to meet.
 */
#ifndef AS_AGENT_SSH_PEER_H
#define AS_AGENT_SSH_PEER_H

#include "agent/collect/sink.h"
#include "agent/device/catalogue.h"
#include "agent/ssh/speak.h"
#include "agent/ssh/ssh_api.h"
#include "proto/wire/device.h"

#define PEER_KEY_MS	20000	/* greeting and key exchange */
#define PEER_LOGIN_MS	30000	/* one answer to one attempt */
#define PEER_CHANNEL_MS 15000	/* a channel, a terminal */
#define PEER_ALL_MS	1200000 /* all commands together */
#define PEER_SILENT_MAX 2	/* commands without an end in a row, then nothing more is tried */

struct peer {
	const struct ssh_api *ssh;
	ssh_session session;
	struct speaker *talk;
	struct sink *sink;
	struct device device;
	const char *folder; /* in the bundle: "devices/HOST" */
	const char *known;  /* name of the type of key that is known, or "" */
	struct catalogue catalogue;
	uint64_t until_ms; /* PEER_ALL_MS */
	unsigned silent;
	bool lost; /* the connection is gone */
	enum item_state state;
	char why[ITEM_WHY_MAX + 1]; /* for END */
};

/* What becomes of the process. 0..5: END was written, and this is its enum item_state. */
#define PEER_AGAIN  32 /* the customer is asked; no END was written */
#define PEER_BROKEN 66 /* our reader or the broker is gone */

/* fd: connected; taken. */
int peer_run(struct peer *p, int fd);

/* ---- between peer.c, login.c, command.c and shell.c ---- */

/* Waits until the connection can go on, or `until_ms` has come: 0; AS_E_TIMEOUT. */
int peer_wait(struct peer *p, uint64_t until_ms);

/* Repeats `call` of the library until it has an answer other than "not yet"; SSH_AGAIN: there was
 * no time left. */
#define PEER_UNTIL(p, result, until_ms, call) \
	do {                                  \
		(result) = (call);            \
	} while ((result) == SSH_AGAIN && peer_wait((p), (until_ms)) == 0)

/* How it ends, for END. Returns AS_E_OP_FAILED, for the caller to hand back. */
int peer_fail(struct peer *p, enum item_state state, const char *why);
/* The same with what the library says about the session. */
int peer_fail_ssh(struct peer *p);

/* The broker said what ends this connection: AS_E_OP_FAILED, or PEER_AGAIN. */
int peer_obey(struct peer *p, const struct talk_msg *m);

/* 0, PEER_AGAIN or negative. */
int login(struct peer *p);

/* All of the catalogue. Negative only when our reader is gone. */
int commands_run(struct peer *p);
int shell_run(struct peer *p);

/* A file of the bundle for one command, and its end. */
struct output {
	struct peer *p;
	const struct catalogue_command *command;
	uint64_t until_ms, stalled_ms, bytes;
	bool full;
	char head[256]; /* of what came, for the words that mean "I do not know this" */
	size_t head_len;
};
int output_begin(struct output *o, struct peer *p, const struct catalogue_command *c);
/* Negative: our reader is gone. What is over the command's size is dropped, and `full` set. */
int output_write(struct output *o, const void *bytes, size_t n);
/* The command's time, without that which we waited for our reader. */
uint64_t output_until(struct output *o);
int output_end(struct output *o, enum item_state state, const char *why);

#endif
