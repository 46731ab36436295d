/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/base/hex.h"

#include <string.h>

#include "proto/base/err.h"

static const char digits[] = "0123456789abcdef";

const char *hex_encode(const void *p, size_t n, char *out)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[b[i] >> 4];
		out[2 * i + 1] = digits[b[i] & 15];
	}
	out[2 * n] = '\0';
	return out;
}

static int digit(char c)
{
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

int hex_decode(const char *text, void *out, size_t n)
{
	uint8_t *to = out;

	if (strlen(text) != 2 * n)
		return AS_EBADMSG;
	for (size_t i = 0; i < 2 * n; i++)
		if (digit(text[i]) < 0)
			return AS_EBADMSG;
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
	return 0;
}
