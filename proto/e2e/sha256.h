/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 for rooms that may not call OpenSSL themselves: of bytes that are all there, and of
 * bytes that come in pieces.
 */
#ifndef AS_E2E_SHA256_H
#define AS_E2E_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_LEN 32

/* 0, or AS_E_INTERNAL when the library fails; out is then zeros. */
int sha256(const void *p, size_t n, uint8_t out[SHA256_LEN]);

struct sha256_stream;

struct sha256_stream *sha256_stream_new(void); /* NULL when memory is short */
void sha256_stream_free(struct sha256_stream *s);

/* 0, or AS_E_INTERNAL, and then always. */
int sha256_stream_add(struct sha256_stream *s, const void *p, size_t n);

/* The hash of everything so far; adding may go on. 0, or AS_E_INTERNAL with zeros in out, also when
 * not everything could be added. */
int sha256_stream_get(const struct sha256_stream *s, uint8_t out[SHA256_LEN]);

#endif
