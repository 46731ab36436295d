/* SPDX-License-Identifier: Apache-2.0
 *
 * Names in the bundle. They follow the sos report, because that is what engineers and their
 * tools look for: a command's output is sos_commands/PLUGIN/COMMAND with '_' for what a file
 * name should not hold, a file of the system keeps its own path.
 */
#ifndef AS_AGENT_COLLECT_NAME_H
#define AS_AGENT_COLLECT_NAME_H

#include "proto/wire/item.h"

/* Makes a name that item_name_check() accepts out of any path: the leading '/' goes, and what
 * may not stand in a name becomes '_'. Too long or too deep: the middle is left out. Pure. */
void item_name_make(const char *path, char out[ITEM_NAME_MAX + 1]);

/* "sos_commands/systemd/systemctl_status_ssh.service" for ("systemd", {"systemctl", "status",
 * "ssh.service"}). Pure. */
void item_name_command(const char *plugin, const char *const argv[], char out[ITEM_NAME_MAX + 1]);

#endif
