/* SPDX-License-Identifier: Apache-2.0
 *
 * The ways of a link to the relay: one after the other until one leads there, and again when the
 * connection was lost.
 */
#include <stdio.h>
#include <string.h>

#include "console/link_priv.h"
#include "console/retry.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/transport/dial_hop.h"

#define ATTACH_MS 10000 /* from REATTACH to PAIRED */

/* ---- the hop ---- */

static int send_arrival(struct link *l, struct hop *h)
{
	struct relay_frame f = {.type = RELAY_JOIN, .join_id = l->join_id};

	if (l->lost) {
		f = (struct relay_frame){.type = RELAY_REATTACH, .reattach = {.id = l->join_id}};
		memcpy(f.reattach.handle, l->handle, sizeof l->handle);
		l->until_ms = clock_mono_ms() + ATTACH_MS;
	}
	return hop_send(h, &f);
}

/* JOIN does not wait for the relay's HELLO: one round trip less before the customer sees us. */
static void on_ready(struct hop *h, void *owner)
{
	struct link *l = owner;
	struct relay_frame hello = {
	    .type = RELAY_HELLO,
	    .hello = {RELAY_ROLE_CONSOLE, RELAY_VERSION, RELAY_VERSION, RELAY_TAKES_SEALED},
	};
	int err = hop_send(h, &hello);

	l->ready = true;
	if (err == 0)
		err = send_arrival(l, h);
	if (err < 0) {
		link_close(l, err);
	} else if (!l->lost) {
		l->ev->on_reached(l->owner);
		if (!l->closing)
			link_begin_handshake(l);
	}
}

static void on_low(struct hop *h, void *owner)
{
	(void)h;
	link_pump(owner);
}

static void way_failed(struct link *l, const struct report *r);

static void on_failed(const struct report *r, void *owner)
{
	struct link *l = owner;

	l->failed = true;
	l->failure = *r;
	memcpy(l->failure.address, l->dialled.address, sizeof l->failure.address);
	l->failure.addresses = l->dialled.addresses;
}

static void on_hop_gone(int why, const char *detail, void *owner)
{
	struct link *l = owner;

	static const char broke[] = "the connection to the relay broke",
			  silent[] = "nothing was heard of the relay for too long";

	l->hop = NULL;
	if (l->failed && !l->closing && !l->peer_ended) {
		l->ready = false;
		if (!l->lost) { /* what was said behind JOIN was said to nobody */
			channel_free(l->channel);
			l->channel = NULL;
			l->live = false;
		}
		way_failed(l, &l->failure);
		return;
	}
	if (l->keeps && !l->closing && !l->peer_ended) {
		l->ready = false;
		l->try_ms = 0;
		link_suspend(l, why == AS_E_TIMEOUT ? silent : broke);
		return;
	}
	if (detail[0] && !l->detail[0])
		link_say(l, detail);
	if (l->ready && !l->closing && !l->detail[0])
		link_say(l, why == AS_E_TIMEOUT ? silent : broke);
	if (l->closing)
		why = l->why;
	else if (l->peer_ended)
		why = 0;
	else if (!l->ready && err_name(why) == NULL)
		why = AS_E_RELAY;
	else if (l->ready && (why == 0 || err_name(why) == NULL))
		why = AS_E_PEER_LOST;
	link_gone(l, why);
}

static const struct hop_events hop_ev = {
    .on_ready = on_ready,
    .on_frame = link_on_frame,
    .on_low = on_low,
    .on_failed = on_failed,
    .on_gone = on_hop_gone,
};

/* ---- the ways ---- */

/* The one that says most, and what to do about it. */
static void say_failure(struct link *l)
{
	char text[REPORT_TEXT_MAX], advice[TRIES_ADVICE_MAX], way[ROUTE_TEXT_MAX];
	int i = tries_telling(&l->ways);

	if (i < 0)
		return;
	snprintf(l->detail, sizeof l->detail, "%.150s: %.400s. %.450s",
		 route_text(&l->ways.list.at[i], way),
		 report_text(&l->ways.list.at[i], &l->ways.reports[i], text),
		 tries_advice(&l->ways, &l->target, advice));
}

static int open_hop(struct link *l, uv_tcp_t *tcp)
{
	struct dial_hop to = {.hops = l->hops,
			      .way = tries_route(&l->ways),
			      .relay = l->target.host,
			      .outer = l->outer,
			      .carrier = &l->carrier};

	l->failed = false;
	return dial_hop(&to, tcp, &hop_ev, l, &l->hop);
}

static void on_dialled(const struct report *r, uv_tcp_t *tcp, void *owner)
{
	struct link *l = owner;

	l->dial = NULL;
	l->dialled = *r;
	if (l->closing) {
		if (tcp)
			dial_drop(tcp);
		link_gone(l, l->why);
		return;
	}
	if (r->step != REPORT_DONE) {
		way_failed(l, r);
		return;
	}

	int err = open_hop(l, tcp);
	if (err < 0)
		way_failed(l,
			   &(struct report){.step = REPORT_TLS, .why = REPORT_SYSTEM, .err = err});
}

int link_dial(struct link *l)
{
	return dial_start(l->loop, tries_route(&l->ways), DIAL_TIMEOUT_MS, on_dialled, l, &l->dial);
}

/* The next way; when there is none the next round, for who comes back, or the end. What the relay
 * itself has said is the reason then. */
static void way_failed(struct link *l, const struct report *r)
{
	struct report own = *r;

	while (tries_fail(&l->ways, &own)) {
		int err = link_dial(l);

		if (err == 0)
			return;
		own = (struct report){.step = REPORT_CONNECT, .why = REPORT_SYSTEM, .err = err};
	}
	l->dial = NULL;
	if (l->lost) {
		l->try_ms = 0;
		return;
	}
	say_failure(l);
	link_gone(l, own.why == REPORT_RELAY_SAYS ? own.err : AS_E_RELAY);
}

const char *link_way(const struct link *l, char buf[ROUTE_TEXT_MAX])
{
	return route_text(tries_route(&l->ways), buf);
}

/* ---- coming back ---- */

void link_keep(struct link *l)
{
	l->keeps = l->has_handle;
}

static void dial_again(struct link *l)
{
	l->try_ms = 0;
	l->tries++;
	/* no socket, no memory: that may be better at the next try, too */
	if (!tries_begin(&l->ways) || link_dial(l) < 0)
		l->dial = NULL;
}

void link_tick(struct link *l, uint64_t now_ms, uint64_t until_ms)
{
	uint32_t random = 0;

	if (l->closing || !l->lost || l->dial)
		return;
	if (l->hop) {
		if (l->until_ms > 0 && now_ms >= l->until_ms)
			link_lose(l, "");
		return;
	}
	if (l->try_ms == 0) {
		uv_random(NULL, NULL, &random, sizeof random, 0, NULL);
		l->try_ms = now_ms + retry_delay_ms(l->tries, random,
						    until_ms > now_ms ? until_ms - now_ms : 0);
	}
	if (now_ms >= l->try_ms)
		dial_again(l);
}

void link_is_back(struct link *l)
{
	l->lost = false;
	l->until_ms = 0;
}
