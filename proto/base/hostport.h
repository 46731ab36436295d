/* SPDX-License-Identifier: Apache-2.0
 *
 * "relay.example:443", "192.0.2.1:443", "[2001:db8::1]:443": the one way in which a place in the
 * network is written.
 */
#ifndef AS_BASE_HOSTPORT_H
#define AS_BASE_HOSTPORT_H

#include <stddef.h>
#include <stdint.h>

#define HOSTPORT_HOST_MAX 253
#define HOSTPORT_PORT_MAX 5
#define HOSTPORT_TEXT_MAX (HOSTPORT_HOST_MAX + HOSTPORT_PORT_MAX + 4)

struct hostport {
	char host[HOSTPORT_HOST_MAX + 1]; /* without the brackets of an IPv6 address */
	char port[HOSTPORT_PORT_MAX + 1];
};

/* AS_ECONFIG for anything but the above. */
int hostport_split(const char *text, struct hostport *out);

/* With the brackets again. Returns buf. */
const char *hostport_text(const struct hostport *hp, char buf[HOSTPORT_TEXT_MAX]);

uint16_t hostport_number(const struct hostport *hp);

#endif
