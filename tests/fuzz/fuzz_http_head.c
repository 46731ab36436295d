/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever a web server sends: what the decoder yields is clean text, and once a head is whole,
 * what follows it changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/text.h"
#include "proto/wire/http_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
	size_t n = strnlen(text, HTTP_TEXT_MAX);

	if (n == HTTP_TEXT_MAX || !text_is_clean(text, n))
		abort();
}

/* A field's value lies within the head. */
static void check_fields(const uint8_t *data, size_t size)
{
	const char *value;
	size_t len;

	for (size_t i = 0; http_field(data, size, "Connection", i, &value, &len); i++)
		if ((const uint8_t *)value < data || (const uint8_t *)value + len > data + size)
			abort();
	(void)http_has_token(data, size, "Connection", "Upgrade");
}

static void check_request(const uint8_t *data, size_t size)
{
	struct http_request_head r;

	if (http_request_decode(data, size, &r) < 0)
		return;
	if (r.size == 0 || r.size > size || strlen(r.method) > HTTP_METHOD_MAX)
		abort();
	check_fields(data, r.size);
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
	check_request(data, size);
	if (err < 0)
		return 0;
	if (h.status < 100 || h.status > 599)
		abort();
	if (h.size == 0 || h.size > size)
		abort();
	check_fields(data, h.size);
	check_text(h.reason);
	check_text(h.server);
	check_text(h.location);
	return 0;
}
