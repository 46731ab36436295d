/* SPDX-License-Identifier: Apache-2.0
 *
 * From the engineer's signed request to the customer's signed grant. The prompt is drawn from
 * what was verified here; the grant says exactly what stood on the screen and was ticked.
 */
#include "agent/broker_priv.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/base/hex.h"
#include "proto/e2e/grant.h"
#include "proto/wire/messages.h"

/* ---- the request ---- */

static int verify(struct broker *b, const uint8_t *p, size_t n, bool more, struct request *out)
{
	struct request_expect expect = {
	    .ca_pem = (const char *)b->config->ca_pem,
	    .ca_len = b->config->ca_len,
	    .now = clock_wall_s(),
	};
	struct cert_engineer shown;
	int err = cert_check_engineer(b->peer.chain, b->peer.chain_len, expect.ca_pem,
				      expect.ca_len, expect.now, &shown);
	if (err < 0)
		return err;

	memcpy(expect.binding, b->peer.binding, sizeof expect.binding);
	memcpy(expect.broker_nonce, b->nonce, sizeof expect.broker_nonce);
	memcpy(expect.hello_hash, b->hello_hash, sizeof expect.hello_hash);
	memcpy(expect.agent_spki_sha256, b->peer.agent_spki_sha256,
	       sizeof expect.agent_spki_sha256);
	memcpy(expect.peer_spki_sha256, shown.spki_sha256, sizeof expect.peer_spki_sha256);

	struct request r;
	err = request_verify(p, n, &expect, &r);
	if (err < 0)
		return err;
	if (more &&
	    (r.body.grant_id.size != sizeof b->grant_id ||
	     memcmp(r.body.grant_id.bytes, b->grant_id, sizeof b->grant_id) != 0 ||
	     memcmp(r.body.session_id, b->request.body.session_id, sizeof r.body.session_id) != 0))
		return AS_E_REQ_BINDING;
	if (!more && r.body.grant_id.size != 0)
		return AS_E_REQ_INVALID;
	*out = r;
	return 0;
}

static void note_request(struct broker *b, const struct scope *scopes, size_t n)
{
	const as_RequestBody *r = &b->request.body;
	char session[33], sha[65], rights[RECORD_VALUE_MAX];
	struct record_field f[] = {
	    {.name = "session", .text = hex_encode(r->session_id, 16, session)},
	    {.name = "engineer", .text = b->request.engineer.name},
	    {.name = "engineer_id", .text = b->request.engineer.id},
	    {.name = "organisation", .text = b->request.engineer.organisation},
	    {.name = "ticket", .text = r->ticket},
	    {.name = "reason", .text = r->reason},
	    {.name = "rights", .text = record_rights(scopes, n, rights)},
	    {.name = "duration_s", .number = r->duration_s},
	    {.name = "request_sha256", .text = hex_encode(b->request.sha256, 32, sha)},
	};

	broker_note(b, RECORD_REQUESTED, f, sizeof f / sizeof f[0]);
}

void request_on_message(struct broker *b, const uint8_t *p, size_t n, bool more)
{
	struct request r;
	struct scope scopes[SCOPES_MAX];
	enum session_state want = more ? SESSION_ACTIVE : SESSION_AUTHED;
	struct session_event ev = {.type = more ? SESSION_EV_SCOPE_REQ_OK : SESSION_EV_REQ_OK,
				   .scopes = scopes};
	int err = 0;

	/* In any other state the table decides without our looking at the bytes. */
	if (b->session.state == want) {
		err = verify(b, p, n, more, &r);
		for (size_t i = 0; err == 0 && i < r.body.scopes_count; i++)
			err = msg_wish_read(&r.body.scopes[i], &scopes[ev.scope_count++]);
		if (err == 0) {
			b->request = r;
			note_request(b, scopes, ev.scope_count);
			ev.duration_s = r.body.duration_s;
		}
	}
	if (err < 0 || b->session.state != want) {
		ev = (struct session_event){.type = more ? SESSION_EV_SCOPE_REQ_BAD
							 : SESSION_EV_REQ_BAD,
					    .err = err < 0 ? err : AS_ESTATE};
		if (more && b->session.state == SESSION_ACTIVE_PROMPT)
			ev.err = AS_E_PROMPT_BUSY;
	}
	broker_event(b, &ev);
}

/* ---- the prompt ---- */

#define LOOK_MS 2000 /* for all folders of one question: "stop" waits for nobody's file server */

/* The customer is told where a folder really lies, and there it is read: a link that is changed
 * later leads nowhere. One of which we cannot say it, all of it, is not read: real stays "". */
static void find_real(struct broker *b, struct consent *c)
{
	uint64_t until = clock_mono_ms() + LOOK_MS;

	for (size_t i = 0; i < c->asked_count; i++) {
		uint64_t now = clock_mono_ms();
		char *real = b->asked_real[i];

		real[0] = c->real[i][0] = '\0';
		if (c->asked[i].kind != SCOPE_FILES)
			continue;
		plat_real_path(c->asked[i].target, now < until ? (unsigned)(until - now) : 0, real,
			       sizeof c->real[i]);
		if (strcmp(real, c->asked[i].target) != 0)
			snprintf(c->real[i], sizeof c->real[i], "%s", real);
	}
}

/* What no operation of this system's catalogue needs cannot be allowed, so that nobody waits for
 * it. Of capture and command no system has one yet: they are asked, and what asks for them is
 * refused. */
static uint32_t impossible(const struct consent *c)
{
	uint32_t lines = 0;

	for (size_t i = 0; i < c->asked_count; i++) {
		enum scope_kind kind = c->asked[i].kind;
		bool served = kind == SCOPE_CAPTURE || kind == SCOPE_COMMAND;

		for (size_t k = 0; k < promise_count && !served; k++)
			served = promises[k].scope == kind;
		if (!served)
			lines |= UINT32_C(1) << i;
	}
	return lines;
}

/* After the yes: the same for what was granted. */
static void keep_real(struct broker *b)
{
	for (; b->granted_known < b->session.granted_count; b->granted_known++) {
		const struct scope *s = &b->session.granted[b->granted_known];
		char *real = b->granted_real[b->granted_known];

		snprintf(real, sizeof b->granted_real[0], "%s",
			 s->kind == SCOPE_PUT ? s->target : "");
		for (size_t i = 0; i < b->consent.asked_count; i++)
			if (scope_is_equal(&b->consent.asked[i], s))
				memcpy(real, b->asked_real[i], sizeof b->granted_real[0]);
	}
}

void request_show_prompt(struct broker *b, const struct session_effects *fx)
{
	const as_RequestBody *r = &b->request.body;
	struct consent *c = &b->consent;
	int64_t now = clock_wall_s();

	memset(c, 0, sizeof *c);
	snprintf(c->engineer_name, sizeof c->engineer_name, "%s", b->request.engineer.name);
	snprintf(c->engineer_id, sizeof c->engineer_id, "%s", b->request.engineer.id);
	snprintf(c->organisation, sizeof c->organisation, "%s", b->request.engineer.organisation);
	snprintf(c->phone, sizeof c->phone, "%s", b->config->phone);
	snprintf(c->ticket, sizeof c->ticket, "%s", r->ticket);
	snprintf(c->reason, sizeof c->reason, "%s", r->reason);
	snprintf(c->via_gateway, sizeof c->via_gateway, "%s", r->via_gateway);
	c->in_window = ui_is_window(b->ui);
	c->config_trusted = b->config->trusted;
	c->config_signed = b->config->signature[0] != '\0';
	c->escalation = b->granted;
	c->ends_at = b->granted ? b->expires_at : now + r->duration_s;
	c->duration_s = (uint32_t)(c->ends_at > now ? c->ends_at - now : 0);
	c->utc_offset_s = consent_utc_offset(c->ends_at);
	c->max_bytes = b->granted ? b->bytes_max : r->max_bytes_total;
	memcpy(c->asked, b->session.asked, sizeof c->asked);
	c->asked_count = b->session.asked_count;
	memcpy(c->granted, b->session.granted, sizeof c->granted);
	c->granted_count = b->session.granted_count;
	c->impossible = impossible(c);
	find_real(b, c);
	visits_describe(c);
	ui_show_prompt(b->ui, fx->prompt_id, c);
}

void request_send_pending(struct broker *b, const struct session_effects *fx)
{
	as_Pending m = {.prompt_id = fx->prompt_id, .expires_in_s = fx->expires_s, .position = 1};
	uint8_t bytes[64];
	int n = msg_encode(MSG_PENDING, &m, bytes, sizeof bytes);

	if (n > 0)
		network_send(b, MUX_PENDING, bytes, (size_t)n);
}

void request_send_deny(struct broker *b, int code)
{
	as_Deny m = {.code = err_to_wire(code)};
	uint8_t bytes[64];
	int n = msg_encode(MSG_DENY, &m, bytes, sizeof bytes);
	struct record_field f = {.name = "why", .text = err_name(code)};

	broker_note(b, RECORD_DENIED, &f, 1);
	if (n >= 0)
		network_send(b, MUX_DENY, bytes, (size_t)n);
}

void request_send_revoked(struct broker *b, int reason)
{
	as_Revoked m = {.reason = err_to_wire(reason), .at = (uint64_t)clock_wall_s()};
	uint8_t bytes[64];
	int n = msg_encode(MSG_REVOKED, &m, bytes, sizeof bytes);

	if (n >= 0)
		network_send(b, MUX_REVOKED, bytes, (size_t)n);
}

/* ---- the grant ---- */

static int fill_grant(struct broker *b, as_GrantBody *g, int64_t now)
{
	const as_RequestBody *r = &b->request.body;

	*g = (as_GrantBody){
	    .version = MSG_BODY_VERSION,
	    .not_before = (uint64_t)now,
	    .expires = (uint64_t)b->expires_at,
	    .lifetime_s = (uint32_t)(b->expires_at - now),
	    .max_bytes_total = b->bytes_max,
	    .has_redaction = true,
	    .has_consent = true,
	    .consent = {.method = 1, .uid = b->user.uid, .shown_ms = b->shown_ms},
	};
	memcpy(g->grant_id, b->grant_id, sizeof g->grant_id);
	memcpy(g->session_id, r->session_id, sizeof g->session_id);
	memcpy(g->request_sha256, b->request.sha256, sizeof g->request_sha256);
	memcpy(g->engineer_cert_sha256, b->request.engineer.cert_sha256,
	       sizeof g->engineer_cert_sha256);
	memcpy(g->agent_spki_sha256, b->peer.agent_spki_sha256, sizeof g->agent_spki_sha256);
	memcpy(g->binding0, b->peer.binding, sizeof g->binding0);
	if (b->granted) {
		memcpy(g->prev_grant_sha256.bytes, b->prev_grant, sizeof b->prev_grant);
		g->prev_grant_sha256.size = sizeof b->prev_grant;
	}
	snprintf(g->redaction.profile, sizeof g->redaction.profile, "none");
	snprintf(g->consent.user, sizeof g->consent.user, "%s", b->user.name);
	snprintf(g->consent.tty, sizeof g->consent.tty, "%s", b->user.tty);
	snprintf(g->host, sizeof g->host, "%s", b->user.host);
	snprintf(g->agent_build, sizeof g->agent_build, "assent-agent %s", ASSENT_VERSION);
	for (size_t i = 0; i < b->session.granted_count; i++)
		msg_scope_write(&b->session.granted[i], &g->scopes[g->scopes_count++]);
	return consent_sha256(&b->consent, b->ticks, g->consent.prompt_sha256);
}

static void note_grant(struct broker *b, const as_GrantBody *g)
{
	char until[CLOCK_TEXT_MAX], prompt[65], grant[65], rights[RECORD_VALUE_MAX];
	struct record_field f[] = {
	    {.name = "rights",
	     .text = record_rights(b->session.granted, b->session.granted_count, rights)},
	    {.name = "until", .text = clock_utc_text(b->expires_at, until)},
	    {.name = "prompt_sha256", .text = hex_encode(g->consent.prompt_sha256, 32, prompt)},
	    {.name = "shown_ms", .number = b->shown_ms},
	    {.name = "grant_sha256", .text = hex_encode(b->prev_grant, 32, grant)},
	};

	broker_note(b, RECORD_GRANTED, f, sizeof f / sizeof f[0]);
}

/* What this agent offers goes out behind the grant, so that the engineer's next question needs
 * no answer first. */
static void send_catalog(struct broker *b)
{
	static as_Catalog catalog; /* 14 KiB; filled anew each time */
	static uint8_t bytes[MUX_PAYLOAD_MAX];

	catalog.entries_count = 0;
	for (size_t i = 0; i < promise_count; i++) {
		as_CatalogEntry *e = &catalog.entries[catalog.entries_count++];

		*e = (as_CatalogEntry){.op_id = promises[i].op_id,
				       .scope = promises[i].scope,
				       .profiles = promises[i].profiles,
				       .flags = promises[i].flags};
		snprintf(e->name, sizeof e->name, "%s", promises[i].name);
		snprintf(e->asks, sizeof e->asks, "%s", promises[i].asks);
	}

	int n = msg_encode(MSG_CATALOG, &catalog, bytes, sizeof bytes);
	if (n > 0)
		network_send(b, MUX_CATALOG, bytes, (size_t)n);
	else
		broker_fault(b, AS_E_INTERNAL);
}

static void tell_customer(struct broker *b)
{
	char who[2 * CERT_TEXT_MAX + 8], clock[CONSENT_CLOCK_MAX];

	snprintf(who, sizeof who, "%s, %s", b->request.engineer.name,
		 b->request.engineer.organisation);
	ui_session_begin(b->ui, who, consent_clock(b->expires_at, b->consent.utc_offset_s, clock));
}

void request_sign_grant(struct broker *b)
{
	static as_GrantBody body;
	uint8_t bytes[GRANT_MAX];
	struct grant check;
	int64_t now = clock_wall_s();
	int err = 0;

	keep_real(b);
	if (!b->granted) { /* an escalation keeps the end and the amount of the first grant */
		err = uv_random(NULL, NULL, b->grant_id, sizeof b->grant_id, 0, NULL);
		b->granted_at = now;
		b->expires_at = now + b->request.body.duration_s;
		b->bytes_max = b->request.body.max_bytes_total;
	}
	if (err == 0)
		err = fill_grant(b, &body, now);

	int n = err < 0 ? err : grant_sign(&body, b->key, bytes, sizeof bytes);
	if (n > 0)
		err = grant_verify(bytes, (size_t)n, NULL, 0,
				   &check); /* what leaves is what counts */
	if (n <= 0 || err < 0) {
		broker_fault(b, AS_E_INTERNAL);
		return;
	}
	memcpy(b->prev_grant, check.sha256, sizeof b->prev_grant);
	note_grant(b, &body);
	if (b->closing)
		return; /* the record could not be written: nothing leaves */
	b->granted = true;
	network_send(b, MUX_GRANT, bytes, (size_t)n);
	send_catalog(b);
	tell_customer(b);
}
