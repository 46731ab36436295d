/* SPDX-License-Identifier: Apache-2.0
 *
 * Where a probe goes: "HOST", "HOST:PORT", "[2001:db8::1]:443", "2001:db8::1", each also with
 * "https://", "http://", "tls://" or "tcp://" before it. What is spoken there follows from that
 * word or else from the port. The text comes from an engineer or a configuration: nothing but
 * the characters of names and addresses passes.
 */
#ifndef AS_AGENT_PROBE_TARGET_H
#define AS_AGENT_PROBE_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#define TARGET_HOST_MAX 253 /* a DNS name */

enum target_speaks { TARGET_TCP, TARGET_TLS, TARGET_HTTP, TARGET_HTTPS };

struct target {
	char host[TARGET_HOST_MAX + 1]; /* without brackets; with "%zone" where given */
	uint16_t port;
	enum target_speaks speaks;
};

/* AS_EBADMSG or AS_E_TOO_BIG; *out is then untouched. */
int target_parse(const char *text, uint16_t default_port, struct target *out);

/* A bare address: nothing to look up, and no name to send to the other side. */
bool target_is_address(const struct target *t);

/* "relay.example:7443", "[::1]:443". Returns buf. */
#define TARGET_TEXT (TARGET_HOST_MAX + 10)
const char *target_text(const struct target *t, char buf[TARGET_TEXT]);

#endif
