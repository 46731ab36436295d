/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/mux_frame.h"

#include "proto/base/err.h"
#include "proto/wire/cursor.h"

#define FIRST_UNKNOWN (MUX_ACK + 1)

static size_t payload_max(uint8_t type)
{
	switch (type) {
	case MUX_SESSION_REQ:
	case MUX_SCOPE_REQ:
	case MUX_GRANT:
	case MUX_OPEN:
	case MUX_CATALOG:
	case MUX_DATA:
		return MUX_PAYLOAD_MAX;
	default:
		return MUX_CONTROL_MAX;
	}
}

int mux_frame_size(const uint8_t *buf, size_t n)
{
	if (n < MUX_HEADER)
		return 0;

	struct cursor c = cursor_over(buf, MUX_HEADER);
	uint32_t len = cursor_u24(&c);
	uint8_t type = cursor_u8(&c);

	if (len > payload_max(type))
		return AS_E_TOO_BIG;
	return MUX_HEADER + (int)len;
}

static bool is_stream_type(uint8_t type)
{
	return type == MUX_DATA || type == MUX_FIN || type == MUX_RESET;
}

bool mux_frame_is_sequenced(uint8_t type)
{
	switch (type) {
	case MUX_HELLO:
	case MUX_PAKE_A:
	case MUX_PAKE_B:
	case MUX_PAKE_CA:
	case MUX_PAKE_CB:
	case MUX_DATA:
	case MUX_CREDIT:
	case MUX_SCREDIT:
	case MUX_PING:
	case MUX_PONG:
	case MUX_RESUME:
	case MUX_RESUMED:
	case MUX_END:
	case MUX_ACK:
		return false;
	default:
		return true;
	}
}

int mux_frame_decode(const uint8_t *buf, size_t n, struct mux_frame *out)
{
	int size = mux_frame_size(buf, n);
	if (size < 0)
		return size;
	if (size == 0 || n < (size_t)size)
		return AS_ESHORT;

	struct cursor c = cursor_over(buf, n);
	struct mux_frame m = {0};

	m.len = cursor_u24(&c);
	m.type = cursor_u8(&c);
	m.stream = cursor_u32(&c);
	m.payload = cursor_take(&c, m.len);
	if (m.type == 0 || (m.type >= FIRST_UNKNOWN && !MUX_TYPE_MAY_IGNORE(m.type)))
		return AS_EBADMSG;
	if (is_stream_type(m.type) != (m.stream != 0) && !MUX_TYPE_MAY_IGNORE(m.type))
		return AS_EBADMSG;
	if (m.type == MUX_DATA && m.len == 0)
		return AS_EBADMSG;

	int err = cursor_finish(&c);
	if (err == 0)
		*out = m; /* on failure *out is untouched */
	return err;
}

void mux_frame_header(uint8_t type, uint32_t stream, size_t len, uint8_t out[MUX_HEADER])
{
	struct writer w = writer_over(out, MUX_HEADER);

	writer_u24(&w, (uint32_t)len);
	writer_u8(&w, type);
	writer_u32(&w, stream);
}

int mux_credit_decode(const uint8_t *p, size_t n, struct mux_credit *out)
{
	struct cursor c = cursor_over(p, n);
	struct mux_credit m = {0};

	m.stream = cursor_u32(&c);
	m.consumed = cursor_u64(&c);
	m.max = cursor_u64(&c);

	int err = cursor_finish(&c);

	if (err == 0 && (m.stream == 0 || m.consumed > m.max))
		err = AS_EBADMSG;
	if (err == 0)
		*out = m;
	return err;
}

void mux_credit_encode(const struct mux_credit *m, uint8_t out[MUX_CREDIT_LEN])
{
	struct writer w = writer_over(out, MUX_CREDIT_LEN);

	writer_u32(&w, m->stream);
	writer_u64(&w, m->consumed);
	writer_u64(&w, m->max);
}

int mux_fin_decode(const uint8_t *p, size_t n, struct mux_fin *out)
{
	struct cursor c = cursor_over(p, n);
	struct mux_fin m = {.final = cursor_u64(&c)};

	cursor_copy(&c, m.sum, MUX_FIN_SUM_LEN);

	int err = cursor_finish(&c);
	if (err == 0)
		*out = m;
	return err;
}

void mux_fin_encode(const struct mux_fin *m, uint8_t out[MUX_FIN_LEN])
{
	struct writer w = writer_over(out, MUX_FIN_LEN);

	writer_u64(&w, m->final);
	writer_put(&w, m->sum, MUX_FIN_SUM_LEN);
}

int mux_u32_decode(const uint8_t *p, size_t n, uint32_t *out)
{
	struct cursor c = cursor_over(p, n);
	uint32_t v = cursor_u32(&c);
	int err = cursor_finish(&c);

	if (err == 0)
		*out = v;
	return err;
}

int mux_u64_decode(const uint8_t *p, size_t n, uint64_t *out)
{
	struct cursor c = cursor_over(p, n);
	uint64_t v = cursor_u64(&c);
	int err = cursor_finish(&c);

	if (err == 0)
		*out = v;
	return err;
}
