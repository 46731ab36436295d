/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/relay_frame.h"

#define ID_MAX ((1u << RELAY_ID_BITS) - 1)

static const struct relay_frame samples[] = {
    {.type = RELAY_HELLO, .hello = {RELAY_ROLE_CONSOLE, 1, 3, 0x80000001}},
    {.type = RELAY_ALLOC},
    {.type = RELAY_ALLOCATED, .allocated = {ID_MAX, {1, 2, 3}, 600}},
    {.type = RELAY_JOIN, .join_id = 77},
    {.type = RELAY_PAIRED, .paired = {true, {9, 8, 7}}},
    {.type = RELAY_PAIRED},
    {.type = RELAY_DATA, .data = {(const uint8_t *)"hello", 5}},
    {.type = RELAY_PING, .token = UINT64_MAX},
    {.type = RELAY_PONG, .token = 1},
    {.type = RELAY_PEER_LOST},
    {.type = RELAY_PEER_BACK},
    {.type = RELAY_REATTACH, .reattach = {5, {4, 4, 4}}},
    {.type = RELAY_NOTICE, .notice_s = 30},
    {.type = RELAY_CLOSE, .close = {22, true}},
    {.type = RELAY_ERROR, .error_code = 9},
    {.type = RELAY_SEALED, .sealed_len = RELAY_SEALED_MAX},
};

#define SAMPLES (sizeof samples / sizeof samples[0])

static uint8_t buf[RELAY_FRAME_MAX + 16];

static size_t encode(const struct relay_frame *f)
{
	int n = relay_frame_encode(f, buf, sizeof buf);

	cr_assert_gt(n, 0);
	return (size_t)n;
}

Test(relay_frame, every_type_survives_the_wire)
{
	static uint8_t again[RELAY_FRAME_MAX];

	for (size_t i = 0; i < SAMPLES; i++) {
		struct relay_frame f;
		size_t n = encode(&samples[i]);

		cr_assert_eq(relay_frame_size(buf, n), (int)n);
		cr_assert_eq(relay_frame_decode(buf, n, &f), 0, "sample %zu", i);
		cr_assert_eq(f.type, samples[i].type);
		cr_assert_eq(relay_frame_encode(&f, again, sizeof again), (int)n);
		cr_assert_eq(memcmp(buf, again, n), 0, "sample %zu", i);
	}
}

Test(relay_frame, cut_short_or_with_a_byte_behind_is_no_frame)
{
	for (size_t i = 0; i < SAMPLES; i++) {
		struct relay_frame f = {.type = RELAY_ERROR, .error_code = 4711};
		size_t n = encode(&samples[i]);

		for (size_t cut = 0; cut < n; cut++) {
			uint8_t *exact = malloc(cut + 1);

			memcpy(exact, buf, cut);
			cr_assert_eq(relay_frame_decode(exact, cut, &f), AS_ESHORT);
			free(exact);
		}
		cr_assert_eq(relay_frame_decode(buf, n + 1, &f), AS_EBADMSG);
		cr_assert_eq(f.error_code, 4711, "untouched");
	}
}

/* The same payload with the length in the header one less or one more. */
Test(relay_frame, a_payload_of_another_length_is_malformed)
{
	for (size_t i = 0; i < SAMPLES; i++) {
		struct relay_frame f;
		size_t n = encode(&samples[i]);

		if (samples[i].type == RELAY_DATA)
			continue;
		buf[3]++;
		buf[n] = 0;
		cr_assert_lt(relay_frame_decode(buf, n + 1, &f), 0, "sample %zu", i);
		buf[3] = (uint8_t)(buf[3] - 2);
		if (n > RELAY_FRAME_HEADER)
			cr_assert_lt(relay_frame_decode(buf, n - 1, &f), 0, "sample %zu", i);
	}
}

Test(relay_frame, headers_that_can_never_be_right_are_refused_at_once)
{
	static const struct {
		uint8_t header[RELAY_FRAME_HEADER];
		int err;
	} bad[] = {
	    {{0, 0, 0, 0}, AS_EBADMSG},
	    {{RELAY_SEALED + 1, 0, 0, 0}, AS_EBADMSG},
	    {{0xff, 0xff, 0xff, 0xff}, AS_EBADMSG},
	    {{RELAY_HELLO, 0, 0, RELAY_CONTROL_MAX + 1}, AS_E_TOO_BIG},
	    {{RELAY_DATA, 0, 0x3f, 0xfd}, AS_E_TOO_BIG},
	    {{RELAY_DATA, 0xff, 0xff, 0xff}, AS_E_TOO_BIG},
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(relay_frame_size(bad[i].header, RELAY_FRAME_HEADER), bad[i].err, "%zu",
			     i);
	cr_assert_eq(relay_frame_size(bad[0].header, RELAY_FRAME_HEADER - 1), 0);
}

Test(relay_frame, data_may_be_full_but_not_empty)
{
	static uint8_t payload[RELAY_FRAME_PAYLOAD_MAX + 1];
	struct relay_frame f = {.type = RELAY_DATA, .data = {payload, RELAY_FRAME_PAYLOAD_MAX}},
			   out;

	cr_assert_eq(encode(&f), RELAY_FRAME_MAX);
	cr_assert_eq(relay_frame_decode(buf, RELAY_FRAME_MAX, &out), 0);
	cr_assert_eq(out.data.len, RELAY_FRAME_PAYLOAD_MAX);
	f.data.len++;
	cr_assert_eq(relay_frame_encode(&f, buf, sizeof buf), AS_E_TOO_BIG);
	relay_frame_data_header(0, buf);
	cr_assert_eq(relay_frame_decode(buf, RELAY_FRAME_HEADER, &out), AS_EBADMSG);
}

Test(relay_frame, values_out_of_range_are_malformed)
{
	static const struct relay_frame bad[] = {
	    {.type = RELAY_HELLO, .hello = {0, 1, 1, 0}},
	    {.type = RELAY_HELLO, .hello = {RELAY_ROLE_RELAY + 1, 1, 1, 0}},
	    {.type = RELAY_HELLO, .hello = {RELAY_ROLE_AGENT, 2, 1, 0}},
	    {.type = RELAY_JOIN, .join_id = ID_MAX + 1},
	    {.type = RELAY_ALLOCATED, .allocated = {ID_MAX + 1, {0}, 1}},
	    {.type = RELAY_REATTACH, .reattach = {UINT32_MAX, {0}}},
	    {.type = RELAY_SEALED, .sealed_len = 0},
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct relay_frame f;
		size_t n = encode(&bad[i]);

		cr_assert_eq(relay_frame_decode(buf, n, &f), AS_EBADMSG, "%zu", i);
	}

	struct relay_frame close = {.type = RELAY_CLOSE}, out;
	size_t n = encode(&close);
	buf[n - 1] = 2;
	cr_assert_eq(relay_frame_decode(buf, n, &out), AS_EBADMSG, "neither true nor false");

	struct relay_frame run = {.type = RELAY_SEALED, .sealed_len = RELAY_SEALED_MAX + 1};
	cr_assert_eq(relay_frame_decode(buf, encode(&run), &out), AS_E_TOO_BIG);
}

Test(relay_frame, a_buffer_too_small_is_told_and_not_overrun)
{
	for (size_t i = 0; i < SAMPLES; i++) {
		size_t n = encode(&samples[i]);

		for (size_t cap = 0; cap < n; cap++) {
			uint8_t *small = malloc(cap + 1);

			cr_assert_eq(relay_frame_encode(&samples[i], small, cap), AS_EFULL);
			free(small);
		}
	}
}
