/* SPDX-License-Identifier: Apache-2.0
 *
 * What others say to a session: the agreement engine, the agent's messages, the link. Every
 * callback here may run inside channel_feed(); none frees anything.
 */
#include "console/session_priv.h"

#include <stdio.h>
#include <string.h>

#include "console/bundle.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/e2e/inner.h"

/* ---- what the agreement engine says ---- */

static int on_agree_send(uint8_t type, const void *p, size_t n, void *owner)
{
	struct session *s = owner;
	return mux_send(link_mux(s->link), type, p, n);
}

static void on_authed(void *owner)
{
	struct session *s = owner;
	struct secret key = {.len = 0};
	char way[ROUTE_TEXT_MAX];

	(void)spake2_resume_key(s->agree.pake, &key); /* without a key no proof succeeds */
	comeback_init(&s->comeback, &key, s->agree.wish.session_id, s->agree.agent_spki_sha256,
		      &session_comeback_events, s);
	secret_done(&key);
	mux_set_authed(link_mux(s->link));
	if (s->agree.features & FEATURE_FAST_SUM)
		mux_set_fast_sum(link_mux(s->link));
	s->ops.features = s->agree.features;
	s->ping_ms = clock_mono_ms() + SESSION_PING_MS;
	s->state = SESSION_ASKING;
	events_connected(s->ev, s->setup.relay, link_way(s->link, way));
}

static void on_pending(uint32_t expires_in_s, void *owner)
{
	struct session *s = owner;

	if (expires_in_s > MSG_DURATION_MAX_S)
		expires_in_s = MSG_DURATION_MAX_S;
	s->deadline_ms = clock_mono_ms() + expires_in_s * UINT64_C(1000) + SESSION_ANSWER_MS;
	events_pending(s->ev, expires_in_s);
}

static int open_bundle(struct session *s, const as_GrantBody *g)
{
	struct bundle_about about = {
	    .out_dir = s->setup.args->out,
	    .host = g->host,
	    .started = clock_wall_s(),
	    .bytes_max = g->max_bytes_total,
	    .console_build = "assent-console " ASSENT_VERSION,
	    .agent_build = g->agent_build,
	    .agent_os = s->agree.agent_os,
	};

	memcpy(about.session_id, g->session_id, sizeof about.session_id);

	int err = bundle_create(&about, &s->bundle);
	if (err == 0)
		s->jobs.bundle = s->bundle;
	return err;
}

static void tell_grant(struct session *s, const as_GrantBody *g)
{
	const struct agree *a = &s->agree;
	struct scope refused[SCOPES_MAX];
	struct grant_view v = {.host = g->host,
			       .agent = g->agent_build,
			       .scopes = a->scopes,
			       .count = a->scopes_count,
			       .refused = refused,
			       .lifetime_s = g->lifetime_s};

	for (size_t i = 0; i < a->asked_count; i++) {
		bool granted = false;
		for (size_t j = 0; j < a->scopes_count; j++)
			granted = granted || scope_answers(&a->scopes[j], &a->asked[i]);
		if (!granted)
			refused[v.refused_count++] = a->asked[i];
	}
	events_granted(s->ev, &v);
}

static void on_granted(const struct grant *g, const uint8_t *msg, size_t n, void *owner)
{
	struct session *s = owner;
	int err = s->bundle ? 0 : open_bundle(s, &g->body);

	s->ops.bytes_max = g->body.max_bytes_total;

	s->deadline_ms = 0;
	s->catalog_due = true;
	if (s->granted_ms == 0)
		s->granted_ms = clock_mono_ms();
	tell_grant(s, &g->body);
	if (err == 0)
		err = bundle_grant(s->bundle, s->agree.request, s->agree.request_len, msg, n);
	if (err < 0)
		session_fail(s, err, "the bundle cannot be written");
	else if (session_may_resume(s))
		link_keep(s->link);
}

static void on_refused(int err, void *owner)
{
	struct session *s = owner;

	s->deadline_ms = 0;
	if (s->agree.state == AGREE_REFUSED) {
		s->denied = true;
		session_fail(s, err, "");
		return;
	}
	session_again(s, false);
	s->incomplete = true; /* an escalation: what was granted before stays */
	events_denied(s->ev, err);
	if (err == AS_E_PEER_LOST)
		events_withdrawn(s->ev);
	else
		events_error(s->ev, err, "");
	session_done(s);
}

const struct agree_events session_agree_events = {
    .send = on_agree_send,
    .on_authed = on_authed,
    .on_pending = on_pending,
    .on_granted = on_granted,
    .on_refused = on_refused,
};

/* ---- what coming back says ---- */

static int on_table(uint8_t *buf, size_t cap, void *owner)
{
	struct session *s = owner;
	return mux_resume_table(link_mux(s->link), buf, cap);
}

/* The question, if there was one, is over: what comes now says how. */
static int on_proved(const uint8_t *table, size_t n, void *owner)
{
	struct session *s = owner;
	int err = mux_resume(link_mux(s->link), table, n);

	if (err < 0)
		return err;
	link_is_back(s->link);
	s->suspended = false;
	s->ping_ms = clock_mono_ms() + SESSION_PING_MS;
	if (s->agree.state == AGREE_ESCALATING)
		s->deadline_ms = clock_mono_ms() + SESSION_HANDSHAKE_MS;
	events_resumed(s->ev);
	session_go_on(s);
	return 0;
}

const struct comeback_events session_comeback_events = {
    .send = on_agree_send,
    .table = on_table,
    .on_proved = on_proved,
};

/* ---- what the agent says ---- */

/* Follows every grant, so that the next command finds what it needs. */
static int on_catalog(struct session *s, const uint8_t *p, size_t n)
{
	if (!s->catalog_due || msg_decode(MSG_CATALOG, p, n, &s->catalog) < 0)
		return AS_E_PROTOCOL;
	s->catalog_due = false;
	session_again(s, true);
	return 0;
}

static int on_revoked(struct session *s, const uint8_t *p, size_t n)
{
	as_Revoked m;

	if (msg_decode(MSG_REVOKED, p, n, &m) < 0)
		return AS_E_PROTOCOL;
	session_fail(s, err_from_wire(m.reason) == AS_E_EXPIRED ? AS_E_EXPIRED : AS_E_REVOKED, "");
	return 0;
}

static int on_message(uint8_t type, const uint8_t *p, size_t n, void *owner)
{
	struct session *s = owner;
	int err;

	if (s->state >= SESSION_ENDING)
		return 0;
	if (s->suspended)
		return comeback_take(&s->comeback, type, p, n);
	switch (type) {
	case MUX_CATALOG:
		return on_catalog(s, p, n);
	case MUX_OPEN_OK:
	case MUX_OPEN_ERR:
		err = ops_message(&s->ops, type, p, n);
		break;
	case MUX_REVOKED:
		return agree_is_authed(&s->agree) ? on_revoked(s, p, n) : AS_E_PROTOCOL;
	case MUX_AUDIT_MARK:
		return 0; /* goes into the agent's own record */
	default:
		if (MUX_TYPE_MAY_IGNORE(type))
			return 0;
		return agree_take(&s->agree, type, p, n, clock_wall_s());
	}
	if (err == 0)
		session_settle(s);
	return err;
}

static int on_data(uint32_t stream, const uint8_t *p, size_t n, void *owner)
{
	struct session *s = owner;
	int err = ops_data(&s->ops, stream, p, n);

	if (err == 0)
		session_settle(s);
	return err;
}

static void on_fin(uint32_t stream, bool ok, void *owner)
{
	struct session *s = owner;

	ops_fin(&s->ops, stream, ok);
	session_settle(s);
}

static void on_reset(uint32_t stream, int code, void *owner)
{
	struct session *s = owner;

	ops_reset(&s->ops, stream, code);
	session_settle(s);
}

/* Inside mux_next(): whoever writes now goes on at once. */
static void on_room(uint32_t stream, void *owner)
{
	struct session *s = owner;
	ops_room(&s->ops, stream);
}

static void come_back(struct session *s, const uint8_t *binding, const uint8_t *spki)
{
	uint8_t nonce[32];
	int err = uv_random(NULL, NULL, nonce, sizeof nonce, 0, NULL);

	if (err == 0)
		err = comeback_start(&s->comeback, binding, spki, nonce);
	if (err < 0)
		session_fail(s, err, err == AS_E_RESUME ? "another agent answered" : "");
}

static void on_open(void *owner)
{
	struct session *s = owner;
	uint8_t binding[INNER_BINDING_LEN], spki[CERT_SHA256_LEN];
	int err = inner_binding(link_inner(s->link), binding);

	if (err == 0)
		err = inner_peer_spki_sha256(link_inner(s->link), spki);
	if (err < 0)
		session_fail(s, AS_E_TLS, "");
	else if (s->suspended)
		come_back(s, binding, spki);
	else if ((err = agree_open(&s->agree, binding, spki)) < 0)
		session_fail(s, err, "");
}

/* END without a word when we have not asked for it: the agent's program was closed. */
static void on_end(int code, void *owner)
{
	struct session *s = owner;

	if (s->state < SESSION_ENDING)
		session_fail(s, code ? code : AS_E_PEER_LOST, "");
}

/* ---- what the link says ---- */

static void on_reached(void *owner)
{
	struct session *s = owner;
	s->deadline_ms = clock_mono_ms() + SESSION_HANDSHAKE_MS;
}

static void on_joined(void *owner)
{
	struct session *s = owner;

	s->state = SESSION_PROVING;
	s->ops.mux = link_mux(s->link);
}

static void on_notice(uint32_t seconds, void *owner)
{
	struct session *s = owner;
	char text[96];

	snprintf(text, sizeof text, "The relay will go away in %u s; finish what you are doing.",
		 (unsigned)seconds);
	events_note(s->ev, text);
}

/* How long it is tried counts from here; the grant's own end runs on. */
static void on_lost(const char *detail, void *owner)
{
	struct session *s = owner;
	uint32_t left = session_left_s(s);

	comeback_lost(&s->comeback);
	s->suspended = true;
	s->for_s = s->setup.args->resume_s < left ? s->setup.args->resume_s : left;
	s->until_ms = clock_mono_ms() + s->for_s * UINT64_C(1000);
	s->ping_ms = s->deadline_ms = 0;
	events_suspended(s->ev, s->for_s, detail);
}

/* What an end means depends on when it comes, and on who says it: once the agent has proved
 * itself, the relay's word stands for the relay only. And an agent that goes just after it was
 * given a proof of the code has not liked it. */
static int reason(const struct session *s, int why, bool from_relay)
{
	bool silent = why == 0 || why == AS_E_PEER_LOST || why == AS_E_TRUNCATED;

	if (agree_is_authed(&s->agree) && (from_relay || silent || why == AS_E_TIMEOUT))
		return AS_E_PEER_LOST;
	if (s->agree.state == AGREE_WAIT_PAKE_CB && silent)
		return AS_E_CODE_WRONG;
	return why;
}

static void on_gone(int why, const char *detail, bool from_relay, void *owner)
{
	struct session *s = owner;

	s->link = NULL;
	why = reason(s, why, from_relay);
	if (s->state < SESSION_ENDING)
		session_tell(s, why ? why : AS_E_PEER_LOST, detail);
	session_wrap_up(s);
}

const struct link_events session_link_events = {
    .channel = {.mux = {.on_message = on_message,
			.on_data = on_data,
			.on_fin = on_fin,
			.on_reset = on_reset,
			.on_room = on_room},
		.on_open = on_open,
		.on_end = on_end},
    .on_reached = on_reached,
    .on_joined = on_joined,
    .on_notice = on_notice,
    .on_lost = on_lost,
    .on_gone = on_gone,
};
