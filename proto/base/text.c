/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"

#define BAD UINT32_MAX

/* One character from in[0..n). Returns its length and the code point; 0 when in
 * ends in the middle of a character that may still become valid; for bytes that can
 * never be valid the length of the hole and BAD. RFC 3629, and no shorter form. */
static size_t decode(const uint8_t *in, size_t n, uint32_t *cp)
{
	uint8_t b = in[0];
	size_t len = b < 0x80		      ? 1
		     : b >= 0xc2 && b <= 0xdf ? 2
		     : (b & 0xf0) == 0xe0     ? 3
		     : b >= 0xf0 && b <= 0xf4 ? 4
					      : 0;

	*cp = BAD;
	if (len == 0)
		return 1;
	if (len == 1) {
		*cp = b;
		return 1;
	}

	uint32_t v = b & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if (i == n)
			return 0;

		uint8_t lo = 0x80, hi = 0xbf;
		if (i == 1) {
			lo = b == 0xe0 ? 0xa0 : b == 0xf0 ? 0x90 : 0x80;
			hi = b == 0xed ? 0x9f : b == 0xf4 ? 0x8f : 0xbf;
		}
		if (in[i] < lo || in[i] > hi)
			return i;
		v = v << 6 | (in[i] & 0x3fu);
	}
	*cp = v;
	return len;
}

static bool is_printable(uint32_t cp)
{
	static const struct {
		uint32_t from, to;
	} never[] = {
	    {0x0000, 0x001f},	{0x007f, 0x009f},	{0x00ad, 0x00ad},   {0x034f, 0x034f},
	    {0x061c, 0x061c},	{0x115f, 0x1160},	{0x17b4, 0x17b5},   {0x180b, 0x180f},
	    {0x200b, 0x200f},	{0x2028, 0x202e},	{0x2060, 0x206f},   {0x3164, 0x3164},
	    {0xd800, 0xdfff},	{0xfdd0, 0xfdef},	{0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
	    {0xffa0, 0xffa0},	{0xfff0, 0xfffb},	{0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
	    {0xe0000, 0xe0fff}, {0x110000, UINT32_MAX},
	};

	for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
		if (cp >= never[i].from && cp <= never[i].to)
			return false;
	return (cp & 0xfffe) != 0xfffe;
}

/* How many characters at the front are plain: printable ASCII, as nearly all of them are. Eight are
 * looked at together; in each sum the high bit of a byte says that it is none. */
static size_t plain(const uint8_t *at, size_t n)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
	size_t i = 0;

	for (uint64_t w; n - i >= sizeof w; i += sizeof w) {
		memcpy(&w, at + i, sizeof w);

		uint64_t control = ((w | high) - 0x20 * ones) ^ high, delete = (w & ~high) + ones;
		if ((w | control | delete) & high)
			break;
	}
	while (i < n && at[i] >= 0x20 && at[i] < 0x7f)
		i++;
	return i;
}

/* The same, as far as there is room for it and a NUL. */
static size_t copy_plain(const uint8_t *at, size_t n, char *out, size_t cap)
{
	size_t len = plain(at, n < cap ? n : cap - 1);

	memcpy(out, at, len);
	return len;
}

size_t text_line(const void *in, size_t n, char *out, size_t cap)
{
	const uint8_t *at = in, *end = at + n;
	size_t len = 0;

	if (cap == 0)
		return 0;
	while (at < end) {
		uint32_t cp;
		size_t run = copy_plain(at, (size_t)(end - at), out + len, cap - len);

		len += run;
		at += run;
		if (at == end)
			break;

		size_t take = decode(at, (size_t)(end - at), &cp);
		const void *put = at;
		size_t put_len = take;

		if (take == 0)
			take = (size_t)(end - at);
		if (cp == '\n' || cp == '\t' || cp == '\r')
			put = " ", put_len = 1;
		else if (cp == BAD || !is_printable(cp))
			put = "?", put_len = 1;
		if (len + put_len + 1 > cap)
			break;
		memcpy(out + len, put, put_len);
		len += put_len;
		at += take;
	}
	out[len] = '\0';
	return len;
}

bool text_is_clean(const void *in, size_t n)
{
	const uint8_t *at = in, *end = at + n;

	while ((at += plain(at, (size_t)(end - at))) < end) {
		uint32_t cp;
		size_t take = decode(at, (size_t)(end - at), &cp);

		if (take == 0 || cp == BAD || !is_printable(cp))
			return false;
		at += take;
	}
	return true;
}

static size_t filter_one(uint32_t cp, const uint8_t *bytes, size_t n, char *out)
{
	if (cp == '\n' || cp == '\t' || (cp != BAD && is_printable(cp))) {
		memcpy(out, bytes, n);
		return n;
	}
	if (cp == '\r')
		return 0; /* CRLF text is common and harmless without the CR */
	out[0] = '?';
	return 1;
}

size_t text_filter(struct text_filter *f, const void *in, size_t n, char *out)
{
	const uint8_t *at = in, *end = at + n;
	size_t len = 0;

	while (at < end) {
		uint8_t join[4];
		uint32_t cp;
		size_t old = f->held_len, more = (size_t)(end - at);

		if (more > sizeof join - old)
			more = sizeof join - old;
		memcpy(join, f->held, old);
		memcpy(join + old, at, more);

		size_t take = decode(join, old + more, &cp);
		if (take == 0) { /* the character goes on in the next call */
			memcpy(f->held, join, old + more);
			f->held_len = old + more;
			break;
		}
		f->held_len = 0;
		len += filter_one(cp, join, take, out + len);
		/* a bad sequence may be shorter than what was held: the rest is looked at
		 * again, and it can only be one that starts anew at this call's bytes */
		at += take > old ? take - old : 0;
	}
	return len;
}

size_t text_filter_end(struct text_filter *f, char *out)
{
	if (f->held_len == 0)
		return 0;
	f->held_len = 0;
	out[0] = '?';
	return 1;
}

size_t text_escape(const void *in, size_t n, char *out, size_t cap)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *at = in, *end = at + n;
	size_t len = 0;

	while (at < end) {
		uint32_t cp;
		size_t take = decode(at, (size_t)(end - at), &cp);
		bool clean = take > 0 && cp != BAD && is_printable(cp);
		size_t room = clean ? take : 4;

		if (cp == '\\')
			room = 2;
		else if (!clean)
			take = 1;
		if (len + room + 1 > cap)
			break;
		if (cp == '\\')
			memcpy(out + len, "\\\\", 2);
		else if (clean)
			memcpy(out + len, at, take);
		else
			memcpy(out + len, (char[]){'\\', 'x', digits[*at >> 4], digits[*at & 15]},
			       4);
		len += room;
		at += take;
	}
	if (cap > 0)
		out[len] = '\0';
	return len;
}

static int digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

int text_unescape(const char *text, void *out, size_t cap)
{
	uint8_t *to = out;
	size_t len = 0;

	while (*text) {
		uint8_t b = (uint8_t)*text;
		size_t take = 1;

		if (text[0] == '\\' && text[1] == '\\') {
			take = 2;
		} else if (text[0] == '\\' && text[1] == 'x' && digit(text[2]) >= 0 &&
			   digit(text[3]) >= 0) {
			b = (uint8_t)(digit(text[2]) << 4 | digit(text[3]));
			take = 4;
		}
		if (b == 0)
			return AS_EBADMSG;
		if (len == cap)
			return AS_E_TOO_BIG;
		to[len++] = b;
		text += take;
	}
	return (int)len;
}

const char *text_size(uint64_t bytes, char buf[TEXT_SIZE_MAX])
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
	double v = (double)bytes;
	size_t u = 0;

	while (v >= 999.5 && u + 1 < sizeof units / sizeof units[0]) {
		v /= 1000;
		u++;
	}
	if (u == 0)
		snprintf(buf, TEXT_SIZE_MAX, "%" PRIu64 " B", bytes);
	else
		snprintf(buf, TEXT_SIZE_MAX, v < 9.95 ? "%.1f %s" : "%.0f %s", v, units[u]);
	return buf;
}
