/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/relay_frame.h"

#include "proto/base/err.h"
#include "proto/wire/cursor.h"

#define ID_END (UINT32_C(1) << RELAY_ID_BITS)

static uint32_t read_id(struct cursor *c)
{
	uint32_t id = cursor_u32(c);

	if (c->err == 0 && id >= ID_END)
		c->err = AS_EBADMSG;
	return id;
}

static bool read_bool(struct cursor *c)
{
	uint8_t v = cursor_u8(c);

	if (c->err == 0 && v > 1)
		c->err = AS_EBADMSG;
	return v == 1;
}

int relay_frame_size(const uint8_t *buf, size_t n)
{
	if (n < RELAY_FRAME_HEADER)
		return 0;

	struct cursor c = cursor_over(buf, RELAY_FRAME_HEADER);
	uint8_t type = cursor_u8(&c);
	uint32_t len = cursor_u24(&c);

	if (type < RELAY_HELLO || type > RELAY_SEALED)
		return AS_EBADMSG;
	if (len > (type == RELAY_DATA ? RELAY_FRAME_PAYLOAD_MAX : RELAY_CONTROL_MAX))
		return AS_E_TOO_BIG;
	return RELAY_FRAME_HEADER + (int)len;
}

static void decode_payload(struct cursor *c, struct relay_frame *m)
{
	switch (m->type) {
	case RELAY_HELLO:
		m->hello.role = cursor_u8(c);
		m->hello.ver_min = cursor_u8(c);
		m->hello.ver_max = cursor_u8(c);
		m->hello.features = cursor_u32(c);
		if (c->err == 0 &&
		    (m->hello.role < RELAY_ROLE_AGENT || m->hello.role > RELAY_ROLE_RELAY ||
		     m->hello.ver_min > m->hello.ver_max))
			c->err = AS_EBADMSG;
		break;
	case RELAY_ALLOC:
	case RELAY_PEER_LOST:
	case RELAY_PEER_BACK:
		break;
	case RELAY_ALLOCATED:
		m->allocated.id = read_id(c);
		cursor_copy(c, m->allocated.handle, RELAY_HANDLE_LEN);
		m->allocated.life_s = cursor_u32(c);
		break;
	case RELAY_JOIN:
		m->join_id = read_id(c);
		break;
	case RELAY_PAIRED:
		m->paired.has_handle = cursor_left(c) > 0;
		if (m->paired.has_handle)
			cursor_copy(c, m->paired.handle, RELAY_HANDLE_LEN);
		break;
	case RELAY_DATA:
		m->data.len = cursor_left(c);
		m->data.bytes = cursor_take(c, m->data.len);
		if (m->data.len == 0)
			c->err = AS_EBADMSG;
		break;
	case RELAY_PING:
	case RELAY_PONG:
		m->token = cursor_u64(c);
		break;
	case RELAY_REATTACH:
		m->reattach.id = read_id(c);
		cursor_copy(c, m->reattach.handle, RELAY_HANDLE_LEN);
		break;
	case RELAY_NOTICE:
		m->notice_s = cursor_u32(c);
		break;
	case RELAY_CLOSE:
		m->close.code = cursor_u32(c);
		m->close.keep_id = read_bool(c);
		break;
	case RELAY_ERROR:
		m->error_code = cursor_u32(c);
		break;
	case RELAY_SEALED:
		m->sealed_len = cursor_u32(c);
		if (c->err == 0 && m->sealed_len == 0)
			c->err = AS_EBADMSG;
		if (c->err == 0 && m->sealed_len > RELAY_SEALED_MAX)
			c->err = AS_E_TOO_BIG;
		break;
	}
}

int relay_frame_decode(const uint8_t *buf, size_t n, struct relay_frame *out)
{
	int size = relay_frame_size(buf, n);
	if (size < 0)
		return size;
	if (size == 0 || n < (size_t)size)
		return AS_ESHORT;
	if (n > (size_t)size)
		return AS_EBADMSG;

	struct relay_frame m = {.type = (enum relay_frame_type)buf[0]};
	struct cursor c = cursor_over(buf + RELAY_FRAME_HEADER, n - RELAY_FRAME_HEADER);

	decode_payload(&c, &m);

	int err = cursor_finish(&c);
	if (err == 0)
		*out = m; /* on failure *out is untouched */
	return err;
}

static void encode_payload(struct writer *w, const struct relay_frame *f)
{
	switch (f->type) {
	case RELAY_HELLO:
		writer_u8(w, f->hello.role);
		writer_u8(w, f->hello.ver_min);
		writer_u8(w, f->hello.ver_max);
		writer_u32(w, f->hello.features);
		break;
	case RELAY_ALLOC:
	case RELAY_PEER_LOST:
	case RELAY_PEER_BACK:
		break;
	case RELAY_ALLOCATED:
		writer_u32(w, f->allocated.id);
		writer_put(w, f->allocated.handle, RELAY_HANDLE_LEN);
		writer_u32(w, f->allocated.life_s);
		break;
	case RELAY_JOIN:
		writer_u32(w, f->join_id);
		break;
	case RELAY_PAIRED:
		if (f->paired.has_handle)
			writer_put(w, f->paired.handle, RELAY_HANDLE_LEN);
		break;
	case RELAY_DATA:
		writer_put(w, f->data.bytes, f->data.len);
		break;
	case RELAY_PING:
	case RELAY_PONG:
		writer_u64(w, f->token);
		break;
	case RELAY_REATTACH:
		writer_u32(w, f->reattach.id);
		writer_put(w, f->reattach.handle, RELAY_HANDLE_LEN);
		break;
	case RELAY_NOTICE:
		writer_u32(w, f->notice_s);
		break;
	case RELAY_CLOSE:
		writer_u32(w, f->close.code);
		writer_u8(w, f->close.keep_id);
		break;
	case RELAY_ERROR:
		writer_u32(w, f->error_code);
		break;
	case RELAY_SEALED:
		writer_u32(w, f->sealed_len);
		break;
	}
}

int relay_frame_encode(const struct relay_frame *f, uint8_t *buf, size_t cap)
{
	if (f->type == RELAY_DATA && f->data.len > RELAY_FRAME_PAYLOAD_MAX)
		return AS_E_TOO_BIG;
	if (cap < RELAY_FRAME_HEADER)
		return AS_EFULL;

	struct writer w = writer_over(buf + RELAY_FRAME_HEADER, cap - RELAY_FRAME_HEADER);
	encode_payload(&w, f);

	int len = writer_finish(&w);
	if (len < 0)
		return len;

	struct writer head = writer_over(buf, RELAY_FRAME_HEADER);
	writer_u8(&head, (uint8_t)f->type);
	writer_u24(&head, (uint32_t)len);
	return RELAY_FRAME_HEADER + len;
}

void relay_frame_data_header(size_t len, uint8_t out[RELAY_FRAME_HEADER])
{
	struct writer w = writer_over(out, RELAY_FRAME_HEADER);

	writer_u8(&w, RELAY_DATA);
	writer_u24(&w, (uint32_t)len);
}
