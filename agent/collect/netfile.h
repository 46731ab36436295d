/* SPDX-License-Identifier: Apache-2.0
 *
 * What the network collectors share: the small files of /sys/class/net, and the end of a file
 * that the kernel was asked for over netlink.
 */
#ifndef AS_AGENT_COLLECT_NETFILE_H
#define AS_AGENT_COLLECT_NETFILE_H

#include <stddef.h>

struct sink;

/* The first line of one of a link's files in /sys/class/net, cleaned; "" when it has none. */
const char *netfile_sysfs(const char *link, const char *attr, char *out, size_t cap);

/* Ends the open file: ok, or, when the kernel could not be asked, unavailable with the reason. A
 * failure of the sink itself is handed back, any other is not one of the run. */
int netfile_end(struct sink *s, int err);

#endif
