/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop of one session. Everything that happens is turned into an event of session.h;
 * what the state machine answers is carried out by effects(), in the order of its bits. No
 * other function decides what comes next.
 */
#include "agent/broker_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/e2e/sign.h"

#define owner_of(ptr, type, field) ((type *)((char *)(ptr)-offsetof(type, field)))

/* A child that holds the customer's terminal could draw a prompt of its own and read the answer.
 * A sanitized build is never shipped, and its reports must reach the tests. */
uv_stdio_container_t broker_child_stderr(void)
{
	return (uv_stdio_container_t){
	    .flags = plat_is_sanitized ? UV_INHERIT_FD : UV_IGNORE,
	    .data.fd = 2,
	};
}

void broker_note(struct broker *b, enum record_event ev, const struct record_field *f, size_t n)
{
	/* "ended" is the last line of a record: what comes in behind it is too late. */
	if (!b->record || b->record_ended)
		return;
	b->record_ended = ev == RECORD_ENDED;
	if (record_add(b->record, clock_wall_s(), ev, f, n) == 0)
		return;
	/* A session that cannot be recorded must not go on. One that is over has nothing to end,
	 * and what its end still notes must not end it again. */
	if (b->session.state != SESSION_CLOSED)
		broker_fault(b, AS_E_AUDIT);
}

/* ---- the effects ---- */

static void note_ignored(struct broker *b, const struct session_effects *fx)
{
	struct record_field f[] = {
	    {.name = "state", .text = session_state_name(fx->note_state)},
	    {.name = "message", .text = session_event_name(fx->note_event)},
	};

	broker_note(b, RECORD_IGNORED, f, 2);
}

static void tell_wrong_code(struct broker *b, unsigned left)
{
	struct record_field f = {.name = "tries_left", .number = left};

	broker_note(b, RECORD_WRONG_CODE, &f, 1);
	if (left > 0)
		ui_message(b->ui,
			   "Somebody entered a wrong code. It may be a typing error: read the "
			   "code aloud again. %u %s left.",
			   left, left == 1 ? "try" : "tries");
}

static void note_end(struct broker *b)
{
	struct record_field f[] = {
	    {.name = "why", .text = b->reason == 0 ? "" : err_name(b->reason)},
	    {.name = "items", .number = b->items},
	    {.name = "bytes", .number = b->bytes_sent},
	};

	if (b->reason == AS_E_REVOKED) {
		struct record_field by = {.name = "by", .text = "customer"};
		broker_note(b, RECORD_REVOKED, &by, 1);
	}
	broker_note(b, RECORD_ENDED, f, 3);
}

static void close_all(struct broker *b, int reason)
{
	if (b->closing)
		return;
	b->closing = true;
	b->reason = reason;
	operations_kill(b);
	network_end(b, reason);
	visits_end(b);
	code_wipe(b);
	pake_end(b);
	resume_done(&b->resume);
	note_end(b);
	uv_close((uv_handle_t *)&b->clock, broker_handle_closed);
	operations_end(b);
	for (size_t i = 0; i < plat_revoking_signal_count; i++)
		uv_close((uv_handle_t *)&b->signals[i], broker_handle_closed);
	ui_close(b->ui);
}

static void start_network(struct broker *b)
{
	int err = network_start(b);

	if (err < 0)
		broker_fault(b, err);
}

/* In the order of the bits, which is the order of urgency: first what stops bytes. */
static void effects(struct broker *b, const struct session_effects *fx)
{
	if (fx->todo & SESSION_DO_KILL)
		operations_kill(b);
	if (fx->todo & SESSION_DO_NOTE)
		note_ignored(b, fx);
	if (fx->todo & SESSION_DO_CANCEL_PROMPT) {
		char why[128];
		ui_cancel_prompt(b->ui, err_text(fx->cancel_why, why, sizeof why));
	}
	if (fx->todo & SESSION_DO_REGISTER)
		start_network(b);
	if (fx->todo & SESSION_DO_SHOW_CODE)
		code_show(b);
	if (fx->todo & SESSION_DO_START_PAKE)
		pake_begin(b);
	if (fx->todo & SESSION_DO_TELL_WRONG)
		tell_wrong_code(b, fx->tries_left);
	if (fx->todo & SESSION_DO_DROP_PEER) {
		pake_end(b);
		network_tell(b, IPC_DROP_PEER, 0, fx->peer_code);
	}
	if (fx->todo & SESSION_DO_REFUSE_PEER)
		network_tell(b, IPC_DROP_PEER, 0, AS_E_BUSY);
	if (fx->todo & SESSION_DO_LOCK_CODE)
		pake_confirm(b);
	if (fx->todo & SESSION_DO_SHOW_PROMPT)
		request_show_prompt(b, fx);
	if (fx->todo & SESSION_DO_SEND_PENDING)
		request_send_pending(b, fx);
	if (fx->todo & SESSION_DO_SIGN_GRANT)
		request_sign_grant(b);
	if (fx->todo & SESSION_DO_SEND_DENY)
		request_send_deny(b, fx->deny_code);
	if (fx->todo & SESSION_DO_PAUSE)
		reconnect_pause(b, fx->for_s);
	if (fx->todo & SESSION_DO_CONTINUE)
		reconnect_continue(b);
	if (fx->todo & SESSION_DO_SEND_REVOKED)
		request_send_revoked(b, fx->reason);
	/* OPEN and REFUSE_OPEN are carried out by door.c, which gets the effects back; SEND_END is
	 * part of ending assent-net. */
	if (fx->todo & SESSION_DO_CLOSE)
		close_all(b, fx->reason);
}

static void on_clock(uv_timer_t *t)
{
	broker_event_type(owner_of(t, struct broker, clock), SESSION_EV_TICK);
}

/* One wake-up at the next deadline, none before. */
static void arm_clock(struct broker *b)
{
	uint64_t at = session_deadline(&b->session), now = clock_mono_ms();

	if (b->closing)
		return;
	if (at == UINT64_MAX)
		uv_timer_stop(&b->clock);
	else
		uv_timer_start(&b->clock, on_clock, at > now ? at - now : 0, 0);
}

static struct session_effects step(struct broker *b, const struct session_event *ev, uint64_t now)
{
	struct session_effects fx;

	session_event(&b->session, ev, now, &fx);
	effects(b, &fx);
	return fx;
}

struct session_effects broker_event(struct broker *b, const struct session_event *ev)
{
	uint64_t now = clock_mono_ms();

	/* A deadline that has passed takes effect by itself, so that its answers are not mixed
	 * with the event's. */
	if (session_deadline(&b->session) <= now)
		step(b, &(struct session_event){.type = SESSION_EV_TICK}, now);

	struct session_effects fx = step(b, ev, now);
	arm_clock(b);
	return fx;
}

void broker_event_type(struct broker *b, enum session_event_type type)
{
	broker_event(b, &(struct session_event){.type = type});
}

void broker_fault(struct broker *b, int err)
{
	broker_event(b, &(struct session_event){.type = SESSION_EV_FAULT, .err = err});
}

/* ---- the customer ---- */

static void on_allow(uint32_t prompt_id, uint32_t ticks, const char *folder, uint32_t shown_ms,
		     void *owner)
{
	struct broker *b = owner;

	b->ticks = ticks;
	b->shown_ms = shown_ms;
	snprintf(b->consent.folder, sizeof b->consent.folder, "%s", folder);
	broker_event(b, &(struct session_event){.type = SESSION_EV_ALLOW,
						.prompt_id = prompt_id,
						.ticks = ticks,
						.folder = b->consent.folder});
}

static void on_cancel(uint32_t id, void *owner)
{
	operation_cancel_by_customer(owner, id);
}

static void on_deny(uint32_t prompt_id, void *owner)
{
	broker_event(owner,
		     &(struct session_event){.type = SESSION_EV_DENY, .prompt_id = prompt_id});
}

static void on_stop(void *owner)
{
	broker_event_type(owner, SESSION_EV_REVOKE);
}

static void on_answer(const char *line, void *owner)
{
	visits_on_answer(owner, line);
}

static void on_list(size_t line, void *owner)
{
	struct broker *b = owner;

	if (line < b->consent.asked_count)
		visits_list(b, &b->consent.asked[line]);
}

static void on_ui_gone(void *owner)
{
	struct broker *b = owner;

	b->ui = NULL;
}

static const struct ui_events ui_events = {
    .on_allow = on_allow,
    .on_deny = on_deny,
    .on_cancel = on_cancel,
    .on_stop = on_stop,
    .on_closed = on_stop,
    .on_gone = on_ui_gone,
    .on_answer = on_answer,
    .on_list = on_list,
};

static void on_signal(uv_signal_t *s, int number)
{
	(void)number;
	broker_event_type(s->data, SESSION_EV_REVOKE);
}

/* ---- handles ---- */

void broker_gone_one(struct broker *b)
{
	b->handles--;
}

void broker_handle_closed(uv_handle_t *h)
{
	broker_gone_one(h->data);
}

static void on_show(uv_timer_t *t)
{
	operations_show(owner_of(t, struct broker, show));
}

static void own_handles(struct broker *b)
{
	uv_timer_init(&b->loop, &b->clock);
	uv_timer_init(&b->loop, &b->show);
	uv_timer_init(&b->loop, &b->net_grace);
	uv_timer_init(&b->loop, &b->redial);
	b->clock.data = b->show.data = b->net_grace.data = b->redial.data = b;
	b->handles = 5;
	visits_init(b);
	for (size_t i = 0; i < plat_revoking_signal_count; i++) {
		uv_signal_init(&b->loop, &b->signals[i]);
		b->signals[i].data = b;
		uv_signal_start(&b->signals[i], on_signal, plat_revoking_signals[i]);
		b->handles++;
	}
	uv_timer_start(&b->show, on_show, BROKER_SHOW_MS, BROKER_SHOW_MS);
	uv_timer_stop(&b->show); /* operation_start.c starts it again with uv_timer_again() */
}

/* ---- the record ---- */

static int open_record(struct broker *b)
{
	char dir[BROKER_STATE_DIR_MAX], id[RECORD_ID_MAX + 1];
	uint8_t random[4];
	int err = plat_state_dir(dir, sizeof dir);

	if (err == 0)
		err = uv_random(NULL, NULL, random, sizeof random, 0, NULL);
	if (err == 0)
		err = record_key(dir, &b->key);
	if (err == 0)
		err = record_open(dir, record_make_id(clock_wall_s(), random, id), b->key,
				  &b->record);
	if (err < 0)
		return AS_E_AUDIT;

	struct record_field f[] = {
	    {.name = "version", .text = ASSENT_VERSION},
	    {.name = "host", .text = b->user.host},
	    {.name = "user", .text = b->user.name},
	    {.name = "tty", .text = b->user.tty},
	};
	return record_add(b->record, clock_wall_s(), RECORD_STARTED, f, 4);
}

static int start(struct broker *b)
{
	int err = plat_user(&b->user);

	if (err == 0)
		err = ui_open(&b->loop, &ui_events, b, &b->ui);
	if (err == 0)
		err = open_record(b);
	if (err < 0)
		return err;
	session_init(&b->session, b->config->resume_s);
	own_handles(b);
	network_init(b);
	broker_event_type(b, SESSION_EV_START);
	return 0;
}

int broker_run(const struct agent_config *config)
{
	uv_disable_stdio_inheritance();
	if (plat_guard_secrets() < 0) {
		fputs("assent-agent: this system does not let the program protect its memory\n",
		      stderr);
		return AGENT_EXIT_FAULT;
	}

	struct broker *b = calloc(1, sizeof *b);
	if (!b || uv_loop_init(&b->loop) < 0) {
		free(b);
		return AGENT_EXIT_FAULT;
	}
	b->config = config;

	int err = way_list(config, &b->ways);
	if (err < 0) {
		fputs(way_none, stderr);
		uv_loop_close(&b->loop);
		free(b);
		return AGENT_EXIT_CONFIG;
	}
	err = start(b);
	if (err < 0) {
		b->reason = err;
		ui_close(b->ui);
	}
	uv_run(&b->loop, UV_RUN_DEFAULT);
	uv_loop_close(&b->loop);

	int code = farewell_exit_code(b->reason);
	farewell_print(b);
	record_close(b->record);
	sign_key_free(b->key);
	route_list_wipe(&b->ways.list);
	free(b);
	return code;
}
