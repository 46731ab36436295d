/* SPDX-License-Identifier: Apache-2.0
 *
 * A lost connection while a grant is in force: everything stands still, the customer knows at
 * once, and assent-dial is started again and again until the session's time to come back is
 * over. Whoever comes back must show the engineer's key, a certificate that is still good, and
 * the proof that is made from the code (e2e/resume.h).
 *
 *   reconnect_pause() -> [reconnect_later() -> network_dial()]* -> reconnect_on_peer_up()
 *   -> reconnect_on_hellos() -> reconnect_on_proof() -> reconnect_continue()
 */
#include "agent/broker_priv.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/clock.h"
#include "proto/base/err.h"

#define FIRST_MS 500 /* at most, before the first try */
#define LEAST_MS 1000
#define MOST_MS	 60000
#define DIAL_MS	 25000 /* assent-dial gives up by itself before */
#define AGAIN_MS 50    /* a child that was killed is not gone yet */

/* ---- when to try ---- */

uint64_t reconnect_delay_ms(unsigned tries, uint32_t random, uint64_t left_ms)
{
	uint64_t top = tries < 6 ? (uint64_t)LEAST_MS << tries : MOST_MS;

	if (tries == 0)
		return random % FIRST_MS;
	if (top > left_ms / 2)
		top = left_ms / 2;
	return top <= LEAST_MS ? LEAST_MS : LEAST_MS + random % (top - LEAST_MS);
}

static void on_try(uv_timer_t *t);

static void wait_for(struct broker *b, uint64_t ms)
{
	if (!b->closing)
		uv_timer_start(&b->redial, on_try, ms, 0);
}

/* Also the watch over a child that does not answer. */
static void on_try(uv_timer_t *t)
{
	struct broker *b = t->data;

	if (b->session.state != SESSION_SUSP)
		return;
	if (!network_may_dial(b)) {
		network_end_dial(b);
		wait_for(b, AGAIN_MS);
		return;
	}
	b->tries++;

	int err = network_dial(b);
	if (err < 0) {
		network_end_dial(b);
		reconnect_later(b);
	}
}

void reconnect_watch(struct broker *b)
{
	if (b->session.state == SESSION_SUSP)
		wait_for(b, DIAL_MS);
}

void reconnect_later(struct broker *b)
{
	uint64_t until = session_deadline(&b->session), now = clock_mono_ms();
	uint32_t random = 0;

	if (b->session.state != SESSION_SUSP)
		return;
	uv_random(NULL, NULL, &random, sizeof random, 0, NULL); /* 0 will do */
	wait_for(b, reconnect_delay_ms(b->tries, random, until > now ? until - now : 0));
}

void reconnect_stop_trying(struct broker *b)
{
	uv_timer_stop(&b->redial);
}

/* ---- what the customer reads ---- */

static const char *how_long(uint32_t s, char *out, size_t cap)
{
	bool minutes = s >= 60 && s % 60 == 0;
	unsigned n = minutes ? s / 60 : s;

	snprintf(out, cap, "%u %s%s", n, minutes ? "minute" : "second", n == 1 ? "" : "s");
	return out;
}

void reconnect_pause(struct broker *b, uint32_t for_s)
{
	struct record_field f = {.name = "for_s", .number = for_s};
	char time[32];

	operations_pause(b);
	b->tries = 0;
	b->back_is = BROKER_NOBODY;
	b->lost_ms = clock_mono_ms();
	ui_message(b->ui, "The connection is lost. Trying again for %s. Nothing is sent meanwhile.",
		   how_long(for_s, time, sizeof time));
	ui_tell_how_to_end(b->ui);
	broker_note(b, RECORD_SUSPENDED, &f, 1);
}

void reconnect_continue(struct broker *b)
{
	struct record_field f = {.name = "away_ms", .number = clock_mono_ms() - b->lost_ms};

	uv_timer_stop(&b->redial);
	ui_message(b->ui, "The connection is back.");
	broker_note(b, RECORD_RESUMED, &f, 1);
	if (!b->closing)
		operations_continue(b);
}

/* ---- who comes back ---- */

static void refuse(struct broker *b, int err)
{
	b->back_is = BROKER_NOBODY;
	broker_event_type(b, SESSION_EV_RESUME_BAD);
	if (!b->closing)
		network_tell(b, IPC_DROP_PEER, 0, err);
}

/* The engineer of before, by his key; his certificate may have run out since. */
static int check_peer(const struct broker *b, const struct ipc_peer *p)
{
	struct cert_engineer shown;
	int err = cert_check_engineer(p->chain, p->chain_len, (const char *)b->config->ca_pem,
				      b->config->ca_len, clock_wall_s(), &shown);

	if (err < 0)
		return err;
	if (memcmp(shown.spki_sha256, b->request.engineer.spki_sha256, sizeof shown.spki_sha256) ||
	    memcmp(p->agent_spki_sha256, b->peer.agent_spki_sha256, sizeof p->agent_spki_sha256))
		return AS_E_RESUME;
	return 0;
}

void reconnect_on_peer_up(struct broker *b, const struct ipc_msg *m)
{
	uint8_t random[sizeof b->nonce];
	struct ipc_msg nonce = {
	    .type = IPC_NONCE, .stream = m->stream, .payload = random, .len = sizeof random};

	b->back_is = BROKER_NOBODY;
	if (ipc_peer_decode(m->payload, m->len, &b->back) < 0 ||
	    uv_random(NULL, NULL, random, sizeof random, 0, NULL) < 0) {
		broker_fault(b, AS_E_INTERNAL);
		return;
	}

	int err = check_peer(b, &b->back);
	if (err < 0) {
		refuse(b, err);
		return;
	}
	b->back_is = BROKER_ENGINEER;
	link_send(&b->net, &nonce);
}

void reconnect_on_hellos(struct broker *b)
{
	if (b->back_is == BROKER_ENGINEER)
		b->back_is = BROKER_GREETED;
	else
		refuse(b, AS_E_RESUME);
}

/* Requests go on to name the first connection, which the code was proved on; what may be new is
 * the engineer's certificate. */
static void keep_chain(struct broker *b)
{
	memcpy(b->peer.chain, b->back.chain, b->back.chain_len);
	b->peer.chain_len = b->back.chain_len;
}

/* Our half of the proof. The key of the next time is made with it. */
static int answer(struct broker *b, const struct ipc_resume *r, uint8_t mac[RESUME_MAC_LEN],
		  uint32_t *n)
{
	int err = resume_mac(&b->resume, RESUME_AGENT, b->back.binding, b->request.body.session_id,
			     r->own, r->own_len, mac);

	*n = b->resume.n;
	return err < 0 ? err : resume_next(&b->resume, b->back.binding);
}

void reconnect_on_proof(struct broker *b, const struct ipc_msg *m)
{
	struct ipc_resume r;
	uint8_t mac[RESUME_MAC_LEN];
	uint32_t n;
	bool right = ipc_resume_decode(m->payload, m->len, &r) == 0 &&
		     b->session.state == SESSION_SUSP && b->back_is == BROKER_GREETED &&
		     memcmp(r.session_id, b->request.body.session_id, sizeof r.session_id) == 0 &&
		     resume_check(&b->resume, RESUME_CONSOLE, b->back.binding, r.session_id, r.n,
				  r.table, r.table_len, r.mac) == 0;

	if (!right) {
		refuse(b, AS_E_RESUME);
		return;
	}
	if (answer(b, &r, mac, &n) < 0) {
		broker_fault(b, AS_E_INTERNAL);
		return;
	}
	b->back_is = BROKER_NOBODY;
	keep_chain(b);

	struct session_effects fx =
	    broker_event(b, &(struct session_event){.type = SESSION_EV_RESUME_OK});
	if (!(fx.todo & SESSION_DO_CONTINUE) || b->closing)
		return;

	struct ipc_msg resumed = {
	    .type = IPC_RESUMED, .stream = m->stream, .code = n, .payload = mac, .len = sizeof mac};
	link_send(&b->net, &resumed);
}

/* The console's END. Before the proof it is believed only of who has the engineer's key. */
void reconnect_on_end(struct broker *b)
{
	if (b->back_is != BROKER_NOBODY)
		broker_event_type(b, SESSION_EV_PEER_END);
	else
		broker_fault(b, AS_E_PEER_LOST);
}
