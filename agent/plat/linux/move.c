/* SPDX-License-Identifier: Apache-2.0
 *
 * From a pipe into a socket past our own memory: the kernel hands its pages on (splice(2)), those
 * that sendfile(2) has lent from a file included. Whoever counts and may refuse still does so
 * first.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "agent/plat/plat.h"

#define PIPE_BYTES (512 << 10) /* a hint: a user's pipes together may have no room for it */

void plat_widen_pipe(intptr_t pipe)
{
	(void)fcntl((int)pipe, F_SETPIPE_SZ, PIPE_BYTES);
}

int64_t plat_pipe_holds(intptr_t pipe)
{
	int n = 0;

	return ioctl((int)pipe, FIONREAD, &n) < 0 ? -errno : n;
}

int64_t plat_move(intptr_t pipe, intptr_t to, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t did = splice((int)pipe, NULL, (int)to, NULL, n - done, SPLICE_F_NONBLOCK);

		if (did > 0)
			done += (size_t)did;
		else if (did == 0 || errno == EAGAIN)
			break;
		else if (errno != EINTR)
			return done > 0 ? (int64_t)done : -errno;
	}
	return (int64_t)done;
}

int plat_pipe_read(intptr_t pipe, void *out, size_t n)
{
	uint8_t *at = out;

	while (n > 0) {
		ssize_t did = read((int)pipe, at, n);

		if (did == 0 || (did < 0 && errno != EINTR))
			return did == 0 ? -EPIPE : -errno;
		at += did > 0 ? did : 0;
		n -= did > 0 ? (size_t)did : 0;
	}
	return 0;
}
