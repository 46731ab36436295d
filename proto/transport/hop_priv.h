/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of a hop, shared by hop.c (life, time), hop_read.c and hop_write.c.
 *
 *   TLS -> OPEN -> GOODBYE -> DRAIN -> GONE
 *
 *   TLS      the handshake runs; nothing can be sent
 *   OPEN     on_ready() was called; on_frame() may come
 *   GOODBYE  hop_close(): what is queued and close_notify leave; what arrives is thrown away
 *   DRAIN    our end of the TCP connection is shut; we wait for the other's, because closing
 *            a socket with unread bytes would reset it and take our last words with it
 *   GONE     the handles are being closed
 *
 * GOODBYE and DRAIN together take at most HOP_LINGER_MS. A broken socket goes to GONE at once.
 */
#ifndef AS_TRANSPORT_HOP_PRIV_H
#define AS_TRANSPORT_HOP_PRIV_H

#include <stdbool.h>

#include "proto/transport/hop.h"
#include "proto/transport/keepalive.h"
#include "proto/transport/sealed.h"

enum hop_phase { HOP_TLS, HOP_OPEN, HOP_GOODBYE, HOP_DRAIN, HOP_GONE };

struct hop_loop {
	uv_loop_t *uv;
	int reading;	   /* inside on_read() of one of the hops: flush at its end, once */
	struct hop *dirty; /* those who have something to flush then */
	uint32_t random;   /* for jitter only */
	uint8_t in[HOP_READ_MAX];
	uint8_t plain[2 * RELAY_FRAME_MAX]; /* part of a frame, and the record that completes it */
	uint8_t frame[RELAY_FRAME_MAX];	    /* being encoded */
};

struct hop {
	struct hop_loop *l;
	uv_tcp_t *tcp; /* ours */
	uv_timer_t timer;
	uv_shutdown_t shutdown;
	struct tls *tls;	 /* ours */
	struct carrier *carrier; /* ours; NULL: TCP carries the TLS itself */
	const struct hop_events *ev;
	void *owner;
	enum hop_phase phase;
	int held; /* handles libuv may still call back for */
	int why;
	bool paused, ended; /* ended: the other side's FIN has come */
	bool shut;	    /* our FIN has left */
	bool heard_hello;
	bool may_be_carried; /* the first byte decides */
	bool touched;	     /* something has been read */
	bool was_open;	     /* TLS was done */
	bool refused;	     /* by the other side's ERROR */
	bool farewell;	     /* the carrier's goodbye is made */
	bool was_high;	     /* the owner may be waiting for on_low() */
	bool is_dirty;
	struct hop *next_dirty;
	int broken;    /* a write failed; reading tells whether there were last words */
	uint64_t mark; /* of hop_mark(); 0: none */
	bool pong_due;
	uint64_t pong_token;
	struct keepalive alive;
	size_t writing;	  /* bytes in the one uv_write() that is under way */
	size_t early;	  /* plaintext bytes before HELLO */
	char *page;	  /* where a web page leads that came in place of TLS; NULL: none came */
	uint8_t *partial; /* start of a frame whose end has not come; NULL when there is none */
	size_t partial_len;
	uint32_t said, heard; /* RELAY_TAKES_*, of our HELLO and of the other side's */
	struct sealed sealed; /* the run that is being read */
};

/* Reading may produce output: brackets around everything that feeds the engine. */
void hop_read_begin(struct hop_loop *l);
void hop_read_end(struct hop_loop *l);

/* Flush at the end of the reading that is under way, or now when there is none. */
void hop_flush_soon(struct hop *h);

/* Gives the kernel what it takes. Calls nobody back but through uv_close(). */
void hop_flush(struct hop *h);

/* Everything the engine has decrypted goes to the owner; drives the handshake too. */
void hop_pump(struct hop *h);

int hop_start_reading(struct hop *h);

/* What waits for the network, of the engine or of what carries it. */
size_t hop_waiting(const struct hop *h);

/* The carrier's bytes as far as they have come; also starts it. */
void hop_read_carried(struct hop *h);

/* At once, without goodbye. */
void hop_drop(struct hop *h, int why);

/* After OPEN, and after each PING or other byte: when the timer must fire next. */
void hop_arm_keepalive(struct hop *h);
void hop_on_timer(uv_timer_t *t);

#endif
