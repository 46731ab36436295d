/* SPDX-License-Identifier: Apache-2.0
 *
 * The console's way to one agent: dial the relay, outer TLS, JOIN with the code's id (and
 * nothing else of the code), then the end-to-end channel inside relay DATA frames.
 *
 * Life: link_start() -> on_reached() -> on_joined() -> channel events -> on_gone() exactly
 * once. The link is freed just before on_gone(). link_close() and link_end() may be called
 * from any callback, any number of times.
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

struct identity;
struct link;

struct link_events {
	struct channel_events channel;	 /* all but on_end are handed on as they are */
	void (*on_reached)(void *owner); /* the relay's TLS is done; it has our certificate */
	void (*on_joined)(void *owner);	 /* the relay has found the agent */
	void (*on_notice)(uint32_t seconds, void *owner); /* the relay will go away */
	/* why: 0 after a clean end of ours or of the agent's; AS_E_PEER_LOST, AS_E_TRUNCATED, what
	 * the relay said, AS_E_RELAY when it was not reached, an error of TLS or of the channel.
	 * detail: more words, often "". from_relay: nobody but the relay vouches for why. */
	void (*on_gone)(int why, const char *detail, bool from_relay, void *owner);
};

struct link_target {
	const char *relay;	   /* HOST:PORT */
	const struct identity *id; /* outlives the link */
	uint32_t join_id;	   /* the public part of the code */
};

/* Negative: on_gone will not come. AS_ECONFIG: relay is not HOST:PORT, or keys cannot be used. */
int link_start(uv_loop_t *loop, const struct link_target *target, const struct link_events *ev,
	       void *owner, struct link **out);

/* After every use of the mux outside the channel's own callbacks. */
void link_flush(struct link *l);

/* Polite: END(code), close_notify, CLOSE to the relay, then on_gone(0). */
void link_end(struct link *l, int code);

/* At once: on_gone(why). */
void link_close(struct link *l, int why);

struct mux *link_mux(struct link *l); /* NULL before on_joined() */
struct tls *link_inner(struct link *l);
uint64_t
link_heard_ms(const struct link *l); /* when the agent was last heard of, clock_mono_ms() */

#endif
