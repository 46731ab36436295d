/* SPDX-License-Identifier: Apache-2.0
 *
 * A pipe that is written without waiting.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "agent/plat/plat.h"

int plat_outlet_begin(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

int64_t plat_outlet_write(int fd, const void *p, size_t n)
{
	for (;;) {
		ssize_t did = write(fd, p, n);

		if (did >= 0)
			return did;
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return -EAGAIN;
		if (errno != EINTR)
			return -errno;
	}
}

void plat_outlet_wait(int fd, bool full, int ms)
{
	struct pollfd out = {.fd = full ? fd : -1, .events = POLLOUT};

	poll(&out, 1, ms);
}

int plat_outlet_end(int fd)
{
	(void)fd; /* the kernel has it */
	return 0;
}
