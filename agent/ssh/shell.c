/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands in a terminal, for devices that have nothing else: typed one after the other, each
 * answer from its echo to the next prompt (agent/device/terminal.h).
 */
#include <errno.h>
#include <string.h>

#include "agent/device/terminal.h"
#include "agent/ssh/peer.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

#define QUIET_MS  200  /* then what stands at the end may be a prompt */
#define GREET_MS  3000 /* a device that says nothing before somebody presses Enter */
#define GREETS	  3
#define SETUP_MS  10000
#define RESCUE_MS 3000

struct shell {
	struct peer *p;
	ssh_channel ch;
	struct terminal terminal;
	struct output *output; /* NULL: what comes is dropped */
};

static int on_text(const uint8_t *bytes, size_t n, void *arg)
{
	struct shell *s = arg;

	return s->output ? output_write(s->output, bytes, n) : 0;
}

static int type(struct shell *s, const char *text, size_t n)
{
	uint64_t until = clock_mono_ms() + PEER_CHANNEL_MS;

	while (n > 0) {
		int did = s->p->ssh->channel_write(s->ch, text, (uint32_t)n);

		if (did == SSH_ERROR)
			return AS_E_PEER_LOST;
		text += did > 0 ? did : 0;
		n -= did > 0 ? (size_t)did : 0;
		if (n > 0 && peer_wait(s->p, until) < 0)
			return AS_E_TIMEOUT;
	}
	return 0;
}

static int type_command(struct shell *s, const char *command)
{
	int err = type(s, command, strlen(command));

	terminal_typed(&s->terminal, command);
	return err < 0 ? err : type(s, "\n", 1);
}

/* Bytes that came; 0: it has been quiet for QUIET_MS. AS_E_PEER_LOST. */
static int read_some(struct shell *s)
{
	static uint8_t bytes[32768];
	uint64_t quiet = clock_mono_ms() + QUIET_MS;

	for (;;) {
		int n = s->p->ssh->channel_read_nonblocking(s->ch, bytes, sizeof bytes, 0);

		if (n > 0) {
			int err = terminal_feed(&s->terminal, bytes, (size_t)n);
			return err < 0 ? err : n;
		}
		if (n == SSH_ERROR || n == SSH_EOF || s->p->ssh->channel_is_eof(s->ch) ||
		    !s->p->ssh->channel_is_open(s->ch))
			return AS_E_PEER_LOST;
		if (peer_wait(s->p, quiet) < 0)
			return 0;
	}
}

static uint64_t until(struct shell *s, uint64_t fixed)
{
	return s->output ? output_until(s->output) : fixed;
}

/* Until the prompt is there: 0. AS_E_TIMEOUT, AS_E_PEER_LOST, AS_E_PROTOCOL for a terminal that
 * cannot be used, AS_EFULL for a command that has sent enough. */
static int wait_for_prompt(struct shell *s, uint64_t fixed)
{
	for (;;) {
		int n = read_some(s), err = 0;

		if (n < 0)
			return n;
		if (s->output && s->output->full)
			return AS_EFULL;
		if (n > 0) {
			if (clock_mono_ms() > until(s, fixed))
				return AS_E_TIMEOUT;
			continue;
		}
		switch (terminal_quiet(&s->terminal)) {
		case TERMINAL_DONE:
			return 0;
		case TERMINAL_LOST:
			return AS_E_PROTOCOL;
		case TERMINAL_ENTER:
			err = type(s, "\n", 1);
			break;
		case TERMINAL_SPACE:
			err = type(s, " ", 1);
			break;
		case TERMINAL_WAIT:
			break;
		}
		if (err < 0)
			return err;
		if (clock_mono_ms() > until(s, fixed))
			return AS_E_TIMEOUT;
	}
}

static int open_terminal(struct shell *s)
{
	const struct ssh_api *ssh = s->p->ssh;
	uint64_t limit = clock_mono_ms() + PEER_CHANNEL_MS;
	int rc;

	PEER_UNTIL(s->p, rc, limit, ssh->channel_open_session(s->ch));
	if (rc == SSH_OK)
		PEER_UNTIL(s->p, rc, limit,
			   ssh->channel_request_pty_size(s->ch, "vt100", 511, 1000));
	if (rc == SSH_OK)
		PEER_UNTIL(s->p, rc, limit, ssh->channel_request_shell(s->ch));
	return rc == SSH_OK ? 0 : AS_E_OP_FAILED;
}

static int greet(struct shell *s)
{
	int err = AS_E_TIMEOUT;

	for (int i = 0; i < GREETS && err == AS_E_TIMEOUT; i++) {
		err = wait_for_prompt(s, clock_mono_ms() + GREET_MS);
		if (err == AS_E_TIMEOUT && type(s, "\n", 1) < 0)
			err = AS_E_PEER_LOST;
	}
	return err;
}

/* Ctrl-C, and the prompt may come back. */
static int rescue(struct shell *s)
{
	int err = s->terminal.state == TERMINAL_READY ? 0 : type(s, "\003", 1);

	s->output = NULL;
	if (err == 0 && s->terminal.state != TERMINAL_READY)
		err = wait_for_prompt(s, clock_mono_ms() + RESCUE_MS);
	return err;
}

static int set_up(struct shell *s)
{
	const struct catalogue_words *w = &s->p->catalogue.setup;
	int err = 0;

	for (size_t i = 0; i < w->count && err == 0; i++) {
		err = type_command(s, w->at[i]);
		if (err == 0)
			err = wait_for_prompt(s, clock_mono_ms() + SETUP_MS);
		if (err == AS_E_TIMEOUT)
			err = rescue(s);
	}
	return err;
}

static bool is_about_device(int err)
{
	return err == AS_E_TIMEOUT || err == AS_E_PEER_LOST || err == AS_E_PROTOCOL ||
	       err == AS_EFULL;
}

static int end_badly(struct output *o, int err)
{
	switch (err) {
	case AS_E_TIMEOUT:
		return output_end(o, ITEM_TIMEOUT, "the prompt did not come back in time");
	case AS_E_PROTOCOL:
		return output_end(o, ITEM_PARTIAL, "it shows page after page without an end");
	default:
		return output_end(o, o->bytes > 0 ? ITEM_PARTIAL : ITEM_FAILED,
				  "the device closed the connection");
	}
}

/* 0: the next one. Positive: enough, and why has been said. */
static int run_one(struct shell *s, const struct catalogue_command *c)
{
	struct output o;
	int err = output_begin(&o, s->p, c), did;

	if (err < 0)
		return err;
	s->output = &o;
	did = type_command(s, c->text);
	if (did == 0)
		did = wait_for_prompt(s, 0);
	if (did < 0 && !is_about_device(did))
		return did;
	if (did != 0 && did != AS_EFULL && (err = terminal_end(&s->terminal)) < 0)
		return err;
	err = did == 0 || did == AS_EFULL ? output_end(&o, ITEM_OK, "") : end_badly(&o, did);
	s->output = NULL;
	if (err < 0 || did == 0)
		return err;
	if (did == AS_E_PEER_LOST || rescue(s) < 0) {
		peer_fail(s->p, ITEM_PARTIAL,
			  did == AS_E_PEER_LOST
			      ? "the device closed the connection"
			      : "the device's prompt does not come back; the rest was not tried");
		return 1;
	}
	return 0;
}

static int run_all(struct shell *s)
{
	struct peer *p = s->p;

	for (size_t i = 0; i < p->catalogue.count; i++) {
		const struct catalogue_command *c = &p->catalogue.commands[i];

		if (c->config && !p->device.config)
			continue;

		int err = run_one(s, c);
		if (err != 0)
			return err < 0 ? err : 0;
		if (clock_mono_ms() > p->until_ms)
			return peer_fail(p, ITEM_TIMEOUT, "all commands together took too long");
	}
	return 0;
}

int shell_run(struct peer *p)
{
	struct shell s = {.p = p, .ch = p->ssh->channel_new(p->session)};
	int err = s.ch ? 0 : -ENOMEM;

	if (err < 0)
		return err;
	terminal_begin(&s.terminal, &p->catalogue, on_text, &s);
	err = open_terminal(&s);
	if (err == 0)
		err = greet(&s);
	if (err == 0)
		err = set_up(&s);
	if (err < 0)
		err =
		    peer_fail(p, ITEM_FAILED, "the device shows no prompt that can be recognised");
	else
		err = run_all(&s);
	p->ssh->channel_close(s.ch);
	p->ssh->channel_free(s.ch);
	return err;
}
