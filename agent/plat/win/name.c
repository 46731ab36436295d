/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of files as the disk has them. There a name is any sequence of 16-bit units, so that half a
 * character of UTF-16 may stand alone; as UTF-8 it has the three bytes that its number would have
 * (WTF-8), which no text has, so that each name has bytes of its own and is shown with escapes.
 */
#include "agent/plat/win/win.h"

#include <errno.h>

static bool is_high(uint32_t v)
{
	return v >= 0xD800 && v < 0xDC00;
}

static bool is_low(uint32_t v)
{
	return v >= 0xDC00 && v < 0xE000;
}

/* How many bytes make the character at p; 0 for none. */
static size_t decode(const uint8_t *p, size_t n, uint32_t *out)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xC2 ? 0 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
	uint32_t v = len == 1 ? p[0] : p[0] & (0xFFu >> (len + 1));

	if (len == 0 || len > n || p[0] > 0xF4)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		v = v << 6 | (p[i] & 0x3F);
	}
	*out = v;
	return v >= least[len] && v <= 0x10FFFF ? len : 0;
}

static size_t encode(uint32_t v, uint8_t out[4])
{
	size_t len = v < 0x80 ? 1 : v < 0x800 ? 2 : v < 0x10000 ? 3 : 4;

	for (size_t i = len; i-- > 1; v >>= 6)
		out[i] = (uint8_t)(0x80 | (v & 0x3F));
	out[0] = (uint8_t)(len == 1 ? v : (0xF00u >> len & 0xFF) | v);
	return len;
}

int win_name_wide(const char *name, size_t n, wchar_t *out, size_t cap)
{
	const uint8_t *p = (const uint8_t *)name;
	size_t len = 0;

	for (size_t at = 0, take; at < n; at += take) {
		uint32_t v;

		take = decode(p + at, n - at, &v);
		if (take == 0 || v == 0)
			return -ENOENT; /* no file has such a name */
		if (len + 3 > cap)
			return -ENAMETOOLONG;
		if (v >= 0x10000) {
			out[len++] = (wchar_t)(0xD800 + ((v - 0x10000) >> 10));
			v = 0xDC00 + (v & 0x3FF);
		}
		out[len++] = (wchar_t)v;
	}
	out[len] = L'\0';
	return (int)len;
}

int win_name(const wchar_t *wide, size_t n, char *out, size_t cap)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		uint32_t v = wide[i];

		if (is_high(v) && i + 1 < n && is_low(wide[i + 1]))
			v = 0x10000 + ((v - 0xD800) << 10) + (wide[++i] - 0xDC00u);
		if (len + 5 > cap) {
			out[0] = '\0';
			return -ENAMETOOLONG;
		}
		len += encode(v, (uint8_t *)out + len);
	}
	out[len] = '\0';
	return (int)len;
}
