/* SPDX-License-Identifier: Apache-2.0
 *
 * The code and its proof. The secret is made here, shown once, fed into SPAKE2 here, and
 * wiped here; assent-net only carries the four messages.
 */
#include "agent/broker_priv.h"

#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/messages.h"

static void send_bytes(struct broker *b, uint8_t type, enum msg kind, const void *m)
{
	uint8_t bytes[128];
	int n = msg_encode(kind, m, bytes, sizeof bytes);

	if (n > 0)
		network_send(b, type, bytes, (size_t)n);
}

void code_show(struct broker *b)
{
	char text[CODE_TEXT_MAX];

	if (code_new(b->id, &b->code) < 0) {
		broker_fault(b, AS_E_INTERNAL);
		return;
	}
	ui_show_code(b->ui, code_format(&b->code, text), SESSION_CODE_MS / 60000);
	secret_wipe(text, sizeof text);
	broker_note(b, RECORD_CODE, NULL, 0);
}

void code_wipe(struct broker *b)
{
	secret_wipe(&b->code, sizeof b->code);
}

void pake_begin(struct broker *b)
{
	struct secret w = {0};
	uint8_t aad[SPAKE2_AAD_LEN];

	pake_end(b);
	memcpy(aad, b->peer.binding, 32);
	memcpy(aad + 32, b->hello_hash, 32);
	if (code_w(&b->code, &w) == 0)
		b->pake = spake2_new(SPAKE2_AGENT, &w, aad);
	secret_done(&w);
	if (!b->pake)
		broker_fault(b, AS_E_INTERNAL);
}

void pake_end(struct broker *b)
{
	spake2_free(b->pake);
	b->pake = NULL;
}

void pake_on_share(struct broker *b, const uint8_t *p, size_t n)
{
	as_PakeShare m = {0};

	if (b->session.state != SESSION_PAKE || !b->pake || spake2_take(b->pake, p, n) < 0) {
		broker_event(
		    b, &(struct session_event){.type = SESSION_EV_PEER_BAD, .err = AS_E_PROTOCOL});
		return;
	}
	/* From the moment our share leaves, the console can test one guess: count it from here. */
	broker_event_type(b, SESSION_EV_PAKE_SENT);
	if (!b->pake)
		return;
	spake2_share(b->pake, m.point);
	send_bytes(b, MUX_PAKE_B, MSG_PAKE_SHARE, &m);
}

void pake_on_confirm(struct broker *b, const uint8_t *p, size_t n)
{
	bool right =
	    b->session.state == SESSION_PAKE && b->pake && spake2_check(b->pake, p, n) == 0;

	broker_event_type(b, right ? SESSION_EV_PAKE_OK : SESSION_EV_PAKE_FAIL);
}

/* What outlives the code: the key that proves, after a lost connection, who comes back. */
static int keep_key(struct broker *b)
{
	struct secret key = {0};
	int err = spake2_resume_key(b->pake, &key);

	if (err == 0)
		resume_init(&b->resume, &key);
	secret_done(&key);
	return err;
}

void pake_confirm(struct broker *b)
{
	as_PakeConfirm m = {0};

	if (!b->pake || spake2_mac(b->pake, m.mac) < 0 || keep_key(b) < 0) {
		broker_fault(b, AS_E_INTERNAL);
		return;
	}
	send_bytes(b, MUX_PAKE_CB, MSG_PAKE_CONFIRM, &m);
	network_tell(b, IPC_AUTHED, 0, 0);
	code_wipe(b);
	pake_end(b);
	ui_message(b->ui,
		   "An engineer has entered your code. You will be asked before anything is sent.");
}
