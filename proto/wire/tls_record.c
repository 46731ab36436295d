/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/tls_record.h"

#include "proto/base/err.h"
#include "proto/wire/cursor.h"

#define TYPE_FIRST 0x14 /* change_cipher_spec */
#define VERSION	   0x0303
#define BODY_MAX   (TLS_RECORD_WIRE_MAX - TLS_RECORD_HEADER)

int tls_record_size(const uint8_t *p, size_t n)
{
	if (n < TLS_RECORD_HEADER)
		return 0;

	struct cursor c = cursor_over(p, TLS_RECORD_HEADER);
	uint8_t type = cursor_u8(&c);
	uint16_t version = cursor_u16(&c), len = cursor_u16(&c);

	/* the first record of a client may still say TLS 1.0 */
	if (type < TYPE_FIRST || type > TLS_RECORD_SEALED || version >> 8 != VERSION >> 8 ||
	    len == 0)
		return AS_EBADMSG;
	return len > BODY_MAX ? AS_E_TOO_BIG : TLS_RECORD_HEADER + (int)len;
}

int tls_record_sealed_size(const uint8_t *p, size_t n)
{
	int size = tls_record_size(p, n);

	if (size > 0 && (p[0] != TLS_RECORD_SEALED || p[2] != (VERSION & 0xff)))
		return AS_EBADMSG;
	return size;
}

int tls_record_sealed_whole(const uint8_t *p, size_t n)
{
	size_t whole = 0;

	for (;;) {
		int size = tls_record_sealed_size(p + whole, n - whole);

		if (size < 0)
			return size;
		if (size == 0 || (size_t)size > n - whole)
			return (int)whole;
		whole += (size_t)size;
	}
}
