/* SPDX-License-Identifier: Apache-2.0
 *
 * A bundle as it is written: what arrives is kept, what does not is listed, and no name leads out
 * of its folder.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/bundle_path.h"
#include "console/bundle_read.h"
#include "proto/base/err.h"
#include "proto/e2e/sha256.h"
#include "tests/support/bundle_box.h"
#include "tests/support/pki.h"

TestSuite(bundle, .init = bundle_box_enter, .fini = bundle_box_leave);

static const struct manifest_item *last(void)
{
	const struct manifest *m = bundle_manifest(bundle_box);

	return &m->items[m->items_count - 1];
}

Test(bundle, stands_where_its_name_says)
{
	cr_assert_str_eq(bundle_path(bundle_box), "out/deep/" BUNDLE_BOX_NAME);
	cr_assert_eq(access("out/deep/" BUNDLE_BOX_NAME "/manifest.json", F_OK), 0);
	cr_assert_eq(access("out/deep/" BUNDLE_BOX_NAME "/version.txt", F_OK), 0);
}

Test(bundle, cleans_the_hosts_name)
{
	char name[BUNDLE_NAME_MAX];
	const uint8_t id[16] = {1, 2, 3, 4};

	cr_assert_str_eq(bundle_folder_name("../../etc/x y\n", 0, id, name),
			 "assent-..-..-etc-x-y--19700101T000000Z-01020304");
	cr_assert_str_eq(bundle_folder_name("", 0, id, name),
			 "assent-unknown-19700101T000000Z-01020304");
}

Test(bundle, is_never_made_twice)
{
	struct bundle_about about = {.out_dir = "out/deep",
				     .host = "web1",
				     .started = PKI_NOW,
				     .console_build = "",
				     .agent_build = "",
				     .agent_os = ""};
	struct bundle *again = NULL;

	memset(about.session_id, 7, sizeof about.session_id);
	cr_assert_eq(bundle_create(&about, &again), AS_EEXISTS);
	cr_assert_null(again);
}

Test(bundle, keeps_what_arrives)
{
	char text[64];
	struct stat st;

	bundle_box_collect();
	bundle_box_content(bundle_box_at("proc/meminfo"), text, sizeof text);
	cr_assert_str_eq(text, "MemTotal: 1\n");
	cr_assert(last()->hashed);
	cr_assert_eq(last()->bytes, 6);
	cr_assert_eq(stat(bundle_box_at("proc/meminfo"), &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0600);
	cr_assert_eq(stat(bundle_box_at("proc"), &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0700);
}

Test(bundle, gives_a_taken_name_a_suffix_and_says_so)
{
	struct bundle_item *it = bundle_item_begin(bundle_box, "os");
	char text[64];

	bundle_box_whole_file(it, "a/log", "first");
	bundle_box_whole_file(it, "a/log", "second");
	cr_assert_str_eq(last()->name, "a/log.2");
	bundle_box_whole_file(it, "manifest.json", "{}");
	cr_assert_str_eq(last()->name, "manifest.json.2");
	bundle_box_whole_file(it, "Grant.bin", "forged");
	cr_assert_str_eq(last()->name, "Grant.bin.2");
	cr_assert_eq(bundle_manifest(bundle_box)->notes_count, 3);
	bundle_box_content(bundle_box_at("a/log"), text, sizeof text);
	cr_assert_str_eq(text, "first");
}

Test(bundle, never_follows_a_link)
{
	struct bundle_item *it = bundle_item_begin(bundle_box, "os");

	cr_assert_eq(mkdir("victim", 0700), 0);
	cr_assert_eq(symlink("../../../victim", bundle_box_at("etc")), 0);
	cr_assert_eq(symlink("../../../victim/new", bundle_box_at("file")), 0);
	cr_assert_eq(bundle_box_file(it, "etc/passwd"), 0);
	cr_assert_eq(bundle_box_data(it, "x", 1), 0);
	cr_assert_eq(bundle_box_end_file(it, ITEM_OK), 0);
	cr_assert_eq(last()->state, ITEM_FAILED);
	bundle_box_whole_file(it, "file", "x");
	cr_assert_str_eq(last()->name, "file.2");
	cr_assert_neq(access("victim/passwd", F_OK), 0);
	cr_assert_neq(access("victim/new", F_OK), 0);
}

Test(bundle, refuses_names_that_lead_elsewhere)
{
	static const char *const names[] = {"../x", "/x", "a//b", "a/../b", "", "-x", "a\\b"};
	struct bundle_item *it = bundle_item_begin(bundle_box, "os");

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		cr_assert_eq(bundle_box_file(it, names[i]), AS_EBADMSG, "%s", names[i]);
}

Test(bundle, refuses_records_out_of_order)
{
	struct bundle_item *it = bundle_item_begin(bundle_box, "os");

	cr_assert_eq(bundle_box_data(it, "x", 1), AS_EBADMSG);
	cr_assert_eq(bundle_box_end_file(it, ITEM_OK), AS_EBADMSG);
	cr_assert_eq(bundle_box_file(it, "a"), 0);
	cr_assert_eq(bundle_box_file(it, "b"), AS_EBADMSG);
}

Test(bundle, makes_no_file_for_a_gap)
{
	struct bundle_item *it = bundle_item_begin(bundle_box, "os");

	cr_assert_eq(bundle_box_file(it, "etc/shadow"), 0);
	cr_assert_eq(bundle_box_end_file(it, ITEM_UNAVAILABLE), 0);
	cr_assert_neq(access(bundle_box_at("etc/shadow"), F_OK), 0);
	bundle_box_whole_file(it, "etc/empty", "");
	cr_assert_eq(access(bundle_box_at("etc/empty"), F_OK), 0);
}

Test(bundle, marks_a_stream_without_an_end_as_partial)
{
	struct bundle_item *it = bundle_item_begin(bundle_box, "os");

	cr_assert_eq(bundle_box_file(it, "a"), 0);
	cr_assert_eq(bundle_box_data(it, "half", 4), 0);
	cr_assert_eq(bundle_item_end(it, ITEM_OK, ""), ITEM_PARTIAL);
	cr_assert_eq(last()->state, ITEM_PARTIAL);
	cr_assert(last()->hashed);
	cr_assert_eq(last()->bytes, 4);
}

Test(bundle, lists_what_was_denied)
{
	struct bundle_item *it = bundle_item_begin(bundle_box, "journal");

	cr_assert_eq(bundle_item_end(it, ITEM_DENIED, "not ticked"), ITEM_DENIED);
	cr_assert_str_eq(bundle_manifest(bundle_box)->runs[0].why, "not ticked");
}

Test(bundle, stops_at_the_granted_amount)
{
	struct bundle_about about = {.out_dir = "small",
				     .host = "h",
				     .bytes_max = 10,
				     .console_build = "",
				     .agent_build = "",
				     .agent_os = ""};
	struct bundle *small;

	cr_assert_eq(bundle_create(&about, &small), 0);
	struct bundle_item *it = bundle_item_begin(small, "os");
	cr_assert_eq(bundle_box_file(it, "a"), 0);
	cr_assert_eq(bundle_box_data(it, "0123456789", 10), 0);
	cr_assert_eq(bundle_box_data(it, "0", 1), AS_E_QUOTA);
	cr_assert_eq(bundle_item_stats(it).bytes, 10);
	bundle_free(small);
}

/* A file that may not grow stands for a disk that is full: write() fails in the middle. */
Test(bundle, loses_one_file_to_a_full_disk_and_no_more)
{
	struct bundle_item *it = bundle_item_begin(bundle_box, "os"),
			   *other = bundle_item_begin(bundle_box, "cpu");
	struct rlimit limit, old;
	char block[3000];
	uint8_t hash[SHA256_LEN];

	memset(block, 'x', sizeof block);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = (struct rlimit){5000, old.rlim_max};
	cr_assert_eq(bundle_box_file(it, "big"), 0);
	setrlimit(RLIMIT_FSIZE, &limit);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(bundle_box_data(it, block, sizeof block), 0);
	cr_assert_eq(bundle_box_end_file(it, ITEM_OK), 0);
	cr_assert_eq(last()->state, ITEM_PARTIAL);
	cr_assert_eq(last()->bytes, 5000);
	bundle_box_whole_file(other, "small", "fine");
	cr_assert_eq(last()->state, ITEM_OK);
	setrlimit(RLIMIT_FSIZE, &old);

	char all[5001];
	cr_assert_eq(bundle_box_content(bundle_box_at("big"), all, sizeof all), 5000);
	sha256(all, 5000, hash);
	cr_assert_eq(memcmp(hash, bundle_manifest(bundle_box)->items[1].sha256, sizeof hash), 0);
	cr_assert_eq(bundle_box_end(it), 0);
	cr_assert_eq(bundle_item_end(it, ITEM_OK, ""), ITEM_PARTIAL);
	cr_assert_eq(bundle_box_end(other), 0);
	cr_assert_eq(bundle_item_end(other, ITEM_OK, ""), ITEM_OK);
}

Test(bundle, of_a_killed_console_has_a_manifest_of_what_arrived)
{
	struct manifest m;
	char why[BUNDLE_WHY_MAX], path[256];

	bundle_box_collect();
	struct bundle_item *it = bundle_item_begin(bundle_box, "cpu");
	cr_assert_eq(bundle_box_file(it, "half"), 0);
	cr_assert_eq(bundle_box_data(it, "x", 1), 0);
	snprintf(path, sizeof path, "%s", bundle_path(bundle_box));
	cr_assert_eq(bundle_load(path, &m, why), 0, "%s", why);
	cr_assert_not(m.complete);
	cr_assert_eq(m.items_count, 4); /* version.txt, two files, half a one */
	cr_assert_not(m.items[3].hashed);
	cr_assert_eq(m.items[3].state, ITEM_PARTIAL);
	cr_assert(m.runs[1].open);
	manifest_done(&m);
	cr_assert_eq(bundle_box_command("verify", path), 1);
}

/* Files are written in larger pieces than they come, but not later than the program waits. */
Test(bundle, what_is_held_is_on_the_disk_and_in_the_hash_after_a_flush)
{
	struct bundle_item *it = bundle_item_begin(bundle_box, "cpu");
	static char block[300000], all[sizeof block + 16];
	uint8_t hash[SHA256_LEN];

	memset(block, 'y', sizeof block);
	cr_assert_eq(bundle_box_file(it, "held"), 0);
	cr_assert_eq(bundle_box_data(it, "one", 3), 0);
	cr_assert_eq(bundle_box_data(it, "two", 3), 0);
	cr_assert_eq(bundle_item_stats(it).bytes, 6, "it counts at once");
	cr_assert_not(bundle_item_has_work(it), "that it is held is no work");
	bundle_flush(bundle_box);
	cr_assert_eq(bundle_box_content(bundle_box_at("held"), all, sizeof all), 6);
	cr_assert_eq(memcmp(all, "onetwo", 6), 0);
	cr_assert_eq(bundle_box_data(it, "3", 1), 0);
	cr_assert_eq(bundle_box_data(it, block, sizeof block), 0); /* more than is ever held */
	cr_assert_eq(bundle_box_content(bundle_box_at("held"), all, sizeof all), 7 + sizeof block,
		     "in order");
	cr_assert_eq(memcmp(all, "onetwo3yyy", 10), 0);
	cr_assert_eq(bundle_box_data(it, "z", 1), 0);
	cr_assert_eq(bundle_box_end_file(it, ITEM_OK), 0);
	cr_assert_eq(bundle_box_content(bundle_box_at("held"), all, sizeof all), 8 + sizeof block);
	cr_assert_eq(last()->bytes, 8 + sizeof block);
	sha256(all, 8 + sizeof block, hash);
	cr_assert_eq(memcmp(hash, last()->sha256, sizeof hash), 0);
	cr_assert_eq(bundle_box_end(it), 0);
	cr_assert_eq(bundle_item_end(it, ITEM_OK, ""), ITEM_OK);
}

#define PIECE 16000

static void expect_hash(const struct manifest_item *item, const char *name, size_t n)
{
	char *content = malloc(n + 1);
	uint8_t hash[SHA256_LEN];

	cr_assert_eq(bundle_box_content(bundle_box_at(name), content, n + 1), n);
	cr_assert_eq(item->bytes, n);
	cr_assert(item->hashed);
	sha256(content, n, hash);
	cr_assert_eq(memcmp(hash, item->sha256, sizeof hash), 0, "%s", name);
	free(content);
}

/* Large pieces are hashed beside: those of two files, and small ones between them. */
Test(bundle, files_that_come_at_the_same_time_have_their_own_hashes)
{
	struct bundle_item *it[] = {bundle_item_begin(bundle_box, "os"),
				    bundle_item_begin(bundle_box, "cpu")};
	static char piece[PIECE];
	size_t first = bundle_manifest(bundle_box)->items_count, n[2] = {0, 0};

	cr_assert_eq(bundle_box_file(it[0], "left"), 0);
	cr_assert_eq(bundle_box_file(it[1], "right"), 0);
	for (int i = 0; i < 300; i++) {
		int who = i % 3 == 0;

		memset(piece, i, sizeof piece);
		cr_assert_eq(bundle_box_data(it[who], piece, sizeof piece), 0);
		n[who] += sizeof piece;
		if (n[who] / PIECE % 16 == 0) /* right behind a large one */
			bundle_flush(bundle_box);
	}
	for (int who = 0; who < 2; who++) {
		cr_assert_eq(bundle_box_end_file(it[who], ITEM_OK), 0);
		expect_hash(&bundle_manifest(bundle_box)->items[first + (size_t)who],
			    who ? "right" : "left", n[who]);
		cr_assert_eq(bundle_box_end(it[who]), 0);
		cr_assert_eq(bundle_item_end(it[who], ITEM_OK, ""), ITEM_OK);
	}
}

Test(bundle, a_disk_that_is_full_in_a_large_piece_leaves_what_fits_with_its_hash)
{
	struct bundle_item *it = bundle_item_begin(bundle_box, "os");
	static char piece[PIECE];
	struct rlimit limit, old;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = (struct rlimit){777777, old.rlim_max};
	cr_assert_eq(bundle_box_file(it, "big"), 0);
	setrlimit(RLIMIT_FSIZE, &limit);
	for (int i = 0; i < 100; i++) {
		memset(piece, i, sizeof piece);
		cr_assert_eq(bundle_box_data(it, piece, sizeof piece), 0);
	}
	cr_assert_eq(bundle_box_end_file(it, ITEM_OK), 0);
	setrlimit(RLIMIT_FSIZE, &old);
	cr_assert_eq(last()->state, ITEM_PARTIAL);
	expect_hash(last(), "big", 777777);
	cr_assert_eq(bundle_box_end(it), 0);
	cr_assert_eq(bundle_item_end(it, ITEM_OK, ""), ITEM_PARTIAL);
}

Test(bundle, survives_any_number_of_facts)
{
	struct bundle_item *it = bundle_item_begin(bundle_box, "os");
	struct item rec = {.type = ITEM_FACT};

	for (unsigned i = 0; i < MANIFEST_FACTS_MAX + 10; i++) {
		snprintf(rec.fact.key, sizeof rec.fact.key, "k.%u", i);
		cr_assert_eq(bundle_item_record(it, &rec), 0);
	}
	cr_assert_eq(bundle_manifest(bundle_box)->facts_count, MANIFEST_FACTS_MAX);
}

Test(bundle, refuses_a_grant_that_is_none)
{
	const uint8_t junk[] = {1, 2, 3};

	cr_assert_eq(bundle_grant(bundle_box, junk, sizeof junk, junk, sizeof junk), AS_EBADMSG);
	cr_assert_eq(bundle_manifest(bundle_box)->grants_count, 0);
	cr_assert_neq(access(bundle_box_at("grant.bin"), F_OK), 0);
}
