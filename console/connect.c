/* SPDX-License-Identifier: Apache-2.0 */
#include "console/connect.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "console/connect_args.h"
#include "console/explain.h"
#include "console/fail.h"
#include "console/identity.h"
#include "console/keys.h"
#include "console/outlet.h"
#include "console/repl.h"
#include "console/script.h"
#include "console/session.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/base/secret.h"

enum { SIGNALS = 4 };
static const int signals[SIGNALS] = {SIGINT, SIGTERM, SIGHUP, SIGCONT};

#define CTRL_D 4

struct connect {
	struct connect_args args;
	struct script script;
	struct identity id;
	struct events ev;
	struct outlet *outlet;
	struct session *session;
	uv_loop_t loop;
	uv_signal_t signals[SIGNALS];
	bool scripted, stepping, again;
	int code; /* exit code */
};

/* ---- who gives the commands ---- */

/* A command that is done at once comes back here before session_command() returns: the loop
 * takes it up, so that a long script does not dig into the stack. */
static void step(struct connect *c)
{
	if (c->stepping) {
		c->again = true;
		return;
	}
	c->stepping = true;
	do {
		const char *line = script_next(&c->script);

		c->again = false;
		if (line)
			session_command(c->session, line);
		else
			session_finish(c->session);
	} while (c->again);
	c->stepping = false;
}

static void on_idle(void *owner)
{
	struct connect *c = owner;

	if (c->scripted) {
		step(c);
		return;
	}
	keys_stop();
	repl_ask();
}

static void on_key(int key, void *owner)
{
	struct connect *c = owner;

	if (key == 'q' || key == 'Q' || key == '\r' || key == '\n' || key == CTRL_D || key < 0)
		session_interrupt(c->session);
}

static void on_live(void *owner)
{
	struct connect *c = owner;

	if (!c->scripted)
		keys_read_single(on_key, c);
}

static void on_line(const char *line, void *owner)
{
	struct connect *c = owner;
	session_command(c->session, line);
}

static void on_eof(void *owner)
{
	struct connect *c = owner;
	session_end(c->session);
}

static const char *word(size_t i, void *owner)
{
	struct connect *c = owner;
	return session_item_name(c->session, i);
}

static const struct repl_events repl_ev = {
    .on_line = on_line,
    .on_eof = on_eof,
    .word = word,
};

static void on_keys_closed(void *owner)
{
	(void)owner; /* the loop ends by itself */
}

static void on_ending(void *owner)
{
	(void)owner;
	repl_close();
	keys_close(on_keys_closed, NULL);
}

static void on_over(int exit_code, void *owner)
{
	struct connect *c = owner;

	c->code = exit_code;
	for (size_t i = 0; i < SIGNALS; i++)
		uv_close((uv_handle_t *)&c->signals[i], NULL);
}

static const struct session_events session_ev = {
    .on_idle = on_idle,
    .on_live = on_live,
    .on_ending = on_ending,
    .on_over = on_over,
};

static void on_signal(uv_signal_t *h, int number)
{
	struct connect *c = h->data;

	if (number == SIGCONT)
		keys_continued();
	else if (number != SIGINT || c->scripted || !session_interrupt(c->session))
		session_end(c->session);
}

/* ---- what is printed ---- */

static void on_drained(void *owner)
{
	struct connect *c = owner;

	repl_drained();
	if (c->session)
		session_drained(c->session);
}

static void on_broken(void *owner)
{
	struct connect *c = owner;

	if (c->session)
		session_unheard(c->session);
}

static const struct outlet_events outlet_ev = {.on_drained = on_drained, .on_broken = on_broken};

/* ---- before anything is sent ---- */

static int usage(const char *why)
{
	fprintf(stderr, "assent-console connect: %s; see 'assent-console connect --help'\n", why);
	return EXIT_USAGE;
}

static int refuse(struct connect *c, int err, const char *detail)
{
	events_error(&c->ev, err, detail);
	return fail_exit(err);
}

static int parse_code(struct connect *c, struct code *out)
{
	int err = code_parse(c->args.code, out);

	if (err == AS_EBADMSG)
		return refuse(c, AS_ETYPO, "a code has eleven characters, like 7Q2F-9KD-M3X1");
	return err < 0 ? refuse(c, err, "") : 0;
}

/* The customer's time is not spent on a bundle that has no place. */
static int check_out(struct connect *c)
{
	if (access(c->args.out, W_OK | X_OK) == 0 || errno == ENOENT)
		return 0;
	return refuse(c, AS_ECONFIG, "--out: this folder cannot be written to");
}

static int load_identity(struct connect *c)
{
	char why[IDENTITY_WHY_MAX];
	int err = identity_load(c->args.identity, clock_wall_s(), &c->id, why);

	if (err < 0)
		return refuse(c, err, why);
	if (!c->args.relay && !c->id.relay[0]) {
		identity_done(&c->id);
		return usage("console.conf names no relay: give --relay HOST:PORT");
	}
	return 0;
}

/* ---- the session ---- */

static void watch_signals(struct connect *c)
{
	signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of its write, not our end */
	for (size_t i = 0; i < SIGNALS; i++) {
		uv_signal_init(&c->loop, &c->signals[i]);
		c->signals[i].data = c;
		uv_signal_start(&c->signals[i], on_signal, signals[i]);
	}
}

static const char *from_environment(const char *name)
{
	return getenv(name);
}

static const char *relay_of(const struct connect *c)
{
	return c->args.relay ? c->args.relay : c->id.relay;
}

static int explain(struct connect *c)
{
	struct route_env env = route_env(from_environment);
	bool works = false;
	int result;

	events_init(&c->ev, stdout, stderr, c->args.json);
	signal(SIGPIPE, SIG_IGN);
	result = load_identity(c);
	if (result != 0)
		return result;

	int err = explain_run(&c->id, relay_of(c), &env, &works);
	identity_done(&c->id);
	if (err < 0)
		return refuse(c, err, "this relay cannot be reached in any way");
	return works ? EXIT_ALL_DONE : EXIT_RELAY;
}

static int run(struct connect *c, const struct code *code)
{
	struct session_setup setup = {
	    .args = &c->args,
	    .id = &c->id,
	    .ev = &c->ev,
	    .relay = relay_of(c),
	    .env = route_env(from_environment),
	    .code = *code,
	    .interactive = !c->scripted,
	};
	int err = uv_loop_init(&c->loop);

	if (err < 0)
		return refuse(c, err, "");
	err = keys_open(&c->loop);
	if (!c->scripted && err < 0) {
		uv_loop_close(&c->loop);
		return usage("standard input is no terminal: give -c COMMAND or --batch FILE");
	}
	if (!c->scripted)
		repl_open(&c->ev.screen, c->outlet, &repl_ev, c);
	outlet_start(c->outlet, &c->loop, &outlet_ev, c);
	err = session_start(&c->loop, &setup, &session_ev, c, &c->session);
	secret_wipe(&setup.code, sizeof setup.code);
	if (err < 0) {
		c->code = refuse(c, err, setup.relay);
		on_ending(c);
	} else {
		watch_signals(c);
	}
	uv_run(&c->loop, UV_RUN_DEFAULT);
	outlet_stop(c->outlet);
	session_free(c->session);
	uv_loop_close(&c->loop);
	return c->code;
}

static int prepare_and_run(struct connect *c)
{
	char why[SCRIPT_WHY_MAX];
	struct code code;

	c->scripted = c->args.commands_count > 0 || c->args.batch;
	events_init_outlet(&c->ev, c->outlet, c->args.json);

	int result = parse_code(c, &code);
	if (result == 0 && script_load(&c->args, &c->script, why) < 0)
		result = usage(why);
	if (result == 0)
		result = check_out(c);
	if (result == 0)
		result = load_identity(c);
	if (result == 0) {
		result = run(c, &code);
		identity_done(&c->id);
	}
	secret_wipe(&code, sizeof code);
	script_done(&c->script);
	return result;
}

int connect_main(int argc, char **argv)
{
	static struct connect c; /* too big for a stack, and there is one */
	char why[ARGS_WHY_MAX];

	if (connect_args_parse(argc, argv, &c.args, why) < 0)
		return usage(why);
	if (c.args.help) {
		fputs(connect_usage, stdout);
		return 0;
	}
	if (c.args.version) {
		puts("assent-console " ASSENT_VERSION);
		return 0;
	}
	if (c.args.explain)
		return explain(&c);
	setlocale(LC_CTYPE, ""); /* so that a terminal's UTF-8 is typed and drawn */
	c.outlet = outlet_new();
	if (!c.outlet)
		return usage("out of memory");

	int code = prepare_and_run(&c);
	outlet_free(c.outlet);
	return code;
}
