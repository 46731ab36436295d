/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/service.h"

#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "proto/base/err.h"
#include "proto/base/log.h"

#define AREA	     "relay"
#define FIRST_PASSED 3
#define TELL_MAX     512

/* ---- the socket ---- */

/* The whole number in a variable, or -1. The variable is for us alone, or not for us at all. */
static long take_number(const char *name)
{
	const char *text = getenv(name);
	char *end = NULL;
	long n = text && *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : -1;

	if (end && *end)
		n = -1;
	unsetenv(name);
	return n;
}

static bool has_option(int fd, int option, int want)
{
	int have = 0;
	socklen_t n = sizeof have;

	return getsockopt(fd, SOL_SOCKET, option, &have, &n) == 0 && have == want;
}

static bool is_listening_tcp(int fd)
{
	return has_option(fd, SO_PROTOCOL, IPPROTO_TCP) && has_option(fd, SO_TYPE, SOCK_STREAM) &&
	       has_option(fd, SO_ACCEPTCONN, 1);
}

int service_socket(int *out, char why[CONFIG_WHY_MAX])
{
	long pid = take_number("LISTEN_PID"), count = take_number("LISTEN_FDS");

	unsetenv("LISTEN_FDNAMES");
	*out = -1;
	if (pid != (long)getpid() || count <= 0)
		return 0;
	if (count > 1) {
		snprintf(
		    why, CONFIG_WHY_MAX,
		    "%ld sockets were passed; give assent-relay.socket one ListenStream=", count);
		return AS_ECONFIG;
	}
	if (!is_listening_tcp(FIRST_PASSED)) {
		snprintf(why, CONFIG_WHY_MAX,
			 "the socket that was passed does not listen for TCP; see ListenStream= in "
			 "assent-relay.socket");
		return AS_ECONFIG;
	}
	(void)fcntl(FIRST_PASSED, F_SETFD, FD_CLOEXEC);
	*out = FIRST_PASSED;
	return 0;
}

int service_place(struct relay_config *c, char why[CONFIG_WHY_MAX])
{
	char listen[INI_VALUE_MAX];
	int socket, err = service_socket(&socket, why);

	if (err < 0)
		return err;
	memcpy(listen, c->listen, sizeof listen);
	err = config_place(c, socket, why);
	if (err == 0 && listen[0] && socket >= 0)
		log_warn(AREA,
			 "event=listen-unused systemd keeps the socket; listen = %s is not "
			 "used. ListenStream= in assent-relay.socket is.",
			 listen);
	return err;
}

/* ---- the news ---- */

/* A path, or "@name" for one of Linux's abstract ones. */
static bool manager_address(struct sockaddr_un *at, socklen_t *n)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;

	if (len < 2 || len >= sizeof at->sun_path || (path[0] != '/' && path[0] != '@'))
		return false;
	*at = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(at->sun_path, path, len);
	if (path[0] == '@')
		at->sun_path[0] = '\0';
	*n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return true;
}

/* Lines like "READY=1", separated by \n. When nobody listens, nothing happens. */
static void tell(const char *lines)
{
	struct sockaddr_un at;
	socklen_t n;

	if (!manager_address(&at, &n))
		return;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	(void)!sendto(fd, lines, strlen(lines), MSG_NOSIGNAL, (struct sockaddr *)&at, n);
	close(fd);
}

static void tell_ready(const char *status)
{
	char lines[TELL_MAX];

	snprintf(lines, sizeof lines, "READY=1\nSTATUS=%.400s", status);
	tell(lines);
}

static void tell_reloading(void)
{
	struct timespec now;
	char lines[TELL_MAX];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(lines, sizeof lines, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
		 (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	tell(lines);
}

void service_tell_stopping(void)
{
	tell("STOPPING=1");
}

void service_announce(const struct server *s)
{
	char address[LISTEN_TEXT_MAX], line[LISTEN_TEXT_MAX + 16];

	snprintf(line, sizeof line, "listening on %s", server_address(s, address));
	puts(line);
	fflush(stdout);
	tell_ready(line);
}

void service_reload(struct server *s)
{
	char why[CONFIG_WHY_MAX];
	int err;

	tell_reloading();
	err = server_reload(s, why);
	if (err < 0)
		log_error(AREA, "event=reload-failed the old certificates stay in use: %s", why);
	else
		log_info(AREA, "event=reloaded");
	tell_ready(err < 0 ? "reload failed, the old certificates stay in use"
			   : "the certificates were read again");
}

/* ---- limits ---- */

void service_raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}
