/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ssh/speak.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "agent/plat/plat.h"
#include "proto/base/err.h"
#include "proto/base/secret.h"
#include "proto/base/text.h"

int speak_open(struct speaker *b, int fd)
{
	*b = (struct speaker){.fd = fd, .in = plat_secret_new(TALK_MAX), .passed = -1};
	return b->in ? 0 : -ENOMEM;
}

static int write_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t did = write(fd, p, n);

		if (did < 0 && errno == EAGAIN)
			poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
		else if (did < 0 && errno != EINTR)
			return -errno;
		p += did > 0 ? did : 0;
		n -= did > 0 ? (size_t)did : 0;
	}
	return 0;
}

int speak_send(struct speaker *b, enum talk_type type, const void *p, size_t n)
{
	uint8_t header[TALK_HEADER];
	int err;

	talk_header(type, n, header);
	err = write_all(b->fd, header, sizeof header);
	return err < 0 ? err : write_all(b->fd, p, n);
}

int speak_note(struct speaker *b, enum talk_type type, unsigned flag, const char *text)
{
	struct talk_note m = {.flag = (uint8_t)flag};
	uint8_t bytes[1 + TALK_TEXT_MAX];

	text_line(text, strlen(text), m.text, sizeof m.text);

	int n = talk_note_encode(&m, bytes, sizeof bytes);
	return n < 0 ? n : speak_send(b, type, bytes, (size_t)n);
}

static void take_descriptor(struct speaker *b, struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		if (b->passed >= 0)
			close(b->passed);
		memcpy(&b->passed, CMSG_DATA(c), sizeof b->passed);
	}
}

/* 0 when it was interrupted. */
static ssize_t read_some(struct speaker *b, size_t have, size_t want)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec to = {.iov_base = b->in + have, .iov_len = want - have};
	struct msghdr m = {.msg_iov = &to,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof control};
	ssize_t n = recvmsg(b->fd, &m, MSG_CMSG_CLOEXEC);

	if (n < 0 && errno == EAGAIN)
		poll(&(struct pollfd){.fd = b->fd, .events = POLLIN}, 1, -1);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	take_descriptor(b, &m);
	return n > 0 ? n : AS_E_PEER_LOST;
}

int speak_hear(struct speaker *b, struct talk_msg *out)
{
	size_t have = 0, want = TALK_HEADER;

	speak_wipe(b);
	while (have < want) {
		ssize_t n = read_some(b, have, want);

		if (n < 0)
			return (int)n;
		have += (size_t)n;
		if (have == TALK_HEADER) {
			int size = talk_size(b->in, have);

			if (size < 0)
				return size;
			want = (size_t)size;
		}
	}
	return talk_decode(b->in, want, out);
}

void speak_wipe(struct speaker *b)
{
	secret_wipe(b->in, TALK_MAX);
}
