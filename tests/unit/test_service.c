/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/base/err.h"
#include "relay/service.h"

#define PASSED 3

static char why[CONFIG_WHY_MAX];

static int taken, err;

static void set_variables(long pid, const char *count)
{
	char text[32];

	snprintf(text, sizeof text, "%ld", pid);
	setenv("LISTEN_PID", text, 1);
	setenv("LISTEN_FDS", count, 1);
	setenv("LISTEN_FDNAMES", "assent-relay.socket", 1);
}

/* As systemd would leave it behind: fd as descriptor 3, and the variables. That number is
 * Criterion's own, so it is only lent: between the two dup2() nothing may be asserted. */
static void pass(int fd, long pid, const char *count, struct relay_config *c)
{
	int lent = dup(PASSED);

	set_variables(pid, count);
	why[0] = '\0';
	if (fd < 0)
		close(PASSED);
	else
		dup2(fd, PASSED);
	taken = 77;
	err = c ? service_place(c, why) : service_socket(&taken, why);
	dup2(lent, PASSED);
	close(lent);
	close(fd);
}

static int tcp(bool listening)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0);
	if (listening)
		cr_assert_eq(listen(fd, 1), 0);
	return fd;
}

static void check_refused(const char *word)
{
	cr_assert_eq(err, AS_ECONFIG);
	cr_assert_eq(taken, -1);
	cr_assert(strstr(why, word), "%s", why);
}

Test(service, takes_the_socket_that_was_passed_and_removes_the_variables)
{
	pass(tcp(true), getpid(), "1", NULL);
	cr_assert_eq(err, 0, "%s", why);
	cr_assert_eq(taken, PASSED);
	cr_assert_null(getenv("LISTEN_PID"));
	cr_assert_null(getenv("LISTEN_FDS"));
	cr_assert_null(getenv("LISTEN_FDNAMES"));
	cr_assert_eq(service_socket(&taken, why), 0);
	cr_assert_eq(taken, -1, "it is passed once");
}

Test(service, takes_nothing_that_was_meant_for_another_process)
{
	static const char *const counts[] = {"1", "0", "-1", "x", "1x", ""};

	for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
		pass(tcp(true), i == 0 ? getppid() : getpid(), counts[i], NULL);
		cr_assert_eq(err, 0, "\"%s\": %s", counts[i], why);
		cr_assert_eq(taken, -1, "\"%s\"", counts[i]);
	}
}

Test(service, refuses_a_socket_that_cannot_be_the_door)
{
	int pair[2];

	pass(tcp(true), getpid(), "2", NULL);
	check_refused("one ListenStream=");
	pass(tcp(false), getpid(), "1", NULL);
	check_refused("does not listen");
	pass(socket(AF_INET, SOCK_DGRAM, 0), getpid(), "1", NULL);
	check_refused("does not listen");
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pass(pair[0], getpid(), "1", NULL);
	check_refused("does not listen");
	pass(-1, getpid(), "1", NULL);
	check_refused("does not listen");
}

Test(service, a_passed_socket_wins_and_the_unused_setting_is_named)
{
	struct relay_config c = {.listen = "127.0.0.1:4711", .socket = -1};
	char line[512] = "";

	cr_redirect_stderr();
	pass(tcp(true), getpid(), "1", &c);
	cr_assert_eq(err, 0, "%s", why);
	cr_assert_eq(c.socket, PASSED);
	cr_assert_str_empty(c.listen);
	cr_assert_not_null(fgets(line, sizeof line, cr_get_redirected_stderr()));
	cr_assert(strstr(line, "127.0.0.1:4711"), "%s", line);
}

Test(service, without_a_socket_listen_is_needed)
{
	struct relay_config c = {.listen = "127.0.0.1:0"};

	cr_assert_eq(service_place(&c, why), 0);
	cr_assert_str_eq(c.listen, "127.0.0.1:0");
	cr_assert_eq(c.socket, -1);
	c.listen[0] = '\0';
	cr_assert_eq(service_place(&c, why), AS_ECONFIG);
	cr_assert(strstr(why, "--listen"), "%s", why);
}

/* A manager that listens at the address; what it hears. */
static void hears(const char *address, socklen_t n, const struct sockaddr_un *at)
{
	char text[256] = "";
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	cr_assert(fd >= 0 && bind(fd, (const struct sockaddr *)at, n) == 0);
	setenv("NOTIFY_SOCKET", address, 1);
	service_tell_stopping();
	cr_assert_gt(recv(fd, text, sizeof text - 1, MSG_DONTWAIT), 0, "%s", address);
	cr_assert_str_eq(text, "STOPPING=1");
	close(fd);
}

Test(service, tells_the_manager_at_a_path_or_an_abstract_name)
{
	char dir[] = "/tmp/test_service.XXXXXX", path[64], name[64];
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	cr_assert(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/notify", dir);
	strcpy(at.sun_path, path);
	hears(path, sizeof at, &at);
	unlink(path);
	rmdir(dir);

	int n = snprintf(name, sizeof name, "@assent-test-%ld", (long)getpid());
	memcpy(at.sun_path, name, (size_t)n);
	at.sun_path[0] = '\0';
	hears(name, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n), &at);
}

Test(service, an_address_that_is_none_is_left_alone)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "relative"};
	char dir[] = "/tmp/test_service.XXXXXX", text[300];
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	cr_assert(mkdtemp(dir) && chdir(dir) == 0);
	cr_assert(fd >= 0 && bind(fd, (const struct sockaddr *)&at, sizeof at) == 0);
	memset(text, 'x', sizeof text - 1);
	text[0] = '/';
	text[sizeof text - 1] = '\0';
	setenv("NOTIFY_SOCKET", text, 1); /* longer than an address */
	service_tell_stopping();
	setenv("NOTIFY_SOCKET", "", 1);
	service_tell_stopping();
	setenv("NOTIFY_SOCKET", "relative", 1);
	service_tell_stopping();
	unsetenv("NOTIFY_SOCKET");
	service_tell_stopping();
	cr_assert_eq(recv(fd, text, sizeof text, MSG_DONTWAIT), -1, "somebody listens there");
	close(fd);
	unlink("relative");
	rmdir(dir);
}
