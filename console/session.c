/* SPDX-License-Identifier: Apache-2.0 */
#include "console/session_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/bundle.h"
#include "console/command.h"
#include "console/fail.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

/* ---- commands ---- */

void session_idle(struct session *s)
{
	if (s->state != SESSION_ASKING && s->state != SESSION_BUSY && s->state != SESSION_READY)
		return;
	s->state = SESSION_READY;
	s->jobs.shows = !s->setup.interactive;
	jobs_show(&s->jobs);
	s->on->on_idle(s->owner);
}

void session_done(struct session *s)
{
	if (s->state == SESSION_BUSY)
		session_idle(s);
}

int session_refuse(struct session *s, const char *why)
{
	events_usage(s->ev, why);
	return AS_EBADMSG;
}

int session_fault(struct session *s, int err)
{
	events_error(s->ev, err, "");
	return err;
}

int session_began(struct session *s, struct job *job)
{
	char text[JOB_WHAT_MAX + 32];

	job->behind = s->background;
	if (s->background) {
		snprintf(text, sizeof text, "[%u] %s", (unsigned)job->id, job->what);
		events_note(s->ev, text);
		return SESSION_DONE;
	}
	s->front = job;
	s->jobs.shows = true;
	if (job->live && !job->own_keys && !job->is_done)
		s->on->on_live(s->owner);
	return SESSION_RUNS;
}

/* The same line once more when the connection is back: session_go_on(). */
static int wait_for_agent(struct session *s, const char *text)
{
	s->waiting = strdup(text);
	if (!s->waiting) {
		events_error(s->ev, UV_ENOMEM, "");
		return UV_ENOMEM;
	}
	events_note(s->ev, "This begins when the connection is back.");
	return SESSION_RUNS;
}

static int run(struct session *s, const struct command *cmd, const struct command_line *line,
	       const char *text)
{
	if (s->suspended && cmd->needs_agent)
		return wait_for_agent(s, text);
	s->line = text;
	s->background = line->background;

	int result = cmd->run(s, line->count, line->words);

	s->line = NULL;
	if (s->link)
		link_flush(s->link);
	return result;
}

void session_command(struct session *s, const char *text)
{
	struct command_line line;
	char why[COMMAND_WHY_MAX];
	const struct command *cmd = NULL;
	int result = SESSION_DONE;

	if (s->state != SESSION_READY)
		return;

	int err = command_split(text, &line, why);
	if (err == 0 && line.count > 0) {
		cmd = command_find(&line, why);
		if (!cmd)
			err = AS_E_OP_UNKNOWN;
	}
	if (err < 0)
		events_usage(s->ev, why);
	s->state = SESSION_BUSY;
	if (cmd)
		result = run(s, cmd, &line, text);
	if ((err < 0 || result < 0) && !s->setup.interactive)
		s->incomplete = true;
	if (result != SESSION_RUNS)
		session_idle(s);
	else
		session_settle(s);
}

void session_go_on(struct session *s)
{
	char *line = s->waiting;

	s->waiting = NULL;
	if (line && s->state == SESSION_BUSY) {
		s->state = SESSION_READY;
		session_command(s, line);
	}
	free(line);
}

int session_after_grant(struct session *s, const struct scope *scopes, size_t n)
{
	int err = agree_escalate(&s->agree, scopes, n, clock_wall_s());

	if (err < 0)
		return session_fault(s, err);
	s->again = strdup(s->line); /* without memory for it, it must be typed again */
	s->deadline_ms = clock_mono_ms() + SESSION_HANDSHAKE_MS; /* until PENDING says more */
	return SESSION_RUNS;
}

void session_again(struct session *s, bool granted)
{
	char *line = s->again;

	s->again = NULL;
	if (granted && line && s->state == SESSION_BUSY) {
		s->state = SESSION_READY;
		s->is_again = true;
		session_command(s, line);
		s->is_again = false;
	} else if (granted) {
		session_idle(s);
	}
	free(line);
}

/* ---- jobs ---- */

static bool wait_is_over(const struct session *s)
{
	return s->waits_for ? !jobs_find(&s->jobs, s->waits_for) : jobs_ending(&s->jobs) == 0;
}

static void on_work(uv_idle_t *h)
{
	struct session *s = h->data;

	if (!jobs_work(&s->jobs))
		uv_idle_stop(&s->work);
	session_settle(s);
	if (s->link)
		link_flush(s->link);
}

/* Everything that has come is dealt with, and the loop is going to wait. */
static void on_pause(uv_check_t *h)
{
	struct session *s = h->data;

	if (s->bundle)
		bundle_flush(s->bundle);
}

static void on_wake(void *owner)
{
	struct session *s = owner;
	uv_idle_start(&s->work, on_work);
}

void session_settle(struct session *s)
{
	bool free_again = s->front && s->front->is_done;

	if (free_again)
		s->front = NULL;
	jobs_reap(&s->jobs);
	if (s->waits && wait_is_over(s)) {
		s->waits = false;
		free_again = true;
	}
	if (jobs_have_work(&s->jobs))
		on_wake(s);
	if (free_again)
		session_done(s);
	if (s->finishing && s->state == SESSION_READY && jobs_ending(&s->jobs) == 0)
		session_end(s);
}

void session_finish(struct session *s)
{
	s->finishing = true;
	if (jobs_ending(&s->jobs) > 0)
		events_note(s->ev, "Waiting for what is still at work.");
	session_settle(s);
}

bool session_interrupt(struct session *s)
{
	if (s->state != SESSION_BUSY || (!s->front && !s->waits && !s->waiting))
		return false;
	if (s->front)
		s->front->kind->stop(s->front, JOB_CANCELLED, "cancelled by the engineer");
	if (s->waits || s->waiting) {
		free(s->waiting);
		s->waiting = NULL;
		s->waits = false;
		session_done(s);
	}
	session_settle(s);
	if (s->link)
		link_flush(s->link);
	return true;
}

void session_unheard(struct session *s)
{
	if (s->state >= SESSION_ENDING)
		return;
	jobs_stop_endless(&s->jobs, "nobody reads the output any more");
	session_settle(s);
	if (s->link)
		link_flush(s->link);
}

void session_drained(struct session *s)
{
	if (s->state >= SESSION_ENDING)
		return;
	jobs_drained(&s->jobs);
	session_settle(s);
	if (s->link)
		link_flush(s->link);
}

bool session_allows(enum scope_kind kind, void *session)
{
	return agree_allows(&((struct session *)session)->agree, kind);
}

uint32_t session_left_s(const struct session *s)
{
	uint64_t past = (clock_mono_ms() - s->granted_ms) / 1000;
	uint32_t life = s->setup.args->duration_s;

	return past < life ? life - (uint32_t)past : 0;
}

bool session_may_resume(const struct session *s)
{
	return s->bundle && s->setup.args->resume_s > 0;
}

uint32_t session_lost_left_s(const struct session *s)
{
	uint64_t now = clock_mono_ms();

	return now < s->until_ms ? (uint32_t)((s->until_ms - now + 999) / 1000) : 0;
}

const char *session_item_name(const struct session *s, size_t i)
{
	return i < s->catalog.entries_count ? s->catalog.entries[i].name : NULL;
}

/* ---- the end ---- */

static int exit_code(const struct session *s)
{
	int code = fail_exit(s->why);

	if (s->why == 0)
		return s->incomplete || s->jobs.incomplete ? EXIT_INCOMPLETE : EXIT_ALL_DONE;
	if (s->denied && code != EXIT_CERT && code != EXIT_REVOKED)
		return EXIT_DENIED;
	return code;
}

static void begin_ending(struct session *s)
{
	if (s->told_ending)
		return;
	s->told_ending = true;
	s->on->on_ending(s->owner);
}

static void finish_bundle(struct session *s)
{
	char text[128];

	if (!s->bundle)
		return;
	if (s->why < 0)
		bundle_note(s->bundle, err_text(s->why, text, sizeof text));

	int err = bundle_finish(s->bundle, clock_wall_s());
	if (err < 0) {
		s->incomplete = true;
		events_note(s->ev,
			    "The last manifest could not be written; the one before it stands.");
	}
	events_bundle(s->ev, bundle_path(s->bundle), bundle_manifest(s->bundle));
}

static void on_handle_closed(uv_handle_t *h)
{
	struct session *s = h->data;

	if (--s->handles > 0)
		return;

	int code = exit_code(s);

	events_ended(s->ev, code, s->bundle != NULL);
	s->state = SESSION_OVER;
	s->on->on_over(code, s->owner);
}

static void abort_jobs(struct session *s)
{
	char text[128];

	jobs_stop_all(&s->jobs, s->why < 0 ? JOB_LOST : JOB_ENDED,
		      s->why < 0 ? err_text(s->why, text, sizeof text)
				 : "the engineer ended the session");
}

void session_wrap_up(struct session *s)
{
	begin_ending(s);
	s->state = SESSION_ENDING;
	s->ops.mux = NULL;
	abort_jobs(s);
	jobs_show(&s->jobs);
	finish_bundle(s);
	uv_close((uv_handle_t *)&s->tick, on_handle_closed);
	uv_close((uv_handle_t *)&s->work, on_handle_closed);
	uv_close((uv_handle_t *)&s->pause, on_handle_closed);
}

void session_tell(struct session *s, int err, const char *detail)
{
	if (s->why < 0)
		return;
	begin_ending(s);
	s->why = err;
	if (err == AS_E_REVOKED)
		events_revoked(s->ev);
	if (s->denied)
		events_denied(s->ev, err);
	events_error(s->ev, err, detail);
}

/* The peer is told the reason and has HOP_LINGER_MS to read it; the session waits for on_gone(). */
static void leave(struct session *s, int code)
{
	if (s->state >= SESSION_ENDING)
		return;
	begin_ending(s);
	s->state = SESSION_ENDING;
	s->deadline_ms = clock_mono_ms() + SESSION_GOODBYE_MS;
	abort_jobs(s);
	if (s->link)
		link_end(s->link, code);
}

void session_fail(struct session *s, int err, const char *detail)
{
	session_tell(s, err, detail);
	leave(s, err);
}

void session_end(struct session *s)
{
	if (s->waiting)
		s->incomplete = true;
	leave(s, 0);
}

/* ---- time ---- */

static void give_up(struct session *s)
{
	char detail[64];

	snprintf(detail, sizeof detail, "it did not come back within %u s", (unsigned)s->for_s);
	if (session_left_s(s) == 0)
		session_fail(s, AS_E_EXPIRED, "");
	else
		session_fail(s, AS_E_PEER_LOST, detail);
}

static void fall_silent(struct session *s)
{
	static const char silent[] = "nothing was heard of the agent for 45 s";

	if (session_may_resume(s)) {
		link_lose(s->link, silent);
		return;
	}
	session_tell(s, AS_E_PEER_LOST, silent);
	link_close(s->link, AS_E_PEER_LOST);
}

/* May end the session, as the last thing that a script waits for. */
static void tick_jobs(struct session *s, uint64_t now)
{
	jobs_tick(&s->jobs, now);
	jobs_show(&s->jobs);
	session_settle(s);
}

static void tick_suspended(struct session *s, uint64_t now)
{
	if (now >= s->until_ms) {
		give_up(s);
		return;
	}
	events_lost_left(s->ev, session_lost_left_s(s));
	tick_jobs(s, now);
	if (s->link)
		link_tick(s->link, now, s->until_ms);
}

static void on_tick(uv_timer_t *t)
{
	struct session *s = t->data;
	uint64_t now = clock_mono_ms();

	bool late = s->deadline_ms > 0 && now >= s->deadline_ms;

	if (!s->link)
		return;
	if (s->state >= SESSION_ENDING) {
		if (late)
			link_close(s->link, 0);
		return;
	}
	if (s->suspended) {
		tick_suspended(s, now);
		return;
	}
	if (late) {
		session_fail(s, s->state == SESSION_ASKING ? AS_E_CONSENT_TIMEOUT : AS_E_TIMEOUT,
			     "");
		return;
	}
	if (s->ping_ms > 0 && now >= s->ping_ms) {
		s->ping_ms = now + SESSION_PING_MS;
		if (now - link_heard_ms(s->link) > SESSION_SILENCE_MS) {
			fall_silent(s);
			return;
		}
		mux_ping(link_mux(s->link), now);
	}
	tick_jobs(s, now);
	if (s->link)
		link_flush(s->link);
}

/* ---- life ---- */

static int fill_wish(const struct session_setup *setup, struct agree_wish *out)
{
	const struct connect_args *args = setup->args;
	struct agree_wish w = {
	    .id = setup->id,
	    .reason = args->reason,
	    .ticket = args->ticket,
	    .duration_s = args->duration_s,
	    .max_bytes = args->max_bytes,
	    .scopes = args->scopes,
	    .scopes_count = args->scopes_count,
	};
	int err = uv_random(NULL, NULL, w.session_id, sizeof w.session_id, 0, NULL);

	if (err == 0)
		err = uv_random(NULL, NULL, w.nonce, sizeof w.nonce, 0, NULL);
	if (err == 0)
		err = code_w(&setup->code, &w.w);
	if (err == 0)
		*out = w;
	secret_done(&w.w);
	return err;
}

static void on_undone(uv_handle_t *h)
{
	struct session *s = h->data;

	if (--s->handles == 0)
		free(s);
}

int session_start(uv_loop_t *loop, const struct session_setup *setup,
		  const struct session_events *ev, void *owner, struct session **out)
{
	struct session *s = calloc(1, sizeof *s);
	struct agree_wish wish;
	if (!s)
		return UV_ENOMEM;

	s->setup = *setup;
	s->on = ev;
	s->owner = owner;
	s->ev = setup->ev;
	ops_init(&s->ops);
	jobs_init(&s->jobs, s->ev, &s->ops);
	s->jobs.on_wake = on_wake;
	s->jobs.owner = s;

	int err = fill_wish(setup, &wish);
	secret_wipe(&s->setup.code, sizeof s->setup.code);
	if (err < 0) {
		free(s);
		return err;
	}
	agree_init(&s->agree, &wish, &session_agree_events, s);
	secret_done(&wish.w);
	uv_timer_init(loop, &s->tick);
	uv_idle_init(loop, &s->work);
	uv_check_init(loop, &s->pause);
	s->tick.data = s->work.data = s->pause.data = s;
	s->handles = 3;

	struct link_target target = {setup->relay, setup->id, setup->code.id, setup->env};
	err = link_start(loop, &target, &session_link_events, s, &s->link);
	if (err < 0) {
		agree_done(&s->agree);
		uv_close((uv_handle_t *)&s->tick, on_undone);
		uv_close((uv_handle_t *)&s->work, on_undone);
		uv_close((uv_handle_t *)&s->pause, on_undone);
		return err;
	}
	uv_check_start(&s->pause, on_pause);
	uv_timer_start(&s->tick, on_tick, SESSION_TICK_MS, SESSION_TICK_MS);
	*out = s;
	return 0;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	agree_done(&s->agree);
	comeback_done(&s->comeback);
	free(s->waiting);
	free(s->again);
	jobs_free(&s->jobs);
	bundle_free(s->bundle);
	free(s);
}
