/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/transport/sealed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/tls_record.h"

void sealed_begin(struct sealed *s, size_t n)
{
	s->left = n;
	s->part_len = 0;
}

static void keep(struct sealed *s, const uint8_t **p, size_t *n, size_t take)
{
	memcpy(s->part + s->part_len, *p, take);
	s->part_len += take;
	*p += take;
	*n -= take;
}

/* More of the record that has begun: its header first, which says how much more. */
static int complete(struct sealed *s, const uint8_t **p, size_t *n)
{
	int size = 0;

	while (*n > 0 && (size = tls_record_sealed_size(s->part, s->part_len)) >= 0 &&
	       (size == 0 || s->part_len < (size_t)size)) {
		size_t want = (size > 0 ? (size_t)size : TLS_RECORD_HEADER) - s->part_len;

		keep(s, p, n, want < *n ? want : *n);
	}
	return tls_record_sealed_size(s->part, s->part_len);
}

static int start_part(struct sealed *s, const uint8_t **p, size_t *n)
{
	if (!s->part && !(s->part = malloc(TLS_RECORD_WIRE_MAX)))
		return -ENOMEM;
	keep(s, p, n, *n);
	return 0;
}

static int take(struct sealed *s, const uint8_t **p, size_t *n, const uint8_t **out, size_t *len)
{
	if (s->part_len > 0) {
		int size = complete(s, p, n);

		if (size > 0 && s->part_len == (size_t)size) {
			*out = s->part;
			*len = s->part_len;
			s->part_len = 0;
		}
		return size < 0 ? size : 0;
	}

	int whole = tls_record_sealed_whole(*p, *n);
	if (whole < 0)
		return whole;
	if (whole == 0)
		return start_part(s, p, n);
	*out = *p;
	*len = (size_t)whole;
	*p += whole;
	*n -= (size_t)whole;
	return 0;
}

int sealed_feed(struct sealed *s, const uint8_t **p, size_t *n, const uint8_t **out, size_t *len)
{
	size_t before = *n;

	*len = 0;

	int err = take(s, p, n, out, len);

	s->left -= before - *n;
	return err == 0 && s->left == 0 && s->part_len > 0 ? AS_EBADMSG : err;
}

void sealed_tidy(struct sealed *s)
{
	if (s->part_len == 0)
		sealed_done(s);
}

void sealed_done(struct sealed *s)
{
	free(s->part);
	s->part = NULL;
	s->part_len = 0;
}
