/* SPDX-License-Identifier: Apache-2.0
 *
 * Sockets as the rest of the world names them, for assent-probe, whose code is the same on both
 * systems: small descriptors, errno, poll(). The other headers of this folder lead here.
 */
#ifndef AS_WIN_POSIX_SOCKET_H
#define AS_WIN_POSIX_SOCKET_H

#include <sys/types.h>
#include <unistd.h>
#include <winsock2.h>
#include <ws2tcpip.h>

#define SOCK_CLOEXEC  0x10000
#define SOCK_NONBLOCK 0x20000
#define MSG_NOSIGNAL  0

/* The ones of winsock name a socket as a number without sign. */
struct posix_pollfd {
	int fd; /* below 0: passed over */
	short events, revents;
};

int posix_socket(int family, int type, int protocol);
int posix_connect(int fd, const struct sockaddr *to, socklen_t n);
int posix_close(int fd);
ssize_t posix_send(int fd, const void *p, size_t n, int flags);
ssize_t posix_recv(int fd, void *p, size_t n, int flags);
int posix_getsockopt(int fd, int level, int name, void *p, socklen_t *n);
int posix_poll(struct posix_pollfd *p, size_t n, int timeout_ms);

#define pollfd			  posix_pollfd
#define socket(f, t, p)		  posix_socket(f, t, p)
#define connect(f, a, n)	  posix_connect(f, a, n)
#define close(f)		  posix_close(f)
#define send(f, p, n, g)	  posix_send(f, p, n, g)
#define recv(f, p, n, g)	  posix_recv(f, p, n, g)
#define getsockopt(f, l, o, p, n) posix_getsockopt(f, l, o, p, n)
#define poll(p, n, t)		  posix_poll(p, n, t)

#endif
