/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/relay_stage.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proto/base/err.h"
#include "proto/transport/dial.h"

static void put_file(struct relay_stage *s, const char *name, const char *text, char *path)
{
	snprintf(path, INI_VALUE_MAX, "%s/%s", s->dir, name);
	FILE *f = fopen(path, "wb");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(text, 1, strlen(text), f), strlen(text));
	fclose(f);
}

static void on_server_gone(void *owner)
{
	struct relay_stage *s = owner;

	s->gone = true;
	s->server = NULL;
}

void relay_stage_start(struct relay_stage *s)
{
	char why[CONFIG_WHY_MAX] = "";

	memset(s, 0, sizeof *s);
	ends_init(&s->e);
	strcpy(s->dir, "/tmp/test_relay.XXXXXX");
	cr_assert_not_null(mkdtemp(s->dir));
	s->config = (struct relay_config){.listen = "127.0.0.1:0",
					  .max_ids = 50,
					  .quota = QUOTA_LIMITS_DEFAULT,
					  .visitors = LISTEN_LIMITS_DEFAULT};
	put_file(s, "relay.crt", s->e.relay.pem, s->config.cert);
	put_file(s, "relay.key", s->e.relay.key_pem, s->config.key);
	put_file(s, "ca.crt", s->e.ca.pem, s->config.console_ca);
	cr_assert_eq(server_start(&s->e.loop, &s->config, on_server_gone, s, &s->server, why), 0,
		     "%s", why);
}

void relay_stage_stop(struct relay_stage *s)
{
	if (s->server)
		server_drain(s->server, 0);
	ENDS_UNTIL(&s->e, s->gone);
	ends_done(&s->e);
	unlink(s->config.cert);
	unlink(s->config.key);
	unlink(s->config.console_ca);
	rmdir(s->dir);
}

/* Everybody is sent away, and a relay that knows nothing takes over. */
void relay_stage_restart(struct relay_stage *s)
{
	char why[CONFIG_WHY_MAX] = "";

	server_drain(s->server, 0);
	ENDS_UNTIL(&s->e, s->gone);
	s->gone = false;
	cr_assert_eq(server_start(&s->e.loop, &s->config, on_server_gone, s, &s->server, why), 0,
		     "%s", why);
}

/* The files name another certificate and key from here on. */
void relay_stage_change_key(struct relay_stage *s)
{
	struct pki_spec spec = pki_relay_spec("Acme", "127.0.0.1", (int64_t)time(NULL));
	struct pki other;

	pki_make(&spec, &s->e.ca, &other);
	put_file(s, "relay.crt", other.pem, s->config.cert);
	put_file(s, "relay.key", other.key_pem, s->config.key);
	pki_done(&other);
}

/* ---- one who comes ---- */

struct visit {
	struct relay_stage *s;
	struct peer *p;
	SSL_CTX *ctx;
	bool done;
	struct carrier *carrier;
};

static void on_dialled(const struct report *r, uv_tcp_t *tcp, void *owner)
{
	struct visit *v = owner;

	cr_assert_eq(r->step, REPORT_DONE);
	cr_assert_eq(hop_open_in(v->s->e.hops, tcp, tls_client(v->ctx, "127.0.0.1"), v->carrier,
				 &ends_events, v->p, &v->p->hop),
		     0);
	v->done = true;
}

void client_dial(struct relay_stage *s, struct peer *p, SSL_CTX *ctx, struct carrier *carrier)
{
	struct visit v = {s, p, ctx, false, carrier};
	char address[LISTEN_TEXT_MAX];
	struct route way;
	struct dial *d;

	cr_assert_eq(route_direct(server_address(s->server, address), &way), 0);
	cr_assert_eq(dial_start(&s->e.loop, &way, DIAL_TIMEOUT_MS, on_dialled, &v, &d), 0);
	ENDS_UNTIL(&s->e, v.done);
}

void client_come_in(struct relay_stage *s, struct peer *p, SSL_CTX *ctx, struct carrier *carrier)
{
	client_dial(s, p, ctx, carrier);
	ENDS_UNTIL(&s->e, p->gone || p->heard[RELAY_HELLO] || p->heard[RELAY_ERROR]);
}

void client_come(struct relay_stage *s, struct peer *p, SSL_CTX *ctx)
{
	client_come_in(s, p, ctx, NULL);
}

void client_tell(struct peer *p, const struct relay_frame f)
{
	cr_assert_eq(hop_send(p->hop, &f), 0);
}

void client_leave(struct relay_stage *s, struct peer *p)
{
	if (p->hop)
		hop_close(p->hop, 0);
	ENDS_UNTIL(&s->e, p->gone);
}

void client_expect_error(struct relay_stage *s, struct peer *p, int err)
{
	ENDS_UNTIL(&s->e, p->gone);
	cr_assert_eq(p->heard[RELAY_ERROR], 1);
	cr_assert_eq(p->last[RELAY_ERROR].error_code, err_to_wire(err), "%u instead of %d",
		     p->last[RELAY_ERROR].error_code, err);
	cr_assert_eq(p->why, 0, "and a proper end: %d", p->why);
}

/* ---- agent and console ---- */

void client_agent(struct relay_stage *s, struct peer *agent)
{
	*agent = (struct peer){.role = RELAY_ROLE_AGENT, .features = s->features[0]};
	client_come(s, agent, s->e.agent_ctx);
	client_tell(agent, (struct relay_frame){.type = RELAY_ALLOC});
	ENDS_UNTIL(&s->e, agent->gone || agent->heard[RELAY_ALLOCATED]);
}

void client_console(struct relay_stage *s, struct peer *console, uint32_t id)
{
	*console = (struct peer){.role = RELAY_ROLE_CONSOLE, .features = s->features[1]};
	client_come(s, console, s->e.console_ctx);
	client_tell(console, (struct relay_frame){.type = RELAY_JOIN, .join_id = id});
	ENDS_UNTIL(&s->e,
		   console->gone || console->heard[RELAY_PAIRED] || console->heard[RELAY_ERROR]);
}

uint32_t client_id(const struct peer *agent)
{
	return agent->last[RELAY_ALLOCATED].allocated.id;
}

void client_pair(struct relay_stage *s, struct peer *agent, struct peer *console)
{
	client_agent(s, agent);
	client_console(s, console, client_id(agent));
	ENDS_UNTIL(&s->e, agent->heard[RELAY_PAIRED]);
}

void client_prove(struct relay_stage *s, struct peer *agent, struct peer *console)
{
	unsigned int before = console->heard[RELAY_DATA];

	client_tell(agent, (struct relay_frame){.type = RELAY_PAIRED});
	cr_assert_eq(hop_send_data(agent->hop, "x", 1), 0); /* when it arrives, so has the other */
	ENDS_UNTIL(&s->e, console->heard[RELAY_DATA] > before);
}

/* ---- a session, and who comes back to it ---- */

struct relay_frame client_handle(const struct peer *p, uint32_t id)
{
	struct relay_frame f = {.type = RELAY_REATTACH, .reattach = {.id = id}};

	memcpy(f.reattach.handle, p->last[RELAY_PAIRED].paired.handle, RELAY_HANDLE_LEN);
	return f;
}

void client_arrive(struct relay_stage *s, struct peer *back, enum relay_role role,
		   const struct relay_frame f)
{
	*back = (struct peer){.role = role, .features = s->features[role != RELAY_ROLE_AGENT]};
	client_come(s, back, role == RELAY_ROLE_AGENT ? s->e.agent_ctx : s->e.console_ctx);
	client_tell(back, f);
	ENDS_UNTIL(&s->e, back->gone || back->heard[RELAY_PAIRED] || back->heard[RELAY_ERROR]);
}

void client_expect_unknown(struct relay_stage *s, enum relay_role role, const struct relay_frame f)
{
	struct peer p;

	client_arrive(s, &p, role, f);
	client_expect_error(s, &p, AS_E_CODE_UNKNOWN);
}

/* Something in each direction, and nothing else. */
void client_expect_talk(struct relay_stage *s, struct peer *agent, struct peer *console)
{
	uint64_t a = agent->bytes, c = console->bytes;

	cr_assert_eq(hop_send_data(agent->hop, "still", 5), 0);
	cr_assert_eq(hop_send_data(console->hop, "there?", 6), 0);
	ENDS_UNTIL(&s->e, agent->bytes >= a + 6 && console->bytes >= c + 5);
	cr_assert_eq(agent->bytes, a + 6);
	cr_assert_eq(console->bytes, c + 5);
}

void client_session_begin(struct relay_stage *s, struct client_session *x)
{
	client_pair(s, &x->agent, &x->console);
	client_prove(s, &x->agent, &x->console);
	x->id = client_id(&x->agent);
	x->handle[0] = client_handle(&x->agent, x->id);
	x->handle[1] = client_handle(&x->console, x->id);
}

void client_session_end(struct relay_stage *s, struct peer *agent, struct peer *console)
{
	client_tell(agent, (struct relay_frame){.type = RELAY_CLOSE});
	ENDS_UNTIL(&s->e, agent->gone && console->gone);
	cr_assert_eq(server_tickets(s->server), 0);
}
