/* SPDX-License-Identifier: Apache-2.0
 *
 * What the broker and one assent-collect-ssh say to each other, on a pipe of their own beside the
 * output. The broker decides everything: whose key is trusted, what is run, how to log in. The
 * helper speaks with a device that may be hostile, so its messages are few, short and checked here.
 *
 *   broker: GO -> helper: KEY -> broker: ACCEPT -> helper: LOGIN -> broker: SECRET
 *          -> helper: IN (then its output), or REFUSED and LOGIN again
 *   PROMPT asks for one more answer while it logs in. LATER instead of ACCEPT or SECRET: hang up,
 *   the customer is being asked; a GO follows. GIVE_UP: end, and say this. OVER: it has ended.
 *
 *   header: u32 type | u32 len       then len bytes; numbers are big-endian
 */
#ifndef AS_AGENT_DEVICE_TALK_H
#define AS_AGENT_DEVICE_TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/device/catalogue.h"
#include "proto/wire/item.h"

#define TALK_FD		3 /* of the helper */
#define TALK_HEADER	8
#define TALK_SECRET_MAX 20480 /* a private key with its passphrase */
#define TALK_MAX	(TALK_HEADER + TALK_SECRET_MAX + 8)
#define TALK_PASS_MAX	255
#define TALK_TEXT_MAX	ITEM_WHY_MAX
#define TALK_BANNER_MAX 128
#define TALK_KEY_MAX	40 /* name of a type of key */

enum talk_type {
	/* helper -> broker */
	TALK_KEY = 1,	 /* struct talk_key */
	TALK_LOGIN = 2,	 /* struct talk_login */
	TALK_PROMPT = 3, /* struct talk_note: the device's words; flag: what is typed may be seen */
	TALK_REFUSED = 4, /* the device does not take it */
	TALK_IN = 5,	  /* logged in */
	TALK_OVER = 6,	  /* struct talk_note; flag: enum item_state */

	/* broker -> helper */
	TALK_GO = 32,	   /* connect; the name of the type of key that is known, or "" */
	TALK_ACCEPT = 33,  /* the key is trusted; run this catalogue: its text */
	TALK_LATER = 34,   /* hang up and wait for GO */
	TALK_SECRET = 35,  /* struct talk_secret; for an agent its socket comes with it */
	TALK_GIVE_UP = 36, /* struct talk_note; flag: enum item_state */
};

struct talk_msg {
	enum talk_type type;
	const uint8_t *payload; /* points into the decoded buffer; not ours */
	size_t len;
};

/* Size of the message that starts at buf; 0 while its header is not whole; AS_E_PROTOCOL. */
int talk_size(const uint8_t *buf, size_t n);
/* Exactly one whole message. */
int talk_decode(const uint8_t *buf, size_t n, struct talk_msg *out);
void talk_header(enum talk_type type, size_t len, uint8_t out[TALK_HEADER]);

struct talk_key {
	char type[TALK_KEY_MAX + 1]; /* "ssh-ed25519" */
	uint8_t sha256[32];
	char banner[TALK_BANNER_MAX + 1]; /* how the server calls itself, without "SSH-2.0-" */
};
int talk_key_encode(const struct talk_key *k, uint8_t *buf, size_t cap);
int talk_key_decode(const uint8_t *p, size_t n, struct talk_key *out);

#define TALK_BY_PASSWORD 1u
#define TALK_BY_ANSWERS	 2u /* keyboard-interactive */
#define TALK_BY_KEY	 4u
#define TALK_BY_ALL	 7u

/* For LOGIN, PROMPT, OVER and GIVE_UP: one number and one line of clean text. */
struct talk_note {
	uint8_t flag;
	char text[TALK_TEXT_MAX + 1];
};
int talk_note_encode(const struct talk_note *m, uint8_t *buf, size_t cap);
int talk_note_decode(const uint8_t *p, size_t n, struct talk_note *out);

enum talk_secret_kind {
	TALK_PASSWORD = 1,    /* text */
	TALK_ANSWER = 2,      /* text: to a PROMPT */
	TALK_PRIVATE_KEY = 3, /* text is the file, pass its passphrase */
	TALK_AGENT = 4,	      /* the socket of the customer's ssh-agent */
};

/* Points into the decoded buffer, which is the only copy. */
struct talk_secret {
	enum talk_secret_kind kind;
	const uint8_t *pass, *text;
	size_t pass_len, text_len; /* pass: at most TALK_PASS_MAX */
};
size_t talk_secret_size(const struct talk_secret *s); /* encoded: no more memory is locked */
int talk_secret_encode(const struct talk_secret *s, uint8_t *buf, size_t cap);
int talk_secret_decode(const uint8_t *p, size_t n, struct talk_secret *out);

#endif
