/* SPDX-License-Identifier: Apache-2.0
 *
 * bundle show, pack and verify: one that is whole is good in both forms, and whatever was changed,
 * added, lost or signed for something else is not.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/base/err.h"
#include "tests/support/bundle_box.h"
#include "tests/support/pki.h"

TestSuite(bundle_verify, .init = bundle_box_enter, .fini = bundle_box_leave);

static void finished(void)
{
	bundle_box_agree(7);
	bundle_box_collect();
	cr_assert_eq(bundle_finish(bundle_box, PKI_NOW + 60), 0);
}

Test(bundle_verify, that_is_whole_is_verified_in_both_forms)
{
	finished();
	cr_assert_eq(bundle_manifest(bundle_box)->grants_count, 2);
	cr_assert_str_eq(bundle_manifest(bundle_box)->grants[0].reason, "the disk is full");
	cr_assert_eq(bundle_box_command("verify", bundle_path(bundle_box)), 0);
	cr_assert_eq(bundle_box_command("show", bundle_path(bundle_box)), 0);
	cr_assert_eq(bundle_box_command("pack", bundle_path(bundle_box)), 0);
	cr_assert_eq(bundle_box_command("verify", "out/deep/" BUNDLE_BOX_NAME ".tar.gz"), 0);
	cr_assert_eq(bundle_box_command("show", "out/deep/" BUNDLE_BOX_NAME ".tar.gz"), 0);
}

Test(bundle_verify, is_packed_once_and_always_the_same)
{
	char first[65536], second[65536];

	finished();
	cr_assert_eq(bundle_box_command("pack", "out/deep/" BUNDLE_BOX_NAME "/"), 0);
	size_t n = bundle_box_content("out/deep/" BUNDLE_BOX_NAME ".tar.gz", first, sizeof first);
	cr_assert_eq(bundle_box_command("pack", bundle_path(bundle_box)), 1);
	cr_assert_eq(unlink("out/deep/" BUNDLE_BOX_NAME ".tar.gz"), 0);
	cr_assert_eq(utimensat(AT_FDCWD, bundle_box_at("proc/meminfo"), NULL, 0), 0);
	cr_assert_eq(bundle_box_command("pack", bundle_path(bundle_box)), 0);
	cr_assert_eq(
	    bundle_box_content("out/deep/" BUNDLE_BOX_NAME ".tar.gz", second, sizeof second), n);
	cr_assert_eq(memcmp(first, second, n), 0);
}

static void end_hashed(struct bundle_item *it)
{
	cr_assert_eq(bundle_box_end_file(it, ITEM_OK), 0);
	while (bundle_item_work(it))
		;
}

static void hole(struct bundle_item *it, uint64_t n)
{
	struct item rec = {.type = ITEM_HOLE, .hole = n};

	cr_assert_eq(bundle_item_record(it, &rec), 0);
}

/* 150 MB that are 2 pages; a hole is no bomb. */
Test(bundle_verify, keeps_its_holes_when_it_is_packed)
{
	struct bundle_item *it = bundle_item_begin(bundle_box, "get");
	struct stat st;

	cr_assert_eq(bundle_box_file(it, "root/sparse"), 0);
	cr_assert_eq(bundle_box_data(it, "begin", 5), 0);
	hole(it, 100u << 20);
	cr_assert_eq(bundle_box_data(it, "end", 3), 0);
	hole(it, 1u << 20);
	end_hashed(it);
	cr_assert_eq(bundle_box_file(it, "root/void"), 0);
	hole(it, 50u << 20);
	end_hashed(it);
	cr_assert_eq(bundle_box_end(it), 0);
	cr_assert_eq(bundle_item_end(it, ITEM_OK, ""), ITEM_OK);
	finished();
	cr_assert_eq(bundle_box_command("verify", bundle_path(bundle_box)), 0);
	cr_assert_eq(bundle_box_command("pack", bundle_path(bundle_box)), 0);
	cr_assert_eq(stat("out/deep/" BUNDLE_BOX_NAME ".tar.gz", &st), 0);
	cr_assert_lt(st.st_size, 1 << 20);
	cr_assert_eq(bundle_box_command("verify", "out/deep/" BUNDLE_BOX_NAME ".tar.gz"), 0);
}

Test(bundle_verify, with_a_changed_file_is_not_good)
{
	finished();
	bundle_box_put(bundle_box_at("proc/meminfo"), "MemTotal: 2\n");
	cr_assert_eq(bundle_box_command("verify", bundle_path(bundle_box)), 1);
	bundle_box_put(bundle_box_at("proc/meminfo"), "MemTotal: 1\n");
	cr_assert_eq(bundle_box_command("verify", bundle_path(bundle_box)), 0);
}

Test(bundle_verify, with_a_missing_or_added_file_is_not_good)
{
	finished();
	bundle_box_put(bundle_box_at("proc/new"), "x");
	cr_assert_eq(bundle_box_command("verify", bundle_path(bundle_box)), 1);
	cr_assert_eq(unlink(bundle_box_at("proc/new")), 0);
	cr_assert_eq(bundle_box_command("verify", bundle_path(bundle_box)), 0);
	cr_assert_eq(unlink(bundle_box_at("proc/meminfo")), 0);
	cr_assert_eq(bundle_box_command("verify", bundle_path(bundle_box)), 1);
}

Test(bundle_verify, with_a_link_is_not_good)
{
	finished();
	cr_assert_eq(symlink("meminfo", bundle_box_at("proc/link")), 0);
	cr_assert_eq(bundle_box_command("verify", bundle_path(bundle_box)), 1);
	cr_assert_eq(bundle_box_command("pack", bundle_path(bundle_box)), 1);
	cr_assert_neq(access("out/deep/" BUNDLE_BOX_NAME ".tar.gz", F_OK), 0);
}

/* Replaces text in the manifest by as many bytes. */
static void rewrite(const char *from, const char *to)
{
	char all[65536];

	bundle_box_content(bundle_box_at("manifest.json"), all, sizeof all);
	char *hit = strstr(all, from);
	cr_assert(hit && strlen(from) == strlen(to), "%s", from);
	memcpy(hit, to, strlen(to));
	bundle_box_put(bundle_box_at("manifest.json"), all);
}

Test(bundle_verify, that_tells_another_grant_than_the_signed_one_is_not_good)
{
	finished();
	rewrite("the disk is full", "the disk is fine");
	cr_assert_eq(bundle_box_command("verify", bundle_path(bundle_box)), 1);
	rewrite("the disk is fine", "the disk is full");
	cr_assert_eq(bundle_box_command("verify", bundle_path(bundle_box)), 0);
	rewrite("\"scopes\":[\"system\"]", "\"scopes\":[\"sytsem\"]");
	cr_assert_eq(bundle_box_command("verify", bundle_path(bundle_box)), 1);
}

Test(bundle_verify, without_a_grant_is_not_good)
{
	bundle_box_collect();
	cr_assert_eq(bundle_finish(bundle_box, PKI_NOW + 60), 0);
	cr_assert_eq(bundle_box_command("verify", bundle_path(bundle_box)), 1);
}

Test(bundle_verify, with_the_grant_of_another_session_is_not_good)
{
	bundle_box_agree(8);
	cr_assert_eq(bundle_finish(bundle_box, PKI_NOW + 60), 0);
	cr_assert_eq(bundle_box_command("verify", bundle_path(bundle_box)), 1);
}

Test(bundle_verify, with_grants_of_two_customers_is_not_good)
{
	bundle_box_agree(7);
	bundle_box_agree(7); /* another install key */
	cr_assert_eq(bundle_finish(bundle_box, PKI_NOW + 60), 0);
	cr_assert_eq(bundle_box_command("verify", bundle_path(bundle_box)), 1);
}

Test(bundle_verify, commands_know_what_is_none)
{
	bundle_box_put("text", "hello");
	cr_assert_eq(bundle_box_command("show", "."), 1);
	cr_assert_eq(bundle_box_command("verify", "text"), 1);
	cr_assert_eq(bundle_box_command("pack", "text"), 1);
	cr_assert_eq(bundle_box_command("pack", "nowhere"), 1);
	cr_assert_eq(bundle_box_command("unpack", "."), 2);
	cr_assert_eq(bundle_box_command("show", ""), 2);
	cr_assert_eq(bundle_box_command("show", "--force"), 2);
	cr_assert_eq(bundle_box_command("show", "--help"), 0);
	cr_assert_eq(bundle_box_command("--help", ""), 0);
}
