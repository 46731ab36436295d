/* SPDX-License-Identifier: Apache-2.0 */
#include "console/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

static struct {
	uv_poll_t poll;
	bool open, single;
	struct termios before; /* of the terminal, while `single` */
	void (*on_readable)(bool failed, void *owner);
	void (*on_key)(int key, void *owner);
	void *owner;
	void (*on_closed)(void *owner);
	void *closed_owner;
} keys;

/* uv_poll_init() makes the terminal non-blocking, for our output and for other programs as well;
 * what is readable need not be. */
int keys_open(uv_loop_t *loop)
{
	if (!isatty(STDIN_FILENO))
		return UV_ENOTSUP;

	int flags = fcntl(STDIN_FILENO, F_GETFL);
	int err = uv_poll_init(loop, &keys.poll, STDIN_FILENO);

	if (err == 0 && flags >= 0)
		fcntl(STDIN_FILENO, F_SETFL, flags);
	keys.open = err == 0;
	return err;
}

bool keys_are_open(void)
{
	return keys.open;
}

uv_loop_t *keys_loop(void)
{
	return keys.poll.loop;
}

static void on_poll(uv_poll_t *p, int status, int events)
{
	(void)p;
	(void)events;
	keys.on_readable(status < 0, keys.owner);
}

void keys_read(void (*on_readable)(bool failed, void *owner), void *owner)
{
	if (!keys.open)
		return;
	keys_stop();
	keys.on_readable = on_readable;
	keys.owner = owner;
	uv_poll_start(&keys.poll, UV_READABLE, on_poll);
}

/* ---- single keys ---- */

static void on_single(bool failed, void *owner)
{
	char typed[64];
	ssize_t n = failed ? -1 : read(STDIN_FILENO, typed, sizeof typed);

	(void)owner;
	if (n < 0 && (errno == EINTR || errno == EAGAIN) && !failed)
		return;
	if (n <= 0) {
		uv_poll_stop(&keys.poll);
		keys.on_key(-1, keys.owner);
		return;
	}
	/* the first key may end the reading */
	for (ssize_t i = 0; i < n && keys.single; i++)
		keys.on_key((unsigned char)typed[i], keys.owner);
}

static void set_single(void)
{
	struct termios t = keys.before;

	t.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	tcsetattr(STDIN_FILENO, TCSANOW, &t);
}

void keys_read_single(void (*on_key)(int key, void *owner), void *owner)
{
	if (!keys.open)
		return;
	keys_read(on_single, owner);
	keys.on_key = on_key;
	if (tcgetattr(STDIN_FILENO, &keys.before) < 0)
		return;
	keys.single = true;
	set_single();
}

void keys_stop(void)
{
	if (!keys.open)
		return;
	uv_poll_stop(&keys.poll);
	if (keys.single)
		tcsetattr(STDIN_FILENO, TCSANOW, &keys.before);
	keys.single = false;
}

void keys_continued(void)
{
	if (keys.single)
		set_single();
}

/* ---- the end ---- */

static void on_poll_closed(uv_handle_t *h)
{
	(void)h;
	keys.on_closed(keys.closed_owner);
}

bool keys_close(void (*on_closed)(void *owner), void *owner)
{
	if (!keys.open)
		return false;
	keys_stop();
	keys.open = false;
	keys.on_closed = on_closed;
	keys.closed_owner = owner;
	uv_close((uv_handle_t *)&keys.poll, on_poll_closed);
	return true;
}
