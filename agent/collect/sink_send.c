/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that the customer sends by name: their bytes as they are, from an open file to our reader,
 * with as few hands between as there can be.
 */
#include "agent/collect/sink_priv.h"

#include <errno.h>

#include "agent/plat/plat.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

static int put_bulk(struct sink *s, const uint8_t *p, size_t n)
{
	int err = sink_send_pending(s, s->pending);

	while (n > 0 && err == 0) {
		uint8_t header[ITEM_HEADER];
		size_t take = n < ITEM_DATA_MAX ? n : ITEM_DATA_MAX;

		if (sink_room(s) < take)
			return sink_overflow(s);
		item_data_header(take, header);
		err = sink_emit(s, header, sizeof header);
		if (err == 0)
			err = sink_emit(s, p, take);
		p += take;
		n -= take;
	}
	return err;
}

int sink_bulk(struct sink *s, const void *p, size_t n)
{
	int err = sink_enter(s);

	if (err == 0)
		err = s->in_file ? put_bulk(s, p, n) : AS_ESTATE;
	return sink_leave(s, err);
}

/* A record whose length was promised is filled up with zeros when the file cannot keep the promise:
 * what follows can still be read. */
static int fill_up(struct sink *s, uint64_t n, struct sent *r)
{
	static const uint8_t zeros[4096];
	int err = 0;

	r->zeros += n;
	for (; n > 0 && err == 0; n -= n < sizeof zeros ? n : sizeof zeros)
		err = sink_emit(s, zeros, n < sizeof zeros ? (size_t)n : sizeof zeros);
	return err;
}

/* One record, straight from the file to our reader. */
static int send_piece(struct sink *s, int fd, uint64_t at, size_t n, struct sent *r)
{
	uint64_t before = clock_mono_ms();
	uint8_t header[ITEM_HEADER];
	int err;

	item_data_header(n, header);
	err = sink_emit(s, header, sizeof header);
	if (err < 0)
		return err;

	int64_t did = plat_send_file(s->fd, fd, at, n, &r->err);
	s->stalled_ms += clock_mono_ms() - before;
	if (did < 0)
		return (int)did;
	r->bytes += (uint64_t)did;
	s->raw += (uint64_t)did;
	return fill_up(s, n - (uint64_t)did, r);
}

/* Through our hands, into the compressor. */
static int squeeze_piece(struct sink *s, int fd, uint64_t at, size_t n, struct sent *r)
{
	static uint8_t chunk[256u << 10];
	int64_t got = plat_read_file(fd, at, chunk, n < sizeof chunk ? n : sizeof chunk);

	if (got <= 0) {
		r->err = (int)got;
		return 0;
	}
	r->bytes += (uint64_t)got;
	return put_bulk(s, chunk, (size_t)got);
}

static int send_packed(struct sink *s, const uint8_t *p, size_t n)
{
	uint8_t header[ITEM_HEADER];
	int err;

	item_bytes_header(ITEM_PACKED, n, header);
	err = sink_emit(s, header, sizeof header);
	return err < 0 ? err : sink_emit(s, p, n);
}

/* Zeros as a hole, what becomes smaller as a frame, everything else as it is. */
static int pack_piece(struct sink *s, int fd, uint64_t at, size_t n, struct sent *r)
{
	static uint8_t chunk[PACK_PIECE];
	struct item hole = {.type = ITEM_HOLE};
	const uint8_t *packed;
	size_t len = 0;
	int64_t got;
	int err;

	if (!pack_is_due(s->pack))
		return send_piece(s, fd, at, n, r);
	got = plat_read_file(fd, at, chunk, n < sizeof chunk ? n : sizeof chunk);
	if (got <= 0) {
		r->err = (int)got;
		return 0;
	}
	if (pack_is_zero(chunk, (size_t)got)) {
		hole.hole = (uint64_t)got;
		err = sink_send_record(s, &hole);
	} else if ((len = pack_try(s->pack, chunk, (size_t)got, &packed)) > 0) {
		err = send_packed(s, packed, len);
	} else {
		err = put_bulk(s, chunk, (size_t)got);
	}
	if (err == 0)
		r->bytes += (uint64_t)got;
	return err;
}

int sink_pack(struct sink *s)
{
	int err = sink_enter(s);

	if (err == 0 && !s->pack)
		s->pack = pack_new();
	return sink_leave(s, err < 0 ? err : s->pack ? 0 : -ENOMEM);
}

static int send_all(struct sink *s, int fd, uint64_t at, uint64_t n, struct sent *r)
{
	int err = sink_send_pending(s, s->pending);

	while (err == 0 && r->bytes < n) {
		uint64_t before = r->bytes, left = n - before;
		size_t take = left < ITEM_DATA_MAX ? (size_t)left : ITEM_DATA_MAX;

		if (sink_room(s) < take)
			return sink_overflow(s);
		err = s->comp	? squeeze_piece(s, fd, at + before, take, r)
		      : s->pack ? pack_piece(s, fd, at + before, take, r)
				: send_piece(s, fd, at + before, take, r);
		if (r->bytes == before || r->zeros > 0)
			break; /* the file has no more */
	}
	return err;
}

int sink_send(struct sink *s, int fd, uint64_t at, uint64_t n, struct sent *r)
{
	int err = sink_enter(s);

	*r = (struct sent){0};
	if (err == 0)
		err = s->in_file ? send_all(s, fd, at, n, r) : AS_ESTATE;
	return sink_leave(s, err);
}
