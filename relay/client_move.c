/* SPDX-License-Identifier: Apache-2.0
 *
 * What leaves the relay: frames to a client, and moves of the ticket book carried out on both
 * sides. Log lines name tickets by a random tag: neither the id nor anything made from it, and
 * nothing about the customer, is ever written.
 */
#include <inttypes.h>

#include "proto/base/err.h"
#include "proto/base/log.h"
#include "relay/client_priv.h"

#define AREA	"relay"
#define LOG_KEY 0 /* all strangers share one allowance of log lines */

static const char *state_name(enum book_state state)
{
	static const char *const names[] = {
#define X(name) #name,
	    BOOK_STATE_MAP(X)
#undef X
	};
	return names[state];
}

bool client_may_log(struct server *s)
{
	return bucket_take(s->log_lines, LOG_KEY, server_now_ms(s));
}

/* ---- to the client ---- */

void client_send(struct client *c, const struct relay_frame *f)
{
	int err = hop_send(c->hop, f);

	if (err < 0 && err != AS_ESTATE) /* closing already: on_gone() is on its way */
		hop_close(c->hop, err);
}

static void send_plain(struct client *c, enum relay_frame_type type)
{
	client_send(c, &(struct relay_frame){.type = type});
}

void client_refuse(struct client *c, int err)
{
	char text[LISTEN_PREFIX_TEXT_MAX];

	if (client_may_log(c->s))
		log_info(AREA, "event=refused reason=%s prefix=%s",
			 err_name(err) ? err_name(err) : "?", listen_prefix_text(c->prefix, text));
	client_send(c, &(struct relay_frame){.type = RELAY_ERROR, .error_code = err_to_wire(err)});
	hop_close(c->hop, err);
}

void client_forward(struct client *from, struct client *to, const struct relay_frame *f)
{
	int err = hop_forward(to->hop, f);

	if (err < 0) {
		if (err != AS_ESTATE)
			hop_close(to->hop, err);
		return;
	}
	if (hop_queued(to->hop) >= HOP_HIGH)
		hop_pause(from->hop);
}

static void say_paired(struct client *c, enum book_side side, const struct ticket *t)
{
	struct relay_frame f = {.type = RELAY_PAIRED, .paired = {.has_handle = true}};
	int err = handle_make(&c->s->handle_key,
			      side == BOOK_AGENT ? RELAY_ROLE_AGENT : RELAY_ROLE_CONSOLE,
			      ticket_id(t), ticket_nonce(t), f.paired.handle);

	if (err < 0)
		hop_close(c->hop, err);
	else
		client_send(c, &f);
}

/* Who was not yet told that the other side had been back has nothing new to hear. */
static void say_lost(struct client *c, const struct book_move *m)
{
	if (c->back_due) {
		c->back_due = false;
		return;
	}
	send_plain(c, RELAY_PEER_LOST);
	if (m->to == BOOK_ALLOCATED)
		return; /* the next one is no continuation of this one, and speaks first */
	c->mark = c->s->next_mark++;

	int err = hop_mark(c->hop, c->mark);
	if (err < 0 && err != AS_ESTATE)
		hop_close(c->hop, err);
}

/* Both hear of it at the same time, when nothing of the old connection is on its way any more. */
static void say_back_when_due(struct client *a, struct client *b)
{
	struct client *const both[2] = {a, b};

	if (a->mark != 0 || b->mark != 0)
		return;
	for (int i = 0; i < 2; i++) {
		if (!both[i]->back_due)
			continue;
		both[i]->back_due = false;
		send_plain(both[i], RELAY_PEER_BACK);
	}
}

void client_caught_up(struct client *c)
{
	struct client *other =
	    c->ticket ? ticket_end(c->ticket, c->side == BOOK_AGENT ? BOOK_CONSOLE : BOOK_AGENT)
		      : NULL;

	c->mark = 0;
	if (other)
		say_back_when_due(c, other);
}

static void say(struct client *c, enum book_side side, const struct book_move *m,
		const struct relay_frame *cause)
{
	struct relay_frame f = {0};

	switch (m->say[side]) {
	case BOOK_SAY_NOTHING:
	case BOOK_SAY_DATA:
		break;
	case BOOK_SAY_PAIRED_BACK:
		c->back_due = true;
		say_paired(c, side, m->ticket);
		break;
	case BOOK_SAY_PAIRED:
		say_paired(c, side, m->ticket);
		break;
	case BOOK_SAY_LOST_BACK:
		say_lost(c, m);
		c->back_due = true;
		break;
	case BOOK_SAY_LOST:
		say_lost(c, m);
		break;
	case BOOK_SAY_BACK:
		c->back_due = true;
		break;
	case BOOK_SAY_CLOSE:
		f.type = RELAY_CLOSE;
		f.close.code = cause && m->code == 0 ? cause->close.code : err_to_wire(m->code);
		client_send(c, &f);
		hop_close(c->hop, m->code);
		break;
	}
}

/* ---- moves ---- */

static void log_move(const struct book_move *m)
{
	const struct client *console = m->end[BOOK_CONSOLE];

	if (m->replaced)
		log_info(AREA, "event=replaced ticket=%08" PRIx32, m->tag);
	if (m->from == m->to)
		return;
	if (m->to == BOOK_JOINED && console)
		log_info(AREA, "event=joined ticket=%08" PRIx32 " console=\"%s\"", m->tag,
			 console->peer.id);
	else
		log_info(AREA, "event=moved ticket=%08" PRIx32 " from=%s to=%s%s%s", m->tag,
			 state_name(m->from), state_name(m->to), m->code < 0 ? " reason=" : "",
			 m->code < 0 ? err_name(m->code) : "");
}

/* Which sides belong to the ticket after the move. A side that has just been paused because of
 * the other must be read again: what it was waiting for may be gone. */
static void link_ends(const struct book_move *m)
{
	for (int side = 0; side < 2; side++) {
		struct client *c = m->end[side];

		if (!c)
			continue;
		c->side = (enum book_side)side;
		c->ticket =
		    m->to != BOOK_DEAD && ticket_end(m->ticket, c->side) == c ? m->ticket : NULL;
		hop_resume(c->hop);
	}
}

/* The same side has come with a new connection: it has given up this one, or never hears of it. */
static void close_replaced(struct client *c)
{
	c->ticket = NULL;
	hop_close(c->hop, AS_E_PEER_LOST);
}

void client_apply(struct server *s, const struct book_move *m, const struct relay_frame *cause)
{
	if (m->from == m->to && !m->replaced)
		return;
	log_move(m);
	if (m->replaced)
		close_replaced(m->replaced);
	link_ends(m);
	for (int side = 0; side < 2; side++)
		if (m->end[side])
			say(m->end[side], (enum book_side)side, m, cause);
	if (m->to == BOOK_PAIRED)
		say_back_when_due(m->end[BOOK_AGENT], m->end[BOOK_CONSOLE]);
	if (m->to == BOOK_DEAD && m->has_prefix)
		quota_put_id(s->quota, m->prefix);
}
