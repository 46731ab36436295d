/* SPDX-License-Identifier: Apache-2.0
 *
 * Visits to neighbouring devices, as the broker sees them: each is one assent-collect-ssh and the
 * conversation with it (agent/device/talk.h). The broker decides whose key is trusted, what is run
 * and how to log in, and asks the customer; what he types goes from the terminal through memory
 * that is neither swapped nor dumped into that one pipe, and nowhere else.
 *
 * At most VISITS_AT_ONCE connections are open at a time; the others wait for their turn. One
 * question is on the screen at a time.
 *
 * Life: visit_new() -> (the process is started with visit_pipe()) -> visit_start() ->
 * visit_close(), at any time. The broker's handles count it until libuv is done with it.
 */
#ifndef AS_AGENT_VISIT_H
#define AS_AGENT_VISIT_H

#include <uv.h>

#include "agent/consent.h"
#include "agent/device/catalogue.h"
#include "proto/wire/device.h"
#include "proto/wire/op_args.h"

#define VISITS_AT_ONCE	  8
#define VISIT_QUESTION_MS 180000
#define VISIT_FOLDER_MAX  512

struct broker;
struct visit;

/* The broker's part that all visits share. */
struct visits {
	struct broker *b;
	uv_timer_t limit; /* of the open question */
	struct visit *first, *asked;
	unsigned connected, questions;
	char known[1100]; /* the file of keys */
	/* What worked last, for "same"; memory for secrets, or NULL. */
	uint8_t *same;
	size_t same_len;
	char same_for[SCOPE_TARGET_MAX + 1];
};

void visits_init(struct broker *b);
void visits_end(
    struct broker *b); /* the session is over: nothing is asked, what was typed is wiped */
void visits_on_answer(struct broker *b, const char *line);

/* What the customer is told about the devices in the request, for the prompt; and the whole list of
 * what would be run on one of them. */
void visits_describe(struct consent *c);
void visits_list(struct broker *b, const struct scope *s);

/* stream: the item's number. NULL: out of memory. */
struct visit *visit_new(struct broker *b, uint32_t stream, const struct op_args *args);
uv_pipe_t *visit_pipe(struct visit *v);
int visit_start(struct visit *v);  /* the process runs */
void visit_close(struct visit *v); /* NULL is fine */

/* For the customer's line: "waiting for you", "connecting", ... NULL: it is at work. */
const char *visit_state(const struct visit *v);

/* Its time stands still: it waits for its turn or for the customer. */
bool visit_waits(const struct visit *v);

/* "devices/HOST": where its output goes in the bundle. Where several rights name one host, the port
 * and the user tell them apart. Returns out. */
const char *visit_folder(const struct broker *b, const char *target, char out[VISIT_FOLDER_MAX]);

#endif
