/* SPDX-License-Identifier: Apache-2.0
 *
 * From a way (route/route.h) to a connected TCP handle behind which the relay, or what carries it,
 * answers: resolves, connects, speaks to the proxy. Used in-process by the console and by
 * libexec/assent-dial for the agent, whose network process may do none of it.
 *
 * Life: dial_start() -> on_done() exactly once, also after dial_cancel().
 */
#ifndef AS_TRANSPORT_DIAL_H
#define AS_TRANSPORT_DIAL_H

#include <uv.h>

#include "proto/route/report.h"
#include "proto/route/route.h"
#include "proto/transport/own_login.h"
#include "proto/transport/race.h"

#define DIAL_TIMEOUT_MS 20000 /* for the whole way */
#define DIAL_PROXY_MS	10000 /* for the proxy's answers */
#define DIAL_PAGE_MS	4000  /* for the question whether there is a login page */

struct dial;

/* r->step DONE: tcp is on the heap and the callee's (hop_open() takes it). Else tcp is NULL and r
 * says what failed. The dial is freed just before; r ends with the call. */
typedef void (*dial_done)(const struct report *r, uv_tcp_t *tcp, void *owner);

/* Negative: on_done will not come. way is copied. */
int dial_start(uv_loop_t *loop, const struct route *way, uint64_t timeout_ms, dial_done on_done,
	       void *owner, struct dial **out);
/* Before the loop runs again. What own points to lives until on_done(). */
void dial_own_login(struct dial *d, const struct own_login *own);
void dial_cancel(struct dial *d); /* on_done() comes with UV_ECANCELED; may be called twice */

/* Closes and frees a handle that nobody wants. */
void dial_drop(uv_tcp_t *tcp);

#endif
