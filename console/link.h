/* SPDX-License-Identifier: Apache-2.0
 *
 * The console's way to one agent: dial the relay, outer TLS, JOIN with the code's id (and
 * nothing else of the code), then the end-to-end channel inside relay DATA frames.
 *
 * Life: link_start() -> on_reached() -> on_joined() -> channel events -> on_gone() exactly
 * once. The link is freed just before on_gone(), which may come before link_close() or link_end()
 * return. They may be called from any callback, any number of times.
 *
 * After link_keep() a lost connection is not the end (PROTOCOL.md section 4):
 *
 *   on_lost() -> link_tick()* dials, REATTACH -> the agent is there -> on_open() of the channel,
 *   with the same mux -> the owner proves both sides, mux_resume() -> link_is_back()
 *
 * and so again, however often, until the owner has had enough and closes the link.
 *
 * Back-pressure: nothing is read from the relay while a callback runs, and callbacks write
 * to disk before they return, so a slow disk slows the agent down through TCP and the credit.
 */
#ifndef AS_CONSOLE_LINK_H
#define AS_CONSOLE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "proto/e2e/channel.h"
#include "proto/route/route.h"

struct identity;
struct link;

struct link_events {
	struct channel_events channel;	 /* all but on_end are handed on as they are */
	void (*on_reached)(void *owner); /* the relay's TLS is done; it has our certificate */
	void (*on_joined)(void *owner);	 /* the relay has found the agent */
	void (*on_notice)(uint32_t seconds, void *owner); /* the relay will go away */
	/* After link_keep(): the agent cannot be heard any more; detail says why. Once for each
	 * loss, however many tries it takes to come back. */
	void (*on_lost)(const char *detail, void *owner);
	/* why: 0 after a clean end of ours or of the agent's; AS_E_PEER_LOST, AS_E_TRUNCATED, what
	 * the relay said, AS_E_RELAY when it was not reached, an error of TLS or of the channel.
	 * detail: more words, often "". from_relay: nobody but the relay vouches for why. */
	void (*on_gone)(int why, const char *detail, bool from_relay, void *owner);
};

struct link_target {
	const char *relay;	   /* HOST:PORT */
	const struct identity *id; /* outlives the link */
	uint32_t join_id;	   /* the public part of the code */
	struct route_env env;	   /* read once: the ways stay the same */
};

/* Negative: on_gone will not come. AS_ECONFIG: relay is not HOST:PORT, there is no way to it, or
 * keys cannot be used. */
int link_start(uv_loop_t *loop, const struct link_target *target, const struct link_events *ev,
	       void *owner, struct link **out);

/* After every use of the mux outside the channel's own callbacks. */
void link_flush(struct link *l);

/* From now on a lost connection is made again. */
void link_keep(struct link *l);

/* A few times a second. until_ms: when the owner will give up, for the pace of the tries. */
void link_tick(struct link *l, uint64_t now_ms, uint64_t until_ms);

/* The owner has heard nothing of the agent for too long: on_lost(), and a new connection. After
 * link_keep() only. */
void link_lose(struct link *l, const char *detail);

/* The agent that answers is proved to be the one from before, and mux_resume() is done. */
void link_is_back(struct link *l);

/* Polite: END(code), close_notify, CLOSE to the relay, then on_gone(0). While the agent is lost
 * there is nobody to say END to: CLOSE if the relay is there, and on_gone(0) at once. */
void link_end(struct link *l, int code);

/* At once: on_gone(why). */
void link_close(struct link *l, int why);

/* How the relay is reached: "directly". Returns buf. */
const char *link_way(const struct link *l, char buf[ROUTE_TEXT_MAX]);

struct mux *link_mux(struct link *l); /* NULL before on_joined() */
struct tls *link_inner(struct link *l);
uint64_t
link_heard_ms(const struct link *l); /* when the agent was last heard of, clock_mono_ms() */

#endif
