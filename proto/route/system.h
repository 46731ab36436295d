/* SPDX-License-Identifier: Apache-2.0
 *
 * The proxy that an operating system's own settings name, in the words of Windows (WinINet,
 * WinHTTP), which a proxy script's answer uses, too. Pure; a script's answer is a stranger's.
 *
 *   proxies   "proxy:8080", or one for each protocol: "http=a:80;https=b:443;socks=c:1080"
 *   bypass    "*.example;10.*;<local>": whose connections go directly
 */
#ifndef AS_ROUTE_SYSTEM_H
#define AS_ROUTE_SYSTEM_H

#include "proto/route/route.h"

#define ROUTE_SYSTEM_TEXT_MAX 1024

struct route_system {
	char proxies[ROUTE_SYSTEM_TEXT_MAX]; /* "": none */
	char bypass[ROUTE_SYSTEM_TEXT_MAX];
	bool script; /* one is set, which chooses the proxy for each address */
	bool detect; /* one may be looked for in the network */
};

/* The first proxy for encrypted connections. 0: there is none; 1: it is in *out; AS_ECONFIG with
 * why: it cannot be read, or is of a kind that we do not have. *rest, unless NULL: what stands
 * behind it, for the next call. */
int system_proxy(const char *proxies, struct route_proxy *out, char why[ROUTE_WHY_MAX],
		 const char **rest);

bool system_is_exempt(const struct hostport *to, const char *bypass);

#endif
