/* SPDX-License-Identifier: Apache-2.0
 *
 * Logging in to one neighbouring device: who is trusted, what is asked, how often it is tried.
 * Pure: events come in, the next thing to do comes out. The helper that reports most of the events
 * talks to a device that may be hostile, so a report in the wrong place ends the visit.
 *
 *   WAITING -go-> TALKING -key-> TALKING -login-> TALKING -in-> RUNNING        any -> OVER
 *      ^             | the customer is asked: no connection meanwhile
 *      +--- ASKING <-+
 */
#ifndef AS_AGENT_LOGIN_H
#define AS_AGENT_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#define LOGIN_TRIES_MAX	  3
#define LOGIN_PROMPTS_MAX 8  /* questions of the device itself, for one device */
#define LOGIN_CALLS_MAX	  12 /* connections */

enum login_state { LOGIN_WAITING, LOGIN_TALKING, LOGIN_ASKING, LOGIN_RUNNING, LOGIN_OVER };

enum login_key {
	LOGIN_KEY_SAME,	   /* the one that is pinned */
	LOGIN_KEY_NEW,	   /* none is pinned */
	LOGIN_KEY_CHANGED, /* another one is pinned */
	LOGIN_KEY_UNKNOWN, /* the file of keys cannot be read */
};

/* What to do next. */
enum login_next {
	LOGIN_NOTHING,	  /* wait for the next report */
	LOGIN_GO,	  /* connect, when there is a free place */
	LOGIN_ACCEPT,	  /* the key is good: say what is to be run */
	LOGIN_SEND,	  /* send what the customer gave */
	LOGIN_ASK_KEY,	  /* hang up; is this the right device? */
	LOGIN_ASK_SECRET, /* hang up; how to log in? */
	LOGIN_ASK_PROMPT, /* stay connected; the device's own question */
	LOGIN_CHANGED,	  /* give up, for the reason that the name says */
	LOGIN_NO_KEYS,
	LOGIN_NOT_TRUSTED,
	LOGIN_SKIPPED,
	LOGIN_REFUSED,
	LOGIN_TOO_MUCH, /* it never comes to an end */
	LOGIN_BROKEN,	/* the helper says what it must not */
};

struct login {
	enum login_state state;
	unsigned tries, prompts, calls;
	bool key_shown; /* in this connection, and accepted */
	bool trusted;	/* by the customer, in this session: his yes is for `sha256` only */
	bool has_secret;
	bool prompting; /* the device's own question is open */
	uint8_t sha256[32];
};

void login_init(struct login *l);
enum login_next login_on_go(struct login *l); /* the connection was told to begin */
enum login_next login_on_key(struct login *l, const uint8_t sha256[32], enum login_key known);
enum login_next login_on_login(struct login *l);   /* it wants to know how */
enum login_next login_on_refused(struct login *l); /* the device did not take it */
enum login_next login_on_prompt(struct login *l);
enum login_next login_on_in(struct login *l);
enum login_next login_on_trust(struct login *l, bool yes); /* the customer's answers */
enum login_next login_on_secret(struct login *l, bool given);
enum login_next login_on_answer(struct login *l, bool given);

#endif
