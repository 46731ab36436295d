/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ssh/dial.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/base/clock.h"
#include "proto/base/err.h"

static int finish_connect(int fd, uint64_t until)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	uint64_t now = clock_mono_ms();
	socklen_t len = sizeof(int);
	int err = 0;

	if (now >= until || poll(&p, 1, (int)(until - now)) == 0)
		return -ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0 ? -errno : -err;
}

static int connect_one(const struct addrinfo *a, uint64_t until)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1,
	    err = 0;

	if (fd < 0)
		return -errno;
	if (connect(fd, a->ai_addr, a->ai_addrlen) < 0)
		err = errno == EINPROGRESS ? finish_connect(fd, until) : -errno;
	if (err < 0) {
		close(fd);
		return err;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

static int connect_any(const struct addrinfo *list)
{
	uint64_t until = clock_mono_ms() + DIAL_MS;
	int fd = -EHOSTUNREACH;

	for (const struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
		/* the next address has a chance, too */
		uint64_t now = clock_mono_ms(), own = a->ai_next ? now + DIAL_MS / 3 : until;

		fd = now < until ? connect_one(a, own < until ? own : until) : -ETIMEDOUT;
	}
	return fd;
}

static void say_why(int err, char *why, size_t cap)
{
	char text[128];

	if (err == -ETIMEDOUT || err == -EHOSTUNREACH)
		snprintf(why, cap, "the device does not answer");
	else if (err == -ECONNREFUSED)
		snprintf(why, cap,
			 "the device refuses the connection: no SSH server on this port?");
	else
		snprintf(why, cap, "no connection: %s", err_text(err, text, sizeof text));
}

int dial_device(const struct device *d, char *why, size_t cap)
{
	const struct addrinfo hints = {
	    .ai_flags =
		AI_NUMERICSERV | AI_ADDRCONFIG | (strchr(d->host, ':') ? AI_NUMERICHOST : 0),
	    .ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *list = NULL;
	char port[8];

	snprintf(port, sizeof port, "%u", d->port);

	int gai = getaddrinfo(d->host, port, &hints, &list);
	if (gai != 0) {
		snprintf(why, cap, "the name is not known: %s", gai_strerror(gai));
		return AS_E_OP_FAILED;
	}

	int fd = connect_any(list);
	freeaddrinfo(list);
	if (fd < 0)
		say_why(fd, why, cap);
	return fd;
}
