/* SPDX-License-Identifier: Apache-2.0
 *
 * The target of a right "device": USER@HOST[:PORT][,TYPE][,config][,legacy]. HOST is a name, an
 * IPv4 address or an IPv6 address in brackets. Everything about it is an allow-list of ours, so
 * that no library ever sees a character that could mean something to it.
 *
 * TYPE is a catalogue of commands (agent/device/catalogue.h); without one the agent takes the one
 * that fits what the device calls itself. "config": also the commands whose output contains the
 * device's configuration, with its secrets. "legacy": old algorithms are accepted, too.
 */
#ifndef AS_WIRE_DEVICE_H
#define AS_WIRE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEVICE_USER_MAX 64
#define DEVICE_HOST_MAX 190
#define DEVICE_TYPE_MAX 24
#define DEVICE_PORT	22

struct device {
	char user[DEVICE_USER_MAX + 1];
	char host[DEVICE_HOST_MAX + 1]; /* without brackets */
	uint16_t port;
	char type[DEVICE_TYPE_MAX + 1]; /* "" for whatever fits */
	bool config, legacy;
};

/* AS_E_SCOPE for anything else than the above, in that order. *out untouched then. */
int device_parse(const char *target, struct device *out);

/* May this be the name of a type? [a-z0-9-], and none of the other two words. */
bool device_type_is_plain(const char *type);

#endif
