/* SPDX-License-Identifier: Apache-2.0
 *
 * The ways to the relay, in the one order in which they are tried (PROTOCOL.md section 3, L0):
 * a pure function of the configuration and the environment. Dialling, "--explain" and the
 * message after a failure all use this list, so that they cannot differ.
 *
 * For each path, in this order:    1. the configuration's proxy
 *                                  2. the environment's proxy (https_proxy, else all_proxy)
 *                                  3. the proxy that the system's settings name, or their script
 *                                  4. no proxy ("directly")
 *                                  5. the proxy that the network offers, where the system's
 *                                     settings let programs look for one
 * the carriers, in this order:     1. TLS to the relay, as it is
 *                                  2. the same TLS inside a WebSocket, inside a carrier TLS (wss)
 *                                  3. the same TLS inside a WebSocket (ws)
 *                                  4. TLS that this computer's certificates vouch for, when the
 *                                     configuration allows TLS inspection
 * What keeps the relay pinned comes before what does not. When all have failed and one of them was
 * direct, the relay's host is asked on port 80 for a page: who answers for it there and sends us to
 * another place is a network that wants a login first.
 *
 *   path      how the TCP connection is made: directly, or through a proxy
 *   carrier   what stands between that connection and the relay's TLS
 *   way       one path with one carrier: a struct route
 */
#ifndef AS_ROUTE_ROUTE_H
#define AS_ROUTE_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/hostport.h"

struct route_system;

#define ROUTE_USER_MAX	  128
#define ROUTE_PATH_MAX	  127
#define ROUTE_LIST_MAX	  512 /* no_proxy */
#define ROUTE_MAX	  21  /* 5 paths, 4 carriers; the page */
#define ROUTE_NOTES_MAX	  4
#define ROUTE_TEXT_MAX	  400
#define ROUTE_WHY_MAX	  200
#define ROUTE_PATH_USUAL  "/assent"
#define ROUTE_ENCODED_MAX 1024

/* SCRIPT, DETECT: an HTTP proxy that the process that dials asks the system for, because a script
 * chooses it: one that is set on this computer, or one that the network offers. */
enum route_via { ROUTE_DIRECT, ROUTE_HTTP, ROUTE_SOCKS5, ROUTE_SCRIPT, ROUTE_DETECT };
enum route_carrier { ROUTE_TLS, ROUTE_WSS, ROUTE_WS, ROUTE_PAGE }; /* PAGE: no way at all */

struct route_proxy {
	enum route_via via; /* DIRECT: there is none */
	struct hostport at;
	char user[ROUTE_USER_MAX + 1], password[ROUTE_USER_MAX + 1]; /* user "": none */
	/* The login of the person at this computer may answer it, without being asked for: only a
	 * proxy that an administrator's configuration or the system's settings name. */
	bool own_login;
};

struct route {
	struct route_proxy proxy;
	bool basic; /* the configuration allows the password in readable form */
	enum route_carrier carrier;
	bool system_trust; /* the relay's certificate need not be under the pinned CA */
	struct hostport to;
	char path[ROUTE_PATH_MAX + 1]; /* of the WebSocket */
};

/* ---- the configuration: keys that agent.conf and console.conf share ---- */

enum route_websocket { ROUTE_WS_AUTO, ROUTE_WS_NEVER, ROUTE_WS_AT };

struct route_config {
	struct route_proxy proxy;
	bool no_proxies; /* "proxy = none": not the environment's either */
	char no_proxy[ROUTE_LIST_MAX];
	bool basic, direct_never, inspection;
	enum route_websocket websocket;
	enum route_carrier ws_carrier; /* ROUTE_WS_AT */
	struct hostport ws_at;
	char ws_path[ROUTE_PATH_MAX + 1];
	bool has_password; /* the configuration itself contains one */
};

/*   proxy = URL | none           http://[user:password@]host:port, socks5h://...
 *   no-proxy = LIST              as no_proxy, for the configuration's own proxy
 *   proxy-auth = digest | basic  basic: the password may be sent in readable form
 *   direct = auto | never
 *   websocket = auto | never | ws://host[:port]/path | wss://...
 *   tls-inspection = refuse | allow
 * 1: not one of these; 0: taken; AS_ECONFIG with why. */
int route_config_set(struct route_config *c, const char *key, const char *value,
		     char why[ROUTE_WHY_MAX]);

/* "user:password" in the first line of a file of its own. AS_ECONFIG with why. */
int route_config_credentials(struct route_config *c, const char *text, size_t n,
			     char why[ROUTE_WHY_MAX]);

void route_config_wipe(struct route_config *c);

/* ---- the environment ---- */

struct route_env {
	const char *proxy; /* NULL: none */
	const char *name;  /* of the variable that named it */
	const char *no_proxy;
	const struct route_system *system; /* its own settings (system.h); NULL: it has none */
};

/* https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY and no_proxy, NO_PROXY; empty ones count as not
 * set. get: getenv(). */
struct route_env route_env(const char *(*get)(const char *name));

/* As curl does it, and ports: entries are separated by commas or blanks; "*" is everything; a name
 * stands for itself and what ends in ".name"; addresses may have a prefix length; "name:port". */
bool route_is_exempt(const struct hostport *to, const char *no_proxy);

/* ---- the list ---- */

struct route_list {
	struct route at[ROUTE_MAX];
	size_t count;
	char notes[ROUTE_NOTES_MAX][ROUTE_WHY_MAX]; /* what was not understood, for a person */
	size_t notes_count;
};

/* AS_ECONFIG: there is no way at all ("direct = never" without a proxy). Wipe it at its end. */
int route_list_make(const struct route_config *c, const struct route_env *env,
		    const struct hostport *relay, struct route_list *out);
void route_list_wipe(struct route_list *l);

/* Without a proxy and without a carrier. AS_ECONFIG: not HOST:PORT. */
int route_direct(const char *host_port, struct route *out);

/* The same TCP connection, up to the carrier? */
bool route_is_same_connection(const struct route *a, const struct route *b);

/* The same proxy, or none? */
bool route_is_same_path(const struct route *a, const struct route *b);

/* "the proxy proxy.example:3128", "the proxy that this network offers". Returns buf. */
#define ROUTE_PROXY_TEXT_MAX 300
const char *route_proxy_text(const struct route *r, char buf[ROUTE_PROXY_TEXT_MAX]);

/* "through the proxy proxy.example:3128, in a WebSocket"; "directly". Never a password. Returns
 * buf. */
const char *route_text(const struct route *r, char buf[ROUTE_TEXT_MAX]);

/* ---- what the process that dials is told: the path, not the carrier ---- */

int route_encode(const struct route *r, uint8_t *buf, size_t cap);
int route_decode(const uint8_t *p, size_t n, struct route *out); /* AS_EBADMSG */

#endif
