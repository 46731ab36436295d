/* SPDX-License-Identifier: Apache-2.0
 *
 * get: files into the bundle, holes, disks that are full, and going on with what is there.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/old_part.h"
#include "proto/base/err.h"
#include "proto/e2e/sha256.h"
#include "tests/support/desk.h"

static const char *const scopes[] = {"files:/srv/app", NULL};

static void make(void)
{
	desk_open(false, scopes);
}

static void make_json(void)
{
	desk_open(true, scopes);
}
TestSuite(get, .init = make, .fini = desk_close);
TestSuite(get_json, .init = make_json, .fini = desk_close);

/* ---- the agent's side ---- */

static void send_file(size_t i, const char *name)
{
	struct item file = {.type = ITEM_FILE, .file.source_kind = ITEM_FROM_API};

	snprintf(file.file.name, sizeof file.file.name, "%s", name);
	snprintf(file.file.source, sizeof file.file.source, "what the agent calls it");
	desk_send(i, &file);
}

static void send_number(size_t i, enum item_type type, uint64_t v)
{
	struct item it = {.type = type};

	if (type == ITEM_SIZE)
		it.size = v;
	else if (type == ITEM_OFFSET)
		it.offset = v;
	else
		it.hole = v;
	desk_send(i, &it);
}

static void send_file_end(size_t i, enum item_state state, const char *why)
{
	struct item end = {.type = ITEM_FILE_END, .file_end.state = state};

	snprintf(end.file_end.why, sizeof end.file_end.why, "%s", why);
	desk_send(i, &end);
}

/* A whole file. */
static void send_whole(size_t i, const char *name, const char *text)
{
	desk_accept(i);
	send_file(i, name);
	send_number(i, ITEM_SIZE, strlen(text));
	desk_send_data(i, text, strlen(text));
	send_file_end(i, ITEM_OK, "");
	desk_end(i, ITEM_OK, "");
}

/* One that is cut behind so many bytes. */
static void send_cut(size_t i, const char *name, const char *text)
{
	desk_accept(i);
	send_file(i, name);
	send_number(i, ITEM_SIZE, 1000);
	desk_send_data(i, text, strlen(text));
	desk_reset(i, AS_E_CANCELLED);
}

static void is_hash_of(const struct manifest_item *it, const void *p, size_t n)
{
	uint8_t sum[SHA256_LEN];

	cr_assert(it && it->hashed);
	cr_assert_eq(sha256(p, n, sum), 0);
	cr_assert_eq(memcmp(sum, it->sha256, sizeof sum), 0);
}

static void content_is(const char *name, const char *text)
{
	size_t n;
	char *content = desk_file(name, &n);

	cr_assert(content, "%s is not there", name);
	cr_assert_eq(n, strlen(text));
	cr_assert_eq(memcmp(content, text, n), 0);
	free(content);
}

/* ---- one after the other ---- */

Test(get, files_come_one_after_the_other_under_their_own_paths)
{
	const struct manifest_item *it;

	desk_type("get /srv/app/x.log \"/srv/app//deep/y z\"");
	cr_assert_eq(desk.opened_count, 1);
	cr_assert_eq(desk.opened[0].op_id, 43);
	cr_assert_str_eq(desk.opened[0].args.root, "/srv/app");
	cr_assert_eq(desk.opened[0].args.offset, 0);
	cr_assert_eq(desk.opened[0].args.sha256.size, 0);
	cr_assert_eq(desk.opened[0].comp, 0);
	send_whole(0, "srv/app/x.log", "hello\n");
	cr_assert_eq(desk.opened_count, 2);
	cr_assert_eq(desk.idle, 0);
	send_whole(1, "srv/app/deep/y z", "");
	cr_assert_eq(desk.idle, 1);
	cr_assert_not(desk.s->jobs.incomplete);
	content_is("srv/app/x.log", "hello\n");
	content_is("srv/app/deep/y z", "");
	it = desk_item("srv/app/x.log");
	cr_assert_str_eq(it->source, "/srv/app/x.log", "what was asked for, not what it is called");
	cr_assert_eq(it->kind, ITEM_FROM_FILE);
	cr_assert_eq(it->state, ITEM_OK);
	is_hash_of(it, "hello\n", 6);
	cr_assert_str_eq(desk_item("srv/app/deep/y z")->source, "/srv/app/deep/y z");
}

Test(get, what_cannot_be_had_costs_itself)
{
	desk_type("get /srv/app/a /srv/app/b");
	desk_accept(0);
	send_file(0, "srv/app/a");
	send_file_end(0, ITEM_UNAVAILABLE, "there is no such file");
	desk_end(0, ITEM_UNAVAILABLE, "");
	cr_assert(strstr(desk_printed(), "unavailable: there is no such file"));
	send_whole(1, "srv/app/b", "x");
	cr_assert_eq(desk.idle, 1);
	cr_assert(desk.s->jobs.incomplete);
	content_is("srv/app/b", "x");
}

Test(get, one_that_is_cut_is_partial_and_has_the_hash_of_what_came)
{
	desk_type("get /srv/app/x");
	send_cut(0, "srv/app/x", "half");
	cr_assert(strstr(desk_printed(), "partial: the customer has stopped this item"));
	cr_assert_eq(desk_item("srv/app/x")->state, ITEM_PARTIAL);
	is_hash_of(desk_item("srv/app/x"), "half", 4);
	cr_assert(desk.s->jobs.incomplete);
}

Test(get, the_engineer_ends_all_of_it)
{
	desk_type("get /srv/app/x /srv/app/y");
	desk_accept(0);
	send_file(0, "srv/app/x");
	desk_send_data(0, "half", 4);
	cr_assert(session_interrupt(desk.s));
	desk_carry();
	cr_assert_eq(desk.reset[0], AS_E_CANCELLED);
	cr_assert_eq(desk.opened_count, 1);
	cr_assert_eq(desk.idle, 1);
	cr_assert_eq(desk_item("srv/app/x")->state, ITEM_PARTIAL);
	cr_assert(desk.s->jobs.incomplete);
}

Test(get, a_second_file_or_a_strange_record_breaks_the_protocol_of_this_path_alone)
{
	desk_type("get /srv/app/x /srv/app/y /srv/app/z");
	desk_accept(0);
	send_file(0, "srv/app/x");
	send_file_end(0, ITEM_OK, "");
	send_file(0, "etc/shadow");
	cr_assert_eq(desk.reset[0], AS_E_PROTOCOL);
	cr_assert_null(desk_item("etc/shadow"));
	desk_accept(1);
	send_file(1, "srv/app/y");
	send_number(1, ITEM_OFFSET, 5);
	cr_assert_eq(desk.reset[1], AS_E_PROTOCOL, "nobody offered a beginning");
	desk_accept(2);
	desk_send_line(2, 1, 0, "x");
	cr_assert_eq(desk.reset[2], AS_E_PROTOCOL);
	cr_assert_eq(desk.broken, 0);
	cr_assert_eq(desk.idle, 1);
}

Test(get, a_slow_link_may_be_helped)
{
	desk_type("get --compress /srv/app/x");
	cr_assert_eq(desk.opened[0].comp, 1);
}

/* ---- holes ---- */

Test(get, holes_take_no_room_and_count_in_the_hash)
{
	const size_t hole = 3u << 20;
	uint8_t *whole = calloc(1, 2 * hole + 8);
	struct stat st;
	char path[512];
	size_t n;

	memcpy(whole, "head", 4);
	memcpy(whole + 4 + hole, "tail", 4);
	desk_type("get /srv/app/x");
	desk_accept(0);
	send_file(0, "srv/app/x");
	desk_send_data(0, "head", 4);
	send_number(0, ITEM_HOLE, hole);
	desk_send_data(0, "tail", 4);
	send_number(0, ITEM_HOLE, hole);
	send_file_end(0, ITEM_OK, "");
	desk_end(0, ITEM_OK, "");
	desk_turn();
	cr_assert_eq(desk.idle, 1);
	cr_assert_eq(desk_item("srv/app/x")->bytes, 2 * hole + 8);
	is_hash_of(desk_item("srv/app/x"), whole, 2 * hole + 8);
	snprintf(path, sizeof path, "%s/srv/app/x", bundle_path(desk.s->bundle));
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq((size_t)st.st_size, 2 * hole + 8);
	cr_assert_lt((size_t)st.st_blocks * 512, hole);
	char *content = desk_file("srv/app/x", &n);
	cr_assert_eq(memcmp(content, whole, n), 0);
	free(content);
	free(whole);
}

Test(get, a_long_hole_is_hashed_in_pieces_while_others_go_on)
{
	const uint64_t hole = 40u << 20;
	uint8_t *whole = calloc(1, hole + 1);
	unsigned turns = 0;

	whole[hole] = 'x';
	desk_type("get /srv/app/x &");
	desk_accept(0);
	send_file(0, "srv/app/x");
	send_number(0, ITEM_HOLE, hole);
	desk_send_data(0, "x", 1);
	send_file_end(0, ITEM_OK, "");
	desk_end(0, ITEM_OK, "");
	cr_assert_eq(jobs_ending(&desk.s->jobs), 1, "its hash is not done");
	while (jobs_have_work(&desk.s->jobs) && ++turns)
		jobs_work(&desk.s->jobs);
	cr_assert_gt(turns, 3);
	session_settle(desk.s);
	cr_assert_eq(desk.s->jobs.count, 0);
	is_hash_of(desk_item("srv/app/x"), whole, hole + 1);
	free(whole);
}

Test(get, the_end_of_the_session_waits_for_no_turn)
{
	desk_type("get /srv/app/x &");
	desk_accept(0);
	send_file(0, "srv/app/x");
	send_number(0, ITEM_HOLE, 20u << 20);
	jobs_stop_all(&desk.s->jobs, JOB_ENDED, "the engineer ended the session");
	cr_assert_eq(jobs_ending(&desk.s->jobs), 0);
	cr_assert_eq(desk_item("srv/app/x")->state, ITEM_PARTIAL);
	cr_assert(desk_item("srv/app/x")->hashed);
}

Test(get, holes_count_in_what_a_bundle_may_hold)
{
	desk_type("get /srv/app/x");
	desk_accept(0);
	send_file(0, "srv/app/x");
	send_number(0, ITEM_HOLE, UINT64_MAX);
	desk_turn();
	cr_assert_eq(desk.reset[0], AS_E_QUOTA);
	cr_assert(strstr(desk_printed(), "--max-bytes"));
	cr_assert_eq(desk.idle, 1);
	cr_assert_eq(desk_item("srv/app/x")->bytes, 0);
}

/* ---- a full disk ---- */

Test(get, a_full_disk_ends_this_file_and_not_the_session)
{
	static char block[100000];
	struct rlimit limit;
	rlim_t before;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	before = limit.rlim_cur;
	desk_type("get /srv/app/big");
	desk_accept(0);
	send_file(0, "srv/app/big");
	limit.rlim_cur = 150000;
	setrlimit(RLIMIT_FSIZE, &limit);
	for (int i = 0; i < 4 && desk.reset[0] == 0; i++)
		desk_send_data(0, block, sizeof block);
	limit.rlim_cur = before;
	setrlimit(RLIMIT_FSIZE, &limit);
	cr_assert_neq(desk.reset[0], 0, "nobody wants the rest");
	cr_assert_eq(desk_item("srv/app/big")->state, ITEM_PARTIAL);
	cr_assert_eq(desk_item("srv/app/big")->bytes, 150000);
	cr_assert(desk_item("srv/app/big")->hashed);
	cr_assert(desk.s->jobs.incomplete);
	desk_type("get /srv/app/small");
	send_whole(1, "srv/app/small", "x");
	content_is("srv/app/small", "x");
}

/* ---- going on ---- */

/* What the i-th operation offers is the beginning `text`. */
static void offers(size_t i, const char *text)
{
	uint8_t sum[SHA256_LEN];

	cr_assert_lt(i, desk.opened_count, "not asked");
	cr_assert_eq(desk.opened[i].args.offset, strlen(text));
	cr_assert_eq(desk.opened[i].args.sha256.size, SHA256_LEN);
	sha256(text, strlen(text), sum);
	cr_assert_eq(memcmp(desk.opened[i].args.sha256.bytes, sum, sizeof sum), 0);
}

static void send_rest(size_t i, uint64_t offset, const char *rest)
{
	desk_accept(i);
	send_file(i, "srv/app/x");
	send_number(i, ITEM_SIZE, offset + strlen(rest));
	send_number(i, ITEM_OFFSET, offset);
	desk_send_data(i, rest, strlen(rest));
	send_file_end(i, ITEM_OK, "");
	desk_end(i, ITEM_OK, "");
	desk_turn();
}

Test(get, goes_on_with_a_part_of_this_session)
{
	size_t before;

	desk_type("get /srv/app/x");
	send_cut(0, "srv/app/x", "first half, ");
	before = bundle_manifest(desk.s->bundle)->items_count;
	desk_type("get --continue /srv/app/x");
	desk_turn();
	offers(1, "first half, ");
	send_rest(1, 12, "second half");
	cr_assert_eq(desk.idle, 2);
	content_is("srv/app/x", "first half, second half");
	cr_assert_eq(bundle_manifest(desk.s->bundle)->items_count, before, "it is the same file");
	cr_assert_eq(desk_item("srv/app/x")->state, ITEM_OK);
	cr_assert_eq(desk_item("srv/app/x")->bytes, 23);
	is_hash_of(desk_item("srv/app/x"), "first half, second half", 23);
	cr_assert_eq(desk_run("get")->state, ITEM_OK);
}

Test(get, goes_on_as_often_as_it_is_cut)
{
	desk_type("get /srv/app/x");
	send_cut(0, "srv/app/x", "one ");
	for (size_t i = 1; i <= 2; i++) {
		desk_type("get --continue /srv/app/x");
		desk_turn();
		offers(i, i == 1 ? "one " : "one two ");
		desk_accept(i);
		send_file(i, "srv/app/x");
		send_number(i, ITEM_OFFSET, 4 * i);
		desk_send_data(i, i == 1 ? "two " : "three", i == 1 ? 4 : 5);
		if (i == 1)
			desk_reset(i, AS_E_CANCELLED);
		else
			send_file_end(i, ITEM_OK, ""), desk_end(i, ITEM_OK, "");
		desk_turn();
	}
	content_is("srv/app/x", "one two three");
	is_hash_of(desk_item("srv/app/x"), "one two three", 13);
}

Test(get, without_a_part_all_of_it_is_fetched)
{
	desk_type("get --continue /srv/app/x");
	cr_assert(strstr(desk_printed(), "no part of it"));
	cr_assert_eq(desk.opened[0].args.sha256.size, 0);
	send_whole(0, "srv/app/x", "all");
	content_is("srv/app/x", "all");
	desk_type("get --continue /srv/app/x");
	cr_assert_eq(desk.opened[1].args.sha256.size, 0, "a whole file is no part");
}

Test(get, a_file_that_has_changed_leaves_the_part_alone)
{
	desk_type("get /srv/app/x");
	send_cut(0, "srv/app/x", "half");
	desk_type("get --continue /srv/app/x");
	desk_turn();
	desk_accept(1);
	send_file(1, "srv/app/x");
	send_number(1, ITEM_SIZE, 99);
	send_file_end(1, ITEM_FAILED, "the file has changed since: get it without --continue");
	desk_end(1, ITEM_FAILED, "");
	cr_assert(strstr(desk_printed(), "failed: the file has changed since"));
	content_is("srv/app/x", "half");
	cr_assert_eq(desk_item("srv/app/x")->state, ITEM_PARTIAL);
	is_hash_of(desk_item("srv/app/x"), "half", 4);
	cr_assert(desk.s->jobs.incomplete);
	cr_assert_eq(desk_run("get")->state, ITEM_FAILED);
}

Test(get, an_agent_that_sends_what_was_not_agreed_loses_the_stream_only)
{
	static const struct {
		enum item_type type;
		uint64_t n;
	} wrong[] = {{ITEM_OFFSET, 3}, {ITEM_OFFSET, 5}, {ITEM_OFFSET, 0}, {ITEM_HOLE, 1}};

	desk_type("get /srv/app/x");
	send_cut(0, "srv/app/x", "half");
	for (size_t i = 1; i <= 5; i++) {
		desk_type("get --continue /srv/app/x");
		desk_turn();
		desk_accept(i);
		send_file(i, "srv/app/x");
		if (i <= 4)
			send_number(i, wrong[i - 1].type, wrong[i - 1].n);
		else
			desk_send_data(i, "x", 1);
		desk_turn();
		cr_assert_eq(desk.reset[i], AS_E_PROTOCOL, "%zu", i);
		content_is("srv/app/x", "half");
		is_hash_of(desk_item("srv/app/x"), "half", 4);
	}
	cr_assert_eq(desk.broken, 0);
}

Test(get, two_that_go_on_with_one_part_do_not_mix)
{
	desk_type("get /srv/app/x");
	send_cut(0, "srv/app/x", "half");
	desk_type("get --continue /srv/app/x &");
	desk_type("get --continue /srv/app/x &");
	desk_turn();
	send_rest(1, 4, " and half");
	desk_accept(2);
	send_file(2, "srv/app/x");
	send_number(2, ITEM_OFFSET, 4);
	desk_turn();
	cr_assert_neq(desk.reset[2], 0);
	content_is("srv/app/x", "half and half");
	is_hash_of(desk_item("srv/app/x"), "half and half", 13);
}

static void spoil(const char *name, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", bundle_path(desk.s->bundle), name);
	f = fopen(path, "we");
	cr_assert(f);
	fputs(text, f);
	fclose(f);
}

Test(get, a_part_that_was_changed_here_is_not_used)
{
	desk_type("get /srv/app/x");
	send_cut(0, "srv/app/x", "half");
	spoil("srv/app/x", "hall");
	desk_type("get --continue /srv/app/x");
	desk_turn();
	cr_assert(strstr(desk_printed(), "was changed since; all of it is fetched"));
	cr_assert_eq(desk.opened[1].args.sha256.size, 0);
	send_whole(1, "srv/app/x", "all");
	content_is("srv/app/x", "hall");
	content_is("srv/app/x.2", "all");
}

/* ---- over sessions ---- */

/* The session ends and another one with the same customer begins; its bundle lies beside. */
static char old_path[512];
static void another_session(void)
{
	static unsigned n = 0;
	struct bundle_about about = {.out_dir = desk.dir,
				     .host = "h",
				     .started = 1790000101 + n,
				     .console_build = "",
				     .agent_build = "",
				     .agent_os = "",
				     .session_id = {(uint8_t)(n + 1)}};

	n++;

	snprintf(old_path, sizeof old_path, "%s", bundle_path(desk.s->bundle));
	cr_assert_eq(bundle_finish(desk.s->bundle, 1790000050), 0);
	bundle_free(desk.s->bundle);
	cr_assert_eq(bundle_create(&about, &desk.s->bundle), 0);
	desk.s->jobs.bundle = desk.s->bundle;
}

static void cut_then_another_session(void)
{
	desk_type("get /srv/app/x");
	send_cut(0, "srv/app/x", "first half, ");
	another_session();
}

static char *old_manifest(void)
{
	static char text[1 << 20];
	char path[600];
	FILE *f;

	snprintf(path, sizeof path, "%s/manifest.json", old_path);
	f = fopen(path, "re");
	cr_assert(f);
	text[fread(text, 1, sizeof text - 1, f)] = '\0';
	fclose(f);
	return text;
}

static bool old_file_is_there(void)
{
	char path[600];

	snprintf(path, sizeof path, "%s/srv/app/x", old_path);
	return access(path, F_OK) == 0;
}

Test(get, goes_on_with_a_part_of_an_earlier_session)
{
	cut_then_another_session();
	desk_type("get --continue /srv/app/x");
	desk_turn();
	offers(1, "first half, ");
	cr_assert(old_file_is_there(), "nothing is moved before the agent has agreed");
	send_rest(1, 12, "second half");
	content_is("srv/app/x", "first half, second half");
	is_hash_of(desk_item("srv/app/x"), "first half, second half", 23);
	cr_assert_eq(desk_item("srv/app/x")->bytes, 23);
	cr_assert_eq(desk_item("srv/app/x")->state, ITEM_OK);
	cr_assert_not(old_file_is_there());
	cr_assert_null(strstr(old_manifest(), "\"name\":\"srv/app/x\""));
	cr_assert(strstr(old_manifest(), "srv/app/x: went on in "));
	cr_assert_not(desk.s->jobs.incomplete && desk_run("get")->state != ITEM_OK);
}

Test(get, an_earlier_session_keeps_its_part_when_the_agent_does_not_agree)
{
	cut_then_another_session();
	desk_type("get --continue /srv/app/x");
	desk_turn();
	desk_accept(1);
	send_file(1, "srv/app/x");
	send_file_end(1, ITEM_FAILED, "the file has changed since: get it without --continue");
	desk_end(1, ITEM_FAILED, "");
	cr_assert(old_file_is_there());
	cr_assert(strstr(old_manifest(), "\"name\":\"srv/app/x\""));
	cr_assert_eq(desk_item("srv/app/x")->state, ITEM_FAILED);
	cr_assert_eq(desk_item("srv/app/x")->bytes, 0);
}

Test(get, the_part_may_be_cut_again_in_its_new_place)
{
	cut_then_another_session();
	desk_type("get --continue /srv/app/x");
	desk_turn();
	desk_accept(1);
	send_file(1, "srv/app/x");
	send_number(1, ITEM_OFFSET, 12);
	desk_send_data(1, "then ", 5);
	desk_reset(1, AS_E_CANCELLED);
	desk_turn();
	is_hash_of(desk_item("srv/app/x"), "first half, then ", 17);
	another_session();
	desk_type("get --continue /srv/app/x");
	desk_turn();
	offers(2, "first half, then ");
}

Test(get, the_newest_session_counts)
{
	cut_then_another_session();
	desk_type("get /srv/app/x");
	send_cut(1, "srv/app/x", "newer");
	another_session();
	desk_type("get --continue /srv/app/x");
	desk_turn();
	offers(2, "newer");
}

Test(get, a_console_that_was_killed_left_a_part_without_a_hash)
{
	char *text, *at;
	char path[600];
	FILE *f;

	cut_then_another_session();
	text = old_manifest();
	at = strstr(strstr(text, "\"name\":\"srv/app/x\""), "\"sha256\":\"");
	cr_assert(at);
	memmove(at + 9 + 4, at + 9 + 66, strlen(at + 9 + 66) + 1);
	memcpy(at + 9, "null", 4);
	snprintf(path, sizeof path, "%s/manifest.json", old_path);
	f = fopen(path, "we");
	fputs(text, f);
	fclose(f);
	desk_type("get --continue /srv/app/x");
	desk_turn();
	offers(1, "first half, ");
}

Test(get, a_session_that_is_still_at_work_keeps_its_files)
{
	int fd;

	cut_then_another_session();
	fd = open(old_path, O_RDONLY | O_DIRECTORY);
	cr_assert_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
	desk_type("get --continue /srv/app/x");
	desk_turn();
	cr_assert_eq(desk.opened[1].args.sha256.size, 0);
	close(fd);
}

/* What somebody may have put in our way. */
static void hostile(const char *shell)
{
	char command[2048];

	cut_then_another_session();
	snprintf(command, sizeof command, "cd %s && %s", old_path, shell);
	cr_assert_eq(system(command), 0);
	desk_type("get --continue /srv/app/x");
	desk_turn();
	cr_assert_eq(desk.opened_count, 2);
	cr_assert_eq(desk.opened[1].args.sha256.size, 0, "%s", shell);
	send_whole(1, "srv/app/x", "all");
	content_is("srv/app/x", "all");
}

Test(get, a_bundle_from_a_stranger_leads_nowhere_by_a_link)
{
	hostile("mv srv/app/x ../precious && ln -s ../../../precious srv/app/x");
}

Test(get, a_bundle_from_a_stranger_leads_nowhere_by_a_folder)
{
	hostile("mv srv ../elsewhere && ln -s ../elsewhere srv");
}

Test(get, a_bundle_from_a_stranger_has_no_pipe)
{
	hostile("rm srv/app/x && mkfifo srv/app/x");
}

Test(get, a_bundle_from_a_stranger_names_nothing_outside)
{
	hostile("cp srv/app/x ../precious && "
		"sed -i 's|\"name\":\"srv/app/x\"|\"name\":\"../precious\"|' manifest.json");
}

Test(get, a_bundle_from_a_stranger_is_of_the_same_host)
{
	hostile("sed -i 's|\"host\":\"h\"|\"host\":\"other\"|' manifest.json");
}

Test(get, a_bundle_from_a_stranger_has_bytes_that_are_its_manifests)
{
	hostile("printf 'other half, ' > srv/app/x");
	cr_assert(old_file_is_there());
}

Test(get, a_manifest_that_is_none_is_passed_over)
{
	hostile("echo '{' > manifest.json");
}

Test(get, a_manifest_that_cannot_be_replaced_keeps_its_file)
{
	char path[600];

	cut_then_another_session();
	snprintf(path, sizeof path, "%s/.manifest.json.new", old_path);
	cr_assert_eq(mkdir(path, 0700), 0); /* not even root removes that by unlink() */
	desk_type("get --continue /srv/app/x");
	desk_turn();
	offers(1, "first half, ");
	desk_accept(1);
	send_file(1, "srv/app/x");
	send_number(1, ITEM_OFFSET, 12);
	desk_turn();
	cr_assert_neq(desk.reset[1], 0);
	cr_assert(old_file_is_there());
	cr_assert(strstr(old_manifest(), "\"name\":\"srv/app/x\""));
	cr_assert_null(desk_file("srv/app/x", NULL), "half of it is in no two places");
}

/* ---- as JSON ---- */

Test(get_json, each_path_has_its_items)
{
	const char *at;
	json_t *o;

	desk_type("get /srv/app/x\\x0a");
	at = desk_printed();
	o = json_loadb(at, strcspn(at, "\n"), 0, NULL);
	cr_assert_str_eq(json_string_value(json_object_get(o, "name")), "get");
	cr_assert_str_eq(json_string_value(json_object_get(o, "path")), "/srv/app/x\\x0a");
	cr_assert_str_eq(json_string_value(json_object_get(o, "state")), "running");
	json_decref(o);
	send_whole(0, "srv/app/x_", "hello");
	at = desk_printed();
	o = json_loadb(at, strcspn(at, "\n"), 0, NULL);
	cr_assert_str_eq(json_string_value(json_object_get(o, "state")), "ok");
	cr_assert_eq(json_integer_value(json_object_get(o, "bytes")), 5);
	cr_assert_eq(json_integer_value(json_object_get(o, "expected")), 5);
	json_decref(o);
}
