/* SPDX-License-Identifier: Apache-2.0
 *
 * A mux frame and the message in it. Promises: a frame that decodes has the size that its header
 * said and gives the same header again; a message that decodes can be encoded, and what comes out
 * decodes to the same message.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire/messages.h"
#include "proto/wire/mux_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

union any {
	as_SignedRequest request;
	as_SignedGrant grant;
	as_RequestBody request_body;
	as_GrantBody grant_body;
	as_Catalog catalog;
	as_Hello hello;
	as_Open open;
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check_message(enum msg m, const uint8_t *p, size_t n)
{
	static union any msg, back;
	static uint8_t one[2 * MUX_PAYLOAD_MAX], two[2 * MUX_PAYLOAD_MAX];

	if (msg_decode(m, p, n, &msg) < 0)
		return;

	int len = msg_encode(m, &msg, one, sizeof one);
	must(len >= 0);
	must(msg_decode(m, one, (size_t)len, &back) == 0);
	must(msg_encode(m, &back, two, sizeof two) == len);
	must(memcmp(one, two, (size_t)len) == 0);
}

static void check_fixed(const struct mux_frame *f)
{
	struct mux_credit credit;
	struct mux_fin fin;
	uint8_t out[MUX_FIN_LEN];

	if (mux_credit_decode(f->payload, f->len, &credit) == 0) {
		must(credit.stream != 0 && credit.consumed <= credit.max);
		mux_credit_encode(&credit, out);
		must(memcmp(out, f->payload, MUX_CREDIT_LEN) == 0);
	}
	if (mux_fin_decode(f->payload, f->len, &fin) == 0) {
		mux_fin_encode(&fin, out);
		must(memcmp(out, f->payload, MUX_FIN_LEN) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mux_frame f;
	uint8_t header[MUX_HEADER];
	int n = mux_frame_size(data, size);

	must(n <= MUX_FRAME_MAX);
	if (n <= 0 || (size_t)n > size || mux_frame_decode(data, (size_t)n, &f) < 0)
		return 0;
	must(f.len + MUX_HEADER == (size_t)n);
	mux_frame_header(f.type, f.stream, f.len, header);
	must(memcmp(header, data, MUX_HEADER) == 0);
	check_fixed(&f);
	for (int m = MSG_HELLO; m <= MSG_END; m++)
		check_message((enum msg)m, f.payload, f.len);
	return 0;
}
