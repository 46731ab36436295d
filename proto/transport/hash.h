/* SPDX-License-Identifier: Apache-2.0
 *
 * The hashes that other people's protocols demand: a proxy's Digest login (RFC 7616: MD5,
 * SHA-256), the answer to a WebSocket upgrade (RFC 6455: SHA-1), and base64 for both. Nothing of
 * ours rests on MD5 or SHA-1. The door of these files to OpenSSL.
 */
#ifndef AS_TRANSPORT_HASH_H
#define AS_TRANSPORT_HASH_H

#include <stddef.h>
#include <stdint.h>

enum hash { HASH_MD5, HASH_SHA1, HASH_SHA256 };

#define HASH_MAX     32
#define HASH_HEX_MAX (2 * HASH_MAX)

/* The digest's length, or AS_E_INTERNAL: the library does not allow this one (FIPS). */
int hash_bytes(enum hash h, const void *p, size_t n, uint8_t out[HASH_MAX]);

/* The same in lower-case hexadecimal digits, with a NUL. */
int hash_hex(enum hash h, const void *p, size_t n, char out[HASH_HEX_MAX + 1]);

/* With a NUL; HASH_BASE64_LEN(n) + 1 bytes. Returns the length without it. */
#define HASH_BASE64_LEN(n) (((n) + 2) / 3 * 4)
size_t hash_base64(const void *p, size_t n, char *out);

#endif
