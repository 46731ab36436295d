/* SPDX-License-Identifier: Apache-2.0 */
#include "console/canvas.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FULL_BLOCK   0x2588u
#define LOWEST_BLOCK 0x2581u
#define BLOCKS	     8

int canvas_init(struct canvas *c, int width, int height, bool utf8)
{
	if (width > CANVAS_WIDTH_MAX)
		width = CANVAS_WIDTH_MAX;
	if (height > CANVAS_HEIGHT_MAX)
		height = CANVAS_HEIGHT_MAX;
	*c = (struct canvas){
	    .width = width < 1 ? 1 : width, .height = height < 1 ? 1 : height, .utf8 = utf8};
	c->cells = calloc((size_t)c->width * (size_t)c->height, sizeof *c->cells);
	if (!c->cells)
		return -ENOMEM;
	canvas_clear(c);
	return 0;
}

void canvas_done(struct canvas *c)
{
	free(c->cells);
	c->cells = NULL;
}

void canvas_clear(struct canvas *c)
{
	for (int y = 0; y < c->height; y++)
		canvas_fill(c, y, 0, c->width, LOOK_PLAIN, ' ');
}

static void set(struct canvas *c, int y, int x, enum canvas_look look, uint32_t cp)
{
	if (y < 0 || y >= c->height || x < 0 || x >= c->width)
		return;
	c->cells[y * c->width + x] = (struct canvas_cell){.cp = cp, .look = (uint8_t)look};
}

void canvas_fill(struct canvas *c, int y, int x, int width, enum canvas_look look, uint32_t cp)
{
	for (int i = 0; i < width; i++)
		set(c, y, x + i, look, cp);
}

/* ---- text ---- */

/* Alphabets whose letters are one cell wide everywhere, and our own blocks. */
static uint32_t one_cell(const struct canvas *c, uint32_t cp)
{
	if (cp >= ' ' && cp < 0x7f)
		return cp;
	if (c->utf8 && ((cp >= 0xa1 && cp < 0x250 && cp != 0xad) || (cp >= 0x391 && cp < 0x482) ||
			(cp >= LOWEST_BLOCK && cp <= FULL_BLOCK)))
		return cp;
	return '?';
}

/* The text is valid UTF-8: it was checked when it came. */
static uint32_t next_char(const char **text)
{
	const uint8_t *p = (const uint8_t *)*text;
	uint32_t cp = *p++;
	unsigned more = cp < 0xc0 ? 0 : cp < 0xe0 ? 1 : cp < 0xf0 ? 2 : 3;

	if (more > 0)
		cp &= 0x3fu >> more;
	while (more-- > 0 && (*p & 0xc0) == 0x80)
		cp = cp << 6 | (*p++ & 0x3fu);
	*text = (const char *)p;
	return cp;
}

int canvas_put(struct canvas *c, int y, int x, enum canvas_look look, const char *text)
{
	while (*text && x < c->width)
		set(c, y, x++, look, one_cell(c, next_char(&text)));
	return x;
}

int canvas_printf(struct canvas *c, int y, int x, enum canvas_look look, const char *fmt, ...)
{
	char text[4 * CANVAS_WIDTH_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	return canvas_put(c, y, x, look, text);
}

/* ---- figures ---- */

void canvas_bar(struct canvas *c, int y, int x, int width, const struct canvas_part *parts,
		size_t n, uint64_t whole)
{
	int room = width - 2, at = 0;
	uint64_t sum = 0;

	if (room < 1)
		return;
	set(c, y, x, LOOK_DIM, '[');
	set(c, y, x + width - 1, LOOK_DIM, ']');
	canvas_fill(c, y, x + 1, room, LOOK_PLAIN, ' ');
	for (size_t i = 0; i < n && whole > 0; i++) {
		double share;
		int to;

		sum += parts[i].value;
		share = (double)sum / (double)whole;
		to = share >= 1 ? room : (int)(share * room + 0.5);
		for (; at < to; at++)
			set(c, y, x + 1 + at, parts[i].look,
			    c->utf8 ? '|' : (uint32_t)parts[i].ascii);
	}
}

void canvas_spark(struct canvas *c, int y, int x, int width, enum canvas_look look,
		  const uint64_t *values, size_t n, uint64_t least)
{
	static const char ascii[BLOCKS + 1] = "__..--=#";
	uint64_t most = least;
	size_t shown = n < (size_t)width ? n : (size_t)width;

	for (size_t i = n - shown; i < n; i++)
		if (values[i] > most)
			most = values[i];
	for (size_t i = 0; i < shown; i++) {
		uint64_t v = values[n - shown + i];
		double share = most > 0 ? (double)v / (double)most : 0;
		unsigned step = (unsigned)(share * (BLOCKS - 1) + 0.5);
		uint32_t cp = c->utf8 ? LOWEST_BLOCK + step : (uint32_t)ascii[step];

		if (v == 0)
			cp = c->utf8 ? LOWEST_BLOCK : '_';
		set(c, y, x + width - (int)shown + (int)i, v ? look : LOOK_DIM, cp);
	}
}

/* ---- reading it back ---- */

static size_t encode(uint32_t cp, char *out)
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	out[0] = (char)(0xe0 | cp >> 12);
	out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[2] = (char)(0x80 | (cp & 0x3f));
	return 3;
}

size_t canvas_row(const struct canvas *c, int y, char *out, size_t cap)
{
	size_t n = 0;
	int last = c->width - 1;

	while (last >= 0 && c->cells[y * c->width + last].cp == ' ')
		last--;
	for (int x = 0; x <= last && n + 4 <= cap; x++)
		n += encode(c->cells[y * c->width + x].cp, out + n);
	out[n] = '\0';
	return n;
}
