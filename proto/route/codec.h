/* SPDX-License-Identifier: Apache-2.0
 *
 * Short texts in the messages of this room: a length in one byte, then clean text.
 */
#ifndef AS_ROUTE_CODEC_H
#define AS_ROUTE_CODEC_H

#include "proto/wire/cursor.h"

void codec_put_text(struct writer *w, const char *text);
void codec_get_text(struct cursor *c, char *out, size_t cap); /* or c->err = AS_EBADMSG */

#endif
