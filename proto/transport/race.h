/* SPDX-License-Identifier: Apache-2.0
 *
 * From a name to one connected TCP handle: happy eyeballs (RFC 8305). IPv6 and IPv4 addresses are
 * asked for at the same time; the families take turns, IPv6 first; a new address is tried when the
 * one before has failed, or has said nothing for RACE_STAGGER_MS, and the first that stands wins.
 * So a broken IPv6 costs a quarter of a second, and a name server that answers only half of the
 * questions costs RACE_RESOLUTION_MS.
 *
 * Life: race_start() -> on_done() exactly once, unless race_stop() comes before. Both free it.
 */
#ifndef AS_TRANSPORT_RACE_H
#define AS_TRANSPORT_RACE_H

#include <uv.h>

#include "proto/base/hostport.h"
#include "proto/route/report.h"

#define RACE_RESOLUTION_MS 50  /* IPv4 is there, IPv6 may still come */
#define RACE_STAGGER_MS	   250 /* before the next address is tried as well */
#define RACE_NAME_MS	   12000
#define RACE_CONNECT_MS	   10000 /* all addresses, from the first attempt */
#define RACE_FAMILY_MAX	   8	 /* addresses of one family; more are not tried */

struct race;

/* tcp: on the heap and the callee's, with r->step DONE; or NULL, and r says which step failed. r
 * ends with the call. */
typedef void (*race_done)(const struct report *r, uv_tcp_t *tcp, void *owner);

/* Negative: on_done will not come. */
int race_start(uv_loop_t *loop, const struct hostport *to, race_done on_done, void *owner,
	       struct race **out);

/* on_done does not come any more. */
void race_stop(struct race *r);

/* What is known at this moment, for an owner whose patience has ended. */
struct report race_report(const struct race *r);

/* Closes and frees a handle that nobody wants. */
void race_drop(uv_tcp_t *tcp);

#endif
