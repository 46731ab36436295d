/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/mux_frame.h"

static uint8_t buf[MUX_FRAME_MAX + 1];

static size_t make(uint8_t type, uint32_t stream, size_t len)
{
	mux_frame_header(type, stream, len, buf);
	memset(buf + MUX_HEADER, 'x', len);
	return MUX_HEADER + len;
}

Test(mux_frame, a_frame_comes_back_as_it_was)
{
	struct mux_frame f;
	size_t n = make(MUX_DATA, 0x01020305, 1000);

	cr_assert_eq(mux_frame_size(buf, n), (int)n);
	cr_assert_eq(mux_frame_decode(buf, n, &f), 0);
	cr_assert_eq(f.type, MUX_DATA);
	cr_assert_eq(f.stream, 0x01020305);
	cr_assert_eq(f.len, 1000);
	cr_assert_eq(f.payload, buf + MUX_HEADER);
}

Test(mux_frame, cut_short_or_with_a_byte_behind_is_no_frame)
{
	struct mux_frame f = {.type = 0x77};
	size_t n = make(MUX_HELLO, 0, 20);

	for (size_t cut = 0; cut < n; cut++) {
		uint8_t *exact = malloc(cut + 1);

		memcpy(exact, buf, cut);
		cr_assert_eq(mux_frame_decode(exact, cut, &f), AS_ESHORT, "%zu", cut);
		cr_assert_eq(mux_frame_size(exact, cut), cut < MUX_HEADER ? 0 : (int)n);
		free(exact);
	}
	cr_assert_eq(mux_frame_decode(buf, n + 1, &f), AS_EBADMSG);
	cr_assert_eq(f.type, 0x77, "untouched");
}

Test(mux_frame, each_type_has_its_limit)
{
	static const struct {
		uint8_t type;
		size_t limit;
	} all[] = {{MUX_DATA, MUX_PAYLOAD_MAX},	     {MUX_SESSION_REQ, MUX_PAYLOAD_MAX},
		   {MUX_SCOPE_REQ, MUX_PAYLOAD_MAX}, {MUX_GRANT, MUX_PAYLOAD_MAX},
		   {MUX_CATALOG, MUX_PAYLOAD_MAX},   {MUX_HELLO, MUX_CONTROL_MAX},
		   {MUX_OPEN, MUX_PAYLOAD_MAX},	     {0xff, MUX_CONTROL_MAX}};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		struct mux_frame f;
		uint32_t stream = all[i].type == MUX_DATA;

		cr_assert_eq(mux_frame_decode(buf, make(all[i].type, stream, all[i].limit), &f), 0);
		make(all[i].type, stream, all[i].limit);
		mux_frame_header(all[i].type, stream, all[i].limit + 1, buf);
		cr_assert_eq(mux_frame_size(buf, MUX_HEADER), AS_E_TOO_BIG);
		cr_assert_eq(mux_frame_decode(buf, sizeof buf, &f), AS_E_TOO_BIG);
	}
}

Test(mux_frame, what_may_stand_on_which_stream)
{
	struct mux_frame f;

	for (unsigned type = 0; type < 256; type++) {
		bool on_stream = type == MUX_DATA || type == MUX_FIN || type == MUX_RESET;
		bool known = type >= MUX_HELLO && type <= MUX_ACK;
		bool free_to_be = type >= 0x80;

		cr_assert_eq(mux_frame_decode(buf, make((uint8_t)type, 0, 1), &f) == 0,
			     free_to_be || (known && !on_stream), "0x%02x on 0", type);
		cr_assert_eq(mux_frame_decode(buf, make((uint8_t)type, 1, 1), &f) == 0,
			     free_to_be || on_stream, "0x%02x on 1", type);
	}
	cr_assert_eq(mux_frame_decode(buf, make(MUX_DATA, 1, 0), &f), AS_EBADMSG, "empty DATA");
	cr_assert_eq(mux_frame_decode(buf, make(MUX_REVOKED, 0, 0), &f), 0);
}

/* Every payload of fixed layout: exactly its length, nothing shorter, nothing longer. */
Test(mux_frame, fixed_payloads_have_exactly_their_length)
{
	struct mux_credit credit = {.stream = 1, .consumed = 2, .max = UINT64_MAX}, c2;
	struct mux_fin fin = {.final = 1234567890123}, f2;
	uint8_t p[64];
	uint32_t u32;
	uint64_t u64;

	memset(fin.sum, 0xab, sizeof fin.sum);
	for (size_t n = 0; n < sizeof p; n++) {
		mux_credit_encode(&credit, p);
		cr_assert_eq(mux_credit_decode(p, n, &c2) == 0, n == MUX_CREDIT_LEN);
		mux_fin_encode(&fin, p);
		cr_assert_eq(mux_fin_decode(p, n, &f2) == 0, n == MUX_FIN_LEN);
		cr_assert_eq(mux_u32_decode(p, n, &u32) == 0, n == 4);
		cr_assert_eq(mux_u64_decode(p, n, &u64) == 0, n == 8);
	}
	cr_assert_eq(c2.stream, 1);
	cr_assert_eq(c2.consumed, 2);
	cr_assert_eq(c2.max, UINT64_MAX);
	cr_assert_eq(f2.final, fin.final);
	cr_assert_arr_eq(f2.sum, fin.sum, MUX_FIN_SUM_LEN);
	cr_assert_eq(u64, fin.final);
}

Test(mux_frame, credit_must_make_sense)
{
	struct mux_credit c = {.stream = 0, .consumed = 1, .max = 2}, out;
	uint8_t p[MUX_CREDIT_LEN];

	mux_credit_encode(&c, p);
	cr_assert_eq(mux_credit_decode(p, sizeof p, &out), AS_EBADMSG, "of no stream");
	c = (struct mux_credit){.stream = 1, .consumed = 3, .max = 2};
	mux_credit_encode(&c, p);
	cr_assert_eq(mux_credit_decode(p, sizeof p, &out), AS_EBADMSG, "less than was consumed");
}
