/* SPDX-License-Identifier: Apache-2.0 */
#include "console/screen.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_LEAST 20

bool screen_can_draw(int fd)
{
	const char *term = getenv("TERM");

	return fd >= 0 && isatty(fd) && term && term[0] && strcmp(term, "dumb") != 0;
}

void screen_init(struct screen *s, FILE *out, int fd, bool live)
{
	*s = (struct screen){.out = out, .fd = fd};
	s->live = live && screen_can_draw(fd);
}

size_t screen_width(const struct screen *s)
{
	struct winsize ws;

	if (s->fd < 0 || ioctl(s->fd, TIOCGWINSZ, &ws) < 0 || ws.ws_col < WIDTH_LEAST)
		return SCREEN_WIDTH_DEF;
	return ws.ws_col;
}

/* Bytes of text that fill at most `columns` characters; whole characters only. */
static size_t fit(const char *text, size_t columns)
{
	size_t n = 0;

	while (text[n]) {
		if (((uint8_t)text[n] & 0xc0) != 0x80 && columns-- == 0)
			break;
		n++;
	}
	return n;
}

static void erase(struct screen *s)
{
	if (s->drawn > 0)
		fprintf(s->out, "\r\033[%zuA\033[J", s->drawn);
	s->drawn = 0;
}

static void draw(struct screen *s)
{
	size_t columns = screen_width(s) - 1; /* the last column would wrap on some terminals */

	for (size_t i = 0; i < s->count; i++)
		fprintf(s->out, "%.*s\n", (int)fit(s->lines[i], columns), s->lines[i]);
	s->drawn = s->count;
}

void screen_begin(struct screen *s)
{
	if (s->begun++ > 0)
		return;
	if (s->hide)
		s->hide(s->owner);
	erase(s);
}

void screen_end(struct screen *s)
{
	if (--s->begun > 0)
		return;
	draw(s);
	fflush(s->out);
	if (s->show)
		s->show(s->owner);
}

void screen_line(struct screen *s, const char *fmt, ...)
{
	va_list ap;

	screen_begin(s);
	va_start(ap, fmt);
	vfprintf(s->out, fmt, ap);
	va_end(ap);
	fputc('\n', s->out);
	screen_end(s);
}

void screen_live(struct screen *s, const char lines[][SCREEN_LINE_MAX], size_t n)
{
	if (!s->live)
		return;
	if (n > SCREEN_LIVE_MAX)
		n = SCREEN_LIVE_MAX;
	screen_begin(s);
	memcpy(s->lines, lines, n * sizeof s->lines[0]);
	s->count = n;
	screen_end(s);
}
