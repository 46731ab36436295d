/* SPDX-License-Identifier: Apache-2.0
 *
 * An engineer's desk without a network: a granted session with everything but its link, a bundle
 * in a temporary folder, and an agent that is a mux and a hand-made stream of records. Commands are
 * typed as an engineer types them; what is printed is read back.
 */
#ifndef AS_TESTS_DESK_H
#define AS_TESTS_DESK_H

#include "console/bundle.h"
#include "console/session_priv.h"
#include "proto/e2e/mux.h"

#define DESK_OPENS_MAX 64

struct desk {
	char dir[64];
	struct session *s;
	struct events ev;
	uv_loop_t loop;
	struct mux *console, *agent;
	as_Open opened[DESK_OPENS_MAX]; /* as the agent got them */
	size_t opened_count;
	int reset[DESK_OPENS_MAX]; /* the console gave it up for this reason; 0: it has not */
	uint8_t *input;		   /* what came on the stream that the agent listens to */
	size_t input_len;
	bool input_ended;
	bool input_waits; /* nobody takes it from the agent, so no credit is given back */
	int broken;	  /* the console's mux ended with this */
	int idle, live;
	char *out_text, *err_text;
	size_t out_len, err_len;
};
extern struct desk desk;

/* scopes: a list that NULL ends, like "logs", "files:/srv". */
void desk_open(bool json, const char *const scopes[]);
void desk_close(void);

/* One more entry of the catalogue; those of tail, top, ls and so on are there. */
void desk_catalog(const char *name, uint32_t op_id, enum scope_kind scope, uint32_t flags);

void desk_type(const char *line);
void desk_carry(void); /* everything both ways */
void desk_turn(void);  /* the work of all jobs to its end, and a tick */

/* The i-th operation that was opened. */
void desk_accept(size_t i);
void desk_send(size_t i, const struct item *rec);
void desk_send_line(size_t i, uint8_t source, uint64_t time, const char *text);
void desk_send_source(size_t i, uint8_t id, const char *name);
void desk_send_data(size_t i, const void *p, size_t n);
void desk_send_bytes(size_t i, const void *p, size_t n); /* as they are */
void desk_end(size_t i, enum item_state state, const char *why);
void desk_reset(size_t i, int code);

/* What was printed since the last call; ours until the next one. */
const char *desk_printed(void);
const char *desk_errors(void);

/* The content of a file of the bundle, or NULL. The caller frees it. */
char *desk_file(const char *name, size_t *n);
const struct manifest_item *desk_item(const char *name); /* of the manifest; NULL: none */
const struct manifest_run *desk_run(const char *collector);

#endif
