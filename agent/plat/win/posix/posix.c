/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/random.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdint.h>

/* after the socket headers */
#include <ntsecapi.h>

#undef connect
#undef getsockopt
#undef recv
#undef send
#undef socket

#define SOCKETS_MAX FD_SETSIZE

static const struct {
	int wsa, posix;
} errors[] = {
    {WSAEWOULDBLOCK, EAGAIN},	       {WSAEINPROGRESS, EINPROGRESS},
    {WSAECONNREFUSED, ECONNREFUSED},   {WSAECONNRESET, ECONNRESET},
    {WSAECONNABORTED, ECONNABORTED},   {WSAETIMEDOUT, ETIMEDOUT},
    {WSAEHOSTUNREACH, EHOSTUNREACH},   {WSAENETUNREACH, ENETUNREACH},
    {WSAENETDOWN, ENETDOWN},	       {WSAEACCES, EACCES},
    {WSAEAFNOSUPPORT, EAFNOSUPPORT},   {WSAEINTR, EINTR},
    {WSAEADDRNOTAVAIL, EADDRNOTAVAIL}, {WSAENOBUFS, ENOBUFS},
    {WSAEMSGSIZE, EMSGSIZE},	       {WSAEINVAL, EINVAL},
};

static int to_errno(int wsa)
{
	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
		if (errors[i].wsa == wsa)
			return errors[i].posix;
	return wsa == 0 ? 0 : EIO;
}

static int fail(void)
{
	errno = to_errno(WSAGetLastError());
	return -1;
}

__attribute__((constructor)) static void start(void)
{
	WSADATA data;

	WSAStartup(MAKEWORD(2, 2), &data); /* without it every call says so by itself */
}

int posix_socket(int family, int type, int protocol)
{
	u_long yes = 1;
	SOCKET s = WSASocketW(family, type & 0xffff, protocol, NULL, 0,
			      WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT);

	if (s == INVALID_SOCKET)
		return fail();
	if ((type & SOCK_NONBLOCK) && ioctlsocket(s, FIONBIO, &yes) != 0) {
		closesocket(s);
		return fail();
	}
	return (int)s; /* handles are small numbers, as OpenSSL relies on, too */
}

int posix_connect(int fd, const struct sockaddr *to, socklen_t n)
{
	if (connect((SOCKET)fd, to, n) == 0)
		return 0;
	fail();
	if (errno == EAGAIN)
		errno = EINPROGRESS;
	return -1;
}

int posix_close(int fd)
{
	return closesocket((SOCKET)fd) == 0 ? 0 : fail();
}

ssize_t posix_send(int fd, const void *p, size_t n, int flags)
{
	int did = send((SOCKET)fd, p, (int)n, flags);

	return did < 0 ? fail() : did;
}

ssize_t posix_recv(int fd, void *p, size_t n, int flags)
{
	int did = recv((SOCKET)fd, p, (int)n, flags);

	return did < 0 ? fail() : did;
}

int posix_getsockopt(int fd, int level, int name, void *p, socklen_t *n)
{
	if (getsockopt((SOCKET)fd, level, name, p, n) != 0)
		return fail();
	if (level == SOL_SOCKET && name == SO_ERROR)
		*(int *)p = to_errno(*(int *)p);
	return 0;
}

/* By select(), because WSAPoll() of older systems never tells of a connection that failed. */
int posix_poll(struct posix_pollfd *p, size_t n, int timeout_ms)
{
	fd_set in, out, failed;
	struct timeval wait = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
	size_t count = 0;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&failed);
	for (size_t i = 0; i < n && count < SOCKETS_MAX; i++) {
		p[i].revents = 0;
		if (p[i].fd < 0)
			continue;
		count++;
		if (p[i].events & POLLIN)
			FD_SET((SOCKET)p[i].fd, &in);
		if (p[i].events & POLLOUT)
			FD_SET((SOCKET)p[i].fd, &out);
		FD_SET((SOCKET)p[i].fd, &failed);
	}
	if (count == 0) {
		Sleep((DWORD)(timeout_ms < 0 ? 0 : timeout_ms));
		return 0;
	}
	if (select(0, &in, &out, &failed, timeout_ms < 0 ? NULL : &wait) < 0)
		return fail();

	int ready = 0;
	for (size_t i = 0; i < n; i++) {
		if (p[i].fd < 0)
			continue;
		if (FD_ISSET((SOCKET)p[i].fd, &in))
			p[i].revents |= POLLIN;
		if (FD_ISSET((SOCKET)p[i].fd, &out))
			p[i].revents |= POLLOUT;
		if (FD_ISSET((SOCKET)p[i].fd, &failed))
			p[i].revents |= POLLERR;
		ready += p[i].revents != 0;
	}
	return ready;
}

ssize_t getrandom(void *p, size_t n, unsigned flags)
{
	(void)flags;
	if (RtlGenRandom(p, (ULONG)n))
		return (ssize_t)n;
	errno = EIO;
	return -1;
}
