/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/ipc.h"

#include <string.h>

#include "proto/base/err.h"
#include "proto/base/text.h"
#include "proto/wire/cursor.h"

#define PAKE_SHARE_LEN 65
#define HASH_LEN       32

/* How long the payload of each type may be. A type that is not here does not exist. */
static const struct {
	enum ipc_type type;
	size_t from, to;
} lengths[] = {
    {IPC_CONFIG, 1, IPC_PAYLOAD_MAX},
    {IPC_SOCKET, 6, IPC_WAY_LEN_MAX},
    {IPC_NONCE, HASH_LEN, HASH_LEN},
    {IPC_SEND, 0, MUX_PAYLOAD_MAX},
    {IPC_AUTHED, 0, 0},
    {IPC_DROP_PEER, 0, 0},
    {IPC_ACCEPT, 0, 0},
    {IPC_REFUSE, 0, 0},
    {IPC_DATA, 1, IPC_DATA_MAX},
    {IPC_FIN, 0, 0},
    {IPC_RESET, 0, 0},
    {IPC_END, 0, 0},
    {IPC_RESUMED, IPC_MAC_LEN, IPC_MAC_LEN},
    {IPC_LISTEN, 0, 0},
    {IPC_TOOK, 0, 0},
    {IPC_ALLOCATED, 0, 0},
    {IPC_PEER_UP, IPC_BINDING_LEN + HASH_LEN + 2, IPC_PEER_LEN_MAX},
    {IPC_HELLOS, HASH_LEN, HASH_LEN},
    {IPC_PAKE_A, PAKE_SHARE_LEN, PAKE_SHARE_LEN},
    {IPC_PAKE_CA, HASH_LEN, HASH_LEN},
    {IPC_REQUEST, 1, MUX_PAYLOAD_MAX},
    {IPC_OPEN, IPC_OPEN_LEN, IPC_OPEN_LEN},
    {IPC_CONSUMED, 0, 0},
    {IPC_PEER_LOST, 0, 0},
    {IPC_RELAY_LOST, 0, IPC_REPORT_MAX},
    {IPC_NOTICE, 0, 0},
    {IPC_RESUME, IPC_RESUME_HEAD + 2, IPC_RESUME_LEN_MAX},
    {IPC_REATTACHED, 0, 0},
    {IPC_INPUT, 1, MUX_PAYLOAD_MAX},
    {IPC_INPUT_END, 0, 0},
    {IPC_GREETED, 1, IPC_REPORT_MAX},
};

static struct ipc_msg read_header(struct cursor *c)
{
	struct ipc_msg m = {0};

	m.type = (enum ipc_type)cursor_u32(c);
	m.stream = cursor_u32(c);
	m.value = cursor_u64(c);
	m.code = cursor_u32(c);
	m.len = cursor_u32(c);
	return m;
}

int ipc_size(const uint8_t *buf, size_t n)
{
	if (n < IPC_HEADER)
		return 0;

	struct cursor c = cursor_over(buf, IPC_HEADER);
	struct ipc_msg m = read_header(&c);

	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
		if (lengths[i].type == m.type)
			return m.len < lengths[i].from || m.len > lengths[i].to
				   ? AS_E_PROTOCOL
				   : IPC_HEADER + (int)m.len;
	return AS_E_PROTOCOL;
}

int ipc_decode(const uint8_t *buf, size_t n, struct ipc_msg *out)
{
	if (ipc_size(buf, n) != (int)n || n == 0)
		return AS_E_PROTOCOL;

	struct cursor c = cursor_over(buf, n);
	struct ipc_msg m = read_header(&c);

	m.payload = cursor_take(&c, m.len);
	if (cursor_finish(&c) < 0)
		return AS_E_PROTOCOL;
	*out = m;
	return 0;
}

void ipc_header(const struct ipc_msg *m, uint8_t out[IPC_HEADER])
{
	struct writer w = writer_over(out, IPC_HEADER);

	writer_u32(&w, (uint32_t)m->type);
	writer_u32(&w, m->stream);
	writer_u64(&w, m->value);
	writer_u32(&w, m->code);
	writer_u32(&w, (uint32_t)m->len);
}

/* ---- struct ipc_way: carrier | system trust | only greet | host | port | path, each of these
 *      with its length in one byte ---- */

static void put_short(struct writer *w, const char *s)
{
	size_t n = strlen(s);

	writer_u8(w, (uint8_t)n);
	writer_put(w, s, n);
}

static void get_short(struct cursor *c, char *out, size_t cap)
{
	size_t n = cursor_u8(c);

	if (c->err == 0 && n >= cap)
		c->err = AS_EBADMSG;
	if (c->err < 0)
		return;
	cursor_copy(c, out, n);
	if (c->err == 0 && (strlen(out) != n || !text_is_clean(out, n)))
		c->err = AS_EBADMSG;
}

int ipc_way_encode(const struct ipc_way *way, uint8_t *buf, size_t cap)
{
	struct writer w = writer_over(buf, cap);

	writer_u8(&w, way->carrier);
	writer_u8(&w, way->system_trust);
	writer_u8(&w, way->only_greet);
	put_short(&w, way->host);
	put_short(&w, way->port);
	put_short(&w, way->path);
	return writer_finish(&w);
}

int ipc_way_decode(const uint8_t *p, size_t n, struct ipc_way *out)
{
	struct cursor c = cursor_over(p, n);
	struct ipc_way w = {0};

	w.carrier = cursor_u8(&c);
	w.system_trust = cursor_u8(&c);
	w.only_greet = cursor_u8(&c);
	get_short(&c, w.host, sizeof w.host);
	get_short(&c, w.port, sizeof w.port);
	get_short(&c, w.path, sizeof w.path);
	if (cursor_finish(&c) < 0 || w.carrier > 2 || w.system_trust > 1 || w.only_greet > 1)
		return AS_E_PROTOCOL;
	*out = w;
	return 0;
}

/* ---- struct ipc_peer: binding | spki | u8 length of group | group | chain ---- */

int ipc_peer_encode(const struct ipc_peer *p, uint8_t *buf, size_t cap)
{
	struct writer w = writer_over(buf, cap);
	size_t group_len = strlen(p->group);

	writer_put(&w, p->binding, sizeof p->binding);
	writer_put(&w, p->agent_spki_sha256, sizeof p->agent_spki_sha256);
	writer_u8(&w, (uint8_t)group_len);
	writer_put(&w, p->group, group_len);
	writer_put(&w, p->chain, p->chain_len);
	return writer_finish(&w);
}

int ipc_peer_decode(const uint8_t *p, size_t n, struct ipc_peer *out)
{
	struct cursor c = cursor_over(p, n);
	struct ipc_peer m = {0};

	cursor_copy(&c, m.binding, sizeof m.binding);
	cursor_copy(&c, m.agent_spki_sha256, sizeof m.agent_spki_sha256);

	size_t group_len = cursor_u8(&c);
	if (group_len > IPC_GROUP_MAX)
		return AS_E_PROTOCOL;
	cursor_copy(&c, m.group, group_len);
	m.chain_len = cursor_left(&c);
	if (m.chain_len == 0 || m.chain_len > IPC_CHAIN_MAX)
		return AS_E_PROTOCOL;
	cursor_copy(&c, m.chain, m.chain_len);
	if (cursor_finish(&c) < 0 || !text_is_clean(m.group, group_len) ||
	    strlen(m.group) != group_len)
		return AS_E_PROTOCOL;
	*out = m;
	return 0;
}

/* ---- struct ipc_open: op id | comp | arguments ---- */

void ipc_open_encode(const struct ipc_open *o, uint8_t out[IPC_OPEN_LEN])
{
	struct writer w = writer_over(out, IPC_OPEN_LEN);

	writer_u32(&w, o->op_id);
	writer_u32(&w, o->comp);
	op_args_put(&w, &o->args);
}

int ipc_open_decode(const uint8_t *p, size_t n, struct ipc_open *out)
{
	struct cursor c = cursor_over(p, n);
	struct ipc_open o = {0};

	o.op_id = cursor_u32(&c);
	o.comp = cursor_u32(&c);
	op_args_get(&c, &o.args);
	if (cursor_finish(&c) < 0 || o.comp > 1)
		return AS_E_PROTOCOL;
	*out = o;
	return 0;
}

/* ---- struct ipc_resume: n | session id | mac | u16 length of table | table | own ---- */

int ipc_resume_encode(const struct ipc_resume *r, uint8_t *buf, size_t cap)
{
	struct writer w = writer_over(buf, cap);

	writer_u32(&w, r->n);
	writer_put(&w, r->session_id, sizeof r->session_id);
	writer_put(&w, r->mac, sizeof r->mac);
	writer_u16(&w, (uint16_t)r->table_len);
	writer_put(&w, r->table, r->table_len);
	writer_put(&w, r->own, r->own_len);
	return writer_finish(&w);
}

static bool is_table_len(size_t n)
{
	return n > 0 && n <= MUX_TABLE_LEN_MAX;
}

int ipc_resume_decode(const uint8_t *p, size_t n, struct ipc_resume *out)
{
	struct cursor c = cursor_over(p, n);
	struct ipc_resume r = {0};

	r.n = cursor_u32(&c);
	cursor_copy(&c, r.session_id, sizeof r.session_id);
	cursor_copy(&c, r.mac, sizeof r.mac);
	r.table_len = cursor_u16(&c);
	r.table = cursor_take(&c, r.table_len);
	r.own_len = cursor_left(&c);
	r.own = cursor_take(&c, r.own_len);
	if (cursor_finish(&c) < 0 || !is_table_len(r.table_len) || !is_table_len(r.own_len))
		return AS_E_PROTOCOL;
	*out = r;
	return 0;
}
