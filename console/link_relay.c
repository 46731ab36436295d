/* SPDX-License-Identifier: Apache-2.0
 *
 * What the relay says on a link, and what the console makes of it.
 */
#include <string.h>

#include "console/link_priv.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

#define PROOF_MS 15000 /* from PEER_BACK to link_is_back() */

/* The agent is there again: both ends make a new handshake, around the same mux. */
static void on_peer_back(struct link *l)
{
	int err;

	if (!l->keeps) {
		link_close(l, AS_E_PROTOCOL);
		return;
	}
	if (!l->lost || l->live) {
		link_suspend(l, "the agent made a new connection");
		if (l->closing)
			return;
	}
	err = channel_resume(l->channel, l->inner);
	if (err == UV_ENOMEM) {
		link_lose(l, "");
		return;
	}
	if (err < 0) {
		link_close(l, err);
		return;
	}
	l->live = true;
	l->fresh = l->opened = false;
	l->heard_ms = clock_mono_ms();
	l->until_ms = l->heard_ms + PROOF_MS;
	link_pump(l);
}

static void on_paired(struct link *l, const struct relay_frame *f)
{
	if (f->paired.has_handle) {
		memcpy(l->handle, f->paired.handle, sizeof l->handle);
		l->has_handle = true;
	}
	if (l->paired && l->lost && !l->live) {
		l->until_ms = 0; /* from here on it is the agent that we wait for */
		return;
	}
	if (l->paired) {
		link_close(l, AS_E_PROTOCOL);
		return;
	}
	l->paired = true;
	l->heard_ms = clock_mono_ms();
	l->ev->on_joined(l->owner);
	link_pump(l);
}

static void said_by_relay(struct link *l, uint32_t code)
{
	int why = err_from_wire(code);

	if (l->peer_ended) {
		link_close(l, 0);
		return;
	}
	if (l->keeps)
		link_say(l, "the relay says that it has ended");
	l->from_relay = true;
	link_close(l, why ? why : AS_E_PEER_LOST);
}

/* An id that the relay does not know, not even by its handle, is over; so is a session whose
 * console may not come back. Everything else may be better at the next try. */
static bool is_final(int err)
{
	switch (err) {
	case AS_E_CODE_UNKNOWN:
	case AS_E_CODE_EXPIRED:
	case AS_E_CERT:
	case AS_E_VERSION:
		return true;
	default:
		return false;
	}
}

static void on_relay_error(struct link *l, uint32_t code)
{
	if (l->keeps && !l->peer_ended && !is_final(err_from_wire(code)))
		link_lose(l, "the relay ended the connection");
	else
		said_by_relay(l, code);
}

static void on_peer_lost(struct link *l)
{
	if (l->keeps && !l->peer_ended)
		link_suspend(l, "the agent's connection to the relay broke");
	else
		said_by_relay(l, err_to_wire(AS_E_PEER_LOST));
}

void link_on_frame(struct hop *h, const struct relay_frame *f, void *owner)
{
	struct link *l = owner;

	(void)h;
	switch (f->type) {
	case RELAY_HELLO:
		tries_succeed(&l->ways);
		if (f->hello.ver_min > RELAY_VERSION || f->hello.ver_max < RELAY_VERSION)
			link_close(l, AS_E_VERSION);
		break;
	case RELAY_PAIRED:
		on_paired(l, f);
		break;
	case RELAY_DATA:
	case RELAY_SEALED:
		link_feed(l, f->data.bytes, f->data.len);
		break;
	case RELAY_PEER_LOST:
		on_peer_lost(l);
		break;
	case RELAY_PEER_BACK:
		on_peer_back(l);
		break;
	case RELAY_CLOSE:
		said_by_relay(l, f->close.code);
		break;
	case RELAY_ERROR:
		on_relay_error(l, f->error_code);
		break;
	case RELAY_NOTICE:
		l->ev->on_notice(f->notice_s, l->owner);
		break;
	default:
		link_close(l, AS_E_PROTOCOL);
	}
}
