/* SPDX-License-Identifier: Apache-2.0
 *
 * From "HOST:PORT" to a connected TCP handle: resolves the name and tries its addresses in
 * the resolver's order until one answers. Used in-process by the console and by
 * libexec/assent-dial for the agent, whose network process may do neither.
 *
 * Life: dial_start() -> on_done() exactly once, also after dial_cancel().
 */
#ifndef AS_TRANSPORT_DIAL_H
#define AS_TRANSPORT_DIAL_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define DIAL_TIMEOUT_MS 20000 /* for the whole way, all addresses together */
#define DIAL_ONE_MS	6000  /* for one address, when there is another one to try */

/* The step that failed, for the person who reads the message. */
enum dial_step {
	DIAL_OK,
	DIAL_NAME,    /* the name has no address */
	DIAL_CONNECT, /* no address answered; err is the last one's */
};

struct dial;

/* DIAL_OK: tcp is on the heap and the callee's (hop_open() takes it). Else tcp is NULL and err
 * says why: UV_EAI_*, UV_E*, UV_ETIMEDOUT, UV_ECANCELED. The dial is freed just before. */
typedef void (*dial_done)(enum dial_step step, int err, uv_tcp_t *tcp, void *owner);

/* Negative: on_done will not come (AS_ECONFIG: not HOST:PORT). */
int dial_start(uv_loop_t *loop, const char *host_port, uint64_t timeout_ms, dial_done on_done,
	       void *owner, struct dial **out);
void dial_cancel(struct dial *d); /* on_done() comes with UV_ECANCELED; may be called twice */

/* Closes and frees a handle that nobody wants. */
void dial_drop(uv_tcp_t *tcp);

#endif
