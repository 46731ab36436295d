/* SPDX-License-Identifier: Apache-2.0
 *
 * The pipe from assent-net, which an attacker may hold: the messages, and the structs in them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/ipc/ipc.h"
#include "proto/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

static void check_open(const struct ipc_msg *m)
{
	static struct ipc_open o;
	static uint8_t again[IPC_OPEN_LEN];

	if (ipc_open_decode(m->payload, m->len, &o) < 0)
		return;
	check(o.comp <= 1 && op_args_check(&o.args));
	for (size_t i = 0; i < OP_PATHS_MAX; i++)
		check(strlen(o.args.paths[i]) <= OP_PATH_MAX && o.args.paths[i][0] != '/' &&
		      !strstr(o.args.paths[i], "/../") && strncmp(o.args.paths[i], "../", 3) != 0);
	ipc_open_encode(&o, again);
	check(ipc_open_decode(again, sizeof again, &o) == 0);
}

static void check_peer(const struct ipc_msg *m)
{
	static struct ipc_peer p;
	static uint8_t again[IPC_PEER_LEN_MAX];

	if (ipc_peer_decode(m->payload, m->len, &p) < 0)
		return;
	check(p.chain_len > 0 && p.chain_len <= IPC_CHAIN_MAX);
	check(ipc_peer_encode(&p, again, sizeof again) == (int)m->len);
	check(memcmp(again, m->payload, m->len) == 0);
}

static void check_resume(const struct ipc_msg *m)
{
	struct ipc_resume r;
	static uint8_t again[IPC_RESUME_LEN_MAX];

	if (ipc_resume_decode(m->payload, m->len, &r) < 0)
		return;
	check(r.table_len > 0 && r.table_len <= MUX_TABLE_LEN_MAX);
	check(r.own_len > 0 && r.own_len <= MUX_TABLE_LEN_MAX);
	check(r.own + r.own_len == m->payload + m->len);
	check(ipc_resume_encode(&r, again, sizeof again) == (int)m->len);
	check(memcmp(again, m->payload, m->len) == 0);
}

static void check_way(const struct ipc_msg *m)
{
	struct ipc_way w;
	uint8_t again[IPC_WAY_LEN_MAX];

	if (ipc_way_decode(m->payload, m->len, &w) < 0)
		return;
	check(ipc_way_encode(&w, again, sizeof again) == (int)m->len);
	check(memcmp(again, m->payload, m->len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	while (size > 0) {
		struct ipc_msg m;
		int n = ipc_size(data, size);

		if (n <= 0 || (size_t)n > size)
			break;
		check(n <= (int)IPC_MESSAGE_MAX && ipc_decode(data, (size_t)n, &m) == 0);
		if (m.type == IPC_OPEN)
			check_open(&m);
		if (m.type == IPC_PEER_UP)
			check_peer(&m);
		if (m.type == IPC_SOCKET)
			check_way(&m);
		if (m.type == IPC_RESUME)
			check_resume(&m);
		data += n;
		size -= (size_t)n;
	}
	return 0;
}
