/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void child(const char *const argv[], const char *const env[])
{
	setenv("LC_ALL", "C", 1);
	setenv("TERM", "xterm", 1);
	for (size_t i = 0; env && env[i]; i++)
		putenv((char *)env[i]);
	execv(argv[0], (char *const *)argv);
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

int pty_start(struct pty *p, const char *const argv[], const char *const env[])
{
	struct winsize ws = {.ws_row = 40, .ws_col = 100};

	*p = (struct pty){.fd = -1};
	p->pid = forkpty(&p->fd, NULL, NULL, &ws);
	if (p->pid < 0) {
		p->pid = 0;
		return -errno;
	}
	if (p->pid == 0)
		child(argv, env);
	fcntl(p->fd, F_SETFD, FD_CLOEXEC); /* else the next program holds this terminal open, too */
	return 0;
}

int pty_start_piped(struct pty *p, const char *const argv[], const char *const env[])
{
	int fds[2];

	*p = (struct pty){.fd = -1};
	if (pipe2(fds, O_CLOEXEC) != 0)
		return -errno;
	p->pid = fork();
	if (p->pid == 0) {
		int null = open("/dev/null", O_RDONLY);
		dup2(null, STDIN_FILENO);
		dup2(fds[1], STDOUT_FILENO);
		dup2(fds[1], STDERR_FILENO);
		child(argv, env);
	}
	close(fds[1]);
	if (p->pid < 0) {
		p->pid = 0;
		close(fds[0]);
		return -errno;
	}
	p->fd = fds[0];
	return 0;
}

/* Reads what is there, waiting at most limit_ms. 1: bytes came; 0: nothing in time; -1: the end. */
static int read_more(struct pty *p, int limit_ms)
{
	struct pollfd fd = {.fd = p->fd, .events = POLLIN};

	if (p->fd < 0)
		return -1;
	if (poll(&fd, 1, limit_ms) <= 0)
		return 0;
	if (p->cap - p->len < 4097) {
		p->cap = p->cap ? p->cap * 2 : 16384;
		p->screen = realloc(p->screen, p->cap);
		if (!p->screen)
			abort();
	}

	p->screen[p->len] = '\0'; /* a program that says nothing has an empty screen */
	ssize_t n = read(p->fd, p->screen + p->len, 4096);
	if (n <= 0)
		return -1; /* EIO: the other end of the terminal is closed */
	if (p->echo)
		(void)!write(STDOUT_FILENO, p->screen + p->len, (size_t)n);
	p->len += (size_t)n;
	p->screen[p->len] = '\0';
	return 1;
}

bool pty_expect_within(struct pty *p, const char *text, int limit_ms)
{
	long end = now_ms() + limit_ms;

	for (;;) {
		const char *at = p->screen ? strstr(p->screen + p->seen, text) : NULL;
		if (at) {
			p->seen = (size_t)(at - p->screen) + strlen(text);
			return true;
		}

		long left = end - now_ms();
		if (left <= 0 || read_more(p, (int)left) < 0)
			return false;
	}
}

bool pty_expect(struct pty *p, const char *text)
{
	return pty_expect_within(p, text, PTY_LIMIT_MS);
}

bool pty_rest_of_line(struct pty *p, char *out, size_t cap)
{
	size_t from = p->seen;

	if (!pty_expect(p, "\n"))
		return false;

	size_t n = strcspn(p->screen + from, "\r\n");
	if (n >= cap)
		return false;
	memcpy(out, p->screen + from, n);
	out[n] = '\0';
	return true;
}

int pty_type(struct pty *p, const char *text)
{
	size_t n = strlen(text);

	return write(p->fd, text, n) == (ssize_t)n ? 0 : -errno;
}

static int exit_code(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int pty_wait(struct pty *p)
{
	long end = now_ms() + PTY_LIMIT_MS, left;

	while ((left = end - now_ms()) > 0 && read_more(p, (int)left) >= 0)
		;
	if (p->pid == 0)
		return exit_code(p->status);
	/* the terminal is closed: the program is at its very end */
	for (; now_ms() < end; poll(NULL, 0, 5)) {
		if (waitpid(p->pid, &p->status, WNOHANG) == p->pid) {
			p->pid = 0;
			return exit_code(p->status);
		}
	}
	return -1;
}

void pty_hang_up(struct pty *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

void pty_done(struct pty *p)
{
	pty_hang_up(p);
	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, &p->status, 0);
	}
	free(p->screen);
	*p = (struct pty){.fd = -1};
}
