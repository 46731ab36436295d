/* SPDX-License-Identifier: Apache-2.0
 *
 * The choke point. Nothing is collected except through door_on_open(), and no collected byte
 * leaves except past door_may_send(). Both ask the state machine each time anew: a right that
 * was revoked or has expired since is gone at the very next byte.
 */
#include "agent/broker_priv.h"

#include <stdio.h>

#include "proto/base/clock.h"
#include "proto/base/err.h"

static void refuse(struct broker *b, uint32_t stream, const char *name, int err)
{
	struct record_field f[] = {
	    {.name = "name", .text = name},
	    {.name = "why", .text = err_name(err)},
	};

	broker_note(b, RECORD_REFUSED, f, 2);
	network_tell(b, IPC_REFUSE, stream, err);
}

/* "mail.example.com,10.0.0.7:25": what the engineer chose himself. */
static const char *chosen(const struct ipc_open *o, char *out, size_t cap)
{
	size_t n = (size_t)snprintf(out, cap, "%s", o->unit);

	for (size_t i = 0; i < o->names_count && n < cap; i++)
		n += (size_t)snprintf(out + n, cap - n, "%s%s", n ? "," : "", o->names[i]);
	return out;
}

static void note_opened(struct broker *b, uint32_t stream, const struct promise *p,
			const struct ipc_open *o)
{
	char text[(IPC_NAMES_MAX + 1) * (IPC_NAME_MAX + 1)];
	struct record_field f[] = {
	    {.name = "item", .number = stream},
	    {.name = "name", .text = p->name},
	    {.name = "right", .text = scope_kind_name(p->scope)},
	    {.name = "chosen", .text = chosen(o, text, sizeof text)},
	};

	broker_note(b, RECORD_OPENED, f, text[0] ? 4 : 3);
}

void door_on_open(struct broker *b, uint32_t stream, const uint8_t *bytes, size_t n)
{
	struct ipc_open open;
	struct scope want = {0};
	struct session_event ev = {.type = SESSION_EV_OPEN, .scopes = &want, .scope_count = 1};

	if (ipc_open_decode(bytes, n, &open) < 0) {
		broker_fault(b, AS_E_INTERNAL);
		return;
	}

	const struct promise *p = promise_find(open.op_id);
	if (!p) {
		refuse(b, stream, "unknown", AS_E_OP_UNKNOWN);
		return;
	}
	want.kind = p->scope;

	/* The one question. The state machine counts the item as running when it says yes. */
	struct session_effects fx = broker_event(b, &ev);
	if (!(fx.todo & SESSION_DO_OPEN)) {
		refuse(b, stream, p->name, fx.open_code != 0 ? fx.open_code : AS_E_SCOPE);
		return;
	}
	note_opened(b, stream, p, &open);
	if (b->closing)
		return; /* what cannot be recorded is not done */

	int err = operation_start(b, stream, p, &open);
	if (err < 0) {
		broker_event_type(b, SESSION_EV_ITEM_DONE);
		refuse(b, stream, p->name, err == AS_E_QUOTA ? err : AS_E_OP_FAILED);
	}
}

bool door_may_send(struct broker *b, const struct promise *p, uint64_t n)
{
	struct scope want = {.kind = p->scope};

	if (b->closing || !session_may_send(&b->session, clock_mono_ms()))
		return false;
	if (b->bytes_max > 0 && b->bytes_sent + n > b->bytes_max)
		return false;
	for (size_t i = 0; i < b->session.granted_count; i++)
		if (scope_is_equal(&b->session.granted[i], &want))
			return true;
	return false;
}
