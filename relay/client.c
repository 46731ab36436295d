/* SPDX-License-Identifier: Apache-2.0
 *
 * One connection to the relay: what it may ask. What that does to its ticket stands in
 * book_rules.c. A client with a ticket is one of the ticket's ends; the two pointers are cut
 * together, in client_apply().
 */
#include <inttypes.h>
#include <stdlib.h>

#include "proto/base/err.h"
#include "proto/base/log.h"
#include "relay/client_priv.h"

#define AREA "relay"

static uint64_t now_s(const struct server *s)
{
	return server_now_ms(s) / 1000;
}

/* ---- from the client ---- */

static void on_hello(struct client *c, const struct relay_frame *f)
{
	const struct relay_frame answer = {
	    .type = RELAY_HELLO,
	    .hello = {.role = RELAY_ROLE_RELAY,
		      .ver_min = RELAY_VERSION,
		      .ver_max = RELAY_VERSION,
		      .features = c->s->config->encrypt_twice ? 0 : RELAY_TAKES_SEALED}};

	if (f->hello.role == RELAY_ROLE_RELAY || f->hello.ver_min > RELAY_VERSION ||
	    f->hello.ver_max < RELAY_VERSION) {
		client_refuse(c, AS_E_PROTOCOL);
	} else if (f->hello.role == RELAY_ROLE_CONSOLE && !c->peer.is_console) {
		client_refuse(c, AS_E_CERT);
	} else {
		c->role = f->hello.role;
		client_send(c, &answer);
	}
}

static void on_alloc(struct client *c)
{
	struct server *s = c->s;
	struct relay_frame answer = {.type = RELAY_ALLOCATED};
	struct ticket *t;
	int err = quota_take_id(s->quota, c->prefix, server_now_ms(s));

	if (err == 0) {
		err = book_alloc(s->book, c, c->prefix, now_s(s), &t);
		if (err < 0)
			quota_put_id(s->quota, c->prefix);
	}
	if (err < 0) {
		client_refuse(c, AS_E_RATE);
		return;
	}
	c->ticket = t;
	c->side = BOOK_AGENT;
	answer.allocated.id = ticket_id(t);
	answer.allocated.life_s = BOOK_LIFE_S;
	if (handle_make(&s->handle_key, RELAY_ROLE_AGENT, ticket_id(t), ticket_nonce(t),
			answer.allocated.handle) < 0) {
		client_refuse(c, AS_E_INTERNAL);
		return;
	}
	log_info(AREA, "event=allocated ticket=%08" PRIx32, ticket_tag(t));
	client_send(c, &answer);
}

static void note_unknown(struct client *c)
{
	if (quota_note_unknown(c->s->quota, c->peer.spki_sha256, server_now_ms(c->s)))
		log_warn(AREA, "event=blocked console=\"%s\" reason=unknown-ids", c->peer.id);
}

static void on_join(struct client *c, const struct relay_frame *f)
{
	struct server *s = c->s;
	struct book_move m;
	int err = quota_take_join(s->quota, c->peer.spki_sha256, server_now_ms(s));

	if (err == 0)
		err = book_join(s->book, f->join_id, c, now_s(s), &m);
	if (err == 0) {
		client_apply(s, &m, f);
		return;
	}
	if (err == AS_E_CODE_UNKNOWN)
		note_unknown(c);
	client_refuse(c, err);
}

/* A forged handle is a guess and is counted like an unknown id; a genuine one is not, and coming
 * back is no JOIN: a bad network must not use up what a console may do in a day. */
static int check_handle(struct client *c, const struct relay_frame *f)
{
	struct server *s = c->s;
	bool console = c->role == RELAY_ROLE_CONSOLE;

	if (console && quota_is_blocked(s->quota, c->peer.spki_sha256, server_now_ms(s)))
		return AS_E_RATE;
	if (server_made_handle(s, (enum relay_role)c->role, f->reattach.id, f->reattach.handle))
		return 0;
	if (console)
		note_unknown(c);
	return AS_E_CODE_UNKNOWN;
}

/* A ticket that is made anew counts for the network where its agent is then. */
static int reattach(struct client *c, const struct relay_frame *f, struct book_move *m)
{
	struct server *s = c->s;
	uint32_t id = f->reattach.id;
	uint64_t nonce = handle_nonce(f->reattach.handle);
	enum book_side side = c->role == RELAY_ROLE_AGENT ? BOOK_AGENT : BOOK_CONSOLE;
	const struct ticket *t = book_find(s->book, id, nonce);
	bool counts = side == BOOK_AGENT && !(t && ticket_has_prefix(t));
	int err = counts ? quota_take_old_id(s->quota, c->prefix) : 0;

	if (err < 0)
		return err;
	err = book_reattach(s->book, id, side, nonce, c, now_s(s), m);
	if (counts && err < 0)
		quota_put_id(s->quota, c->prefix);
	else if (counts)
		ticket_set_prefix(m->ticket, c->prefix);
	return err;
}

static void on_reattach(struct client *c, const struct relay_frame *f)
{
	struct book_move m;
	int err = check_handle(c, f);

	if (err == 0)
		err = reattach(c, f, &m);
	if (err < 0)
		client_refuse(c, err);
	else
		client_apply(c->s, &m, f);
}

static void on_event(struct client *c, enum book_event event, const struct relay_frame *f)
{
	struct book_move m;
	int err = book_event(c->s->book, c->ticket, event, now_s(c->s), &m);

	if (err < 0) {
		client_refuse(c, AS_E_PROTOCOL);
		return;
	}
	client_apply(c->s, &m, f);
}

static void on_data(struct client *c, const struct relay_frame *f)
{
	enum book_side other = c->side == BOOK_AGENT ? BOOK_CONSOLE : BOOK_AGENT;
	enum book_event event = c->side == BOOK_AGENT ? BOOK_ON_AGENT_DATA : BOOK_ON_CONSOLE_DATA;
	struct book_move m;

	if (c->back_due)
		return;
	if (book_event(c->s->book, c->ticket, event, now_s(c->s), &m) < 0)
		client_refuse(c, AS_E_PROTOCOL);
	else if (m.say[other] == BOOK_SAY_DATA)
		client_forward(c, m.end[other], f);
}

static void on_close(struct client *c, const struct relay_frame *f)
{
	if (c->ticket && c->side == BOOK_AGENT && f->close.keep_id) {
		on_event(c, BOOK_ON_AGENT_KEEP, f);
		return;
	}
	if (c->ticket)
		on_event(c, c->side == BOOK_AGENT ? BOOK_ON_AGENT_CLOSE : BOOK_ON_CONSOLE_CLOSE, f);
	hop_close(c->hop, 0);
}

/* What each role may send, without and with a ticket. */
static bool is_permitted(const struct client *c, const struct relay_frame *f)
{
	bool agent = c->role == RELAY_ROLE_AGENT;

	switch (f->type) {
	case RELAY_HELLO:
		return c->role == 0;
	case RELAY_ALLOC:
		return agent && !c->ticket;
	case RELAY_JOIN:
		return c->role == RELAY_ROLE_CONSOLE && !c->ticket;
	case RELAY_REATTACH:
		return c->role != 0 && !c->ticket;
	case RELAY_PAIRED:
		return agent && c->ticket && !f->paired.has_handle;
	case RELAY_DATA:
	case RELAY_SEALED:
		return c->ticket != NULL;
	case RELAY_CLOSE:
		return c->role != 0 && (agent || !f->close.keep_id);
	default:
		return false;
	}
}

static void on_frame(struct hop *h, const struct relay_frame *f, void *owner)
{
	struct client *c = owner;

	(void)h;
	if (!is_permitted(c, f)) {
		client_refuse(c, AS_E_PROTOCOL);
		return;
	}
	switch (f->type) {
	case RELAY_HELLO:
		on_hello(c, f);
		break;
	case RELAY_ALLOC:
		on_alloc(c);
		break;
	case RELAY_PAIRED:
		on_event(c, BOOK_ON_PROVED, f);
		break;
	case RELAY_DATA:
	case RELAY_SEALED:
		on_data(c, f);
		break;
	case RELAY_CLOSE:
		on_close(c, f);
		break;
	case RELAY_JOIN:
		on_join(c, f);
		break;
	default:
		on_reattach(c, f);
		break;
	}
}

static void on_pong(struct hop *h, uint64_t token, void *owner)
{
	struct client *c = owner;

	(void)h;
	if (c->mark != 0 && token == c->mark)
		client_caught_up(c);
}

/* All quotas are the visitor's own, not those of the web server in front of us. Anybody can write
 * X-Forwarded-For: only the one whom the operator has named is believed. */
static void on_carried(struct hop *h, const char *forwarded, void *owner)
{
	struct client *c = owner;
	struct sockaddr_storage addr;

	(void)h;
	if (c->from_proxy && config_address(forwarded, &addr))
		c->prefix = listen_prefix((const struct sockaddr *)&addr);
}

static void on_ready(struct hop *h, void *owner)
{
	struct client *c = owner;

	outer_peer(hop_tls(h), &c->peer);
}

static void on_low(struct hop *h, void *owner)
{
	struct client *c = owner;
	struct client *other =
	    c->ticket ? ticket_end(c->ticket, c->side == BOOK_AGENT ? BOOK_CONSOLE : BOOK_AGENT)
		      : NULL;

	(void)h;
	if (other)
		hop_resume(other->hop);
}

/* ---- life ---- */

static void on_gone(int why, const char *detail, void *owner)
{
	struct client *c = owner;
	struct server *s = c->s;
	struct book_move m;

	(void)detail;
	if ((why == AS_E_TLS || why == AS_E_PROTOCOL) && client_may_log(s))
		log_info(AREA, "event=broken reason=%s", err_name(why));
	if (c->ticket &&
	    book_event(s->book, c->ticket,
		       c->side == BOOK_AGENT ? BOOK_ON_AGENT_GONE : BOOK_ON_CONSOLE_GONE, now_s(s),
		       &m) == 0) {
		m.end[c->side] = NULL;
		client_apply(s, &m, NULL);
	}
	if (c->prev)
		c->prev->next = c->next;
	else
		s->clients = c->next;
	if (c->next)
		c->next->prev = c->prev;
	s->count--;
	free(c);
	server_check_end(s);
}

static const struct hop_events events = {
    .on_carried = on_carried,
    .on_ready = on_ready,
    .on_frame = on_frame,
    .on_pong = on_pong,
    .on_low = on_low,
    .on_gone = on_gone,
};

static bool comes_from_proxy(const struct server *s, const uv_tcp_t *tcp)
{
	struct sockaddr_storage addr;
	int n = sizeof addr;

	return s->config->trusted_count > 0 &&
	       uv_tcp_getpeername(tcp, (struct sockaddr *)&addr, &n) == 0 &&
	       config_trusts(s->config, (const struct sockaddr *)&addr);
}

int client_accept(struct server *s, uv_tcp_t *tcp, uint64_t prefix)
{
	struct client *c = calloc(1, sizeof *c);
	struct tls *tls = tls_server(s->ctx);
	int err = c && tls ? hop_open(s->hops, tcp, tls, &events, c, &c->hop) : UV_ENOMEM;

	if (err < 0) {
		tls_free(tls);
		free(c);
		return err;
	}
	hop_allow_websocket(c->hop);
	c->s = s;
	c->prefix = prefix;
	c->from_proxy = comes_from_proxy(s, tcp);
	c->next = s->clients;
	if (c->next)
		c->next->prev = c;
	s->clients = c;
	s->count++;
	return 0;
}

static bool is_in_session(const struct client *c)
{
	enum book_state state = c->ticket ? ticket_state(c->ticket) : BOOK_DEAD;

	return state == BOOK_JOINED || state == BOOK_PAIRED;
}

void client_drain_all(struct server *s, uint32_t seconds)
{
	for (struct client *c = s->clients; c; c = c->next) {
		if (seconds > 0 && tls_is_open(hop_tls(c->hop)))
			client_send(
			    c, &(struct relay_frame){.type = RELAY_NOTICE, .notice_s = seconds});
		if (seconds == 0 || !is_in_session(c))
			client_refuse(c, AS_E_RELAY);
	}
}
