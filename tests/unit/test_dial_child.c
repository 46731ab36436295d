/* SPDX-License-Identifier: Apache-2.0
 *
 * assent-dial in a thread of ours, and a script of the system that answers what the test wants.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "agent/dial/dial_child.h"
#include "agent/dial/dial_msg.h"
#include "agent/plat/plat.h"

static char script_answer[256];
static int parent, child, door;
static char closed[32], proxy[32]; /* where nobody listens, and where we do */

/* In place of the platform's. */
int __wrap_plat_script_proxy(const char *url, bool detect, char *out, size_t cap);
int __wrap_plat_script_proxy(const char *url, bool detect, char *out, size_t cap)
{
	cr_assert_eq(strncmp(url, "https://relay.example:443/", 26), 0);
	cr_assert_not(detect);
	snprintf(out, cap, "%s", script_answer);
	return 0;
}

static int listen_here(char text[32])
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert(bind(fd, (struct sockaddr *)&at, n) == 0 && listen(fd, 4) == 0 &&
		  getsockname(fd, (struct sockaddr *)&at, &n) == 0);
	snprintf(text, 32, "127.0.0.1:%u", ntohs(at.sin_port));
	return fd;
}

static void *dial(void *arg)
{
	uv_loop_t loop;

	(void)arg;
	uv_loop_init(&loop);
	dial_child_run(&loop, child);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	return NULL;
}

/* A way through the proxy that the script chooses. */
static pthread_t start(const char *answer)
{
	const struct route way = {.proxy = {.via = ROUTE_SCRIPT}, .to = {"relay.example", "443"}};
	const struct timeval limit = {.tv_sec = 30};
	uint8_t msg[DIAL_WAY_MAX];
	pthread_t thread;
	int ends[2];

	snprintf(script_answer, sizeof script_answer, "%s", answer);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	parent = ends[0];
	child = ends[1];
	setsockopt(parent, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	setsockopt(door, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);

	int n = route_encode(&way, msg + DIAL_MSG_HEAD, sizeof msg - DIAL_MSG_HEAD);
	cr_assert_gt(n, 0);
	dial_msg_head(msg, (size_t)n);
	cr_assert_eq(write(parent, msg, (size_t)n + DIAL_MSG_HEAD), n + DIAL_MSG_HEAD);
	cr_assert_eq(pthread_create(&thread, NULL, dial, NULL), 0);
	return thread;
}

/* One visitor, whom the proxy answers this. */
static void serve(const char *answer)
{
	char request[1024] = "";
	int fd = accept(door, NULL, NULL);

	cr_assert_geq(fd, 0, "nobody came: %s", strerror(errno));
	for (size_t n = 0; !strstr(request, "\r\n\r\n"); n = strlen(request))
		cr_assert_gt(read(fd, request + n, sizeof request - 1 - n), 0);
	cr_assert_eq(strncmp(request, "CONNECT relay.example:443 ", 26), 0, "%s", request);
	cr_assert_eq(write(fd, answer, strlen(answer)), (ssize_t)strlen(answer));
	close(fd);
}

static struct report finish(pthread_t thread)
{
	uint8_t msg[DIAL_BACK_MAX];
	struct report r;
	size_t n = 0;

	while (n < DIAL_MSG_HEAD || n < dial_msg_size(msg, n)) {
		ssize_t got = read(parent, msg + n, sizeof msg - n); /* the socket is dropped */

		cr_assert_gt(got, 0);
		n += (size_t)got;
	}
	cr_assert_eq(report_decode(msg + DIAL_MSG_HEAD, n - DIAL_MSG_HEAD, &r), 0);
	pthread_join(thread, NULL);
	close(parent);
	return r;
}

static void open_doors(void)
{
	close(listen_here(closed));
	door = listen_here(proxy);
}

TestSuite(dial_child, .init = open_doors);

Test(dial_child, a_proxy_that_is_down_is_followed_by_the_scripts_next)
{
	char list[128];

	snprintf(list, sizeof list, "%s;%s;%s", closed, proxy, closed);

	pthread_t thread = start(list);
	serve("HTTP/1.1 200 Connection established\r\n\r\n");

	struct report r = finish(thread);
	cr_assert_eq(r.step, REPORT_DONE, "%d", r.why);
}

Test(dial_child, when_all_are_down_the_last_one_is_reported)
{
	char list[128];

	snprintf(list, sizeof list, "%s; %s", closed, closed);

	struct report r = finish(start(list));
	cr_assert_eq(r.step, REPORT_CONNECT);
	cr_assert_eq(r.why, REPORT_REFUSED);
}

/* What it says it would say again, and its neighbour too. */
Test(dial_child, a_proxy_that_answers_is_not_followed)
{
	char list[128];

	snprintf(list, sizeof list, "%s;%s", proxy, closed);

	pthread_t thread = start(list);
	serve("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");

	struct report r = finish(thread);
	cr_assert_eq(r.why, REPORT_PROXY_FORBIDS);
	cr_assert_eq(r.status, 403);
}

Test(dial_child, a_script_that_names_none_is_reported)
{
	struct report r = finish(start(""));

	cr_assert_eq(r.why, REPORT_PROXY_UNNAMED);
}
