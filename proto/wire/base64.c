/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/base64.h"

#include "proto/base/err.h"

static int digit(char c)
{
	return c >= 'A' && c <= 'Z'   ? c - 'A'
	       : c >= 'a' && c <= 'z' ? c - 'a' + 26
	       : c >= '0' && c <= '9' ? c - '0' + 52
	       : c == '+'	      ? 62
	       : c == '/'	      ? 63
				      : -1;
}

int base64_decode(const char *text, size_t n, uint8_t *out, size_t cap)
{
	size_t pad = n > 0 && text[n - 1] == '=' ? 1 + (n > 1 && text[n - 2] == '=') : 0;
	size_t len = n / 4 * 3 - pad, at = 0;
	uint32_t bits = 0;

	if (n % 4 != 0)
		return AS_EBADMSG;
	if (len > cap || len > INT32_MAX)
		return AS_E_TOO_BIG;
	for (size_t i = 0; i < n; i++) {
		int d = i < n - pad ? digit(text[i]) : 0;

		if (d < 0)
			return AS_EBADMSG;
		bits = bits << 6 | (uint32_t)d;
		if (i % 4 != 3)
			continue;
		for (int shift = 16; shift >= 0 && at < len; shift -= 8)
			out[at++] = (uint8_t)(bits >> shift);
		if (i + 1 == n && (bits & ((UINT32_C(1) << 8 * pad) - 1)) != 0)
			return AS_EBADMSG;
		bits = 0;
	}
	return (int)len;
}
