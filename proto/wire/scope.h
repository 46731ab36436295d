/* SPDX-License-Identifier: Apache-2.0
 *
 * Scopes: the separate rights a customer grants. Text form as people type it:
 * "system", "logs", "files:/srv/app", "device:admin@192.0.2.1" (device.h), "command:NAME", "put".
 */
#ifndef AS_WIRE_SCOPE_H
#define AS_WIRE_SCOPE_H

#include <stddef.h>
#include <stdint.h>

#define SCOPE_TARGET_MAX 256 /* without the final NUL; PROTOCOL.md section 4 */
#define SCOPES_MAX	 16
#define SCOPE_TEXT_MAX	 (SCOPE_TARGET_MAX + 16)

/* kind, number, name, target: 0 never, 1 always, 2 named by the customer when he agrees, so that a
 * request has none and a grant has one */
#define SCOPE_MAP(X)                \
	X(SYSTEM, 1, "system", 0)   \
	X(NETWORK, 2, "network", 0) \
	X(LOGS, 3, "logs", 0)       \
	X(FILES, 4, "files", 1)     \
	X(METRICS, 5, "metrics", 0) \
	X(CAPTURE, 6, "capture", 0) \
	X(DEVICE, 7, "device", 1)   \
	X(COMMAND, 8, "command", 1) \
	X(PUT, 9, "put", 2)

enum scope_kind {
#define X(name, n, text, target) SCOPE_##name = n,
	SCOPE_MAP(X)
#undef X
};

struct scope {
	enum scope_kind kind;
	char target[SCOPE_TARGET_MAX + 1]; /* "" for kinds without one */
};

/* A wish, as an engineer types it. AS_E_SCOPE for an unknown kind, a missing or superfluous target,
 * one that is too long, has control characters, or is a path that is not absolute or has a "..", or
 * names no device. */
int scope_parse(const char *text, struct scope *out);

/* The same checks for a wish, and for what was granted, that came over the wire. */
int scope_check_wish(const struct scope *s);
int scope_check(const struct scope *s);

/* Is `granted` the wish itself, or the wish with the target that the customer named? */
int scope_answers(const struct scope *granted, const struct scope *wish);

/* Text form; out has SCOPE_TEXT_MAX bytes. Returns out. */
const char *scope_text(const struct scope *s, char *out);
const char *scope_kind_name(enum scope_kind kind); /* "?" for none of ours */

int scope_is_equal(const struct scope *a, const struct scope *b);

#endif
