/* SPDX-License-Identifier: Apache-2.0
 *
 * A string of JSON from valid UTF-8, byte for byte what jansson writes. For the few events that
 * come so often that building an object for each would take longer than everything else.
 */
#ifndef AS_CONSOLE_JSON_TEXT_H
#define AS_CONSOLE_JSON_TEXT_H

#include <stddef.h>

#define JSON_TEXT_ROOM(n) (6 * (n) + 2) /* enough for n bytes */

/* With its quotation marks, without a NUL. The length. */
size_t json_text(const char *text, size_t n, char *out);

#endif
