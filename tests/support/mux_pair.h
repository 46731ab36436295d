/* SPDX-License-Identifier: Apache-2.0
 *
 * Two muxes joined in memory, and one mux against frames made by hand. Time is a number
 * here: pair_end.now.
 */
#ifndef AS_TESTS_MUX_PAIR_H
#define AS_TESTS_MUX_PAIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/e2e/mux.h"

#define SEEN_MAX 256

/* One end and what it saw. */
struct pair_end {
	struct mux *mux;
	uint64_t now;
	bool hoards; /* does not consume */
	int refuse;  /* what on_message and on_data return */
	uint32_t drop_on_data, reset_on_data;
	uint64_t got;
	uint8_t sum; /* of the data, a weak one */
	int fins, bad_fins, resets, rooms, pongs;
	int reset_code;
	size_t seen; /* messages */
	uint8_t types[SEEN_MAX];
	uint32_t last_room;
	uint64_t last_pong;
	uint64_t got_on[512];
};

extern struct pair_end agent, console;

void pair_start(void); /* before mux_set_authed() */
void pair_authed(void);
void pair_stop(void);
/* At most `frames` frames from one to the other, fed `step` bytes at a time. Returns how many. */
int pair_carry_cut(struct pair_end *from, struct pair_end *to, int frames, size_t step);
int pair_carry(struct pair_end *from, struct pair_end *to, int frames);
void pair_settle(void);
size_t pair_make_open(uint32_t stream, uint64_t credit, uint8_t *out, size_t cap);
uint32_t pair_open_stream(void);
/* Writes as much as is taken of n bytes of a pattern that starts at offset `at`. */
size_t pair_offer(struct pair_end *e, uint32_t id, uint64_t at, size_t n);
void pair_write_all(struct pair_end *e, uint32_t id, uint64_t n);
/* All that the sender may send, without an answer. Returns how much the stream has taken so far. */
uint64_t pair_run_into_the_window(uint32_t id, uint64_t at);
uint8_t pair_pattern_sum(uint64_t n);
int pair_feed(struct pair_end *e, uint8_t type, uint32_t stream, const void *p, size_t n);
int pair_feed_open(struct pair_end *e, uint32_t id);
int pair_feed_credit(struct pair_end *e, uint32_t id, uint64_t consumed, uint64_t max);
int pair_feed_u64(struct pair_end *e, uint8_t type, uint64_t v);
int pair_feed_fin(struct pair_end *e, uint32_t id, uint64_t final);
int pair_feed_reset(struct pair_end *e, uint32_t id, uint32_t code);
int pair_feed_data(struct pair_end *e, uint32_t id, uint64_t n);
/* The type of the next frame, and its stream; 0 for none. */
uint8_t pair_next_type(struct pair_end *e, uint32_t *stream);

#endif
