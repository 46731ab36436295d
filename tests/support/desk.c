/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/desk.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/clock.h"
#include "proto/base/err.h"

struct desk desk;

static struct connect_args args;

/* ---- the agent ---- */

static size_t find(uint32_t stream)
{
	for (size_t i = 0; i < desk.opened_count; i++)
		if (desk.opened[i].stream == stream)
			return i;
	cr_assert_fail("stream %u was never opened", (unsigned)stream);
	return 0;
}

static int on_message(uint8_t type, const uint8_t *p, size_t n, void *owner)
{
	(void)owner;
	if (type != MUX_OPEN)
		return 0;
	cr_assert_lt(desk.opened_count, DESK_OPENS_MAX);
	cr_assert_eq(msg_decode(MSG_OPEN, p, n, &desk.opened[desk.opened_count++]), 0);
	return 0;
}

static int on_data(uint32_t stream, const uint8_t *p, size_t n, void *owner)
{
	(void)owner;
	desk.input = realloc(desk.input, desk.input_len + n);
	memcpy(desk.input + desk.input_len, p, n);
	desk.input_len += n;
	if (!desk.input_waits)
		mux_consumed(desk.agent, stream, n);
	return 0;
}

static void on_fin(uint32_t stream, bool ok, void *owner)
{
	(void)stream;
	(void)owner;
	cr_assert(ok);
	desk.input_ended = true;
}

static void on_reset(uint32_t stream, int code, void *owner)
{
	(void)owner;
	desk.reset[find(stream)] = code;
}

static const struct mux_events agent_ev = {
    .on_message = on_message, .on_data = on_data, .on_fin = on_fin, .on_reset = on_reset};

/* ---- the session ---- */

static void on_idle(void *owner)
{
	(void)owner;
	desk.idle++;
}

static void on_live(void *owner)
{
	(void)owner;
	desk.live++;
}

static void on_ending(void *owner)
{
	(void)owner;
}

static void on_over(int exit_code, void *owner)
{
	(void)exit_code;
	(void)owner;
}

static const struct session_events session_ev = {
    .on_idle = on_idle, .on_live = on_live, .on_ending = on_ending, .on_over = on_over};

void desk_catalog(const char *name, uint32_t op_id, enum scope_kind scope, uint32_t flags)
{
	as_Catalog *c = &desk.s->catalog;
	as_CatalogEntry *e = &c->entries[c->entries_count++];

	*e = (as_CatalogEntry){.op_id = op_id, .scope = scope, .flags = flags};
	snprintf(e->name, sizeof e->name, "%s", name);
}

static void fill_catalog(void)
{
	const uint32_t live = CATALOG_OWN | CATALOG_LIVE, bulk = CATALOG_OWN | CATALOG_BULK;

	desk_catalog("os", 1, SCOPE_SYSTEM, CATALOG_BULK);
	desk.s->catalog.entries[0].profiles = 8;
	desk_catalog("tail", 32, SCOPE_LOGS, live);
	desk_catalog("tail_files", 33, SCOPE_FILES, live);
	desk_catalog("journal_live", 34, SCOPE_LOGS, live);
	desk_catalog("top", 35, SCOPE_METRICS, live);
	desk_catalog("ls", 40, SCOPE_FILES, bulk);
	desk_catalog("stat", 41, SCOPE_FILES, bulk);
	desk_catalog("find", 42, SCOPE_FILES, bulk);
	desk_catalog("get", 43, SCOPE_FILES, bulk);
	desk_catalog("put", 44, SCOPE_PUT, CATALOG_OWN | CATALOG_INPUT);
}

static void fill_scopes(const char *const scopes[])
{
	struct agree *a = &desk.s->agree;

	a->state = AGREE_GRANTED;
	strcpy(a->agent_os, "linux");
	for (; *scopes; scopes++) {
		struct scope *sc = &a->scopes[a->scopes_count++];
		const char *colon = strchr(*scopes, ':');

		if (strncmp(*scopes, "put:", 4) == 0) {
			sc->kind = SCOPE_PUT;
			strcpy(sc->target, colon + 1);
		} else {
			cr_assert_eq(scope_parse(*scopes, sc), 0, "%s", *scopes);
		}
	}
}

void desk_open(bool json, const char *const scopes[])
{
	struct bundle_about about = {.out_dir = desk.dir,
				     .host = "h",
				     .started = 1790000000,
				     .console_build = "",
				     .agent_build = "",
				     .agent_os = ""};
	FILE *out, *err;
	struct session *s;

	desk = (struct desk){.dir = "/tmp/assent-desk-XXXXXX"};
	cr_assert(mkdtemp(desk.dir));
	out = open_memstream(&desk.out_text, &desk.out_len);
	err = open_memstream(&desk.err_text, &desk.err_len);
	events_init(&desk.ev, out, err, json);
	uv_loop_init(&desk.loop);
	s = desk.s = calloc(1, sizeof *s);
	args.out = desk.dir;
	s->setup.args = &args;
	s->setup.ev = s->ev = &desk.ev;
	s->on = &session_ev;
	s->state = SESSION_READY;
	ops_init(&s->ops);
	jobs_init(&s->jobs, s->ev, &s->ops);
	uv_idle_init(&desk.loop, &s->work);
	s->work.data = s;
	cr_assert_eq(bundle_create(&about, &s->bundle), 0);
	s->jobs.bundle = s->bundle;
	s->ops.mux = desk.console = mux_new(MUX_CONSOLE, &session_link_events.channel.mux, s);
	desk.agent = mux_new(MUX_AGENT, &agent_ev, NULL);
	mux_set_authed(desk.console);
	mux_set_authed(desk.agent);
	fill_catalog();
	fill_scopes(scopes);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void desk_close(void)
{
	uv_close((uv_handle_t *)&desk.s->work, NULL);
	uv_run(&desk.loop, UV_RUN_DEFAULT);
	cr_assert_eq(uv_loop_close(&desk.loop), 0);
	session_free(desk.s);
	mux_free(desk.console);
	mux_free(desk.agent);
	fclose(desk.ev.out);
	fclose(desk.ev.err);
	free(desk.out_text);
	free(desk.err_text);
	free(desk.input);
	nftw(desk.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void desk_type(const char *line)
{
	session_command(desk.s, line);
	desk_carry();
}

void desk_carry(void)
{
	static uint8_t frame[MUX_FRAME_MAX];
	int n, moved;

	do {
		moved = 0;
		while ((n = mux_next(desk.console, frame, sizeof frame)) > 0 && ++moved)
			cr_assert_eq(mux_feed(desk.agent, frame, (size_t)n, 0), 0, "%s",
				     mux_why(desk.agent));
		while ((n = mux_next(desk.agent, frame, sizeof frame)) > 0 && ++moved)
			if ((desk.broken = mux_feed(desk.console, frame, (size_t)n, 0)) < 0)
				return;
	} while (moved);
}

void desk_turn(void)
{
	while (jobs_have_work(&desk.s->jobs)) {
		jobs_work(&desk.s->jobs);
		desk_carry();
	}
	jobs_tick(&desk.s->jobs, clock_mono_ms());
	session_settle(desk.s);
	desk_carry();
}

/* ---- the agent's words ---- */

void desk_accept(size_t i)
{
	as_OpenOk ok = {.stream = desk.opened[i].stream};
	uint8_t buf[64];
	int n = msg_encode(MSG_OPEN_OK, &ok, buf, sizeof buf);

	cr_assert_lt(i, desk.opened_count, "not opened");
	cr_assert_eq(mux_send(desk.agent, MUX_OPEN_OK, buf, (size_t)n), 0);
	desk_carry();
}

void desk_send_bytes(size_t i, const void *p, size_t n)
{
	const uint8_t *at = p;

	while (n > 0 && !desk.broken) {
		int took = mux_stream_write(desk.agent, desk.opened[i].stream, at, n);

		if (took == AS_ESTATE)
			return; /* the console has given it up */
		cr_assert_geq(took, 0);
		at += took;
		n -= (size_t)took;
		desk_carry();
		if (took == 0 && mux_stream_write(desk.agent, desk.opened[i].stream, at, 0) == 0 &&
		    !mux_has_output(desk.agent))
			return; /* the window is shut; who wants more writes again */
	}
}

void desk_send(size_t i, const struct item *rec)
{
	static uint8_t buf[ITEM_LONG_MAX];
	int n = item_encode(rec, buf, sizeof buf);

	cr_assert_gt(n, 0);
	desk_send_bytes(i, buf, (size_t)n);
}

void desk_send_line(size_t i, uint8_t source, uint64_t time, const char *text)
{
	struct item line = {.type = ITEM_LINE,
			    .line = {.source = source,
				     .time = time,
				     .text = (const uint8_t *)text,
				     .len = strlen(text)}};

	desk_send(i, &line);
}

void desk_send_source(size_t i, uint8_t id, const char *name)
{
	struct item source = {.type = ITEM_SOURCE, .source.id = id};

	snprintf(source.source.name, sizeof source.source.name, "%s", name);
	desk_send(i, &source);
}

void desk_send_data(size_t i, const void *p, size_t n)
{
	const uint8_t *at = p;

	while (n > 0) {
		uint8_t header[ITEM_HEADER];
		size_t part = n < ITEM_DATA_MAX ? n : ITEM_DATA_MAX;

		item_data_header(part, header);
		desk_send_bytes(i, header, sizeof header);
		desk_send_bytes(i, at, part);
		at += part;
		n -= part;
	}
}

void desk_end(size_t i, enum item_state state, const char *why)
{
	struct item end = {.type = ITEM_END, .end.state = state};

	snprintf(end.end.why, sizeof end.end.why, "%s", why);
	desk_send(i, &end);
	mux_stream_finish(desk.agent, desk.opened[i].stream);
	desk_carry();
}

void desk_reset(size_t i, int code)
{
	mux_stream_reset(desk.agent, desk.opened[i].stream, code);
	desk_carry();
}

/* ---- what came of it ---- */

static const char *taken(FILE *f, char **text, size_t *len)
{
	static size_t seen[2];
	size_t *at = &seen[f == desk.ev.err];

	fflush(f);
	if (*at > *len)
		*at = 0;

	const char *news = *text + *at;

	*at = *len;
	return news;
}

const char *desk_printed(void)
{
	return taken(desk.ev.out, &desk.out_text, &desk.out_len);
}

const char *desk_errors(void)
{
	return taken(desk.ev.err, &desk.err_text, &desk.err_len);
}

char *desk_file(const char *name, size_t *n)
{
	char path[512], *text;
	FILE *f;
	size_t len;

	snprintf(path, sizeof path, "%s/%s", bundle_path(desk.s->bundle), name);
	f = fopen(path, "re");
	if (!f)
		return NULL;
	fseek(f, 0, SEEK_END);
	len = (size_t)ftell(f);
	rewind(f);
	text = calloc(1, len + 1);
	cr_assert_eq(fread(text, 1, len, f), len);
	fclose(f);
	if (n)
		*n = len;
	return text;
}

const struct manifest_item *desk_item(const char *name)
{
	const struct manifest *m = bundle_manifest(desk.s->bundle);

	for (size_t i = 0; i < m->items_count; i++)
		if (strcmp(m->items[i].name, name) == 0)
			return &m->items[i];
	return NULL;
}

const struct manifest_run *desk_run(const char *collector)
{
	const struct manifest *m = bundle_manifest(desk.s->bundle);

	for (size_t i = m->runs_count; i-- > 0;)
		if (strcmp(m->runs[i].collector, collector) == 0)
			return &m->runs[i];
	return NULL;
}
