/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/ws_frame.h"

static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};

Test(ws_frame, survives_its_own_round_trip)
{
	static const uint64_t lens[] = {0, 1, 125, 126, 127, 65535, 65536, WS_PAYLOAD_MAX};
	uint8_t buf[WS_HEADER_MAX];
	struct ws_header h;

	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		for (int masked = 0; masked < 2; masked++) {
			size_t n = ws_header_encode(WS_BINARY, lens[i], masked ? mask : NULL, buf);

			for (size_t cut = 0; cut < n; cut++)
				cr_assert_eq(ws_header_decode(buf, cut, &h), AS_ESHORT);
			cr_assert_eq(ws_header_decode(buf, n, &h), 0);
			cr_assert(h.fin && h.opcode == WS_BINARY && h.len == lens[i] &&
				  h.size == n && h.masked == masked);
			if (masked)
				cr_assert_arr_eq(h.mask, mask, 4);
		}
	}
}

Test(ws_frame, knows_the_example_of_the_standard)
{
	/* RFC 6455 section 5.7: a masked "Hello"; text there, binary here */
	uint8_t frame[] = {0x82, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58};
	struct ws_header h;

	cr_assert_eq(ws_header_decode(frame, sizeof frame, &h), 0);
	cr_assert_eq(h.size, 6);
	ws_mask(frame + 6, 5, h.mask, 0);
	cr_assert_arr_eq(frame + 6, "Hello", 5);
}

Test(ws_frame, refuses_what_a_byte_stream_never_needs)
{
	static const struct {
		const char *what, *bytes;
		size_t n;
		int err;
	} bad[] = {
	    {"a reserved bit", "\xc2\x00", 2, AS_E_PROTOCOL},
	    {"text", "\x81\x00", 2, AS_E_PROTOCOL},
	    {"an unknown opcode", "\x83\x00", 2, AS_E_PROTOCOL},
	    {"an unknown control", "\x8b\x00", 2, AS_E_PROTOCOL},
	    {"a cut ping", "\x09\x00", 2, AS_E_PROTOCOL},
	    {"a long ping", "\x89\x7e\x00\x7e", 4, AS_E_PROTOCOL},
	    {"a length of 125 in two bytes", "\x82\x7e\x00\x7d", 4, AS_E_PROTOCOL},
	    {"a length of 65535 in eight", "\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff", 10,
	     AS_E_PROTOCOL},
	    {"a huge length", "\x82\x7f\x00\x00\x00\x00\x01\x00\x00\x01", 10, AS_E_TOO_BIG},
	    {"the largest length", "\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10, AS_E_TOO_BIG},
	};
	struct ws_header h;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(ws_header_decode((const uint8_t *)bad[i].bytes, bad[i].n, &h),
			     bad[i].err, "%s", bad[i].what);
}

Test(ws_frame, masks_alike_however_it_is_cut)
{
	uint8_t whole[100], parts[100];

	for (size_t i = 0; i < sizeof whole; i++)
		whole[i] = parts[i] = (uint8_t)i;
	ws_mask(whole, sizeof whole, mask, 0);
	for (size_t i = 0; i < sizeof whole; i++)
		cr_assert_eq(whole[i], (uint8_t)(i ^ mask[i & 3]));
	for (size_t at = 0, step = 1; at < sizeof parts; at += step, step = step % 11 + 1) {
		if (step > sizeof parts - at)
			step = sizeof parts - at;
		ws_mask(parts + at, step, mask, at);
	}
	cr_assert_arr_eq(whole, parts, sizeof whole);
}
