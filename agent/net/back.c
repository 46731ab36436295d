/* SPDX-License-Identifier: Apache-2.0
 *
 * A lost connection, once the code was proved (PROTOCOL.md section 4): the mux with its streams
 * stays, the TLS around it goes, and a new one is made when the relay says that the console is
 * back. Who came back is for the broker to judge; until it has, nothing but the handshake passes.
 *
 *   back_suspend() -> [SOCKET, REATTACH, PAIRED] -> PEER_BACK: back_begin() -> HELLO both ways
 *   -> back_on_proof() -> broker -> back_accept()
 *
 * It may be lost again at each step. Every handshake has a number, so that what the broker said
 * about one of them is never taken for another.
 */
#include "agent/net/net_priv.h"

#include <string.h>

#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/wire/messages.h"
#include "proto/wire/tls_record.h"

_Static_assert(MUX_TABLE_LEN_MAX <= MSG_TABLE_MAX, "a table fits its message");

/* The console had sent it before it noticed the loss, under the keys of before. */
bool back_is_stale(struct net *n, const uint8_t *p, size_t len)
{
	if (!n->stale || len == 0)
		return false;
	n->stale = p[0] == TLS_RECORD_SEALED;
	return n->stale;
}

/* Another handshake makes good what was done to the bytes of this one; what the console said or
 * broke stays said. */
static bool is_curable(int err)
{
	switch (err) {
	case AS_E_TLS:
	case AS_E_CERT:
	case AS_E_CERT_EKU:
	case AS_E_CERT_EXPIRED:
	case AS_E_CLOCK:
	case AS_E_TRUNCATED:
	case AS_E_TIMEOUT:
	case AS_E_PEER_LOST:
	case UV_ENOMEM:
		return true;
	default:
		return false;
	}
}

void back_suspend(struct net *n)
{
	if (channel_is_suspended(n->channel))
		return;
	channel_suspend(n->channel);
	n->attempt++; /* what the broker still says about it comes to nothing */
	n->doomed = 0;
	n->hello_len = n->table_len = n->early_len = 0;
	n->greeted = n->early_pake = false;
	net_tell(n, IPC_PEER_LOST, 0, 0, AS_E_PEER_LOST);
}

void back_never(struct net *n, int why)
{
	peer_drop(n);
	net_tell(n, IPC_PEER_LOST, 0, 1, why);
}

/* The connection to the relay goes too: a new one makes both ends begin anew. */
void back_lose(struct net *n, int why)
{
	if (!is_curable(why)) {
		peer_lost(n, why);
		return;
	}
	back_suspend(n);
	if (n->hop)
		hop_close(n->hop, why);
}

void back_begin(struct net *n)
{
	back_suspend(n); /* when the console was replaced before anybody noticed */

	int err = channel_resume(n->channel, n->inner.ctx);
	if (err < 0) {
		back_lose(n, err);
		return;
	}
	n->stale = true;
	n->heard_ms = n->back_ms = clock_mono_ms();
	peer_pump(n);
}

bool back_is_overdue(const struct net *n, uint64_t now)
{
	return mux_is_suspended(channel_mux(n->channel)) && now - n->back_ms > NET_PROOF_MS;
}

/* ---- the proof ---- */

int back_on_proof(struct net *n, const uint8_t *p, size_t len)
{
	static as_Resume m; /* 4 KiB; filled anew each time */
	static uint8_t bytes[IPC_RESUME_LEN_MAX];

	if (!n->greeted || n->table_len > 0 || msg_decode(MSG_RESUME, p, len, &m) < 0 ||
	    m.table.size > sizeof n->table)
		return AS_E_PROTOCOL;

	int own = mux_resume_table(channel_mux(n->channel), n->own, sizeof n->own);
	if (own < 0)
		return own;
	memcpy(n->session_id, m.session_id, sizeof n->session_id);
	memcpy(n->table, m.table.bytes, m.table.size);
	n->table_len = m.table.size;
	n->own_len = (size_t)own;

	struct ipc_resume r = {
	    .n = m.n,
	    .table = n->table,
	    .table_len = n->table_len,
	    .own = n->own,
	    .own_len = n->own_len,
	};
	memcpy(r.session_id, m.session_id, sizeof r.session_id);
	memcpy(r.mac, m.mac, sizeof r.mac);

	int size = ipc_resume_encode(&r, bytes, sizeof bytes);
	if (size < 0)
		return AS_E_PROTOCOL;
	net_tell_bytes(n, IPC_RESUME, 0, n->attempt, bytes, (size_t)size);
	return 0;
}

/* The broker believes it: everything goes on, and the console gets our half of the proof. */
void back_accept(struct net *n, const struct ipc_msg *m)
{
	static as_Resume answer;
	static uint8_t bytes[as_Resume_size];
	struct mux *mux = channel_mux(n->channel);

	if (m->stream != n->attempt || n->table_len == 0)
		return; /* lost again while the broker was looking */

	answer = (as_Resume){.n = m->code};
	memcpy(answer.session_id, n->session_id, sizeof answer.session_id);
	memcpy(answer.mac, m->payload, sizeof answer.mac);
	memcpy(answer.table.bytes, n->own, n->own_len);
	answer.table.size = (pb_size_t)n->own_len;

	int len = msg_encode(MSG_RESUME, &answer, bytes, sizeof bytes);
	int err = len < 0 ? len : mux_resume(mux, n->table, n->table_len);
	if (err == 0)
		err = mux_send(mux, MUX_RESUMED, bytes, (size_t)len);
	n->table_len = 0;
	if (err < 0)
		peer_lost(n, err);
}
