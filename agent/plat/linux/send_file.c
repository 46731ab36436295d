/* SPDX-License-Identifier: Apache-2.0
 *
 * A file's bytes on their way out. The kernel lends its own pages to the pipe (sendfile(2)), so
 * that a large file costs little; where it cannot, they are read and written.
 */
#include <errno.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "agent/plat/plat.h"

#define CHUNK (256u << 10)

int64_t plat_read_file(int fd, uint64_t at, void *out, size_t n)
{
	for (;;) {
		ssize_t got = pread(fd, out, n, (off_t)at);

		if (got >= 0 || errno != EINTR)
			return got < 0 ? -errno : got;
	}
}

static int write_all(int to, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t did = write(to, p, n);

		if (did < 0 && errno == EAGAIN)
			poll(&(struct pollfd){.fd = to, .events = POLLOUT}, 1, -1);
		else if (did < 0 && errno != EINTR)
			return -errno;
		p += did > 0 ? did : 0;
		n -= did > 0 ? (size_t)did : 0;
	}
	return 0;
}

static int64_t copy(int to, int fd, uint64_t at, size_t n, int *why)
{
	static char chunk[CHUNK];
	size_t done = 0;

	while (done < n) {
		int64_t got = plat_read_file(fd, at + done, chunk,
					     n - done < sizeof chunk ? n - done : sizeof chunk);
		int err;

		if (got <= 0) {
			*why = (int)got;
			break;
		}
		err = write_all(to, chunk, (size_t)got);
		if (err < 0)
			return err;
		done += (size_t)got;
	}
	return (int64_t)done;
}

/* Is it the reader that failed, and not the file? */
static int is_readers(int err)
{
	return err == EPIPE || err == ECONNRESET || err == ENOTCONN;
}

int64_t plat_send_file(int to, int fd, uint64_t at, size_t n, int *why)
{
	off_t offset = (off_t)at;
	size_t done = 0;

	*why = 0;
	while (done < n) {
		ssize_t did = sendfile(to, fd, &offset, n - done);

		if (did > 0) {
			done += (size_t)did;
		} else if (did == 0) {
			break;
		} else if (errno == EAGAIN) {
			poll(&(struct pollfd){.fd = to, .events = POLLOUT}, 1, -1);
		} else if (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP) {
			int64_t rest = copy(to, fd, at + done, n - done, why);

			return rest < 0 ? rest : (int64_t)done + rest;
		} else if (is_readers(errno)) {
			return -errno;
		} else if (errno != EINTR) {
			*why = -errno;
			break;
		}
	}
	return (int64_t)done;
}
