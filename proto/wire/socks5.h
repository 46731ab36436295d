/* SPDX-License-Identifier: Apache-2.0
 *
 * What a client says to a SOCKS 5 proxy and what it hears (RFC 1928, and RFC 1929 for user and
 * password). Pure. Names are always given to the proxy as they are: it resolves them, so that
 * nothing is asked of the local name server.
 */
#ifndef AS_WIRE_SOCKS5_H
#define AS_WIRE_SOCKS5_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOCKS5_NAME_MAX	 255 /* user, password, host */
#define SOCKS5_OUT_MAX	 (3 + 2 * SOCKS5_NAME_MAX)
#define SOCKS5_REPLY_MAX (4 + 1 + SOCKS5_NAME_MAX + 2)

enum socks5_method { SOCKS5_OPEN = 0, SOCKS5_USER = 2, SOCKS5_NONE = 0xff };

struct socks5_target {
	const char *host;
	uint8_t address[16]; /* what host stands for when it is an address ... */
	size_t address_len;  /* ... of 4 or 16 bytes; 0: it is a name */
	uint16_t port;
};

/* Each encoder returns the bytes written, or AS_EFULL / AS_E_TOO_BIG. */
int socks5_greeting(bool with_user, uint8_t *out, size_t cap);
int socks5_user(const char *user, const char *password, uint8_t *out, size_t cap);
int socks5_connect(const struct socks5_target *t, uint8_t *out, size_t cap);

/* Each decoder returns the bytes used, 0 when there are not enough yet, AS_E_PROTOCOL. */
int socks5_method(const uint8_t *p, size_t n, uint8_t *method);
int socks5_user_reply(const uint8_t *p, size_t n, bool *accepted);
int socks5_reply(const uint8_t *p, size_t n, uint8_t *reply); /* 0: connected */

/* "connection not allowed by the rules" and so on; never NULL. */
const char *socks5_reply_text(uint8_t reply);

#endif
