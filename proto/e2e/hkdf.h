/* SPDX-License-Identifier: Apache-2.0
 *
 * HKDF-SHA256 (RFC 5869) without salt, extract and expand in one go: the one key derivation of
 * the end-to-end layer.
 */
#ifndef AS_E2E_HKDF_H
#define AS_E2E_HKDF_H

#include <stddef.h>
#include <stdint.h>

/* 0 or AS_E_INTERNAL; out is not written then. */
int hkdf(const void *key, size_t key_len, const void *info, size_t info_len, uint8_t *out,
	 size_t n);

#endif
