/* SPDX-License-Identifier: Apache-2.0
 *
 * Base64 (RFC 4648 section 4) to bytes. Pure and strict: whole groups, padding at the end, no
 * blanks, and nothing left in the last bits.
 */
#ifndef AS_WIRE_BASE64_H
#define AS_WIRE_BASE64_H

#include <stddef.h>
#include <stdint.h>

/* How many bytes; AS_EBADMSG, AS_E_TOO_BIG. */
int base64_decode(const char *text, size_t n, uint8_t *out, size_t cap);

#endif
