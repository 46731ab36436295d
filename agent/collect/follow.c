/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACK_MAX  (1u << 20) /* how far back the first lines are looked for */
#define READS_MAX 32	     /* without a line, then others have their turn */

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

static void read_from(struct follow *f, uint64_t at)
{
	f->at = at;
	f->from = f->len = 0;
	f->skipping = f->at_end = f->last_read = false;
}

static void take(struct follow *f, int fd, const struct stat *st)
{
	f->fd = fd;
	f->dev = st->st_dev;
	f->ino = st->st_ino;
	f->err = 0;
	read_from(f, 0);
}

static void drop(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A file to follow, or -errno. What the system makes while it is read never grows. */
static int open_name(const struct follow *f, struct stat *st)
{
	int fd = below_file(f->root, f->path, st);

	if (fd >= 0 && st->st_blocks == 0 && below_is_made_up(fd)) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

void follow_open(struct follow *f, const struct below *root, const char *path, unsigned lines)
{
	struct stat st;
	int fd;

	*f = (struct follow){.root = root, .path = path, .fd = -1, .next = -1};
	fd = open_name(f, &st);
	if (fd < 0) {
		f->err = fd;
		return;
	}
	take(f, fd, &st);
	read_from(f, (uint64_t)(lines == 0 ? st.st_size : find_last(fd, st.st_size, lines - 1)));
	f->skipping = !begins_a_line(fd, (off_t)f->at);
}

void follow_close(struct follow *f)
{
	drop(&f->fd);
	drop(&f->next);
}

const char *follow_why(const struct follow *f, char *out, size_t cap)
{
	return below_why(f->err, out, cap);
}

/* The name cannot be opened. That is news once. */
static enum follow_news refused(struct follow *f, int err)
{
	bool gone = err == -ENOENT || err == -ENOTDIR;

	drop(&f->next);
	if (f->fd >= 0 && below_is_held(f->fd)) {
		drop(&f->fd);
		read_from(f, 0);
	}
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

static bool is_shorter(const struct follow *f)
{
	struct stat st;

	return fstat(f->fd, &st) == 0 && (uint64_t)st.st_size < f->at;
}

static enum follow_news start_again(struct follow *f)
{
	if (end_last_line(f))
		return FOLLOW_MORE;
	read_from(f, 0);
	return FOLLOW_TRUNCATED;
}

static enum follow_news same_file(struct follow *f, int fd)
{
	close(fd);
	drop(&f->next);
	f->err = 0;
	f->last_read = false;
	return FOLLOW_SAME;
}

/* Another file has the name. */
static enum follow_news other_file(struct follow *f, int fd, const struct stat *st)
{
	bool is_new = f->next < 0, found = f->fd < 0;

	drop(&f->next);
	f->err = 0;
	if (!found && st->st_size == 0) {
		f->next = fd;
		return is_new ? FOLLOW_MORE : FOLLOW_SAME;
	}
	if (!found && (!f->last_read || end_last_line(f))) {
		f->next = fd;
		f->last_read = true;
		f->at_end = false;
		return FOLLOW_MORE;
	}
	drop(&f->fd);
	take(f, fd, st);
	return found ? FOLLOW_FOUND : FOLLOW_ROTATED;
}

enum follow_news follow_look(struct follow *f)
{
	struct stat st;
	int fd;

	if (f->fd >= 0 && !f->at_end)
		return FOLLOW_SAME;
	if (f->fd >= 0 && is_shorter(f))
		return start_again(f);
	fd = open_name(f, &st);
	if (fd < 0)
		return refused(f, fd);
	if (f->fd >= 0 && st.st_dev == f->dev && st.st_ino == f->ino)
		return same_file(f, fd);
	return other_file(f, fd, &st);
}

/* ---- lines ---- */

/* A hole is no text: programs leave one when the file was truncated under them. */
static void skip_hole(struct follow *f)
{
	off_t data = lseek(f->fd, (off_t)f->at, SEEK_DATA);

	if (data > (off_t)f->at)
		f->at = (uint64_t)data;
}

static bool fill(struct follow *f)
{
	ssize_t n = 0;

	if (f->from > 0) {
		memmove(f->buf, f->buf + f->from, f->len - f->from);
		f->len -= f->from;
		f->from = 0;
	}
	if (f->fd >= 0 && (f->len == 0 || f->skipping))
		skip_hole(f);
	if (f->fd >= 0)
		n = pread(f->fd, f->buf + f->len, sizeof f->buf - f->len, (off_t)f->at);
	f->at_end = n <= 0;
	if (n <= 0)
		return false;
	f->at += (uint64_t)n;
	f->len += (size_t)n;
	return true;
}

/* Too long for us: its first part now, the rest is passed over. */
static bool hand_out_full(struct follow *f, const char **line, size_t *n)
{
	bool was_skipping = f->skipping;

	*line = f->buf;
	*n = f->len;
	f->from = f->len;
	f->skipping = true;
	return !was_skipping;
}

/* What ends before `end`, unless it is the rest of one that was too long. */
static bool hand_out(struct follow *f, const char *end, const char **line, size_t *n)
{
	bool skip = f->skipping;

	*line = f->buf + f->from;
	*n = (size_t)(end - *line);
	f->from += *n + 1;
	f->skipping = false;
	return !skip;
}

bool follow_line(struct follow *f, const char **line, size_t *n)
{
	for (unsigned reads = 0;;) {
		const char *start = f->buf + f->from;
		const char *end = f->len > f->from ? memchr(start, '\n', f->len - f->from) : NULL;

		if (end && hand_out(f, end, line, n))
			return true;
		if (end)
			continue;
		if (f->from == 0 && f->len == sizeof f->buf) {
			if (hand_out_full(f, line, n))
				return true;
			continue;
		}
		if (reads++ == READS_MAX || !fill(f))
			return false;
	}
}

/* ---- too far behind ---- */

static uint64_t count_lines(int fd, uint64_t from, uint64_t to)
{
	static char chunk[256u << 10];
	uint64_t lines = 0;

	while (from < to) {
		off_t data = lseek(fd, (off_t)from, SEEK_DATA);
		if (data >= (off_t)to)
			break;
		if (data > (off_t)from)
			from = (uint64_t)data;

		size_t want = to - from < sizeof chunk ? (size_t)(to - from) : sizeof chunk;
		ssize_t n = pread(fd, chunk, want, (off_t)from);
		if (n <= 0)
			break;
		for (const char *p = chunk; (p = memchr(p, '\n', (size_t)(chunk + n - p)));
		     p++, lines++)
			;
		from += (uint64_t)n;
	}
	return lines;
}

uint64_t follow_skip(struct follow *f, uint64_t most, uint64_t *bytes)
{
	uint64_t to, lines, begun = f->at - (f->len - f->from);
	bool was_skipping = f->skipping;
	struct stat st;

	if (f->fd < 0 || fstat(f->fd, &st) < 0 || (uint64_t)st.st_size <= f->at + 2 * most)
		return 0;
	to = (uint64_t)st.st_size - most;
	lines = count_lines(f->fd, begun, to);
	*bytes = to - begun;
	read_from(f, to);
	f->skipping = !begins_a_line(f->fd, (off_t)to);
	return lines + f->skipping - (was_skipping && lines > 0);
}
