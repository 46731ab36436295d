/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/base/err.h"
#include "proto/base/text.h"

#define REQUEST_MAX 256u
#define WAIT_MS	    3000 /* the kernel answers at once or never */

#define ALIGN4(n) (((n) + 3u) & ~(size_t)3u)

/* The body of NLMSG_ERROR starts with the kernel's -errno; 0 is an acknowledgement. */
static int error_of(const uint8_t *body, size_t n)
{
	int32_t err;

	if (n < sizeof(err))
		return AS_ESHORT;
	memcpy(&err, body, sizeof(err));
	if (err == 0)
		return NETLINK_DONE;
	return err < 0 && err > -4096 ? err : AS_EBADMSG;
}

int netlink_walk(const uint8_t *p, size_t n, netlink_on on, void *arg)
{
	while (n > 0) {
		struct nlmsghdr h;

		if (n < sizeof(h))
			return AS_ESHORT;
		memcpy(&h, p, sizeof(h));
		if (h.nlmsg_len < sizeof(h))
			return AS_EBADMSG;
		if (h.nlmsg_len > n)
			return AS_ESHORT;

		const uint8_t *body = p + sizeof(h);
		size_t len = h.nlmsg_len - sizeof(h);
		int err = 0;

		if (h.nlmsg_type == NLMSG_DONE)
			return NETLINK_DONE;
		if (h.nlmsg_type == NLMSG_ERROR)
			return error_of(body, len);
		if (h.nlmsg_type >= NLMSG_MIN_TYPE)
			err = on(h.nlmsg_type, body, len, arg);
		if (err < 0)
			return err;

		size_t step = ALIGN4(h.nlmsg_len);
		if (step > n)
			step = n;
		p += step;
		n -= step;
	}
	return 0;
}

int netlink_attrs(const uint8_t *p, size_t n, struct netlink_attr *table, size_t count)
{
	memset(table, 0, count * sizeof(*table));
	while (n > 0) {
		struct nlattr a;

		if (n < sizeof(a))
			return AS_EBADMSG;
		memcpy(&a, p, sizeof(a));
		if (a.nla_len < sizeof(a) || a.nla_len > n)
			return AS_EBADMSG;

		size_t type = a.nla_type & NLA_TYPE_MASK;
		if (type < count)
			table[type] = (struct netlink_attr){p + sizeof(a), a.nla_len - sizeof(a)};

		size_t step = ALIGN4(a.nla_len);
		if (step > n)
			step = n;
		p += step;
		n -= step;
	}
	return 0;
}

uint32_t netlink_attr_u32(const struct netlink_attr *a)
{
	uint32_t v = 0;

	if (a->data && a->len == sizeof(v))
		memcpy(&v, a->data, sizeof(v));
	return v;
}

const char *netlink_attr_text(const struct netlink_attr *a, char *out, size_t cap)
{
	out[0] = '\0';
	if (a->data)
		text_line(a->data, strnlen((const char *)a->data, a->len), out, cap);
	return out;
}

static int send_request(int fd, uint16_t type, const void *request, size_t n)
{
	uint8_t msg[sizeof(struct nlmsghdr) + REQUEST_MAX];
	struct nlmsghdr h = {
	    .nlmsg_len = (uint32_t)(sizeof(h) + n),
	    .nlmsg_type = type,
	    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
	    .nlmsg_seq = 1,
	};
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};

	if (n > REQUEST_MAX)
		return AS_E_TOO_BIG;
	memcpy(msg, &h, sizeof(h));
	memcpy(msg + sizeof(h), request, n);
	if (sendto(fd, msg, h.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	return 0;
}

/* One datagram, from the kernel and nobody else: any local process may send to our socket. */
static int receive(int fd, uint8_t *buf, size_t *got)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	struct sockaddr_nl from = {0};
	socklen_t from_len = sizeof(from);
	int n = poll(&ready, 1, WAIT_MS);

	*got = 0;
	if (n == 0)
		return AS_E_TIMEOUT;
	if (n < 0)
		return errno == EINTR ? 0 : -errno;

	ssize_t r =
	    recvfrom(fd, buf, NETLINK_DATAGRAM_MAX, MSG_TRUNC, (struct sockaddr *)&from, &from_len);
	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	if ((size_t)r > NETLINK_DATAGRAM_MAX)
		return AS_E_TOO_BIG;
	if (from.nl_pid == 0)
		*got = (size_t)r;
	return 0;
}

int netlink_dump(int protocol, uint16_t type, const void *request, size_t n, netlink_on on,
		 void *arg)
{
	uint8_t *buf = malloc(NETLINK_DATAGRAM_MAX);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	size_t total = 0;
	int err = 0;

	if (!buf || fd < 0)
		err = buf ? -errno : -ENOMEM;
	else
		err = send_request(fd, type, request, n);
	while (err == 0) {
		size_t got;

		err = receive(fd, buf, &got);
		if (err == 0)
			err = netlink_walk(buf, got, on, arg);
		total += got;
		if (err == 0 && total > NETLINK_DUMP_MAX)
			err = AS_E_TOO_BIG;
	}
	if (fd >= 0)
		close(fd);
	free(buf);
	return err == NETLINK_DONE ? 0 : err;
}
