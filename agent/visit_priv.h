/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the conversation with the helper (visit.c), the questions to the customer (visit_ask.c)
 * and the catalogues (visit_list.c).
 */
#ifndef AS_AGENT_VISIT_PRIV_H
#define AS_AGENT_VISIT_PRIV_H

#include "agent/broker_priv.h"
#include "agent/device/talk.h"
#include "agent/known.h"
#include "agent/login.h"
#include "agent/visit.h"

#define VISIT_IN_MAX 1024 /* more than any message of the helper's */

enum visit_question {
	VISIT_ASKS_NOTHING,
	VISIT_ASKS_KEY,	       /* is this the device? */
	VISIT_ASKS_WAY,	       /* how to log in? */
	VISIT_ASKS_PASSWORD,   /* hidden, as the next one */
	VISIT_ASKS_PASSPHRASE, /* of the key file that was named */
	VISIT_ASKS_PROMPT,     /* what the device itself wants to know */
};

struct visit {
	struct visit *next;
	struct broker *b;
	uint32_t stream;
	uv_pipe_t pipe;
	uv_pipe_t agent; /* of the customer's ssh-agent, on its way */
	int held;	 /* handles libuv may still call back for */
	bool started, closing;
	bool over; /* the helper has said so */
	struct login login;
	bool connected;	    /* holds one of VISITS_AT_ONCE */
	bool wants_to_call; /* and waits for one */
	struct device device;
	char target[SCOPE_TARGET_MAX + 1];

	struct talk_key key;	       /* that it showed last */
	char pinned[TALK_KEY_MAX + 1]; /* type of the key that is known */
	char type[DEVICE_TYPE_MAX + 1];
	char list[CATALOGUE_TEXT_MAX]; /* what will be run: the very text that was checked */
	size_t list_len;
	struct catalogue catalogue;

	enum visit_question asks;
	uint64_t asks_since; /* its turn */
	unsigned ways;	     /* TALK_BY_*, as the device says */
	bool echo;	     /* the device's question may be answered in sight */
	char words[TALK_TEXT_MAX + 1], hint[160];
	uint8_t *secret; /* an encoded SECRET; memory for secrets, or NULL */
	size_t secret_len;
	bool by_agent;

	uint8_t in[VISIT_IN_MAX];
	size_t in_len;
};

/* visit_list.c: the catalogue of a type; AS_EUNAVAIL when there is none that can be used. */
int visit_load(const char *type, char text[CATALOGUE_TEXT_MAX], size_t *len, struct catalogue *out);
/* The type that fits what a device calls itself. */
const char *visit_type_for(const char *banner);
/* "  show version\n..." at out; returns how much. */
size_t visit_print(const struct catalogue *c, const char *type, bool config, char *out, size_t cap);

/* visit_ask.c */
void visit_ask(struct visit *v, enum visit_question what);
void visit_ask_end(struct visit *v);
void visit_forget_secret(struct visit *v);
void visit_keep_for_same(struct visit *v);

/* visit.c: the customer has answered. */
void visit_do(struct visit *v, enum login_next next);
void visit_send(struct visit *v, enum talk_type type, const void *p, size_t n);
void visit_send_answer(struct visit *v, const char *line);
void visit_note(struct visit *v, const char *what);

#endif
