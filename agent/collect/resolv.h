/* SPDX-License-Identifier: Apache-2.0
 *
 * The name servers of /etc/resolv.conf. Pure.
 */
#ifndef AS_AGENT_COLLECT_RESOLV_H
#define AS_AGENT_COLLECT_RESOLV_H

#include <stddef.h>

#define RESOLV_SERVERS_MAX 8
#define RESOLV_ADDR_LEN	   63

struct resolv {
	size_t count;
	char at[RESOLV_SERVERS_MAX][RESOLV_ADDR_LEN + 1];
};

/* Adds the servers of one file to those that are there; known ones are not repeated. Lines that
 * are not understood are passed over, as the C library does. */
void resolv_parse(const char *text, size_t n, struct resolv *r);

#endif
