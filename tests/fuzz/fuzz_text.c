/* SPDX-License-Identifier: Apache-2.0
 *
 * The terminal filter. Promises: what comes out is clean, apart from \n and \t in a stream; a
 * stream reads the same whatever the cut; what is clean passes unchanged; an escaped name comes
 * back; lengths hold.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* Always at least one byte, so that NULL means no memory. */
static char *room(size_t n)
{
	char *p = malloc(n + 1);

	must(p != NULL);
	return p;
}

static size_t filter(const uint8_t *data, size_t size, size_t step, char *out)
{
	struct text_filter f = {0};
	size_t len = 0;

	for (size_t at = 0; at < size; at += step) {
		size_t n = size - at < step ? size - at : step;
		char *piece = room(TEXT_FILTER_ROOM(n));
		size_t got = text_filter(&f, data + at, n, piece);

		must(got <= TEXT_FILTER_ROOM(n) && len + got <= TEXT_FILTER_ROOM(size));
		memcpy(out + len, piece, got);
		len += got;
		free(piece);
	}
	return len + text_filter_end(&f, out + len);
}

static void check_stream(const uint8_t *data, size_t size)
{
	char *whole = room(TEXT_FILTER_ROOM(size) + 1), *cut = room(TEXT_FILTER_ROOM(size) + 1);
	size_t n = filter(data, size, size > 0 ? size : 1, whole);

	must(filter(data, size, 1, cut) == n && memcmp(whole, cut, n) == 0);
	for (size_t i = 0; i < n; i++)
		if (whole[i] == '\n' || whole[i] == '\t')
			whole[i] = ' ';
	must(text_is_clean(whole, n));
	free(whole);
	free(cut);
}

static void check_line(const uint8_t *data, size_t size, size_t cap)
{
	char *out = room(cap);
	size_t n = text_line(data, size, out, cap);

	must(cap == 0 ? n == 0 : n < cap && out[n] == '\0');
	must(text_is_clean(out, n));
	if (text_is_clean(data, size) && cap > size)
		must(n == size && memcmp(out, data, n) == 0);
	free(out);
}

static void check_escape(const uint8_t *data, size_t size)
{
	char *text = room(TEXT_ESCAPE_ROOM(size)), *back = room(size);
	size_t n = text_escape(data, size, text, TEXT_ESCAPE_ROOM(size));
	int len = text_unescape(text, back, size);

	must(text[n] == '\0' && strlen(text) == n && text_is_clean(text, n));
	if (size == 0 || !memchr(data, 0, size))
		must(len == (int)size && memcmp(back, data, size) == 0);
	else
		must(len < 0);
	must(text_escape(data, size, text, n / 2 + 1) <= n / 2);
	free(text);
	free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_escape(data, size);
	check_stream(data, size);
	check_line(data, size, size + 1);
	check_line(data, size, size / 2);
	return 0;
}
