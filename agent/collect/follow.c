/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACK_MAX (1u << 20) /* how far back the first lines are looked for */

/* ---- where the last lines begin ---- */

/* Steps back over `lines` ends of lines; the one at the very end of the file does not count. */
static off_t find_last(int fd, off_t size, unsigned lines)
{
	char chunk[8192];
	off_t at = size, least = size > (off_t)BACK_MAX ? size - (off_t)BACK_MAX : 0;

	while (at > least) {
		off_t from = at - least > (off_t)sizeof chunk ? at - (off_t)sizeof chunk : least;
		ssize_t n = pread(fd, chunk, (size_t)(at - from), from);

		if (n <= 0)
			return size;
		for (ssize_t i = n; i-- > 0;) {
			if (chunk[i] == '\n' && from + i + 1 < size && lines-- == 0)
				return from + i + 1;
		}
		at = from;
	}
	return least;
}

static bool begins_a_line(int fd, off_t at)
{
	char before;

	return at == 0 || pread(fd, &before, 1, at - 1) != 1 || before == '\n';
}

/* ---- the file behind the name ---- */

static void take(struct follow *f, int fd, const struct stat *st, off_t at)
{
	f->fd = fd;
	f->dev = st->st_dev;
	f->ino = st->st_ino;
	f->at = (uint64_t)at;
	f->from = f->len = 0;
	f->skipping = f->at_end = false;
	f->err = 0;
	lseek(fd, at, SEEK_SET);
}

void follow_open(struct follow *f, const struct below *root, const char *path, unsigned lines)
{
	struct stat st;
	int fd = below_file(root, path, &st);

	f->root = root;
	f->path = path;
	f->fd = -1;
	f->err = fd < 0 ? fd : 0;
	f->at = 0;
	f->from = f->len = 0;
	f->at_end = f->skipping = false;
	if (fd < 0)
		return;
	take(f, fd, &st, lines == 0 ? st.st_size : find_last(fd, st.st_size, lines - 1));
	f->skipping = !begins_a_line(fd, (off_t)f->at);
}

void follow_close(struct follow *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

const char *follow_why(const struct follow *f, char *out, size_t cap)
{
	return below_why(f->err, out, cap);
}

static enum follow_news look_at_length(struct follow *f)
{
	struct stat st;

	if (f->fd < 0 || fstat(f->fd, &st) < 0 || (uint64_t)st.st_size >= f->at)
		return FOLLOW_SAME;
	f->at = 0;
	f->from = f->len = 0;
	f->skipping = f->at_end = false;
	lseek(f->fd, 0, SEEK_SET);
	return FOLLOW_TRUNCATED;
}

/* The name cannot be opened. That is news once. */
static enum follow_news refused(struct follow *f, int err)
{
	bool gone = err == -ENOENT || err == -ENOTDIR;

	if (f->err == err)
		return FOLLOW_SAME;
	f->err = err;
	return gone ? FOLLOW_GONE : FOLLOW_REFUSED;
}

/* The file was left without an end of its last line: it has one now. */
static bool end_last_line(struct follow *f)
{
	if (f->len == f->from || f->skipping || f->len == sizeof f->buf)
		return false;
	f->buf[f->len++] = '\n';
	return true;
}

enum follow_news follow_look(struct follow *f)
{
	enum follow_news news = look_at_length(f);
	struct stat st;

	if (news != FOLLOW_SAME || (f->fd >= 0 && !f->at_end))
		return news;

	int fd = below_file(f->root, f->path, &st);
	if (fd < 0)
		return refused(f, fd);
	if (f->fd >= 0 && st.st_dev == f->dev && st.st_ino == f->ino) {
		close(fd);
		f->err = 0;
		return FOLLOW_SAME;
	}
	if (end_last_line(f)) {
		close(fd);
		return FOLLOW_MORE;
	}
	news = f->fd >= 0 ? FOLLOW_ROTATED : FOLLOW_FOUND;
	follow_close(f);
	take(f, fd, &st, 0);
	return news;
}

/* ---- lines ---- */

static bool fill(struct follow *f)
{
	ssize_t n;

	if (f->from > 0) {
		memmove(f->buf, f->buf + f->from, f->len - f->from);
		f->len -= f->from;
		f->from = 0;
	}
	n = f->fd < 0 ? 0 : read(f->fd, f->buf + f->len, sizeof f->buf - f->len);
	f->at_end = n <= 0;
	if (n <= 0)
		return false;
	f->at += (uint64_t)n;
	f->len += (size_t)n;
	return true;
}

/* Too long for us: its first part now, the rest is passed over. */
static bool hand_out_full(struct follow *f, const char **line, size_t *n, bool *cut)
{
	bool was_skipping = f->skipping;

	*line = f->buf;
	*n = f->len;
	*cut = true;
	f->from = f->len;
	f->skipping = true;
	return !was_skipping;
}

bool follow_line(struct follow *f, const char **line, size_t *n, bool *cut)
{
	for (;;) {
		char *start = f->buf + f->from;
		char *end = f->len > f->from ? memchr(start, '\n', f->len - f->from) : NULL;

		if (end) {
			bool skip = f->skipping;

			f->skipping = false;
			f->from = (size_t)(end + 1 - f->buf);
			if (skip)
				continue;
			*line = start;
			*n = (size_t)(end - start);
			*cut = false;
			return true;
		}
		if (f->from == 0 && f->len == sizeof f->buf) {
			if (hand_out_full(f, line, n, cut))
				return true;
			continue;
		}
		if (!fill(f))
			return false;
	}
}
