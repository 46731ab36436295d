/* SPDX-License-Identifier: Apache-2.0
 *
 * Many streams and one line of control messages inside one encrypted channel: layer L4 of
 * PROTOCOL.md sections 3, 4 and 9. An engine: no socket, no loop, no clock, no TLS.
 *
 *   plaintext from the peer -> mux_feed()  -> events
 *   us -> mux_send(), mux_stream_*()  ...  mux_next() -> plaintext for the peer
 *
 * After every call but the questions ask mux_next() again: reading, too, makes output. It
 * makes ONE frame, and only when the layer below has room, so that what is urgent is never
 * behind megabytes: control messages overtake data, streams take turns.
 *
 * Life of a stream (ids are odd, made by the console, rising, never used twice):
 *   console: mux_stream_open() gives the id; send MUX_OPEN with it, first_credit = MUX_WINDOW_FIRST
 *   agent:   the stream is open when on_message(MUX_OPEN) comes; answer with MUX_OPEN_OK,
 *            or mux_stream_refuse()
 *   agent:   mux_stream_write()* then mux_stream_finish(), or mux_stream_reset()
 *   console: on_data()* then on_fin(), or on_reset(); mux_consumed() as it gets rid of the bytes
 *   both:    the stream is over by itself when it has ended and all its bytes are consumed,
 *            or by mux_stream_drop().
 * The console may send on a stream, too, once the agent has called mux_stream_listen().
 *
 * Flow control: absolute offsets. The receiver grants a stream consumed + window; the window starts
 * at MUX_WINDOW_FIRST and doubles up to MUX_WINDOW_MAX, or what mux_stream_limit_window() says,
 * when the sender runs into it while the consumer has nothing left to do, and up to a quarter of
 * that when credit would be given very often. All streams together:
 * MUX_SESSION_WINDOW. Credit is given back for what was consumed (mux_consumed()), never for what
 * merely arrived.
 *
 * A lost connection (PROTOCOL.md sections 4 and 9): what the peer may not have is kept. Messages
 * (but HELLO, PAKE_*, RESUME, RESUMED and END), RESET and FIN are counted, and MUX_ACK says
 * how many have arrived; data is kept until the peer's CREDIT says that it is consumed.
 *
 *   both:    mux_suspend() when the connection is lost (channel_suspend() does it)
 *            only HELLO, RESUME, RESUMED and END pass; all else waits, and all of this may be
 *            called: writing, consuming, opening, resetting
 *   console: HELLO, then RESUME with mux_resume_table()
 *   agent:   RESUME is proved -> mux_resume(its table), then RESUMED with mux_resume_table()
 *   console: RESUMED is proved -> mux_resume(its table), still inside on_message(MUX_RESUMED)
 *
 * After that everything goes on as if nothing had been: each message and each byte comes once,
 * in order within the messages and within each stream. It may be lost at any point and begun again.
 * Whatever a peer does before its proof is taken, END and broken rules included, costs only
 * that connection: the next mux_suspend() forgets it.
 *
 * Memory is bounded whatever the peer does: 2 * MUX_STREAMS_MAX streams, of each at most
 * MUX_QUEUE_MAX bytes to send; MUX_KEPT_MAX bytes of all streams that were sent and are kept;
 * MUX_CONTROL_QUEUE_MAX of control messages, those that are kept included; one frame being
 * received. Received data is handed on at once and never kept here.
 */
#ifndef AS_E2E_MUX_H
#define AS_E2E_MUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire/mux_frame.h"

struct mux;

enum mux_role { MUX_AGENT, MUX_CONSOLE };

#define MUX_STREAMS_MAX	      64
#define MUX_QUEUE_MAX	      (256u << 10)
#define MUX_CONTROL_QUEUE_MAX (128u << 10)
#define MUX_WINDOW_FIRST      (256u << 10)
#define MUX_WINDOW_MAX	      (4u << 20)
#define MUX_SESSION_WINDOW    (8u << 20)
/* Sent and kept for a resume. A fair peer never makes us wait for it: what is not consumed is
 * within the session window, and what is consumed is told at the latest after a quarter of that. */
#define MUX_KEPT_MAX (MUX_SESSION_WINDOW + MUX_SESSION_WINDOW / 2)

/* When MUX_ACK is sent: after so many messages, so many bytes of them, or a FIN. */
#define MUX_ACK_MESSAGES 8
#define MUX_ACK_BYTES	 8192

/* Before mux_set_authed(), in each direction; only messages, no streams. */
#define MUX_UNAUTHED_FRAMES 8
#define MUX_UNAUTHED_BYTES  (32u << 10)

/* What a peer may do, else AS_E_RATE: so many at once, then so many per second. A CREDIT that
 * gives back a worthwhile part of what we sent is free. */
#define MUX_CONTROL_BURST 200
#define MUX_CONTROL_RATE  200
#define MUX_OPEN_BURST	  MUX_STREAMS_MAX
#define MUX_OPEN_RATE	  50
#define MUX_RESET_BURST	  100
#define MUX_RESET_RATE	  10

/* Callbacks may call anything here but mux_feed(), mux_next() and mux_free(). A negative value from
 * on_message or on_data ends the session: mux_feed() hands it back. Any may be NULL. */
struct mux_events {
	/* Every control message but flow control and ping, from the role that may send it. p ends
	 * with the call. Types from 0x80 that we do not know are dropped before. */
	int (*on_message)(uint8_t type, const uint8_t *p, size_t n, void *owner);
	/* p ends with the call. Sooner or later mux_consumed() for every byte. */
	int (*on_data)(uint32_t stream, const uint8_t *p, size_t n, void *owner);
	/* No more on_data. ok: length and sum are what the sender said. */
	void (*on_fin)(uint32_t stream, bool ok, void *owner);
	/* The peer gave the stream up; both directions are over. code: err_from_wire(). */
	void (*on_reset)(uint32_t stream, int code, void *owner);
	/* mux_stream_write() had taken less than offered; now there is room for MUX_QUEUE_MAX / 2.
	 */
	void (*on_room)(uint32_t stream, void *owner);
	void (*on_pong)(uint64_t token, void *owner);
};

/* ev must outlive the mux. NULL when memory is short. */
struct mux *mux_new(enum mux_role role, const struct mux_events *ev, void *owner);
void mux_free(struct mux *m);

/* The code was proved: streams may be opened and the narrow limits end. */
void mux_set_authed(struct mux *m);
bool mux_is_authed(const struct mux *m);

/* Both sides have FEATURE_FAST_SUM: the FIN of every stream from now on carries that (mux_sum.h).
 */
void mux_set_fast_sum(struct mux *m);

/* Bytes from the peer, cut anywhere. now_ms: any clock that never goes back. 0, or an error that
 * is final and comes again at every further call: AS_E_PROTOCOL, AS_E_TOO_BIG, AS_E_RATE,
 * AS_E_QUOTA, AS_E_RESUME, or what a callback returned. */
int mux_feed(struct mux *m, const uint8_t *p, size_t n, uint64_t now_ms);

/* The next frame, whole: its size, or 0 when there is nothing to send. cap >= MUX_FRAME_MAX.
 * Negative only for a fault of our own (AS_E_INTERNAL). After MUX_END it gives nothing more. */
int mux_next(struct mux *m, uint8_t *buf, size_t cap);
/* The same; the frame is at *at: in buf, or in the mux's own memory until it is called again. */
int mux_next_at(struct mux *m, uint8_t *buf, size_t cap, const uint8_t **at);
bool mux_has_output(const struct mux *m);

/* Queues one control message. AS_EFULL, AS_E_TOO_BIG; AS_ESTATE for a type that is the
 * other role's, is made here (flow control, PING, ACK), comes too early or after MUX_END, or
 * is RESUME or RESUMED while nothing was lost. */
int mux_send(struct mux *m, uint8_t type, const void *p, size_t n);

/* At most one PING and one PONG wait at any time. */
void mux_ping(struct mux *m, uint64_t token);

/* Console. AS_E_QUOTA while MUX_STREAMS_MAX are open, AS_ESTATE before mux_set_authed(). Send
 * MUX_OPEN for one id before asking for the next. */
int mux_stream_open(struct mux *m, uint32_t *stream);

/* The stream's window grows no further than that: what is live should not be old when it arrives,
 * however slow its reader is. Not below MUX_WINDOW_FIRST. */
void mux_stream_limit_window(struct mux *m, uint32_t stream, uint32_t limit);

/* Agent, instead of MUX_OPEN_OK: sends MUX_OPEN_ERR and forgets the stream. */
int mux_stream_refuse(struct mux *m, uint32_t stream, int err);

/* Agent: the console may send on this stream. */
int mux_stream_listen(struct mux *m, uint32_t stream);

/* How many of the n bytes were taken (0..n); the rest after on_room(). AS_ESTATE for a stream
 * that is not open for sending. */
int mux_stream_write(struct mux *m, uint32_t stream, const void *p, size_t n);

/* No more writing; FIN goes out behind the last byte. */
int mux_stream_finish(struct mux *m, uint32_t stream);

/* Gives the stream up, both directions: what is queued is dropped, what still comes is ignored,
 * what the owner still holds counts as consumed. */
int mux_stream_reset(struct mux *m, uint32_t stream, int err);

/* The owner holds nothing of the stream any more: forget it without telling the peer. For a stream
 * that has ended, or that the peer refused. Harmless for one that is not there. */
void mux_stream_drop(struct mux *m, uint32_t stream);

/* n more bytes of those from on_data() have left our memory. Harmless for a stream that is not
 * there. */
void mux_consumed(struct mux *m, uint32_t stream, size_t n);

/* The connection is lost; call it for each one that is. Half a frame that came is dropped; so are
 * PING, PONG and messages of a handshake that wait. Not from a callback. */
void mux_suspend(struct mux *m);
bool mux_is_suspended(const struct mux *m); /* until mux_resume() */

/* What has arrived here, for RESUME or RESUMED (wire/mux_table.h): its size. cap >=
 * MUX_TABLE_LEN_MAX. Nothing arrives while the mux is suspended, so it stays true. */
int mux_resume_table(const struct mux *m, uint8_t *buf, size_t cap);

/* The peer's table: forgets what it has, takes back what it has not, and lets everything go on. On
 * the agent nothing goes out before RESUMED does: call mux_send(MUX_RESUMED) next, or have
 * called it just before. AS_ESTATE when not suspended. AS_E_RESUME for a table that cannot be
 * true; that is final, as an error of mux_feed(), and nothing of it was used. */
int mux_resume(struct mux *m, const uint8_t *table, size_t n);

struct mux_stat {
	/* Offsets, that is bytes of payload since OPEN. sent never goes back. */
	uint64_t received, consumed, sent;
	uint64_t may_send; /* the peer's grant, absolute */
	size_t queued;	   /* written and not yet sent */
	size_t kept;	   /* sent, and the peer may not have it */
	uint32_t window;   /* what we grant beyond consumed */
};
/* False when there is no such stream. */
bool mux_stream_stat(const struct mux *m, uint32_t stream, struct mux_stat *out);
size_t mux_streams(const struct mux *m);	   /* how many are open */
uint64_t mux_ignored_credits(const struct mux *m); /* CREDIT and SCREDIT that raised nothing */

int mux_error(const struct mux *m); /* what mux_feed() has ended with, or 0 */
/* After an error: which stream it was about (0: none) and what was wrong. */
uint32_t mux_blamed(const struct mux *m);
const char *mux_why(const struct mux *m);

#endif
