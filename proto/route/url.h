/* SPDX-License-Identifier: Apache-2.0
 *
 * The few URLs that a configuration may contain: a proxy's, and a WebSocket's. Pure.
 */
#ifndef AS_ROUTE_URL_H
#define AS_ROUTE_URL_H

#include "proto/route/route.h"

/* [http://|socks5://|socks5h://][user[:password]@]host[:port][/]. Without a scheme it is http;
 * without a port 80, or 1080 for SOCKS. Why not, for a person, and never the URL itself: it may
 * contain a password. */
int url_proxy(const char *text, struct route_proxy *out, char why[ROUTE_WHY_MAX]);

/* ws://host[:port][/path] or wss://...; without a port 80 or 443. */
int url_websocket(const char *text, enum route_carrier *carrier, struct hostport *at,
		  char path[ROUTE_PATH_MAX + 1], char why[ROUTE_WHY_MAX]);

#endif
