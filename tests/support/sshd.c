/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/sshd.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/pty.h"

#define SSHD   "/usr/sbin/sshd"
#define KEYGEN "/usr/bin/ssh-keygen"
#define PATHS  600

static void make_key(const char *path)
{
	struct pty p;
	const char *argv[] = {KEYGEN, "-q", "-t", "ed25519", "-N", "", "-f", path, NULL};

	cr_assert_eq(pty_start_piped(&p, argv, NULL), 0);
	cr_assert_eq(pty_wait(&p), 0, "%s", p.screen ? p.screen : "no ssh-keygen");
	pty_done(&p);
}

static void write_text(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s", path);
	close(fd);
}

static bool answers(const char *host)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(SSHD_PORT)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok;

	inet_pton(AF_INET, host, &sa.sin_addr);
	ok = fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof sa) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

static void wait_for(const struct sshd *s, const char *log)
{
	for (int waited = 0; !answers(s->host); waited += 20) {
		cr_assert(waited < PTY_LIMIT_MS && waitpid(s->pid, NULL, WNOHANG) == 0,
			  "sshd does not listen on %s: see %s", s->host, log);
		poll(NULL, 0, 20);
	}
}

/* At home its user has no files: what his shell reads there would run before each command. */
static void write_settings(const struct sshd *s, const char *dir, const char *forced,
			   const char *settings)
{
	char path[PATHS], text[4 * PATHS], command[PATHS + 64] = "";

	if (forced) {
		snprintf(path, sizeof path, "%s/forced", dir);
		write_text(path, forced, 0700);
		snprintf(command, sizeof command, "ForceCommand /bin/sh %s\n", path);
	}
	snprintf(text, sizeof text,
		 "ListenAddress %s\nPort %d\nHostKey %s/host\nAuthorizedKeysFile %s.pub\n"
		 "PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
		 "KbdInteractiveAuthentication no\nPermitRootLogin yes\nPrintMotd no\n"
		 "PermitUserRC no\nSetEnv HOME=%s\n%s%s",
		 s->host, SSHD_PORT, dir, s->key, dir, command, settings);
	snprintf(path, sizeof path, "%s/conf", dir);
	write_text(path, text, 0600);
}

void sshd_start(struct sshd *s, const char *base, unsigned n, const char *forced,
		const char *settings)
{
	char dir[PATHS / 2], path[PATHS], log[PATHS];
	const struct passwd *me = getpwuid(geteuid());
	unsigned pid = (unsigned)getpid();

	cr_assert_neq(me, NULL);
	*s = (struct sshd){0};
	snprintf(s->user, sizeof s->user, "%s", me->pw_name);
	snprintf(s->host, sizeof s->host, "127.%u.%u.%u", 1 + (pid >> 8) % 250, pid % 256, n + 1);
	snprintf(s->target, sizeof s->target, "%s@%s:%d", s->user, s->host, SSHD_PORT);
	snprintf(dir, sizeof dir, "%.200s/sshd%u", base, n);
	snprintf(s->key, sizeof s->key, "%s/id", dir);
	snprintf(path, sizeof path, "%s/host", dir);
	snprintf(log, sizeof log, "%s/log", dir);
	cr_assert_eq(mkdir(dir, 0700), 0);
	if (geteuid() == 0) /* there it wants this folder, which only its service makes */
		cr_assert(mkdir("/run/sshd", 0755) == 0 || errno == EEXIST);
	make_key(path);
	make_key(s->key);
	write_settings(s, dir, forced, settings);
	snprintf(path, sizeof path, "%s/conf", dir);

	s->pid = fork();
	if (s->pid == 0) {
		setsid();
		execl(SSHD, SSHD, "-D", "-f", path, "-E", log, (char *)NULL);
		_exit(127);
	}
	wait_for(s, log);
}

void sshd_stop(struct sshd *s)
{
	if (s->pid <= 0)
		return;
	kill(s->pid, SIGTERM);
	waitpid(s->pid, NULL, 0);
	s->pid = 0;
}
