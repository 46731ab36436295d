/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the table and the clock (session.c) and what each event does (session_on.c).
 */
#ifndef AS_AGENT_SESSION_PRIV_H
#define AS_AGENT_SESSION_PRIV_H

#include "agent/session.h"

#define SESSION_NEVER UINT64_MAX

typedef void session_handler(struct session *s, const struct session_event *ev,
			     struct session_effects *out);

session_handler session_on_start;
session_handler session_on_allocated;
session_handler session_on_no_relay;
session_handler session_on_peer_up;
session_handler session_on_second_peer;
session_handler session_on_pake_sent;
session_handler session_on_pake_fail;
session_handler session_on_pake_lost;
session_handler session_on_pake_ok;
session_handler session_on_request;
session_handler session_on_bad_request;
session_handler session_on_more;
session_handler session_on_more_busy;
session_handler session_on_bad_more;
session_handler session_on_deny;
session_handler session_on_allow;
session_handler session_on_open;
session_handler session_on_open_early;
session_handler session_on_item_done;
session_handler session_on_revoke;
session_handler session_on_lost;
session_handler session_on_pause;
session_handler session_on_still_lost;
session_handler session_on_resume;
session_handler session_on_bad_resume;
session_handler session_on_clean_end;
session_handler session_on_bad_peer;
session_handler session_on_fault;
session_handler session_on_tick;

bool session_is_granted(const struct session *s); /* ACTIVE or ACTIVE_PROMPT */

/* The event was not expected here. */
void session_note(struct session *s, const struct session_event *ev, struct session_effects *out);

/* Nothing granted survives, and nothing leads back. told: the console hears END. */
void session_close(struct session *s, int reason, bool told, struct session_effects *out);

/* The console in PAKE is dropped and another may call. Once our share has left, every end but
 * success counts as a guess, or a thief could stop just before being wrong. */
void session_fail_pake(struct session *s, int code, struct session_effects *out);

/* The answer is no, or none came: the end for a first request, nothing new for a later one. */
void session_refuse(struct session *s, int code, struct session_effects *out);

#endif
