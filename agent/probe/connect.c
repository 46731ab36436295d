/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probe/connect.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/clock.h"
#include "proto/base/err.h"

static int left_ms(uint64_t until)
{
	uint64_t now = clock_mono_ms();

	return now < until ? (int)(until - now) : 0;
}

int connect_wait(int fd, short events, uint64_t until)
{
	struct pollfd p = {.fd = fd, .events = events};
	int n;

	do
		n = poll(&p, 1, left_ms(until));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == 0 ? AS_E_TIMEOUT : 0;
}

int connect_lookup(const struct target *t, bool numeric, struct connect_set *set)
{
	struct addrinfo hints = {
	    .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICSERV | (numeric ? AI_NUMERICHOST : 0),
	};
	struct addrinfo *list = NULL;
	char port[8];

	snprintf(port, sizeof(port), "%u", t->port);
	set->count = 0;
	set->cut = false;
	int err = getaddrinfo(t->host, port, &hints, &list);
	if (err != 0)
		return err;

	for (struct addrinfo *a = list; a; a = a->ai_next) {
		if (set->count == CONNECT_ADDRS_MAX) {
			set->cut = true;
			break;
		}
		struct connect_try *c = &set->at[set->count++];

		*c = (struct connect_try){.fd = -1, .addr_len = a->ai_addrlen};
		memcpy(&c->addr, a->ai_addr, a->ai_addrlen);
		if (getnameinfo(a->ai_addr, a->ai_addrlen, c->text, sizeof(c->text), NULL, 0,
				NI_NUMERICHOST) != 0)
			snprintf(c->text, sizeof(c->text), "?");
	}
	freeaddrinfo(list);
	return 0;
}

static void finish(struct connect_try *c, int err, uint64_t start)
{
	c->err = err;
	c->ms = clock_mono_ms() - start;
	if (err < 0 && c->fd >= 0) {
		close(c->fd);
		c->fd = -1;
	}
}

/* True when the outcome is known already. */
static bool begin(struct connect_try *c, uint64_t start)
{
	c->fd = socket(c->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd >= 0 && connect(c->fd, (struct sockaddr *)&c->addr, c->addr_len) == 0)
		finish(c, 0, start);
	else if (c->fd >= 0 && errno == EINPROGRESS)
		return false;
	else
		finish(c, -errno, start);
	return true;
}

static int outcome(int fd)
{
	int err = 0;
	socklen_t n = sizeof(err);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n) < 0)
		return -errno;
	return -err;
}

void connect_all(struct connect_set *set)
{
	struct pollfd p[CONNECT_ADDRS_MAX];
	uint64_t start = clock_mono_ms();
	size_t open = 0;

	for (size_t i = 0; i < set->count; i++) {
		bool known = begin(&set->at[i], start);

		p[i] = (struct pollfd){.fd = known ? -1 : set->at[i].fd, .events = POLLOUT};
		open += !known;
	}
	while (open > 0) {
		int n = poll(p, set->count, left_ms(start + STEP_MS));
		int why = n == 0 ? AS_E_TIMEOUT : -errno;

		if (n < 0 && errno == EINTR)
			continue;
		for (size_t i = 0; i < set->count; i++) {
			if (p[i].fd < 0 || (n > 0 && p[i].revents == 0))
				continue;
			finish(&set->at[i], n > 0 ? outcome(p[i].fd) : why, start);
			p[i].fd = -1;
			open--;
		}
	}
}

struct connect_try *connect_best(struct connect_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->at[i].fd >= 0)
			return &set->at[i];
	return NULL;
}

void connect_close(struct connect_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->at[i].fd >= 0)
			close(set->at[i].fd);
		set->at[i].fd = -1;
	}
}
