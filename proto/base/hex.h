/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AS_BASE_HEX_H
#define AS_BASE_HEX_H

#include <stddef.h>
#include <stdint.h>

/* Lower case; out has 2 * n + 1 bytes. Returns out. */
const char *hex_encode(const void *p, size_t n, char *out);

/* Exactly 2 * n digits and the end of the string, or AS_EBADMSG. */
int hex_decode(const char *text, void *out, size_t n);

#endif
