/* SPDX-License-Identifier: Apache-2.0
 *
 * Commands by channels: one for each, both of its streams into one file.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/ssh/peer.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

#define EXIT_NOT_FOUND 127

static int open_channel(struct peer *p, ssh_channel ch, const char *command)
{
	uint64_t until = clock_mono_ms() + PEER_CHANNEL_MS;
	int rc;

	PEER_UNTIL(p, rc, until, p->ssh->channel_open_session(ch));
	if (rc == SSH_OK)
		PEER_UNTIL(p, rc, until, p->ssh->channel_request_exec(ch, command));
	return rc == SSH_OK ? 0 : rc == SSH_AGAIN ? AS_E_TIMEOUT : AS_E_OP_FAILED;
}

/* Bytes that were there, 0 for none at the moment; AS_E_PEER_LOST; or our reader is gone. */
static int read_stream(struct output *o, ssh_channel ch, int is_stderr)
{
	static uint8_t bytes[32768];
	int n = o->p->ssh->channel_read_nonblocking(ch, bytes, sizeof bytes, is_stderr);

	if (n == SSH_EOF || n == SSH_AGAIN)
		return 0;
	if (n < 0)
		return AS_E_PEER_LOST;

	int err = output_write(o, bytes, (size_t)n);
	return err < 0 ? err : n;
}

/* 0 at the end of the output, or what cut it short. */
static int read_all(struct output *o, ssh_channel ch)
{
	for (;;) {
		int n = read_stream(o, ch, 0), m = n < 0 ? 0 : read_stream(o, ch, 1);

		if (n < 0 || m < 0)
			return n < 0 ? n : m;
		if (o->full)
			return 0;
		if (n > 0 || m > 0) {
			if (clock_mono_ms() >= output_until(o))
				return AS_E_TIMEOUT;
			continue;
		}
		if (o->p->ssh->channel_is_eof(ch))
			return 0;
		if (!o->p->ssh->channel_is_open(ch))
			return AS_E_PEER_LOST;
		if (peer_wait(o->p, output_until(o)) < 0)
			return AS_E_TIMEOUT;
	}
}

/* The exit status comes behind the output. -1 when it does not come. */
static int exit_status(struct peer *p, ssh_channel ch)
{
	uint64_t until = clock_mono_ms() + 1000;
	int status;

	while ((status = p->ssh->channel_get_exit_status(ch)) < 0 && p->ssh->channel_is_open(ch))
		if (peer_wait(p, until) < 0)
			break;
	return status;
}

static int end_well(struct output *o, ssh_channel ch)
{
	int status = o->full ? 0 : exit_status(o->p, ch);
	char why[64];

	o->p->silent = 0;
	if (status <= 0)
		return output_end(o, ITEM_OK, "");
	if (status == EXIT_NOT_FOUND)
		return output_end(o, ITEM_UNAVAILABLE, "not installed on the device");
	/* a gap, as with the system's own tools: it says itself what is the matter */
	snprintf(why, sizeof why, "it ended with status %d", status);
	return output_end(o, ITEM_UNAVAILABLE, why);
}

static int end_badly(struct output *o, int err)
{
	struct peer *p = o->p;
	char why[160];

	if (err == AS_E_TIMEOUT) {
		p->silent++;
		snprintf(why, sizeof why, "no end within %u s", o->command->time_s);
		return output_end(o, ITEM_TIMEOUT, why);
	}
	if (err == AS_E_OP_FAILED) { /* no channel; the next one may get one */
		p->silent++;
		snprintf(why, sizeof why, "the device does not run it: %.100s",
			 p->ssh->get_error(p->session));
		return output_end(o, ITEM_FAILED, why);
	}
	if (err != AS_E_PEER_LOST)
		return err;
	p->lost = true;
	return output_end(o, o->bytes > 0 ? ITEM_PARTIAL : ITEM_FAILED,
			  "the device closed the connection");
}

static int run_one(struct peer *p, const struct catalogue_command *c)
{
	struct output o;
	ssh_channel ch = p->ssh->channel_new(p->session);
	int err = ch ? output_begin(&o, p, c) : -ENOMEM;

	if (err == 0) {
		err = open_channel(p, ch, c->text);
		if (err == 0)
			err = read_all(&o, ch);
		err = err == 0 ? end_well(&o, ch) : end_badly(&o, err);
	}
	if (ch) {
		p->ssh->channel_close(ch);
		p->ssh->channel_free(ch);
	}
	return err;
}

int commands_run(struct peer *p)
{
	for (size_t i = 0; i < p->catalogue.count; i++) {
		const struct catalogue_command *c = &p->catalogue.commands[i];

		if (c->config && !p->device.config)
			continue;

		int err = run_one(p, c);
		if (err < 0)
			return err;
		if (p->lost)
			return peer_fail(p, ITEM_PARTIAL, "the device closed the connection");
		if (p->silent >= PEER_SILENT_MAX)
			return peer_fail(p, ITEM_PARTIAL,
					 "the device runs nothing more; the rest was not tried");
		if (clock_mono_ms() > p->until_ms)
			return peer_fail(p, ITEM_TIMEOUT, "all commands together took too long");
	}
	return 0;
}
