/* SPDX-License-Identifier: Apache-2.0 */
#include "console/agree.h"

#include <stdio.h>
#include <string.h>

#include "console/identity.h"
#include "proto/base/err.h"
#include "proto/e2e/mux.h"
#include "proto/wire/messages.h"

#define HELLO_CAP 512

void agree_init(struct agree *a, const struct agree_wish *wish, const struct agree_events *ev,
		void *owner)
{
	*a = (struct agree){.ev = ev, .owner = owner, .wish = *wish};
}

void agree_done(struct agree *a)
{
	spake2_free(a->pake);
	a->pake = NULL;
	secret_done(&a->wish.w);
}

bool agree_is_authed(const struct agree *a)
{
	return a->state >= AGREE_ASKED;
}

bool agree_allows(const struct agree *a, enum scope_kind kind)
{
	for (size_t i = 0; i < a->scopes_count; i++)
		if (a->scopes[i].kind == kind)
			return true;
	return false;
}

static bool contains(const struct scope *list, size_t n, const struct scope *s)
{
	for (size_t i = 0; i < n; i++)
		if (scope_is_equal(&list[i], s))
			return true;
	return false;
}

/* Was it asked for? The customer says where files may be put. */
static bool is_answer(const struct scope *asked, size_t n, const struct scope *granted)
{
	for (size_t i = 0; i < n; i++)
		if (scope_answers(granted, &asked[i]))
			return true;
	return false;
}

static int send(struct agree *a, enum msg m, uint8_t type, const void *msg)
{
	uint8_t buf[HELLO_CAP]; /* HELLO is the longest that comes here */
	int n = msg_encode(m, msg, buf, sizeof buf);

	return n < 0 ? n : a->ev->send(type, buf, (size_t)n, a->owner);
}

void agree_hello(const uint8_t nonce[32], as_Hello *out)
{
	*out = (as_Hello){
	    .ver_min = MSG_VERSION,
	    .ver_max = MSG_VERSION,
	    .features = FEATURES,
	    .has_limits = true,
	    .limits = {MUX_STREAMS_MAX, MUX_WINDOW_FIRST, MUX_SESSION_WINDOW, MUX_PAYLOAD_MAX},
	    .product = "assent-console " ASSENT_VERSION,
	};
	memcpy(out->nonce, nonce, sizeof out->nonce);
}

static int hello_bytes(const struct agree *a, uint8_t out[HELLO_CAP])
{
	as_Hello hello;

	agree_hello(a->wish.nonce, &hello);
	return msg_encode(MSG_HELLO, &hello, out, HELLO_CAP);
}

int agree_open(struct agree *a, const uint8_t binding[32], const uint8_t agent_spki_sha256[32])
{
	uint8_t hello[HELLO_CAP];
	as_PakeShare share = {0};
	int len = hello_bytes(a, hello), err;

	if (a->state != AGREE_WAIT_OPEN)
		return AS_ESTATE;
	memcpy(a->binding, binding, sizeof a->binding);
	memcpy(a->agent_spki_sha256, agent_spki_sha256, sizeof a->agent_spki_sha256);
	a->pake = len < 0 ? NULL : spake2_new(SPAKE2_CONSOLE, &a->wish.w, NULL);
	secret_done(&a->wish.w);
	if (!a->pake)
		return AS_E_INTERNAL;
	spake2_share(a->pake, share.point);
	a->state = AGREE_WAIT_HELLO;
	err = a->ev->send(MUX_HELLO, hello, (size_t)len, a->owner);
	return err < 0 ? err : send(a, MSG_PAKE_SHARE, MUX_PAKE_A, &share);
}

/* Both HELLOs go into the PAKE's additional data, so a downgrade looks like a wrong code. */
static int bind_pake(struct agree *a, const uint8_t *theirs, size_t n)
{
	uint8_t ours[HELLO_CAP], aad[SPAKE2_AAD_LEN];
	int len = hello_bytes(a, ours);
	int err = len < 0 ? len : spake2_aad(a->binding, ours, (size_t)len, theirs, n, aad);

	if (err < 0)
		return err;
	memcpy(a->hello_hash, aad + 32, sizeof a->hello_hash);
	return spake2_bind(a->pake, aad);
}

static int on_hello(struct agree *a, const uint8_t *p, size_t n)
{
	as_Hello m;
	int err = msg_decode(MSG_HELLO, p, n, &m);

	if (err < 0)
		return AS_E_PROTOCOL;
	if (m.ver_min > MSG_VERSION || m.ver_max < MSG_VERSION)
		return AS_E_VERSION;
	memcpy(a->agent_nonce, m.nonce, sizeof a->agent_nonce);
	a->features = m.features & FEATURES;
	memcpy(a->agent_product, m.product, sizeof a->agent_product);
	memcpy(a->agent_os, m.os, sizeof a->agent_os);
	a->state = AGREE_WAIT_PAKE_B;
	return bind_pake(a, p, n);
}

static int on_pake_b(struct agree *a, const uint8_t *p, size_t n)
{
	as_PakeShare m;
	as_PakeConfirm own = {0};
	int err = msg_decode(MSG_PAKE_SHARE, p, n, &m);

	if (err == 0)
		err = spake2_take(a->pake, m.point, sizeof m.point);
	if (err < 0)
		return AS_E_PROTOCOL;
	err = spake2_mac(a->pake, own.mac);
	if (err < 0)
		return err;
	a->state = AGREE_WAIT_PAKE_CB;
	return send(a, MSG_PAKE_CONFIRM, MUX_PAKE_CA, &own);
}

static bool has_files(const struct scope *scopes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (scopes[i].kind == SCOPE_FILES)
			return true;
	return false;
}

/* Files are what is big. Later requests change nothing: the agent keeps the amount of the first. */
static uint64_t bytes_wanted(const struct agree_wish *w)
{
	if (w->max_bytes > 0)
		return w->max_bytes;
	return has_files(w->scopes, w->scopes_count) ? AGREE_BYTES_DEF_FILES : AGREE_BYTES_DEF;
}

static void fill_request(const struct agree *a, int64_t now, as_RequestBody *out)
{
	const struct cert_engineer *who = &a->wish.id->who;

	*out = (as_RequestBody){
	    .version = MSG_BODY_VERSION,
	    .duration_s = a->wish.duration_s,
	    .max_bytes_total = bytes_wanted(&a->wish),
	    .requested_at = (uint64_t)now,
	    .scopes_count = (pb_size_t)a->asked_count,
	};
	memcpy(out->session_id, a->wish.session_id, sizeof a->wish.session_id);
	memcpy(out->broker_nonce, a->agent_nonce, sizeof a->agent_nonce);
	memcpy(out->binding, a->binding, sizeof a->binding);
	memcpy(out->hello_hash, a->hello_hash, sizeof a->hello_hash);
	memcpy(out->agent_spki_sha256, a->agent_spki_sha256, sizeof a->agent_spki_sha256);
	snprintf(out->engineer_id, sizeof out->engineer_id, "%s", who->id);
	snprintf(out->engineer_name, sizeof out->engineer_name, "%s", who->name);
	snprintf(out->organisation, sizeof out->organisation, "%s", who->organisation);
	snprintf(out->ticket, sizeof out->ticket, "%s", a->wish.ticket);
	snprintf(out->reason, sizeof out->reason, "%s", a->wish.reason);
	snprintf(out->console_build, sizeof out->console_build, "assent-console %s",
		 ASSENT_VERSION);
	for (size_t i = 0; i < a->asked_count; i++)
		msg_scope_write(&a->asked[i], &out->scopes[i]);
}

static int ask(struct agree *a, uint8_t type, const as_RequestBody *body)
{
	const struct identity *id = a->wish.id;
	int n =
	    request_sign(body, id->key, id->chain, id->chain_len, a->request, sizeof a->request);

	a->request_len = n < 0 ? 0 : (size_t)n;

	int err = n < 0 ? n : request_sha256(a->request, a->request_len, a->request_sha256);

	return err < 0 ? err : a->ev->send(type, a->request, a->request_len, a->owner);
}

static int on_pake_cb(struct agree *a, const uint8_t *p, size_t n, int64_t now)
{
	as_PakeConfirm m;
	as_RequestBody body;

	if (msg_decode(MSG_PAKE_CONFIRM, p, n, &m) < 0)
		return AS_E_PROTOCOL;

	int err = spake2_check(a->pake, m.mac, sizeof m.mac);
	if (err < 0)
		return err;
	memcpy(a->asked, a->wish.scopes, a->wish.scopes_count * sizeof a->asked[0]);
	a->asked_count = a->wish.scopes_count;
	a->state = AGREE_ASKED;
	a->ev->on_authed(a->owner);
	fill_request(a, now, &body);
	return ask(a, MUX_SESSION_REQ, &body);
}

static int on_pending(struct agree *a, const uint8_t *p, size_t n)
{
	as_Pending m;

	if (msg_decode(MSG_PENDING, p, n, &m) < 0)
		return AS_E_PROTOCOL;
	a->ev->on_pending(m.expires_in_s, a->owner);
	return 0;
}

static bool is_same(const uint8_t *x, const uint8_t *y, size_t n)
{
	return memcmp(x, y, n) == 0;
}

/* A grant must be about this request, this connection and this engineer, and hold nothing that
 * was never asked for. The wall clock in it is the customer's and proves nothing here. */
static int check_grant(const struct agree *a, const struct grant *g)
{
	const as_GrantBody *b = &g->body;

	if (!is_same(b->session_id, a->wish.session_id, 16) ||
	    !is_same(b->request_sha256, a->request_sha256, 32) ||
	    !is_same(b->binding0, a->binding, 32) ||
	    !is_same(b->agent_spki_sha256, a->agent_spki_sha256, 32) ||
	    !is_same(b->engineer_cert_sha256, a->wish.id->who.cert_sha256, 32) ||
	    b->lifetime_s > a->wish.duration_s)
		return AS_E_PROTOCOL;
	if (a->state == AGREE_ESCALATING &&
	    (b->prev_grant_sha256.size != 32 ||
	     !is_same(b->prev_grant_sha256.bytes, a->grant.sha256, 32)))
		return AS_E_PROTOCOL;
	for (size_t i = 0; i < b->scopes_count; i++) {
		struct scope s;

		if (msg_scope_read(&b->scopes[i], &s) < 0 ||
		    (!is_answer(a->asked, a->asked_count, &s) &&
		     !contains(a->scopes, a->scopes_count, &s)))
			return AS_E_PROTOCOL;
	}
	return 0;
}

static int on_grant(struct agree *a, const uint8_t *p, size_t n)
{
	bool first = a->state == AGREE_ASKED;
	struct grant g;
	int err =
	    grant_verify(p, n, first ? NULL : a->grant.spki, first ? 0 : a->grant.spki_len, &g);

	if (err == 0)
		err = check_grant(a, &g);
	if (err < 0)
		return err == AS_EBADMSG ? AS_E_PROTOCOL : err;
	for (size_t i = 0; i < g.body.scopes_count; i++) {
		struct scope s;

		if (msg_scope_read(&g.body.scopes[i], &s) == 0 && a->scopes_count < SCOPES_MAX &&
		    !contains(a->scopes, a->scopes_count, &s))
			a->scopes[a->scopes_count++] = s;
	}
	a->grant = g;
	a->state = AGREE_GRANTED;
	a->ev->on_granted(&a->grant, p, n, a->owner);
	return 0;
}

static int on_deny(struct agree *a, const uint8_t *p, size_t n)
{
	as_Deny m;

	if (msg_decode(MSG_DENY, p, n, &m) < 0)
		return AS_E_PROTOCOL;
	a->state = a->state == AGREE_ESCALATING ? AGREE_GRANTED : AGREE_REFUSED;
	a->ev->on_refused(m.code ? err_from_wire(m.code) : AS_E_DENIED, a->owner);
	return 0;
}

int agree_take(struct agree *a, uint8_t type, const uint8_t *p, size_t n, int64_t now)
{
	bool waiting = a->state == AGREE_ASKED || a->state == AGREE_ESCALATING;

	if (type == MUX_HELLO && a->state == AGREE_WAIT_HELLO)
		return on_hello(a, p, n);
	if (type == MUX_PAKE_B && a->state == AGREE_WAIT_PAKE_B)
		return on_pake_b(a, p, n);
	if (type == MUX_PAKE_CB && a->state == AGREE_WAIT_PAKE_CB)
		return on_pake_cb(a, p, n, now);
	if (type == MUX_PENDING && waiting)
		return on_pending(a, p, n);
	if (type == MUX_GRANT && waiting)
		return on_grant(a, p, n);
	if (type == MUX_DENY && waiting)
		return on_deny(a, p, n);
	return AS_E_PROTOCOL;
}

int agree_escalate(struct agree *a, const struct scope *scopes, size_t n, int64_t now)
{
	as_RequestBody body;

	if (a->state != AGREE_GRANTED)
		return AS_ESTATE;
	a->asked_count = 0;
	for (size_t i = 0; i < n && a->asked_count < SCOPES_MAX; i++)
		if (!contains(a->scopes, a->scopes_count, &scopes[i]) &&
		    !contains(a->asked, a->asked_count, &scopes[i]))
			a->asked[a->asked_count++] = scopes[i];
	if (a->asked_count == 0)
		return AS_EEXISTS;
	if (a->asked_count + a->scopes_count > SCOPES_MAX)
		return AS_E_QUOTA;
	fill_request(a, now, &body);
	body.grant_id.size = sizeof a->grant.body.grant_id;
	memcpy(body.grant_id.bytes, a->grant.body.grant_id, sizeof a->grant.body.grant_id);

	int err = ask(a, MUX_SCOPE_REQ, &body);
	if (err == 0)
		a->state = AGREE_ESCALATING;
	return err;
}
