/* SPDX-License-Identifier: Apache-2.0
 *
 * The commands behind `assent-console ca`, one per file: what each needs, and what it does.
 */
#ifndef AS_CONSOLE_CA_CMD_H
#define AS_CONSOLE_CA_CMD_H

#include "console/ca_args.h"

struct ca_command {
	const char *name, *usage;
	unsigned needs, may; /* sets of ca_option */
	/* 0, or an error with one line in why. Says on stdout what was made. */
	int (*run)(const struct ca_args *args, char why[CA_WHY_MAX]);
};

extern const struct ca_command ca_cmd_init, ca_cmd_relay, ca_cmd_engineer, ca_cmd_agent_config,
    ca_cmd_agent_package;

#endif
