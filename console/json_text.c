/* SPDX-License-Identifier: Apache-2.0 */
#include "console/json_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* RFC 8259 section 7: these must not stand in a string as they are. */
static bool is_special(char c)
{
	return (uint8_t)c < 0x20 || c == '"' || c == '\\';
}

static size_t escape(char c, char *out)
{
	static const char digits[] = "0123456789ABCDEF", plain[] = "\"\\\b\f\n\r\t",
			  letters[] = "\"\\bfnrt";
	const char *at = c ? strchr(plain, c) : NULL;

	if (at) {
		out[0] = '\\';
		out[1] = letters[at - plain];
		return 2;
	}
	memcpy(out, "\\u00", 4);
	out[4] = digits[(uint8_t)c >> 4];
	out[5] = digits[c & 15];
	return 6;
}

size_t json_text(const char *text, size_t n, char *out)
{
	size_t len = 0;

	out[len++] = '"';
	for (size_t i = 0; i < n; i++) {
		if (is_special(text[i]))
			len += escape(text[i], out + len);
		else
			out[len++] = text[i];
	}
	out[len++] = '"';
	return len;
}
