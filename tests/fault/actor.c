/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/actor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define READ_MAX 16384

static void on_closed(uv_handle_t *h)
{
	struct actor *a = h->data;

	if (h == (uv_handle_t *)&a->end)
		close(a->pidfd);
	else
		pty_hang_up(&a->pty);
	a->held--;
}

static void stop(bool *watching, uv_poll_t *poll)
{
	if (!*watching)
		return;
	*watching = false;
	uv_close((uv_handle_t *)poll, on_closed);
}

static void changed(struct actor *a)
{
	if (a->on_change)
		a->on_change(a->owner);
}

/* False at the end of what it will ever show. */
static bool read_some(struct actor *a)
{
	struct pty *p = &a->pty;

	if (p->cap - p->len <= READ_MAX) {
		p->cap = p->cap ? p->cap * 2 : 4 * READ_MAX;
		p->screen = realloc(p->screen, p->cap);
		if (!p->screen)
			abort();
	}

	ssize_t n = read(p->fd, p->screen + p->len, READ_MAX);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n <= 0 || p->len > ACTOR_SCREEN_MAX)
		return false;
	p->len += (size_t)n;
	p->screen[p->len] = '\0';
	return true;
}

static void on_out(uv_poll_t *poll, int status, int events)
{
	struct actor *a = poll->data;

	(void)events;
	if (status < 0 || !read_some(a))
		stop(&a->watching_out, &a->out);
	changed(a);
}

void actor_reap(struct actor *a)
{
	int status;

	if (!a->started || a->ended || waitpid(a->pid, &status, WNOHANG) != a->pid)
		return;
	a->ended = true;
	a->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	a->pty.pid = 0;
	stop(&a->watching_end, &a->end);
}

static void on_end(uv_poll_t *poll, int status, int events)
{
	struct actor *a = poll->data;

	(void)status;
	(void)events;
	for (size_t before = SIZE_MAX; a->watching_out && before != a->pty.len;) {
		before = a->pty.len;
		if (!read_some(a))
			stop(&a->watching_out, &a->out);
	}
	actor_reap(a);
	changed(a);
}

int actor_start(struct actor *a, uv_loop_t *loop, bool terminal, const char *const argv[],
		const char *const env[])
{
	void (*on_change)(void *) = a->on_change;
	void *owner = a->owner;

	*a = (struct actor){.on_change = on_change, .owner = owner, .pidfd = -1};

	int err = terminal ? pty_start(&a->pty, argv, env) : pty_start_piped(&a->pty, argv, env);
	if (err < 0)
		return err;
	a->started = true;
	a->pid = a->pty.pid;
	fcntl(a->pty.fd, F_SETFL, O_NONBLOCK);
	a->pidfd = (int)syscall(SYS_pidfd_open, a->pid, 0);
	if (a->pidfd < 0)
		return -errno;
	uv_poll_init(loop, &a->out, a->pty.fd);
	uv_poll_init(loop, &a->end, a->pidfd);
	a->out.data = a->end.data = a;
	a->held = 2;
	a->watching_out = a->watching_end = true;
	uv_poll_start(&a->out, UV_READABLE | UV_DISCONNECT, on_out);
	return uv_poll_start(&a->end, UV_READABLE, on_end);
}

/* What stands behind the text, or NULL; nothing is seen by this. */
static const char *behind(const struct actor *a, const char *text)
{
	const struct pty *p = &a->pty;
	const char *at = p->screen ? strstr(p->screen + p->seen, text) : NULL;

	return at ? at + strlen(text) : NULL;
}

bool actor_saw(struct actor *a, const char *text)
{
	const char *at = behind(a, text);

	if (at)
		a->pty.seen = (size_t)(at - a->pty.screen);
	return at != NULL;
}

bool actor_saw_line(struct actor *a, const char *text, char *out, size_t cap)
{
	const char *at = behind(a, text);

	if (!at || !strchr(at, '\n'))
		return false;
	snprintf(out, cap, "%.*s", (int)strcspn(at, "\r\n"), at);
	a->pty.seen = (size_t)(at - a->pty.screen);
	return true;
}

bool actor_shows(const struct actor *a, const char *text)
{
	return a->pty.screen && strstr(a->pty.screen, text);
}

unsigned actor_count(const struct actor *a, const char *text)
{
	unsigned n = 0;

	for (const char *at = a->pty.screen; at && (at = strstr(at, text)); at += strlen(text))
		n++;
	return n;
}

bool actor_is_alive(const struct actor *a)
{
	return a->started && !a->ended;
}

void actor_type(struct actor *a, const char *text)
{
	if (actor_is_alive(a) && a->pty.fd >= 0)
		pty_type(&a->pty, text);
}

void actor_wake(const struct actor *a)
{
	if (!actor_is_alive(a))
		return;
	kill(a->pid, SIGSTOP);
	kill(a->pid, SIGCONT);
}

void actor_done(struct actor *a)
{
	int status;

	if (actor_is_alive(a)) {
		kill(a->pid, SIGKILL);
		if (waitpid(a->pid, &status, 0) == a->pid) {
			a->ended = true;
			a->code = 128 + SIGKILL;
			a->pty.pid = 0;
		}
	}
	stop(&a->watching_end, &a->end);
	stop(&a->watching_out, &a->out);
}

bool actor_is_gone(const struct actor *a)
{
	return a->held == 0;
}

void actor_free(struct actor *a)
{
	if (a->started)
		pty_done(&a->pty);
	a->started = false;
}
