/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/e2e/pack.h"

#include <stdlib.h>
#include <zlib.h>

#include "proto/base/err.h"

#define INPUT_STEP (1u << 20) /* zlib counts in unsigned int */

struct unpack {
	z_stream z;
	uint64_t limit, in, out;
	bool complete;
	int err; /* sticky */
	unpack_on on_bytes;
	void *owner;
	uint8_t step[UNPACK_STEP];
};

struct unpack *unpack_new(uint64_t limit, unpack_on on_bytes, void *owner)
{
	struct unpack *u = calloc(1, sizeof *u);
	if (!u)
		return NULL;

	if (inflateInit(&u->z) != Z_OK) {
		free(u);
		return NULL;
	}
	u->limit = limit < UNPACK_TOTAL_MAX ? limit : UNPACK_TOTAL_MAX;
	u->on_bytes = on_bytes;
	u->owner = owner;
	return u;
}

void unpack_free(struct unpack *u)
{
	if (!u)
		return;
	inflateEnd(&u->z);
	free(u);
}

/* How many more bytes may come out: the total, and the ratio once it counts. */
static uint64_t allowed(const struct unpack *u)
{
	uint64_t most =
	    u->in * UNPACK_RATIO; /* cannot overflow: in is bounded by memory and time */

	if (most < UNPACK_RATIO_FREE)
		most = UNPACK_RATIO_FREE;
	if (most > u->limit)
		most = u->limit;
	return most > u->out ? most - u->out : 0;
}

static int inflate_result(int r)
{
	if (r == Z_OK || r == Z_STREAM_END || r == Z_BUF_ERROR)
		return 0;
	return r == Z_MEM_ERROR ? AS_E_INTERNAL : AS_EBADMSG; /* Z_NEED_DICT, too */
}

/* Inflates into one step and hands it on, also what came out in front of a damage. One byte more
 * than allowed is asked for, so that a stream which ends exactly at its limit is not taken for
 * one that goes on. */
static int inflate_step(struct unpack *u)
{
	uint64_t most = allowed(u);
	size_t room = most < UNPACK_STEP ? (size_t)most + 1 : UNPACK_STEP;
	uInt before = u->z.avail_in;

	u->z.next_out = u->step;
	u->z.avail_out = (uInt)room;

	int r = inflate(&u->z, Z_NO_FLUSH);
	size_t n = room - u->z.avail_out;

	u->in += before - u->z.avail_in;
	u->complete = r == Z_STREAM_END;
	most = allowed(u);

	bool over = n > most;
	if (over)
		n = (size_t)most;
	u->out += n;

	int err = n > 0 ? u->on_bytes(u->step, n, u->owner) : 0;
	if (err < 0)
		return err;
	return over ? AS_E_TOO_BIG : inflate_result(r);
}

static int feed_some(struct unpack *u, const uint8_t *p, uInt n)
{
	u->z.next_in = (Bytef *)p; /* zlib does not write there */
	u->z.avail_in = n;
	do {
		if (u->complete)
			return u->z.avail_in > 0 ? AS_EBADMSG : 0;

		int err = inflate_step(u);
		if (err < 0)
			return err;
	} while (u->z.avail_in > 0 || u->z.avail_out == 0);
	return 0;
}

int unpack_feed(struct unpack *u, const uint8_t *p, size_t n)
{
	while (n > 0 && u->err == 0) {
		size_t part = n < INPUT_STEP ? n : INPUT_STEP;

		u->err = feed_some(u, p, (uInt)part);
		p += part;
		n -= part;
	}
	return u->err;
}

int unpack_end(struct unpack *u)
{
	if (u->err == 0 && !u->complete)
		u->err = AS_E_TRUNCATED;
	return u->err;
}

uint64_t unpack_total(const struct unpack *u)
{
	return u->out;
}
