/* SPDX-License-Identifier: Apache-2.0
 *
 * The outside of a TLS record (RFC 8446 section 5.1): type u8 | version u16 | length u16 | body.
 * Whoever carries records without their keys finds here where they begin and end.
 */
#ifndef AS_WIRE_TLS_RECORD_H
#define AS_WIRE_TLS_RECORD_H

#include <stddef.h>
#include <stdint.h>

#define TLS_RECORD_HEADER   5
#define TLS_RECORD_WIRE_MAX (TLS_RECORD_HEADER + 16384 + 256) /* section 5.2 */
#define TLS_RECORD_SEALED   0x17 /* its type when it is encrypted (application_data) */

/* How long the record that starts at p is, header included. 0 while fewer than TLS_RECORD_HEADER
 * bytes are there; AS_E_TOO_BIG or AS_EBADMSG for what no TLS 1.3 record begins with. */
int tls_record_size(const uint8_t *p, size_t n);

/* The same for an encrypted record; all others are AS_EBADMSG. */
int tls_record_sealed_size(const uint8_t *p, size_t n);

/* How many of the n bytes are whole encrypted records. AS_EBADMSG, AS_E_TOO_BIG: behind some whole
 * ones, or at once, stands something else. */
int tls_record_sealed_whole(const uint8_t *p, size_t n);

#endif
