/* SPDX-License-Identifier: Apache-2.0
 *
 * What the relay is told: long options, or an INI file with the same keys (--config FILE).
 */
#ifndef AS_RELAY_CONFIG_H
#define AS_RELAY_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/ini.h"
#include "proto/transport/listen.h"
#include "relay/quota.h"

#define CONFIG_WHY_MAX 700

struct relay_config {
	char listen[INI_VALUE_MAX];
	char cert[INI_VALUE_MAX], key[INI_VALUE_MAX], console_ca[INI_VALUE_MAX]; /* paths */
	uint32_t max_ids;
	struct quota_limits quota;
	struct listen_limits visitors;
};

enum config_wish { CONFIG_RUN, CONFIG_HELP, CONFIG_VERSION };

/* Options are read in their order; later ones win. 0 and *wish, or AS_ECONFIG with one line in
 * why that says what to change. */
int config_parse(int argc, char **argv, struct relay_config *out, enum config_wish *wish,
		 char why[CONFIG_WHY_MAX]);

extern const char config_help[];

#endif
