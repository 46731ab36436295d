/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/send_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/collect/sink.h"

#define CHUNK (256u << 10)

static uint8_t chunk[CHUNK];

/* Where the next bytes that are there begin; to when there are none. A file system that knows no
 * holes says: here. */
static uint64_t skip_hole(int fd, uint64_t at, uint64_t to)
{
	off_t data = lseek(fd, (off_t)at, SEEK_DATA);

	if (data < 0)
		return errno == ENXIO ? to : at;
	return (uint64_t)data < to ? (uint64_t)data : to;
}

/* A file that has become shorter has no hole at its end. */
static uint64_t end_now(int fd, uint64_t to)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return 0;
	return (uint64_t)st.st_size < to ? (uint64_t)st.st_size : to;
}

static int send_hole(struct sink *s, uint64_t n, struct sent *r)
{
	struct item it = {.type = ITEM_HOLE, .hole = n};
	int err = n > 0 ? sink_record(s, &it) : 0;

	if (err == 0)
		r->bytes += n;
	return err;
}

/* Up to the next hole. */
static int send_data(struct sink *s, int fd, uint64_t from, uint64_t to, struct sent *r)
{
	off_t hole = lseek(fd, (off_t)from, SEEK_HOLE);
	uint64_t end = hole > 0 && (uint64_t)hole < to ? (uint64_t)hole : to;
	struct sent part;
	int err = sink_send(s, fd, from, end - from, &part);

	r->bytes += part.bytes;
	r->zeros += part.zeros;
	r->err = part.err;
	return err;
}

int send_file(struct sink *s, int fd, uint64_t from, uint64_t to, struct sent *r)
{
	int err = 0;

	*r = (struct sent){0};
	for (uint64_t at = from, end;
	     err == 0 && r->err == 0 && r->zeros == 0 && at < (end = end_now(fd, to));) {
		uint64_t data = skip_hole(fd, at, end), before = r->bytes;

		err = send_hole(s, data - at, r);
		if (err == 0 && data < end)
			err = send_data(s, fd, data, end, r);
		if (r->bytes == before)
			break; /* it has become shorter just now */
		at = from + r->bytes;
	}
	return err;
}

int send_stream(struct sink *s, int fd, uint64_t max, struct sent *r)
{
	int err = 0;

	*r = (struct sent){0};
	while (err == 0 && r->bytes < max) {
		size_t want = max - r->bytes < CHUNK ? (size_t)(max - r->bytes) : CHUNK;
		ssize_t n = read(fd, chunk, want);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			r->err = n < 0 ? -errno : 0;
			break;
		}
		err = sink_bulk(s, chunk, (size_t)n);
		if (err == 0)
			r->bytes += (uint64_t)n;
	}
	return err;
}
