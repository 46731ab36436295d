/* SPDX-License-Identifier: Apache-2.0
 *
 * Files of the customer's system into the bundle, under their own path.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/collect/sink_priv.h"
#include "agent/collect/copy.h"
#include "proto/base/text.h"

#define COPY_CHUNK 16384

int gap_end(struct sink *s, int err)
{
	char why[ITEM_WHY_MAX + 1];

	switch (err) {
	case -ENOENT:
	case -ENOTDIR:
	case -ENXIO:
	case -ENODEV:
		return sink_file_end(s, ITEM_UNAVAILABLE, false, "not on this computer");
	case -EACCES:
	case -EPERM:
		return sink_file_end(s, ITEM_UNAVAILABLE, false, "needs administrator rights");
	default:
		snprintf(why, sizeof why, "cannot be read: %s", strerror(-err));
		return sink_file_end(s, ITEM_FAILED, false, why);
	}
}

int gap_open(const char *path)
{
	struct stat st;
	/* O_NONBLOCK: opening a pipe that somebody put there must not wait for a writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	return fd;
}

/* 1 = cut at max, 0 = whole, or a negative error of the file or of the sink. */
static int copy_bytes(struct sink *s, int fd, uint64_t max)
{
	uint8_t chunk[COPY_CHUNK];
	uint64_t done = 0;

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof chunk);

		if (n == 0)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;

		size_t take = (size_t)n;
		bool cut = max > 0 && take > max - done;
		if (cut)
			take = (size_t)(max - done);

		int err = sink_write(s, chunk, take);
		if (err < 0 || cut)
			return err < 0 ? err : 1;
		done += take;
	}
}

int sink_copy(struct sink *s, const char *path, uint64_t max)
{
	char size[TEXT_SIZE_MAX], why[ITEM_WHY_MAX + 1];

	int err = sink_file_begin(s, path, ITEM_FROM_FILE, path);
	if (err < 0)
		return err;

	int fd = gap_open(path);
	if (fd < 0)
		return gap_end(s, fd);
	err = copy_bytes(s, fd, max);
	close(fd);
	if (err < 0) /* when it is the sink's own, the sink repeats it */
		return gap_end(s, err);
	if (err == 0)
		return sink_file_end(s, ITEM_OK, false, "");
	sink_cut_line(s);
	snprintf(why, sizeof why, "the first %s", text_size(max, size));
	return sink_file_end(s, ITEM_OK, true, why);
}

int copy_existing(struct sink *s, const char *path)
{
	return access(path, F_OK) < 0 && errno == ENOENT ? 0 : sink_copy(s, path, 0);
}

int copy_all(struct sink *s, const char *const paths[])
{
	int err = 0;

	for (size_t i = 0; paths[i] && err == 0; i++)
		err = sink_copy(s, paths[i], 0);
	return err;
}

int read_text(const char *path, char *out, size_t cap)
{
	size_t len = 0;
	int fd = gap_open(path);

	out[0] = '\0';
	if (fd < 0)
		return fd;
	while (len < cap - 1) {
		ssize_t n = read(fd, out + len, cap - 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	close(fd);
	out[len] = '\0';
	return (int)len;
}
