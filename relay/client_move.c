/* SPDX-License-Identifier: Apache-2.0
 *
 * What leaves the relay: frames to a client, and moves of the ticket book carried out on both
 * sides. Log lines name tickets by a random tag: neither the id nor anything made from it, and
 * nothing about the customer, is ever written.
 */
#include <inttypes.h>
#include <string.h>

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

static void say(struct client *c, enum book_side side, const struct book_move *m,
		const struct relay_frame *cause)
{
	struct relay_frame f = {0};

	switch (m->say[side]) {
	case BOOK_SAY_NOTHING:
	case BOOK_SAY_DATA:
		break;
	case BOOK_SAY_PAIRED:
		f.type = RELAY_PAIRED;
		f.paired.has_handle = true;
		memcpy(f.paired.handle, ticket_handle(m->ticket, side), RELAY_HANDLE_LEN);
		client_send(c, &f);
		break;
	case BOOK_SAY_LOST:
		send_plain(c, RELAY_PEER_LOST);
		break;
	case BOOK_SAY_BACK:
		send_plain(c, RELAY_PEER_BACK);
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

void client_apply(struct server *s, const struct book_move *m, const struct relay_frame *cause)
{
	if (m->from == m->to)
		return;
	log_move(m);
	link_ends(m);
	for (int side = 0; side < 2; side++)
		if (m->end[side])
			say(m->end[side], (enum book_side)side, m, cause);
	if (m->to == BOOK_DEAD)
		quota_put_id(s->quota, m->prefix);
}
