/* SPDX-License-Identifier: Apache-2.0 */
#include "console/put.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/events_lines.h"
#include "console/op.h"
#include "console/saved.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/base/hex.h"
#include "proto/base/text.h"
#include "proto/e2e/mux.h"
#include "proto/e2e/sha256.h"

#define BLOCK (64u << 10)

struct put {
	struct job job;
	struct op op;
	int fd;
	uint64_t size, sent; /* sent: taken by the mux */
	bool written;	     /* FIN is on its way */
	struct sha256_stream *hash;
	char path[ITEM_SOURCE_MAX + 1]; /* clean */
	char said[ITEM_WHY_MAX + 1];	/* the agent's last word */
	struct saved saved;		/* its entry in the manifest; no file */
};

/* ---- its end ---- */

/* What was sent, for whoever reads the manifest later. */
static void note_sent(struct put *p)
{
	uint8_t sum[SHA256_LEN];
	char hex[2 * SHA256_LEN + 1] = "?", text[ITEM_WHY_MAX + 1];

	if (sha256_stream_get(p->hash, sum) == 0)
		hex_encode(sum, sizeof sum, hex);
	snprintf(text, sizeof text, "%.60s: %" PRIu64 " bytes, SHA-256 %s", p->path, p->size, hex);
	saved_note(&p->saved, text);
}

static void finish(struct put *p, enum item_state state, const char *why)
{
	if (p->job.is_done)
		return;
	if (state == ITEM_OK) {
		note_sent(p);
		events_remark(p->job.jobs->ev, p->job.id, p->job.name, p->said);
	} else if (!why[0]) {
		why = p->said;
	}
	state = saved_close(&p->saved, state, why);
	job_tell_done(&p->job, state, why);
	job_done(&p->job, state, state != ITEM_OK);
}

/* The agent may end it before everything was sent: nobody takes the rest. */
static void on_done(enum item_state state, const char *why, void *owner)
{
	struct put *p = owner;

	if (!p->written && p->op.ops->mux)
		mux_stream_reset(p->op.ops->mux, p->op.stream, AS_E_CANCELLED);
	if (state == ITEM_OK && !p->written)
		finish(p, ITEM_FAILED, "the agent ended it before all of it was sent");
	else
		finish(p, state, why);
}

static void give_up(struct put *p, const char *why)
{
	op_stop(&p->op, AS_E_CANCELLED);
	finish(p, ITEM_FAILED, why);
}

static void on_stop(struct job *j, enum job_stop how, const char *why)
{
	struct put *p = (struct put *)j;

	op_stop(&p->op, how == JOB_LOST ? AS_E_PEER_LOST : AS_E_CANCELLED);
	finish(p, ITEM_PARTIAL, why);
}

/* ---- sending ---- */

/* One block; what the mux does not take is read once more later. */
static int send_block(struct put *p)
{
	static uint8_t block[BLOCK];
	uint64_t left = p->size - p->sent;
	size_t want = left < sizeof block ? (size_t)left : sizeof block;
	ssize_t got = pread(p->fd, block, want, (off_t)p->sent);

	if (got <= 0)
		return got < 0 ? -errno : AS_E_TRUNCATED;

	int took = mux_stream_write(p->op.ops->mux, p->op.stream, block, (size_t)got);
	if (took > 0 && sha256_stream_add(p->hash, block, (size_t)took) < 0)
		return AS_E_INTERNAL;
	p->sent += took > 0 ? (uint64_t)took : 0;
	return took;
}

static void pump(struct put *p)
{
	char text[128];
	int err = 1;

	if (p->op.phase != OP_RUNNING || p->written || !p->op.ops->mux)
		return;
	while (p->sent < p->size && err > 0)
		err = send_block(p);
	if (err == AS_ESTATE)
		return; /* the agent does not listen yet: on_tick() tries again */
	if (err < 0) {
		give_up(p, err == AS_E_TRUNCATED ? "the file here became shorter while it was read"
						 : err_text(err, text, sizeof text));
		return;
	}
	if (p->sent == p->size)
		p->written = mux_stream_finish(p->op.ops->mux, p->op.stream) == 0;
}

static void on_ready(void *owner)
{
	pump(owner);
}

static int on_record(const struct item *rec, void *owner)
{
	struct put *p = owner;

	if (rec->type != ITEM_NOTE)
		return 0;
	memcpy(p->said, rec->note.text, sizeof p->said);
	saved_note(&p->saved, p->said);
	return 0;
}

static const struct op_events op_ev = {
    .on_record = on_record, .on_done = on_done, .on_running = on_ready, .on_room = on_ready};

/* ---- as a job ---- */

static void on_total(const struct job *j, struct item_view *out)
{
	const struct put *p = (const struct put *)j;

	out->path = p->path;
	out->bytes = p->sent;
	out->expected = p->size;
	out->files = 1;
}

static void on_tick(struct job *j, uint64_t now_ms)
{
	pump((struct put *)j);
	if (!j->is_done && j->jobs->ev->json)
		job_tell_running(j, now_ms);
}

static void on_free(struct job *j)
{
	struct put *p = (struct put *)j;

	op_stop(&p->op, AS_E_CANCELLED);
	close(p->fd);
	sha256_stream_free(p->hash);
	free(p);
}

static const struct job_kind kind = {
    .stop = on_stop, .total = on_total, .tick = on_tick, .free = on_free};

int put_start(struct jobs *js, const struct put_wish *w, struct job **out)
{
	struct put *p = calloc(1, sizeof *p);
	char text[128];

	if (!p || !(p->hash = sha256_stream_new())) {
		close(w->fd);
		free(p);
		return -ENOMEM;
	}
	p->job = (struct job){.kind = &kind, .name = "put"};
	p->fd = w->fd;
	p->size = w->size;
	text_line(w->path, strlen(w->path), p->path, sizeof p->path);

	int err = jobs_add(js, &p->job, w->line);
	if (err < 0) {
		on_free(&p->job);
		return err;
	}
	saved_open(&p->saved, js->bundle, "put", "", w->line, false);
	p->op = (struct op){.ev = &op_ev, .owner = p};
	err = op_ask(&p->op, js->ops, &w->ask->entry, &w->ask->args);
	if (err < 0)
		finish(p, ITEM_FAILED, err_text(err, text, sizeof text));
	else
		job_tell_running(&p->job, clock_mono_ms());
	*out = &p->job;
	return 0;
}
