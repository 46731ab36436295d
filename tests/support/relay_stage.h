/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole relay on loopback, and agents and consoles that visit it, in one loop: what the tests of
 * the relay's server share. Every function fails the test when it cannot do its part.
 */
#ifndef AS_TESTS_RELAY_STAGE_H
#define AS_TESTS_RELAY_STAGE_H

#include "relay/server.h"
#include "tests/support/ends.h"

struct relay_stage {
	struct ends e;
	struct relay_config config;
	struct server *server;
	char dir[32];
	uint32_t features[2]; /* of agents and of consoles, as they will say them; 0 at first */
	bool gone;
};

void relay_stage_start(struct relay_stage *s);
void relay_stage_stop(struct relay_stage *s);
void relay_stage_restart(struct relay_stage *s); /* all are sent away; the new one knows nothing */
void relay_stage_change_key(struct relay_stage *s); /* in its files, which it has to read again */

/* ---- one who comes ---- */

/* Opens a hop; carrier: in a WebSocket, or NULL. */
void client_dial(struct relay_stage *s, struct peer *p, SSL_CTX *ctx, struct carrier *carrier);
/* The same, and both have said HELLO, or it was refused. */
void client_come_in(struct relay_stage *s, struct peer *p, SSL_CTX *ctx, struct carrier *carrier);
void client_come(struct relay_stage *s, struct peer *p, SSL_CTX *ctx);
void client_tell(struct peer *p, const struct relay_frame f);
void client_leave(struct relay_stage *s, struct peer *p);
/* It is sent away with this error, and properly. */
void client_expect_error(struct relay_stage *s, struct peer *p, int err);

/* ---- agent and console ---- */

void client_agent(struct relay_stage *s, struct peer *agent); /* asks for an id */
uint32_t client_id(const struct peer *agent);
void client_console(struct relay_stage *s, struct peer *console, uint32_t id); /* joins */
void client_pair(struct relay_stage *s, struct peer *agent, struct peer *console);
void client_prove(struct relay_stage *s, struct peer *agent, struct peer *console);

/* ---- a session, and who comes back to it ---- */

/* A session whose code is proved, and the frames that bring its sides back. */
struct client_session {
	struct peer agent, console;
	uint32_t id;
	struct relay_frame handle[2]; /* agent's, console's */
};

void client_session_begin(struct relay_stage *s, struct client_session *x);
void client_session_end(struct relay_stage *s, struct peer *agent, struct peer *console);
struct relay_frame client_handle(const struct peer *p, uint32_t id);
void client_arrive(struct relay_stage *s, struct peer *back, enum relay_role role,
		   const struct relay_frame f);
void client_expect_unknown(struct relay_stage *s, enum relay_role role, const struct relay_frame f);
/* Something in each direction, and nothing else. */
void client_expect_talk(struct relay_stage *s, struct peer *agent, struct peer *console);

#endif
