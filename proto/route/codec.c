/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/route/codec.h"

#include <string.h>

#include "proto/base/err.h"
#include "proto/base/text.h"

void codec_put_text(struct writer *w, const char *text)
{
	size_t n = strlen(text);

	if (n > UINT8_MAX) {
		w->err = AS_EFULL;
		return;
	}
	writer_u8(w, (uint8_t)n);
	writer_put(w, text, n);
}

void codec_get_text(struct cursor *c, char *out, size_t cap)
{
	size_t n = cursor_u8(c);
	const uint8_t *p = cursor_take(c, n);

	if (c->err == 0 && (n >= cap || !text_is_clean(p, n) || memchr(p, '\0', n)))
		c->err = AS_EBADMSG;
	if (c->err < 0)
		return;
	memcpy(out, p, n);
	out[n] = '\0';
}
