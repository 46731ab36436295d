/* SPDX-License-Identifier: Apache-2.0 */
#include "console/collect.h"

#include <stdio.h>
#include <string.h>

#include "console/bundle.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/e2e/mux.h"
#include "proto/e2e/pack.h"

void collect_init(struct collect *c, struct events *ev)
{
	*c = (struct collect){.ev = ev, .bytes_max = UNPACK_TOTAL_MAX};
}

void collect_done(struct collect *c)
{
	for (size_t i = 0; i < c->count; i++) {
		unpack_free(c->takes[i].unpack);
		c->takes[i].unpack = NULL;
	}
	c->count = 0;
}

bool collect_is_idle(const struct collect *c)
{
	return c->finished == c->count;
}

static void view(const struct take *t, struct item_view *v)
{
	struct bundle_item_stats stats = {0};

	if (t->item)
		stats = bundle_item_stats(t->item);
	*v = (struct item_view){
	    .name = t->entry->name,
	    .running = true,
	    .why = "",
	    .bytes = stats.bytes,
	    .files = stats.files,
	    .elapsed_ms = t->began_ms ? clock_mono_ms() - t->began_ms : 0,
	};
}

static void show_live(struct collect *c)
{
	struct item_view views[COLLECT_AT_ONCE];
	size_t n = 0;

	for (size_t i = 0; i < c->count && n < COLLECT_AT_ONCE; i++)
		if (c->takes[i].phase == TAKE_ASKED || c->takes[i].phase == TAKE_RUNNING)
			view(&c->takes[i], &views[n++]);
	events_live(c->ev, views, n);
}

/* state as in bundle_item_end(): ITEM_OK lets the stream's own END record decide. */
static void finish(struct collect *c, struct take *t, enum item_state state, const char *why)
{
	struct item_view v;

	view(t, &v);
	v.running = false;
	v.state = t->item ? bundle_item_end(t->item, state, why) : ITEM_FAILED;
	v.why = why[0] ? why : t->why;
	if (v.state == ITEM_PARTIAL && !v.why[0])
		v.why = "not complete; 'bundle show' says what is missing and why";
	t->item = NULL;
	unpack_free(t->unpack);
	t->unpack = NULL;
	if (t->phase == TAKE_ASKED || t->phase == TAKE_RUNNING)
		c->running--;
	t->phase = TAKE_DONE;
	c->finished++;
	if (v.state == ITEM_PARTIAL || v.state == ITEM_TIMEOUT || v.state == ITEM_FAILED ||
	    (v.state == ITEM_DENIED && t->by_name))
		c->incomplete = true;
	show_live(c); /* without this one, before its final line is printed */
	events_item(c->ev, &v);
}

static int ask(struct collect *c, struct take *t)
{
	as_Open open = {
	    .op_id = t->entry->op_id,
	    .has_args = true,
	    .args = c->args,
	    .comp = t->entry->flags & CATALOG_BULK ? 1 : 0,
	    .first_credit = MUX_WINDOW_FIRST,
	};
	uint8_t buf[as_Open_size];
	int err = mux_stream_open(c->mux, &open.stream);

	if (err < 0)
		return err;
	t->stream = open.stream;

	int n = msg_encode(MSG_OPEN, &open, buf, sizeof buf);
	return n < 0 ? n : mux_send(c->mux, MUX_OPEN, buf, (size_t)n);
}

static void start_more(struct collect *c)
{
	char text[128];

	for (size_t i = 0; i < c->count && c->running < COLLECT_AT_ONCE; i++) {
		struct take *t = &c->takes[i];
		struct item_view v;

		if (t->phase != TAKE_WAITING)
			continue;
		t->began_ms = t->reported_ms = clock_mono_ms();

		int err = ask(c, t);
		if (err < 0) {
			finish(c, t, ITEM_FAILED, err_text(err, text, sizeof text));
			continue;
		}
		t->phase = TAKE_ASKED;
		c->running++;
		view(t, &v);
		events_item(c->ev, &v);
	}
	show_live(c);
}

int collect_start(struct collect *c, const struct selection *s,
		  bool (*is_allowed)(enum scope_kind kind, void *owner), void *owner)
{
	if (!collect_is_idle(c))
		return AS_ESTATE;
	c->count = s->count;
	c->running = c->finished = 0;
	c->args = s->args;
	for (size_t i = 0; i < s->count; i++) {
		struct take *t = &c->takes[i];

		*t = (struct take){.entry = s->entries[i], .by_name = s->by_name[i]};
		t->item = bundle_item_begin(c->bundle, t->entry->name);
		if (!t->item)
			finish(c, t, ITEM_FAILED, "out of memory");
		else if (!is_allowed((enum scope_kind)t->entry->scope, owner))
			finish(c, t, ITEM_DENIED, "the customer has not agreed to this");
	}
	start_more(c);
	return 0;
}

static struct take *find(struct collect *c, uint32_t stream)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->takes[i].stream == stream && c->takes[i].phase != TAKE_DONE)
			return &c->takes[i];
	return NULL;
}

static int on_record(const struct item *rec, void *arg)
{
	struct take *t = arg;

	if (rec->type == ITEM_END)
		memcpy(t->why, rec->end.why, sizeof t->why);
	return bundle_item_record(t->item, rec);
}

static int on_unpacked(const uint8_t *p, size_t n, void *owner)
{
	struct take *t = owner;
	return item_decode(&t->decoder, p, n, on_record, t);
}

static int on_open_ok(struct collect *c, const uint8_t *p, size_t n)
{
	as_OpenOk m;

	if (msg_decode(MSG_OPEN_OK, p, n, &m) < 0)
		return AS_E_PROTOCOL;

	struct take *t = find(c, m.stream);
	if (!t)
		return 0; /* given up meanwhile */
	if (t->phase != TAKE_ASKED || (m.comp && !(t->entry->flags & CATALOG_BULK)))
		return AS_E_PROTOCOL;
	t->phase = TAKE_RUNNING;
	if (m.comp) {
		t->unpack = unpack_new(c->bytes_max, on_unpacked, t);
		if (!t->unpack) {
			mux_stream_reset(c->mux, t->stream, AS_E_INTERNAL);
			finish(c, t, ITEM_FAILED, "out of memory");
			start_more(c);
		}
	}
	return 0;
}

/* What a refusal means for the manifest. */
static enum item_state state_of(int err)
{
	switch (err) {
	case AS_E_SCOPE:
	case AS_E_POLICY:
	case AS_E_DENIED:
		return ITEM_DENIED;
	case AS_E_TIMEOUT:
		return ITEM_TIMEOUT;
	default:
		return ITEM_FAILED;
	}
}

static int on_open_err(struct collect *c, const uint8_t *p, size_t n)
{
	char text[128];
	as_OpenErr m;

	if (msg_decode(MSG_OPEN_ERR, p, n, &m) < 0)
		return AS_E_PROTOCOL;

	struct take *t = find(c, m.stream);
	int err = err_from_wire(m.code);

	mux_stream_drop(c->mux, m.stream);
	if (!t)
		return 0;
	if (t->phase != TAKE_ASKED)
		return AS_E_PROTOCOL;
	finish(c, t, state_of(err), err_text(err, text, sizeof text));
	start_more(c);
	return 0;
}

int collect_message(struct collect *c, uint8_t type, const uint8_t *p, size_t n)
{
	return type == MUX_OPEN_OK ? on_open_ok(c, p, n) : on_open_err(c, p, n);
}

int collect_data(struct collect *c, uint32_t stream, const uint8_t *p, size_t n)
{
	struct take *t = find(c, stream);
	char text[128];

	if (t && t->phase != TAKE_RUNNING)
		return AS_E_PROTOCOL;

	int err = !t ? 0 : t->unpack ? unpack_feed(t->unpack, p, n) : on_unpacked(p, n, t);

	mux_consumed(c->mux, stream, n);
	if (err < 0) {
		mux_stream_reset(c->mux, stream, err);
		finish(c, t, ITEM_PARTIAL, err_text(err, text, sizeof text));
		start_more(c);
	}
	return 0;
}

void collect_fin(struct collect *c, uint32_t stream, bool ok)
{
	struct take *t = find(c, stream);

	if (!t)
		return;
	if (!ok)
		finish(c, t, ITEM_PARTIAL, "what arrived is not what was sent");
	else if (t->unpack && unpack_end(t->unpack) < 0)
		finish(c, t, ITEM_PARTIAL, "the compressed data ends too early");
	else
		finish(c, t, ITEM_OK, "");
	start_more(c);
}

void collect_reset(struct collect *c, uint32_t stream, int code)
{
	struct take *t = find(c, stream);
	char text[128];

	if (!t)
		return;
	finish(c, t, t->phase == TAKE_RUNNING ? ITEM_PARTIAL : state_of(code),
	       err_text(code, text, sizeof text));
	start_more(c);
}

void collect_abort(struct collect *c, const char *why)
{
	for (size_t i = 0; i < c->count; i++) {
		struct take *t = &c->takes[i];

		if (t->phase == TAKE_DONE)
			continue;
		if (t->phase != TAKE_WAITING && c->mux)
			mux_stream_reset(c->mux, t->stream, AS_E_PEER_LOST);
		finish(c, t, t->phase == TAKE_WAITING ? ITEM_FAILED : ITEM_PARTIAL, why);
	}
}

void collect_tick(struct collect *c)
{
	uint64_t now = clock_mono_ms();

	if (!c->ev->json) {
		show_live(c);
		return;
	}
	for (size_t i = 0; i < c->count; i++) {
		struct take *t = &c->takes[i];
		struct item_view v;

		if (t->phase != TAKE_RUNNING || now - t->reported_ms < COLLECT_REPORT_MS)
			continue;
		view(t, &v);
		t->reported_ms = now;
		if (v.bytes != t->reported_bytes)
			events_item(c->ev, &v);
		t->reported_bytes = v.bytes;
	}
}
