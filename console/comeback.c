/* SPDX-License-Identifier: Apache-2.0 */
#include "console/comeback.h"

#include <string.h>

#include "console/agree.h"
#include "proto/base/err.h"
#include "proto/wire/messages.h"
#include "proto/wire/mux_frame.h"

#define HELLO_CAP 512

void comeback_init(struct comeback *c, const struct secret *key,
		   const uint8_t session_id[RESUME_ID_LEN],
		   const uint8_t agent_spki_sha256[CERT_SHA256_LEN],
		   const struct comeback_events *ev, void *owner)
{
	*c = (struct comeback){.ev = ev, .owner = owner};
	resume_init(&c->resume, key);
	memcpy(c->session_id, session_id, sizeof c->session_id);
	memcpy(c->agent_spki_sha256, agent_spki_sha256, sizeof c->agent_spki_sha256);
}

void comeback_done(struct comeback *c)
{
	resume_done(&c->resume);
	c->state = COMEBACK_AWAY;
}

int comeback_start(struct comeback *c, const uint8_t binding[RESUME_EXPORTER_LEN],
		   const uint8_t agent_spki_sha256[CERT_SHA256_LEN], const uint8_t nonce[32])
{
	if (memcmp(agent_spki_sha256, c->agent_spki_sha256, sizeof c->agent_spki_sha256) != 0)
		return AS_E_RESUME;
	memcpy(c->binding, binding, sizeof c->binding);
	memcpy(c->nonce, nonce, sizeof c->nonce);
	c->state = COMEBACK_WAIT_HELLO;
	return 0;
}

void comeback_lost(struct comeback *c)
{
	c->state = COMEBACK_AWAY;
}

static int send_hello(struct comeback *c)
{
	uint8_t buf[HELLO_CAP];
	as_Hello hello;

	agree_hello(c->nonce, &hello);

	int n = msg_encode(MSG_HELLO, &hello, buf, sizeof buf);

	return n < 0 ? n : c->ev->send(MUX_HELLO, buf, (size_t)n, c->owner);
}

static int send_resume(struct comeback *c)
{
	uint8_t buf[MUX_CONTROL_MAX];
	as_Resume m = {.n = c->resume.n};
	int n = c->ev->table(m.table.bytes, sizeof m.table.bytes, c->owner);

	if (n < 0)
		return n;
	m.table.size = (pb_size_t)n;
	memcpy(m.session_id, c->session_id, sizeof c->session_id);

	int err = resume_mac(&c->resume, RESUME_CONSOLE, c->binding, c->session_id, m.table.bytes,
			     m.table.size, m.mac);
	if (err < 0)
		return err;
	n = msg_encode(MSG_RESUME, &m, buf, sizeof buf);
	return n < 0 ? n : c->ev->send(MUX_RESUME, buf, (size_t)n, c->owner);
}

static int on_hello(struct comeback *c, const uint8_t *p, size_t n)
{
	as_Hello m;

	if (msg_decode(MSG_HELLO, p, n, &m) < 0)
		return AS_E_PROTOCOL;
	if (m.ver_min > MSG_VERSION || m.ver_max < MSG_VERSION)
		return AS_E_VERSION;

	int err = send_hello(c);
	if (err == 0)
		err = send_resume(c);
	if (err == 0)
		c->state = COMEBACK_WAIT_RESUMED;
	return err;
}

static int on_resumed(struct comeback *c, const uint8_t *p, size_t n)
{
	as_Resume m;

	if (msg_decode(MSG_RESUME, p, n, &m) < 0)
		return AS_E_PROTOCOL;
	if (memcmp(m.session_id, c->session_id, sizeof c->session_id) != 0)
		return AS_E_RESUME;

	int err = resume_check(&c->resume, RESUME_AGENT, c->binding, c->session_id, m.n,
			       m.table.bytes, m.table.size, m.mac);
	if (err == 0)
		err = resume_next(&c->resume, c->binding);
	if (err < 0)
		return err;
	c->state = COMEBACK_AWAY;
	return c->ev->on_proved(m.table.bytes, m.table.size, c->owner);
}

int comeback_take(struct comeback *c, uint8_t type, const uint8_t *p, size_t n)
{
	if (type == MUX_HELLO && c->state == COMEBACK_WAIT_HELLO)
		return on_hello(c, p, n);
	if (type == MUX_RESUMED && c->state == COMEBACK_WAIT_RESUMED)
		return on_resumed(c, p, n);
	return AS_E_PROTOCOL;
}
