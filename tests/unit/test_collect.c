/* SPDX-License-Identifier: Apache-2.0
 *
 * Items over two real muxes joined in memory, into a real bundle in a temporary folder.
 */
#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "console/bundle.h"
#include "console/collect.h"
#include "console/op.h"
#include "proto/base/err.h"
#include "proto/e2e/mux.h"

static char dir[] = "/tmp/assent-collect-XXXXXX";
static struct mux *console, *agent;
static struct ops ops;
static struct jobs jobs;
static struct job *job; /* the latest */
static struct events ev;
static struct bundle *bundle;
static as_Catalog catalog;
static as_Open opened[CATALOG_MAX];
static size_t opened_count;
static int broken; /* what the console's callbacks returned */
static FILE *out;
static char *out_text;
static size_t out_len;

static int on_agent_message(uint8_t type, const uint8_t *p, size_t n, void *owner)
{
	(void)owner;
	if (type == MUX_OPEN)
		cr_assert_eq(msg_decode(MSG_OPEN, p, n, &opened[opened_count++]), 0);
	return 0;
}

static int on_message(uint8_t type, const uint8_t *p, size_t n, void *owner)
{
	(void)owner;
	return broken = ops_message(&ops, type, p, n);
}

static int on_data(uint32_t stream, const uint8_t *p, size_t n, void *owner)
{
	(void)owner;
	return broken = ops_data(&ops, stream, p, n);
}

static void on_fin(uint32_t stream, bool ok, void *owner)
{
	(void)owner;
	ops_fin(&ops, stream, ok);
}

static void on_reset(uint32_t stream, int code, void *owner)
{
	(void)owner;
	ops_reset(&ops, stream, code);
}

static const struct mux_events agent_ev = {.on_message = on_agent_message};
static const struct mux_events console_ev = {
    .on_message = on_message, .on_data = on_data, .on_fin = on_fin, .on_reset = on_reset};

/* Moves frames both ways until nobody has anything to say. */
static void shuttle(void)
{
	static uint8_t frame[MUX_FRAME_MAX];
	int n, moved;

	do {
		moved = 0;
		while ((n = mux_next(console, frame, sizeof frame)) > 0 && ++moved)
			cr_assert_eq(mux_feed(agent, frame, (size_t)n, 0), 0);
		while ((n = mux_next(agent, frame, sizeof frame)) > 0 && ++moved)
			if (mux_feed(console, frame, (size_t)n, 0) < 0)
				return;
	} while (moved);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void make(void)
{
	struct bundle_about about = {.out_dir = dir,
				     .host = "h",
				     .started = 1790000000,
				     .console_build = "",
				     .agent_build = "",
				     .agent_os = ""};

	cr_assert(mkdtemp(dir));
	cr_assert_eq(bundle_create(&about, &bundle), 0);
	out = open_memstream(&out_text, &out_len);
	events_init(&ev, out, stderr, true);
	ops_init(&ops);
	jobs_init(&jobs, &ev, &ops);
	console = mux_new(MUX_CONSOLE, &console_ev, NULL);
	agent = mux_new(MUX_AGENT, &agent_ev, NULL);
	mux_set_authed(console);
	mux_set_authed(agent);
	jobs.bundle = bundle;
	ops.mux = console;
	catalog.entries_count = 6;
	for (uint32_t i = 0; i < 6; i++) {
		catalog.entries[i] = (as_CatalogEntry){.op_id = i + 1,
						       .scope = SCOPE_SYSTEM,
						       .profiles = 8,
						       .flags = i == 1 ? CATALOG_BULK : 0};
		snprintf(catalog.entries[i].name, sizeof catalog.entries[i].name, "item%u",
			 (unsigned)i);
	}
	catalog.entries[5].scope = SCOPE_LOGS;
}

static void clean(void)
{
	jobs_free(&jobs);
	mux_free(console);
	mux_free(agent);
	bundle_free(bundle);
	fclose(out);
	free(out_text);
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
TestSuite(collect, .init = make, .fini = clean);

static bool only_system(enum scope_kind kind, void *owner)
{
	(void)owner;
	return kind == SCOPE_SYSTEM;
}

static void start(size_t n, const char *const names[])
{
	struct selection s;
	char why[CATALOG_WHY_MAX];

	cr_assert_eq(catalog_select(&catalog, n, names, &s, why), 0);
	cr_assert_eq(collect_start(&jobs, &s, only_system, NULL, "collect ...", &job), 0);
	shuttle();
}
#define START(...)                                                         \
	start(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), \
	      (const char *const[]){__VA_ARGS__})

static void accept_open(size_t i, uint32_t comp)
{
	as_OpenOk ok = {.stream = opened[i].stream, .comp = comp};
	uint8_t buf[64];
	int n = msg_encode(MSG_OPEN_OK, &ok, buf, sizeof buf);

	cr_assert_eq(mux_send(agent, MUX_OPEN_OK, buf, (size_t)n), 0);
}

/* A whole item: one file with one line, and END with this state. Returns the bytes. */
static size_t records(uint8_t *buf, size_t cap, const char *name, enum item_state state)
{
	struct item file = {.type = ITEM_FILE, .file.source_kind = ITEM_FROM_API};
	struct item file_end = {.type = ITEM_FILE_END};
	struct item end = {.type = ITEM_END, .end.state = state};
	size_t n;

	snprintf(file.file.name, sizeof file.file.name, "%s", name);
	snprintf(file.file.source, sizeof file.file.source, "test");
	n = (size_t)item_encode(&file, buf, cap);
	item_data_header(6, buf + n);
	memcpy(buf + n + ITEM_HEADER, "hello\n", 6);
	n += ITEM_HEADER + 6;
	n += (size_t)item_encode(&file_end, buf + n, cap - n);
	n += (size_t)item_encode(&end, buf + n, cap - n);
	return n;
}

static void send_item(size_t i, enum item_state state)
{
	uint8_t buf[4096];
	char name[32];

	snprintf(name, sizeof name, "dir/file%zu", i);

	size_t n = records(buf, sizeof buf, name, state);

	accept_open(i, 0);
	cr_assert_eq(mux_stream_write(agent, opened[i].stream, buf, n), (int)n);
	mux_stream_finish(agent, opened[i].stream);
	shuttle();
}

static enum item_state state_of(const char *collector)
{
	const struct manifest *m = bundle_manifest(bundle);

	for (size_t i = 0; i < m->runs_count; i++)
		if (strcmp(m->runs[i].collector, collector) == 0)
			return m->runs[i].state;
	cr_assert_fail("%s has not run", collector);
	return ITEM_FAILED;
}

/* Files that came from the agent: the bundle has some of its own. */
static size_t files(uint64_t *bytes)
{
	const struct manifest *m = bundle_manifest(bundle);
	size_t n = 0;

	for (size_t i = 0; i < m->items_count; i++) {
		if (strncmp(m->items[i].collector, "item", 4) != 0)
			continue;
		n++;
		*bytes += m->items[i].bytes;
	}
	return n;
}

Test(collect, items_run_four_at_a_time_and_land_in_the_bundle)
{
	START("full");
	cr_assert_eq(opened_count, COLLECT_AT_ONCE);
	for (size_t i = 0; i < 5; i++)
		send_item(i, ITEM_OK);
	cr_assert_eq(opened_count, 5, "the sixth is not allowed and not asked for");
	cr_assert(job->is_done);
	cr_assert_not(jobs.incomplete, "a profile leaves out what is not allowed");
	cr_assert_eq(state_of("item0"), ITEM_OK);
	cr_assert_eq(state_of("item5"), ITEM_DENIED);

	uint64_t bytes = 0;

	cr_assert_eq(files(&bytes), 5);
	cr_assert_eq(bytes, 30);
	cr_assert_eq(mux_streams(console), 0);
}

Test(collect, what_is_asked_for_by_name_and_denied_counts)
{
	START("item5");
	cr_assert_eq(opened_count, 0);
	cr_assert(job->is_done);
	cr_assert(jobs.incomplete);
}

Test(collect, streams_have_odd_rising_ids_and_carry_the_settings)
{
	START("item0", "item1", "hours=3", "names=a.example");
	cr_assert_eq(opened[0].stream, 1);
	cr_assert_eq(opened[1].stream, 3);
	cr_assert_eq(opened[0].args.hours, 3);
	cr_assert_str_eq(opened[0].args.names[0], "a.example");
	cr_assert_eq(opened[0].comp, 0);
	cr_assert_eq(opened[1].comp, 1, "what is bulk may be compressed");
	cr_assert_eq(opened[0].first_credit, MUX_WINDOW_FIRST);
}

Test(collect, a_failed_item_costs_only_itself)
{
	START("item0", "item2");
	send_item(0, ITEM_FAILED);
	send_item(1, ITEM_OK);
	cr_assert(jobs.incomplete);
	cr_assert_eq(state_of("item0"), ITEM_FAILED);
	cr_assert_eq(state_of("item2"), ITEM_OK);
}

Test(collect, a_stream_without_its_end_is_partial)
{
	START("item0");
	accept_open(0, 0);

	uint8_t buf[4096];
	size_t n = records(buf, sizeof buf, "f", ITEM_OK);

	mux_stream_write(agent, opened[0].stream, buf, n / 2);
	mux_stream_finish(agent, opened[0].stream);
	shuttle();
	cr_assert(job->is_done);
	cr_assert_eq(state_of("item0"), ITEM_PARTIAL);
	cr_assert(jobs.incomplete);
}

Test(collect, garbage_resets_the_stream_and_keeps_the_session)
{
	START("item0", "item2");
	accept_open(0, 0);
	mux_stream_write(agent, opened[0].stream, "\xff\xff\xff\xff\xff", 5);
	shuttle();
	cr_assert_eq(broken, 0);
	cr_assert_eq(state_of("item0"), ITEM_PARTIAL);
	send_item(1, ITEM_OK);
	cr_assert_eq(state_of("item2"), ITEM_OK);
}

Test(collect, compressed_items_are_unpacked)
{
	uint8_t plain[4096], packed[8192];
	size_t n = records(plain, sizeof plain, "f", ITEM_OK);
	uLongf packed_len = sizeof packed;

	START("item1");
	compress(packed, &packed_len, plain, n);
	accept_open(0, 1);
	mux_stream_write(agent, opened[0].stream, packed, packed_len);
	mux_stream_finish(agent, opened[0].stream);
	shuttle();
	cr_assert_eq(state_of("item1"), ITEM_OK);

	uint64_t bytes = 0;

	cr_assert_eq(files(&bytes), 1);
	cr_assert_eq(bytes, 6);
}

Test(collect, a_compressed_stream_that_is_cut_is_partial)
{
	uint8_t plain[4096], packed[8192];
	size_t n = records(plain, sizeof plain, "f", ITEM_OK);
	uLongf packed_len = sizeof packed;

	START("item1");
	compress(packed, &packed_len, plain, n);
	accept_open(0, 1);
	mux_stream_write(agent, opened[0].stream, packed, packed_len - 4);
	mux_stream_finish(agent, opened[0].stream);
	shuttle();
	cr_assert_eq(state_of("item1"), ITEM_PARTIAL);
}

Test(collect, compression_that_was_not_offered_breaks_the_protocol)
{
	START("item0");
	accept_open(0, 1);
	shuttle();
	cr_assert_eq(broken, AS_E_PROTOCOL);
}

Test(collect, data_before_the_answer_breaks_the_protocol)
{
	START("item0");
	mux_stream_write(agent, opened[0].stream, "x", 1);
	shuttle();
	cr_assert_eq(broken, AS_E_PROTOCOL);
}

Test(collect, a_refusal_is_listed_and_the_next_item_starts)
{
	START("full");
	mux_stream_refuse(agent, opened[0].stream, AS_E_SCOPE);
	mux_stream_refuse(agent, opened[1].stream, AS_E_OP_FAILED);
	shuttle();
	cr_assert_eq(state_of("item0"), ITEM_DENIED);
	cr_assert_eq(state_of("item1"), ITEM_FAILED);
	cr_assert_eq(opened_count, 5);
}

Test(collect, a_reset_keeps_what_had_arrived)
{
	START("item0");
	accept_open(0, 0);

	uint8_t buf[4096];
	size_t n = records(buf, sizeof buf, "f", ITEM_OK);

	mux_stream_write(agent, opened[0].stream, buf, n - 12);
	shuttle();
	mux_stream_reset(agent, opened[0].stream, AS_E_OP_FAILED);
	shuttle();
	cr_assert_eq(state_of("item0"), ITEM_PARTIAL);

	uint64_t bytes = 0;

	cr_assert_eq(files(&bytes), 1);
}

Test(collect, the_end_of_the_session_marks_everything_that_was_not_done)
{
	START("full");
	send_item(0, ITEM_OK);
	accept_open(1, 0);
	shuttle();
	jobs_stop_all(&jobs, JOB_LOST, "lost");
	cr_assert(job->is_done);
	cr_assert(jobs.incomplete);
	cr_assert_eq(state_of("item0"), ITEM_OK);
	cr_assert_eq(state_of("item1"), ITEM_PARTIAL);
	cr_assert_eq(bundle_finish(bundle, 1790000001), 0);
}

Test(collect, the_link_may_be_gone_when_it_is_aborted)
{
	START("full");
	ops.mux = NULL;
	jobs_stop_all(&jobs, JOB_LOST, "lost");
	cr_assert(job->is_done);
}

Test(collect, two_of_them_run_side_by_side)
{
	struct job *first;

	START("item0");
	first = job;
	START("item2");
	cr_assert_eq(opened_count, 2);
	cr_assert_neq(first->id, job->id);
	send_item(1, ITEM_OK);
	cr_assert(job->is_done);
	cr_assert_not(first->is_done);
	cr_assert(jobs_reap(&jobs));
	cr_assert_eq(jobs_find(&jobs, first->id), first);
	send_item(0, ITEM_OK);
	cr_assert(first->is_done);
	cr_assert(jobs_reap(&jobs));
	cr_assert_eq(jobs.count, 0);
	cr_assert_eq(jobs.past_count, 2);
	cr_assert_eq(jobs.past[1].view.bytes, 6);
}

Test(collect, one_that_is_cancelled_keeps_what_had_arrived_and_is_not_complete)
{
	START("full");
	send_item(0, ITEM_OK);
	job->kind->stop(job, JOB_CANCELLED, "cancelled by the engineer");
	shuttle();
	cr_assert(job->is_done);
	cr_assert(jobs.incomplete);
	cr_assert_eq(state_of("item0"), ITEM_OK);
	cr_assert_eq(state_of("item1"), ITEM_PARTIAL);
	cr_assert_eq(mux_streams(console), 0);
	cr_assert_eq(broken, 0);
}

Test(collect, a_record_that_has_no_place_here_costs_the_item)
{
	struct item row = {.type = ITEM_ROW, .row.kind = 2};
	uint8_t buf[256];
	int n = item_encode(&row, buf, sizeof buf);

	START("item0");
	accept_open(0, 0);
	mux_stream_write(agent, opened[0].stream, buf, (size_t)n);
	shuttle();
	cr_assert_eq(broken, 0);
	cr_assert_eq(state_of("item0"), ITEM_PARTIAL);
}

Test(collect, credit_comes_back_for_what_was_written)
{
	static uint8_t block[ITEM_DATA_MAX];
	struct item file = {.type = ITEM_FILE,
			    .file = {.name = "big", .source_kind = ITEM_FROM_API}};
	uint8_t head[ITEM_RECORD_MAX];
	int n = item_encode(&file, head, sizeof head);
	size_t left = 0;

	START("item0");
	accept_open(0, 0);
	mux_stream_write(agent, opened[0].stream, head, (size_t)n);
	for (size_t total = 0; total < 4u * MUX_WINDOW_FIRST;) {
		if (left == 0) {
			uint8_t header[ITEM_HEADER];

			shuttle();
			item_data_header(sizeof block, header);
			cr_assert_eq(
			    mux_stream_write(agent, opened[0].stream, header, sizeof header),
			    ITEM_HEADER);
			left = sizeof block;
		}
		int took = mux_stream_write(agent, opened[0].stream, block, left);

		cr_assert_gt(took, 0, "the window is shut for ever");
		left -= (size_t)took;
		total += (size_t)took;
		shuttle();
		cr_assert_eq(broken, 0);
	}
}
