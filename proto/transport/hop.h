/* SPDX-License-Identifier: Apache-2.0
 *
 * One hop, peer <-> relay, on a connected TCP handle: TLS engine, relay frames, keepalive,
 * back-pressure. Both ends use it.
 *
 * Life: hop_open() or hop_accept() -> on_ready() -> on_frame()*, on_low()* -> on_gone()
 * exactly once. The hop is freed just before on_gone(); nothing may touch it afterwards.
 * hop_close() may be called at any time, from any callback, any number of times; after it
 * only on_gone() comes.
 *
 * What was announced by SEALED comes to on_frame() in parts, each as soon as it is there: whole
 * records in data, at most HOP_READ_MAX bytes. Only who has said RELAY_TAKES_SEALED in his HELLO
 * is sent any.
 *
 * What the hop does by itself: PING and PONG never reach on_frame(); see hop_mark(). The first
 * frame of the other side must be HELLO (or ERROR) and must be there HOP_HANDSHAKE_MS after the
 * start. A frame that cannot be decoded ends the hop with AS_E_PROTOCOL or AS_E_TOO_BIG.
 *
 * Back-pressure: who sends looks at hop_queued() and stops at HOP_HIGH; on_low() says when
 * to go on. Who cannot take more calls hop_pause(): frames that were read already (at most
 * HOP_READ_MAX bytes) still come, then nothing until hop_resume(). A paused hop keeps
 * itself alive by PINGs.
 */
#ifndef AS_TRANSPORT_HOP_H
#define AS_TRANSPORT_HOP_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "proto/route/report.h"
#include "proto/tls/tls.h"
#include "proto/transport/carrier.h"
#include "proto/wire/relay_frame.h"

#define HOP_HIGH	 (256u << 10)
#define HOP_LOW		 (128u << 10)
#define HOP_READ_MAX	 (256u << 10)
#define HOP_HANDSHAKE_MS 10000
#define HOP_HELLO_MAX	 4096  /* plaintext bytes before the other side's HELLO */
#define HOP_PING_MS	 25000 /* of silence, +- 20 % */
#define HOP_DEAD_MS	 75000 /* of silence; also TCP_USER_TIMEOUT */
#define HOP_LINGER_MS	 2000  /* for the last bytes of a hop that is being closed */
#define HOP_MARK_MIN	 (UINT64_C(1) << 32)

struct hop;

struct hop_events {
	/* A server's: the visitor comes in a WebSocket. forwarded: carrier_forwarded(). Before
	 * on_ready(); may be NULL. */
	void (*on_carried)(struct hop *h, const char *forwarded, void *owner);
	/* TLS is done: certificates may be asked for, frames may be sent. */
	void (*on_ready)(struct hop *h, void *owner);
	/* f points into the hop's buffers and ends with the call. */
	void (*on_frame)(struct hop *h, const struct relay_frame *f, void *owner);
	/* What was sent before hop_mark(token) has been read by the other side, and what it had
	 * sent by then has been given to on_frame(). May come more than once. May be NULL. */
	void (*on_pong)(struct hop *h, uint64_t token, void *owner);
	/* The queue had reached HOP_HIGH and has fallen below HOP_LOW. May be NULL. */
	void (*on_low)(struct hop *h, void *owner);
	/* Just before on_gone(), when the other side's HELLO has never come: which step failed, and
	 * who answered instead. r ends with the call. May be NULL. */
	void (*on_failed)(const struct report *r, void *owner);
	/* why: 0 the other side closed properly, AS_E_TRUNCATED it vanished, AS_E_TIMEOUT it was
	 * silent, AS_E_TLS or AS_E_CERT* the handshake failed, a UV_E* of the socket, or what
	 * hop_close() was given. detail: the TLS library's words, often "", ends with the call. */
	void (*on_gone)(int why, const char *detail, void *owner);
};

/* What all hops of one loop share: the buffers for reading and decrypting, and the list of
 * hops that have something to flush. One thread, one loop. Outlives its hops. */
struct hop_loop;
struct hop_loop *hop_loop_new(uv_loop_t *loop); /* NULL when memory is short */
void hop_loop_free(struct hop_loop *l);

/* tcp: connected, on the heap, of the hop_loop's uv loop. Takes tcp and tls. Negative: nothing
 * was taken and on_gone will not come. Zero: every later failure arrives through on_gone. */
int hop_open(struct hop_loop *l, uv_tcp_t *tcp, struct tls *tls, const struct hop_events *ev,
	     void *owner, struct hop **out);

/* The same inside a carrier_client(), which is taken too; NULL: none. */
int hop_open_in(struct hop_loop *l, uv_tcp_t *tcp, struct tls *tls, struct carrier *carrier,
		const struct hop_events *ev, void *owner, struct hop **out);

/* A server's, right after hop_open(): a visitor whose first byte is that of a GET and not that of a
 * TLS record is welcome in a WebSocket. */
void hop_allow_websocket(struct hop *h);

/* The same for the connection that waits at a listener or at an IPC pipe (uv_accept()). When it
 * fails, the connection may still wait there. Takes tls and carrier on success. */
int hop_accept(struct hop_loop *l, uv_stream_t *from, struct tls *tls, struct carrier *carrier,
	       const struct hop_events *ev, void *owner, struct hop **out);

/* AS_ESTATE before on_ready() or when closing; AS_EFULL when the queue is past TLS_OUT_MAX: who
 * gets that has not looked at hop_queued(). One frame becomes one TLS record. */
int hop_send(struct hop *h, const struct relay_frame *f);
int hop_send_data(struct hop *h, const void *p, size_t n); /* 1..RELAY_FRAME_PAYLOAD_MAX */

/* Whole records of an inner TLS, at most RELAY_SEALED_MAX bytes. Many at once are not encrypted a
 * second time if all of them are encrypted and the other side's HELLO says that it takes them so:
 * SEALED. Else they are DATA. Fails as hop_send(), with AS_EFULL before any byte has gone. */
int hop_send_records(struct hop *h, const uint8_t *p, size_t n);

/* A DATA or SEALED frame that on_frame() of another hop is being given right now: not copied. */
int hop_forward(struct hop *to, const struct relay_frame *f);

/* Around several hop_send*() of one moment: the kernel is given what they made in large pieces.
 * on_low() of any hop of the loop may come inside the end. */
void hop_batch_begin(struct hop *h);
void hop_batch_end(struct hop *h);

/* Asks the other side how far it has read: PING with this token, and every later PING of the
 * keepalive carries it too, because many PINGs get one PONG. token: at least HOP_MARK_MIN, another
 * one each time. Fails as hop_send(). */
int hop_mark(struct hop *h, uint64_t token);

/* Bytes that the kernel has not yet taken. */
size_t hop_queued(const struct hop *h);

void hop_pause(struct hop *h);
void hop_resume(struct hop *h);

/* Sends what is queued and a goodbye, within HOP_LINGER_MS, then on_gone(why). */
void hop_close(struct hop *h, int why);

/* Also after hop_close(): nothing more is sent, not even what the kernel has taken already. */
void hop_abort(struct hop *h, int why);

struct tls *
hop_tls(struct hop *h); /* for outer_peer() and tls_group(); never read or write through it */

#endif
