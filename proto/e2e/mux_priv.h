/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the mux share: mux.c makes and sends messages, mux_stream.c keeps the
 * streams, mux_in.c reads frames, mux_out.c makes them, mux_resume.c bridges lost connections.
 *
 * What a stream has to send: forgotten | kept: sent, perhaps not there | queued: never sent
 *                                     base                            peak                 end
 * The next byte to go, `sent`, is at peak but after a resume, which takes it back.
 */
#ifndef AS_E2E_MUX_PRIV_H
#define AS_E2E_MUX_PRIV_H

#include "proto/base/buf.h"
#include "proto/base/log.h"
#include "proto/e2e/mux.h"
#include "proto/e2e/mux_bytes.h"
#include "proto/e2e/mux_sum.h"
#include "proto/wire/mux_table.h"

#define MUX_ENTRIES_MAX	 (2 * MUX_STREAMS_MAX) /* the open, and those that linger to be consumed */
#define MUX_WHY_MAX	 96
#define MUX_CREDIT_WORTH (16u << 10)  /* a fair receiver seldom gives less at once */
#define MUX_CREDIT_PART	 4	      /* credit is due when a quarter of the window can be given, */
#define MUX_CREDIT_LEAST (128u << 10) /* and not for less: each CREDIT is five records */
/* A stream that gives back so much credit so soon after the time before is in a hurry: with a
 * larger window, of which a third is given at once, it takes fewer CREDITs, each of which wakes
 * every program on the way. Not larger than what the relay and the kernel's buffers hold when the
 * console stands still: the customer's "stop" must get past it. */
#define MUX_CREDIT_PART_QUICK 3
#define MUX_QUICK_MS	      10
#define MUX_WINDOW_QUICK      (1u << 20)
#define MUX_OWN_MAX	      4096 /* of FIN and RESET that are kept, beside MUX_CONTROL_QUEUE_MAX */

_Static_assert(MUX_ENTRIES_MAX == MUX_TABLE_STREAMS_MAX, "every stream fits in a resume table");

/* One direction may be missing: the console sends nothing on a stream before the agent listens. */
struct mux_stream {
	uint32_t id;
	bool dead;	/* reset by either side */
	bool left;	/* over for the owner; kept until the peer has our FIN */
	bool muted;	/* the peer knows it no more: its RESET must be on the way */
	bool reset_due; /* our RESET has yet to go out; code below */
	uint32_t reset_code;

	bool receives, fin_in;
	bool credit_due;
	bool hit_limit; /* the peer used the grant up, and the consumer has kept up since */
	uint32_t window, window_max;
	uint64_t received, consumed, granted;
	uint64_t told;	  /* consumed, as the peer knows it */
	uint64_t told_ms; /* 0: never */
	struct mux_sum *sum_in;

	bool sends, finishing, fin_out, fin_acked;
	bool fin_told; /* mux_resume.c: by the table that is being looked at */
	bool wants_room;
	uint64_t sent, peak, may_send;
	struct mux_bytes out;
	struct mux_sum *sum_out; /* up to peak; NULL once fin_sum is made of it */
	uint8_t fin_sum[MUX_SUM_LEN];
};

/* MUX_HELD: the agent has taken the console's table and RESUMED must go first. */
enum mux_phase { MUX_FLOWING, MUX_SUSPENDED, MUX_HELD };

/* Tokens in thousandths, so that a rate per second is a rate per millisecond. */
struct mux_bucket {
	uint64_t level, at_ms;
	uint32_t burst, rate;
};

struct mux {
	enum mux_role role;
	const struct mux_events *ev;
	void *owner;
	bool authed, fast_sum;
	enum mux_phase phase;
	bool said_resumed;
	int err;       /* sticky, of mux_feed() */
	bool unproved; /* err or END came before a resume was proved: they cost only the connection
			*/
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

	struct buf hand; /* whole frames of the handshakes; they are not counted and go first */
	struct buf
	    control; /* whole frames: those that were sent and are kept, then those that wait */
	size_t control_sent; /* bytes of the former; a FIN among them is a mark without payload */
	size_t own;	     /* bytes of FIN and RESET in it */
	uint64_t seq_out, seq_acked; /* sequenced frames: sent, and known to have arrived */
	uint64_t seq_in, seq_told;   /* received, and what we said of it */
	size_t untold_bytes;
	bool ack_due;
	size_t kept; /* bytes of all streams that were sent and are kept */
	bool end_queued, end_sent, end_received;
	bool ping_due, pong_due;
	uint64_t ping, pong;

	size_t early_in, early_in_bytes; /* before mux_set_authed(), or while suspended */
	size_t early_out, early_out_bytes;
	struct mux_bucket controls, opens, resets;
	uint64_t now;
	uint8_t *frame; /* of mux_next_at(); not ours, or in a block of a stream */

	size_t held_len;
	uint8_t held[MUX_FRAME_MAX]; /* a frame that came in pieces */
};

/* ---- mux_stream.c ---- */

struct mux_stream *mux_find(const struct mux *m, uint32_t id);
/* NULL when memory is short. The id is higher than all before. */
struct mux_stream *mux_stream_add(struct mux *m, uint32_t id);
void mux_stream_remove(struct mux *m, struct mux_stream *s);
void mux_stream_kill(struct mux *m, struct mux_stream *s);
/* The peer has all before that offset. */
void mux_stream_forget(struct mux *m, struct mux_stream *s, uint64_t upto);
/* Removes the stream when nothing is left to do for it; s is then gone. */
void mux_stream_settle(struct mux *m, struct mux_stream *s);
bool mux_stream_is_open(const struct mux_stream *s);
/* Is the time of its last CREDIT less than MUX_QUICK_MS ago? */
bool mux_stream_is_quick(const struct mux *m, const struct mux_stream *s);
/* Bytes of any stream, also of forgotten ones, that are out of our memory. */
void mux_session_consume(struct mux *m, uint64_t n);

/* ---- mux_in.c ---- */

/* Notes the first error, and hands it back. */
int mux_fail(struct mux *m, int err, uint32_t stream, const char *fmt, ...) AS_PRINTF(4, 5);

/* ---- mux_resume.c ---- */

/* Frames of ours that have arrived, the oldest first: they are not needed any more. */
void mux_forget_controls(struct mux *m, uint64_t n);

/* ---- mux.c ---- */

/* May this role send that type at all? */
bool mux_may_send(enum mux_role role, uint8_t type);
/* Is it made and eaten inside the mux? */
bool mux_is_own(uint8_t type);

#endif
