/* SPDX-License-Identifier: Apache-2.0
 *
 * Control messages: decode from one complete frame's payload, then validate what the
 * schema cannot say. msg_decode() is the only way in; the structs and their limits come
 * from messages.proto and messages.options (as_Hello, as_Open, ...).
 *
 * No allocation: every struct has its maximal size (as_SignedRequest about 14 KiB).
 */
#ifndef AS_WIRE_MESSAGES_H
#define AS_WIRE_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire/messages.pb.h"
#include "proto/wire/scope.h"

#define MSG_VERSION	   1 /* minor version of assent-e2e/1 that we speak */
#define MSG_BODY_VERSION   1 /* of RequestBody and GrantBody */
#define MSG_DURATION_MAX_S 28800
#define MSG_STREAMS_MAX	   64
#define MSG_BODY_MAX	   6144
#define MSG_CHAIN_MAX	   8192
#define MSG_TABLE_MAX	   4096
#define MSG_PATHS_MAX	   8

/* HELLO.features: what both sides have is used. */
#define FEATURE_FAST_SUM UINT64_C(1) /* FIN carries XXH3 instead of SHA-256 */
#define FEATURE_ZSTD	 UINT64_C(2) /* files may come as PACKED records */
#define FEATURES	 (FEATURE_FAST_SUM | FEATURE_ZSTD)

#define MSG_PATH_MAX 1023 /* bytes of one path below its root */

/* OpenArgs.flags */
#define OPEN_FLAG_CASE 1u /* the pattern and the glob: upper and lower case are the same */
#define OPEN_FLAG_DEEP 2u /* ls: what lies in the folders, too */
#define OPEN_FLAG_PACK 4u /* get: PACKED records are understood */
#define OPEN_FLAGS     7u

/* CatalogEntry.flags */
#define CATALOG_BULK  1u /* may be compressed */
#define CATALOG_LIVE  2u /* goes on until somebody stops it; never compressed */
#define CATALOG_INPUT 4u /* takes bytes from the console */
#define CATALOG_OWN   8u /* has a command of its own: `collect` does not take it */

enum msg {
	MSG_HELLO,
	MSG_PAKE_SHARE,
	MSG_PAKE_CONFIRM,
	MSG_SIGNED_REQUEST,
	MSG_REQUEST_BODY,
	MSG_PENDING,
	MSG_SIGNED_GRANT,
	MSG_GRANT_BODY,
	MSG_DENY,
	MSG_REVOKED,
	MSG_OPEN,
	MSG_OPEN_OK,
	MSG_OPEN_ERR,
	MSG_CATALOG,
	MSG_RESUME, /* RESUME and RESUMED */
	MSG_AUDIT_MARK,
	MSG_END,
};

/* out is the struct that belongs to m; zeroed first. AS_EBADMSG when the bytes are not
 * the message, when a mandatory field is missing or a value is out of its range. */
int msg_decode(enum msg m, const uint8_t *p, size_t n, void *out);

/* Bytes written, AS_EFULL, or AS_EBADMSG when our own struct would not pass msg_decode(). */
int msg_encode(enum msg m, const void *in, uint8_t *buf, size_t cap);

/* Between the wire's and our own form of a scope, in a grant or a request. AS_E_SCOPE as
 * scope_check() and scope_check_wish(). */
int msg_scope_read(const as_Scope *in, struct scope *out);
int msg_wish_read(const as_Scope *in, struct scope *out);
void msg_scope_write(const struct scope *in, as_Scope *out);

/* A path below a root: parts separated by single '/', none of them empty, "." or "..", no NUL. The
 * empty path is the root itself. */
bool msg_path_is_plain(const uint8_t *p, size_t n);

#endif
