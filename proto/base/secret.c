/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/base/secret.h"

#include <string.h>

/* Through a volatile pointer the compiler cannot know that this is memset. */
static void *(*const volatile wipe)(void *, int, size_t) = memset;

void secret_wipe(void *p, size_t n)
{
	if (n > 0)
		wipe(p, 0, n);
}

void secret_done(struct secret *s)
{
	secret_wipe(s, sizeof *s);
}

bool secret_is_equal(const void *a, const void *b, size_t n)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t differs = 0;

	for (size_t i = 0; i < n; i++)
		differs |= x[i] ^ y[i];
	return differs == 0;
}
