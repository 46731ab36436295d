/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the mux share: mux.c makes and sends messages, mux_stream.c keeps the
 * streams, mux_in.c reads frames, mux_out.c makes them.
 */
#ifndef AS_E2E_MUX_PRIV_H
#define AS_E2E_MUX_PRIV_H

#include <openssl/evp.h>

#include "proto/base/buf.h"
#include "proto/base/log.h"
#include "proto/e2e/mux.h"

#define MUX_ENTRIES_MAX	 (2 * MUX_STREAMS_MAX) /* the open, and those that linger to be consumed */
#define MUX_WHY_MAX	 96
#define MUX_CREDIT_WORTH (MUX_WINDOW_FIRST / 4) /* a fair receiver never gives less at once */
#define MUX_CREDIT_PART	 4 /* credit is due when a quarter of the window can be given */

/* One direction may be missing: the console sends nothing on a stream before the agent listens. */
struct mux_stream {
	uint32_t id;
	bool dead;	/* reset by either side */
	bool reset_due; /* our RESET has yet to go out; code below */
	uint32_t reset_code;

	bool receives, fin_in;
	bool credit_due;
	bool hit_limit; /* the peer used the grant up, and the consumer has kept up since */
	uint32_t window;
	uint64_t received, consumed, granted;
	EVP_MD_CTX *hash_in;

	bool sends, finishing, fin_out;
	bool wants_room;
	uint64_t sent, may_send;
	struct buf queue;
	EVP_MD_CTX *hash_out;
};

/* Tokens in thousandths, so that a rate per second is a rate per millisecond. */
struct mux_bucket {
	uint64_t level, at_ms;
	uint32_t burst, rate;
};

struct mux {
	enum mux_role role;
	const struct mux_events *ev;
	void *owner;
	bool authed;
	int err; /* sticky, of mux_feed() */
	uint32_t blamed;
	char why[MUX_WHY_MAX];

	struct mux_stream *streams[MUX_ENTRIES_MAX]; /* in the order of their ids */
	size_t count;
	size_t turn;	  /* whose data may go first */
	uint32_t last_id; /* the highest that was ever opened */

	uint64_t received, consumed, granted; /* all streams together */
	uint64_t sent, may_send;
	bool scredit_due;
	uint64_t ignored_credits;

	struct buf control; /* whole frames */
	bool end_queued, end_sent, end_received;
	bool ping_due, pong_due;
	uint64_t ping, pong;

	size_t early_in, early_in_bytes; /* before mux_set_authed() */
	size_t early_out, early_out_bytes;
	struct mux_bucket controls, opens, resets;
	uint64_t now;

	size_t held_len;
	uint8_t held[MUX_FRAME_MAX]; /* a frame that came in pieces */
};

/* ---- mux_stream.c ---- */

struct mux_stream *mux_find(const struct mux *m, uint32_t id);
/* NULL when memory is short. The id is higher than all before. */
struct mux_stream *mux_stream_add(struct mux *m, uint32_t id);
void mux_stream_remove(struct mux *m, struct mux_stream *s);
void mux_stream_kill(struct mux_stream *s);
/* Removes the stream when nothing is left to do for it; s is then gone. */
void mux_stream_settle(struct mux *m, struct mux_stream *s);
bool mux_stream_is_open(const struct mux_stream *s);
/* Bytes of any stream, also of forgotten ones, that are out of our memory. */
void mux_session_consume(struct mux *m, uint64_t n);

/* ---- mux.c ---- */

/* May this role send that type at all? */
bool mux_may_send(enum mux_role role, uint8_t type);
/* Is it made and eaten inside the mux? */
bool mux_is_own(uint8_t type);

#endif
