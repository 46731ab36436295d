/* SPDX-License-Identifier: Apache-2.0
 *
 * What the relay is told: long options, or an INI file with the same keys (--config FILE).
 */
#ifndef AS_RELAY_CONFIG_H
#define AS_RELAY_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/ini.h"
#include "proto/transport/listen.h"
#include "relay/quota.h"

#define CONFIG_WHY_MAX	   700
#define CONFIG_TRUSTED_MAX 8

struct relay_config {
	char listen[INI_VALUE_MAX]; /* "": the socket below */
	int socket;		    /* passed by the service manager; not ours. -1: none */
	char cert[INI_VALUE_MAX], key[INI_VALUE_MAX], console_ca[INI_VALUE_MAX]; /* paths */
	uint8_t trusted[CONFIG_TRUSTED_MAX][16]; /* IPv4 as ::ffff:a.b.c.d */
	size_t trusted_count;
	bool encrypt_twice; /* never RELAY_SEALED */
	uint32_t max_ids;
	struct quota_limits quota;
	struct listen_limits visitors;
};

enum config_wish { CONFIG_RUN, CONFIG_HELP, CONFIG_VERSION };

/* Options are read in their order; later ones win. 0 and *wish, or AS_ECONFIG with one line in
 * why that says what to change. */
int config_parse(int argc, char **argv, struct relay_config *out, enum config_wish *wish,
		 char why[CONFIG_WHY_MAX]);

/* One of the trusted proxies? */
bool config_trusts(const struct relay_config *c, const struct sockaddr *addr);

/* "192.0.2.1", "2001:db8::1". False: not an address. */
bool config_address(const char *text, struct sockaddr_storage *out);

/* Where to listen: a socket that was passed (-1: none) wins over `listen`, because that is the one
 * the service manager keeps open. AS_ECONFIG when there is neither. */
int config_place(struct relay_config *c, int socket, char why[CONFIG_WHY_MAX]);

extern const char config_help[];

#endif
