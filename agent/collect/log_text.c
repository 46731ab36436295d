/* SPDX-License-Identifier: Apache-2.0
 *
 * zlib's gzread() reads plain files as they are, so one way serves both kinds. A plain file is
 * entered near its end; a compressed one must be unpacked twice, once to learn its length.
 */
#include "agent/collect/log_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "agent/collect/copy.h"
#include "agent/collect/sink.h"
#include "proto/base/text.h"

#define CHUNK 32768

bool log_is_text(const uint8_t *p, size_t n)
{
	size_t odd = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == 0)
			return false;
		odd += p[i] < ' ' && !strchr("\t\n\r\f\b\033", p[i]);
	}
	return odd <= n / 32;
}

/* The length after unpacking, as far as it is read at all. *torn: the archive ends too early or is
 * damaged; what comes before is good. */
static int64_t unpacked(gzFile f, bool *torn)
{
	uint8_t chunk[CHUNK];
	int64_t total = 0;
	int n, why;

	while (total < (int64_t)LOG_UNPACKED_MAX && (n = gzread(f, chunk, sizeof chunk)) > 0)
		total += n;
	gzerror(f, &why);
	*torn = why != Z_OK && why != Z_STREAM_END;
	gzclearerr(f);
	return total;
}

/* Forward to `from`; gzseek() on a compressed file is the same, but hides errors. */
static int skip(gzFile f, int64_t from)
{
	uint8_t chunk[CHUNK];

	while (from > 0) {
		int n = gzread(f, chunk, from < CHUNK ? (unsigned)from : CHUNK);

		if (n <= 0)
			return -EIO;
		from -= n;
	}
	return 0;
}

/* Copies `left` bytes; when `from_line`, only from the first beginning of a line on. */
static int copy(struct sink *s, gzFile f, int64_t left, bool from_line)
{
	uint8_t chunk[CHUNK];

	while (left > 0) {
		int n = gzread(f, chunk, left < CHUNK ? (unsigned)left : CHUNK);
		const uint8_t *p = chunk;

		if (n <= 0) /* shorter than it was, or damaged here */
			return 0;
		left -= n;
		if (from_line) {
			const uint8_t *end = memchr(chunk, '\n', (size_t)n);

			if (!end)
				continue;
			p = end + 1;
			n -= (int)(p - chunk);
			from_line = false;
		}

		int err = n > 0 ? sink_write(s, p, (size_t)n) : 0;
		if (err < 0)
			return err;
	}
	return 0;
}

/* Where to begin. The byte before is read too: if it ends a line, no line is lost. */
static int64_t start_of(int64_t size, uint64_t max)
{
	return max > 0 && (uint64_t)size > max ? size - (int64_t)max - 1 : 0;
}

static int write_file(struct sink *s, gzFile f, int64_t size, bool torn, const char *name,
		      const char *path, uint64_t max)
{
	char limit[TEXT_SIZE_MAX], why[ITEM_WHY_MAX + 1] = "";
	int64_t from = start_of(size, max);
	bool cut = from > 0 || (max > 0 && (uint64_t)size > max);

	int err = sink_file_begin(s, name, ITEM_FROM_FILE, path);
	if (err < 0)
		return err;
	if (gzdirect(f))
		err = gzseek(f, (z_off_t)from, SEEK_SET) < 0 ? -EIO : 0;
	else
		err = skip(f, from);
	if (err == 0)
		err = copy(s, f, size - from, cut);
	if (err < 0)
		return gap_end(s, err);
	if (torn)
		return sink_file_end(s, ITEM_PARTIAL, cut,
				     "the compressed file is damaged or not whole");
	if (cut)
		snprintf(why, sizeof why, "older lines are left out: the newest %s",
			 text_size(max, limit));
	return sink_file_end(s, ITEM_OK, cut, why);
}

static int listed_gap(struct sink *s, const char *name, const char *path, const char *why)
{
	int err = sink_file_begin(s, name, ITEM_FROM_FILE, path);

	return err < 0 ? err : sink_file_end(s, ITEM_FAILED, false, why);
}

int log_copy(struct sink *s, int fd, bool gz, const char *name, const char *path, uint64_t max,
	     enum log_kind *kind)
{
	uint8_t first[LOG_SNIFF];
	struct stat st;
	int64_t size = fstat(fd, &st) < 0 ? 0 : st.st_size;
	gzFile f = gzdopen(fd, "rb");
	bool torn = false;

	*kind = LOG_IS_TEXT;
	if (!f) {
		close(fd);
		return -ENOMEM;
	}

	int n = gzread(f, first, sizeof first);
	if (n > 0 && !log_is_text(first, (size_t)n))
		*kind = LOG_IS_BINARY;

	int err = 0;
	if (n < 0) {
		err = listed_gap(s, name, path, gz ? "cannot be unpacked" : "cannot be read");
	} else if (*kind == LOG_IS_TEXT) {
		gzrewind(f);
		if (!gzdirect(f)) {
			size = unpacked(f, &torn);
			gzrewind(f);
		}
		err = write_file(s, f, size, torn, name, path, max);
	}
	gzclose(f);
	return err;
}
