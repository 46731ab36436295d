/* SPDX-License-Identifier: Apache-2.0
 *
 * A wire that can break: a TCP proxy between one program and the relay. "Near" is the program's
 * side, "far" the relay's. Nothing is changed on the way unless a fault says so; what the
 * reader cannot take is not read from the writer.
 *
 * Life: proxy_init() -> proxy_done() and then the loop until proxy_is_gone().
 */
#ifndef AS_TESTS_FAULT_PROXY_H
#define AS_TESTS_FAULT_PROXY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define PROXY_WIRES_MAX 64 /* connections at once; more are reset */

struct wire;

struct proxy {
	uv_loop_t *loop;
	uv_tcp_t listener;
	uv_timer_t tick;
	struct sockaddr_in relay; /* set by the owner before programs connect */
	int port;
	unsigned held; /* handles that are not closed yet */
	struct wire *wires;
	unsigned wire_count;

	/* what is wrong at present; loop time in ms, 0: nothing */
	uint64_t stalled_until, slow_until, refuse_until, hole_until;
	uint32_t slow_bytes;
	uint64_t cut_piece_left; /* the next piece passes up to here; UINT64_MAX: whole */
	bool cut_toward_relay;

	uint64_t from_near, from_far; /* bytes since proxy_forget() */
	uint64_t connections;
	uint64_t last_from_near_ns;    /* uv_hrtime() of the last byte of the program */
	uint64_t newest_bytes;	       /* of the newest connection, both ways */
	void (*on_bytes)(void *owner); /* may be NULL; may call proxy_*() */
	void *owner;
};

/* 0 or UV_E*. Listens on 127.0.0.1, any port. */
int proxy_init(struct proxy *p, uv_loop_t *loop);
void proxy_done(struct proxy *p);
bool proxy_is_gone(const struct proxy *p);

/* Everything is closed, nothing is wrong any more, the counters are 0. */
void proxy_forget(struct proxy *p);

void proxy_reset(struct proxy *p);
void proxy_fin(struct proxy *p);
void proxy_half_near(struct proxy *p);
void proxy_half_far(struct proxy *p, uint32_t ms);
void proxy_hole(struct proxy *p, uint32_t ms);
void proxy_refuse(struct proxy *p, uint32_t ms);
void proxy_stall(struct proxy *p, uint32_t ms);
void proxy_slow(struct proxy *p, uint32_t ms, uint32_t bytes_in_10_ms);
void proxy_truncate(struct proxy *p, bool toward_relay, uint32_t bytes);
void proxy_garbage(struct proxy *p, bool toward_relay, uint32_t bytes, uint64_t seed);

#endif
