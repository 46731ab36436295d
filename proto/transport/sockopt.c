/* SPDX-License-Identifier: Apache-2.0
 *
 * A file of its own, because some of these options have a name only on Linux.
 */
#include "proto/transport/sockopt.h"

#include "proto/transport/hop.h"

#ifdef __linux__
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#define NOTSENT_LOWAT (128 << 10) /* PROTOCOL.md section 9 */

static void set_kernel_options(uv_tcp_t *tcp)
{
	unsigned int timeout_ms = HOP_DEAD_MS;
	int lowat = NOTSENT_LOWAT;
	uv_os_fd_t fd;

	if (uv_fileno((const uv_handle_t *)tcp, &fd) < 0)
		return;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof timeout_ms);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, sizeof lowat);
}

void sockopt_take_back(uv_tcp_t *tcp)
{
	struct linger none = {.l_onoff = 1, .l_linger = 0};
	uv_os_fd_t fd;

	if (uv_fileno((const uv_handle_t *)tcp, &fd) == 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}
#else
static void set_kernel_options(uv_tcp_t *tcp)
{
	(void)tcp;
}

void sockopt_take_back(uv_tcp_t *tcp)
{
	(void)tcp;
}
#endif

void sockopt_for_hop(uv_tcp_t *tcp)
{
	(void)uv_tcp_nodelay(tcp, 1);
	set_kernel_options(tcp);
}
