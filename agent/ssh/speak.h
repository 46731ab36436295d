/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker's end of the conversation (agent/device/talk.h), from the helper's side. Blocking:
 * whoever asks waits for the answer. What is received stands in memory for secrets, and is wiped
 * before the next message.
 */
#ifndef AS_AGENT_SSH_SPEAK_H
#define AS_AGENT_SSH_SPEAK_H

#include "agent/device/talk.h"

struct speaker {
	int fd;
	uint8_t *in; /* TALK_MAX bytes of plat_secret_new() */
	int passed;  /* a descriptor that came with the last message; -1: none */
};

/* -ENOMEM when there is no such memory. */
int speak_open(struct speaker *b, int fd);

int speak_send(struct speaker *b, enum talk_type type, const void *p, size_t n);
int speak_note(struct speaker *b, enum talk_type type, unsigned flag, const char *text);

/* The next message. Negative when the broker is gone or says what it must not. */
int speak_hear(struct speaker *b, struct talk_msg *out);
void speak_wipe(struct speaker *b);

#endif
