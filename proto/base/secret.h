/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes that are wiped when they are no longer needed, on every path.
 */
#ifndef AS_BASE_SECRET_H
#define AS_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECRET_MAX 64

struct secret {
	uint8_t bytes[SECRET_MAX];
	size_t len;
};

/* Overwrites in a way the compiler may not drop. */
void secret_wipe(void *p, size_t n);
void secret_done(struct secret *s);

/* Takes time that depends on n alone. */
bool secret_is_equal(const void *a, const void *b, size_t n);

#endif
