/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever a web server sends: what the decoder yields is clean text, and once a head is whole,
 * what follows it changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/probe/http.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
	size_t n = strnlen(text, HTTP_TEXT_MAX);

	if (n == HTTP_TEXT_MAX || !text_is_clean(text, n))
		abort();
}

/* The decoder is given a growing answer: never whole and then not, never refused and then whole. */
static void check_growing(const uint8_t *data, size_t size, int whole)
{
	struct http_head h;
	int err = http_head_decode(data, size / 2, &h);

	if (err != AS_ESHORT && err != whole)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_head h;
	int err = http_head_decode(data, size, &h);

	check_growing(data, size, err);
	if (err < 0)
		return 0;
	if (h.status < 100 || h.status > 599)
		abort();
	check_text(h.reason);
	check_text(h.server);
	check_text(h.location);
	return 0;
}
