/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/plat/term.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "proto/base/buf.h"
#include "proto/base/err.h"
#include "proto/base/secret.h"

struct term {
	uv_poll_t poll;
	int fd;
	int shared_flags; /* of the description we share with others, -1 when it is our own */
	struct termios before;
	bool changed; /* the modes are ours and must be put back */
	bool hidden;
	struct buf out;
	char line[TERM_LINE_MAX];
	size_t line_len;
	bool closing, ended;
	const struct term_events *ev;
	void *owner;
};

static bool is_same_terminal(int a, int b)
{
	struct stat sa, sb;

	return isatty(a) && isatty(b) && fstat(a, &sa) == 0 && fstat(b, &sb) == 0 &&
	       sa.st_rdev == sb.st_rdev;
}

/* A description of our own, so that non-blocking mode does not reach the shell that started us.
 * After `su` the terminal may belong to another user and cannot be opened again: then the shared
 * one is used, and put back at the end. */
static int own_fd(struct term *t, int in_fd)
{
	char name[64];

	t->shared_flags = -1;
	if (ttyname_r(in_fd, name, sizeof name) == 0) {
		t->fd = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
		if (t->fd >= 0 && is_same_terminal(t->fd, in_fd))
			return 0;
		if (t->fd >= 0)
			close(t->fd);
	}

	int flags = fcntl(in_fd, F_GETFL);
	if (flags < 0 || (flags & O_ACCMODE) != O_RDWR)
		return AS_E_NO_CONSENT_UI;
	t->fd = fcntl(in_fd, F_DUPFD_CLOEXEC, 3);
	if (t->fd < 0)
		return -errno;
	t->shared_flags = flags;
	if (fcntl(t->fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

static void set_line_mode(struct term *t)
{
	struct termios now;

	if (tcgetattr(t->fd, &t->before) != 0)
		return;
	now = t->before;
	now.c_iflag |= ICRNL;
	now.c_oflag |= OPOST | ONLCR;
	now.c_lflag |= ICANON | ECHO | ECHOE | ISIG;
	now.c_lflag &= ~(tcflag_t)ECHONL;
	t->changed = tcsetattr(t->fd, TCSANOW, &now) == 0;
}

static void put_back(struct term *t)
{
	if (t->changed)
		tcsetattr(t->fd, TCSANOW, &t->before);
	if (t->shared_flags >= 0)
		fcntl(t->fd, F_SETFL, t->shared_flags);
	close(t->fd);
}

static void end(struct term *t)
{
	uv_poll_stop(&t->poll);
	if (t->ended || t->closing)
		return;
	t->ended = true;
	t->ev->on_closed(t->owner);
}

static void take_char(struct term *t, char c)
{
	if (c != '\n' && c != '\r') {
		if (t->line_len < sizeof t->line - 1)
			t->line[t->line_len++] = c;
		return;
	}
	t->line[t->line_len] = '\0';
	t->line_len = 0;

	bool hidden = t->hidden; /* as it was typed */
	t->ev->on_line(t->line, t->owner);
	if (hidden)
		secret_wipe(t->line, sizeof t->line);
}

/* Once per turn: a terminal that types without end does not starve the loop. */
static void read_some(struct term *t)
{
	char typed[1024];
	ssize_t n = read(t->fd, typed, sizeof typed);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		end(t);
		return;
	}
	for (ssize_t i = 0; i < n && !t->closing && !t->ended; i++)
		take_char(t, typed[i]);
	secret_wipe(typed, sizeof typed);
}

/* Writes what the terminal takes now. False when it is gone. */
static bool write_some(struct term *t)
{
	while (t->out.len > 0) {
		ssize_t n = write(t->fd, buf_head(&t->out), t->out.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		buf_consume(&t->out, (size_t)n);
	}
	return true;
}

static void on_poll(uv_poll_t *poll, int status, int events);

static int watch(struct term *t)
{
	int events = UV_READABLE | UV_DISCONNECT | (t->out.len > 0 ? UV_WRITABLE : 0);

	return uv_poll_start(&t->poll, events, on_poll);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct term *t = poll->data;

	if (status < 0 || (events & UV_DISCONNECT)) {
		end(t);
		return;
	}
	if (events & UV_WRITABLE && t->out.len > 0) {
		if (!write_some(t)) {
			end(t);
			return;
		}
		watch(t);
		if (t->out.len == 0)
			t->ev->on_drained(t->owner);
	}
	if (events & UV_READABLE && !t->closing && !t->ended)
		read_some(t);
}

int term_open(uv_loop_t *loop, int in_fd, int out_fd, const struct term_events *ev, void *owner,
	      struct term **out)
{
	if (!is_same_terminal(in_fd, out_fd))
		return AS_E_NO_CONSENT_UI;
	/* In the background the terminal is not ours: reading it then fails and ends the session,
	 * instead of stopping us with the line open. */
	signal(SIGTTIN, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);

	struct term *t = calloc(1, sizeof *t);
	if (!t)
		return UV_ENOMEM;
	t->fd = -1;
	t->ev = ev;
	t->owner = owner;
	buf_init(&t->out, TERM_OUT_MAX);

	int err = own_fd(t, in_fd);
	if (err == 0)
		err = uv_poll_init(loop, &t->poll, t->fd);
	if (err < 0) {
		if (t->fd >= 0)
			put_back(t);
		free(t);
		return err;
	}
	t->poll.data = t;
	set_line_mode(t);
	watch(t);
	*out = t;
	return 0;
}

static void on_poll_closed(uv_handle_t *h)
{
	struct term *t = h->data;
	const struct term_events *ev = t->ev;
	void *owner = t->owner;

	put_back(t);
	buf_done(&t->out);
	free(t);
	ev->on_gone(owner);
}

void term_close(struct term *t)
{
	if (t->closing)
		return;
	t->closing = true;
	write_some(t);
	uv_close((uv_handle_t *)&t->poll, on_poll_closed);
}

int term_write(struct term *t, const char *p, size_t n)
{
	if (t->closing || t->ended)
		return UV_ECANCELED;
	if (buf_append(&t->out, p, n) < 0)
		return AS_EFULL;
	write_some(t); /* a failure is found again by the next poll */
	watch(t);
	return 0;
}

bool term_is_drained(const struct term *t)
{
	return t->out.len == 0;
}

void term_forget_input(struct term *t)
{
	t->line_len = 0;
	secret_wipe(t->line, sizeof t->line);
	tcflush(t->fd, TCIFLUSH);
}

void term_hide(struct term *t, bool hidden)
{
	struct termios now;

	t->hidden = hidden;
	if (t->closing || tcgetattr(t->fd, &now) != 0)
		return;
	if (hidden)
		now.c_lflag &= ~(tcflag_t)(ECHO | ECHOE);
	else
		now.c_lflag |= ECHO | ECHOE;
	tcsetattr(t->fd, TCSANOW, &now);
}

bool term_can_redraw(const struct term *t)
{
	const char *kind = getenv("TERM");

	(void)t;
	return kind && *kind && strcmp(kind, "dumb") != 0;
}

void term_size(const struct term *t, unsigned *columns, unsigned *rows)
{
	struct winsize w;

	*columns = 80;
	*rows = 24;
	if (ioctl(t->fd, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 && w.ws_row > 0) {
		*columns = w.ws_col;
		*rows = w.ws_row;
	}
}
