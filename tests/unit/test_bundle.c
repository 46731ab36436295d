/* SPDX-License-Identifier: Apache-2.0 */
#include <archive.h>
#include <archive_entry.h>
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <criterion/redirect.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/bundle.h"
#include "console/bundle_cmd.h"
#include "console/bundle_path.h"
#include "console/bundle_read.h"
#include "proto/base/err.h"
#include "proto/e2e/grant.h"
#include "proto/e2e/request.h"
#include "proto/e2e/sha256.h"
#include "tests/support/pki.h"

#define NAME "assent-web1-20260921T141320Z-07070707" /* of PKI_NOW and the session below */
#define ORG  "Acme"

static char folder[] = "/tmp/test_bundle.XXXXXX";
static struct bundle *b;

static void enter(void)
{
	cr_redirect_stdout();
	cr_redirect_stderr();
	cr_assert(mkdtemp(folder) && chdir(folder) == 0);

	struct bundle_about about = {
	    .out_dir = "out/deep",
	    .host = "web1",
	    .started = PKI_NOW,
	    .console_build = "0.1.0",
	    .agent_build = "0.1.0",
	    .agent_os = "linux",
	};
	memset(about.session_id, 7, sizeof about.session_id);
	cr_assert_eq(bundle_create(&about, &b), 0);
}

static void leave(void)
{
	char cmd[64];

	bundle_free(b);
	snprintf(cmd, sizeof cmd, "rm -rf %s", folder);
	cr_assert(chdir("/") == 0 && system(cmd) == 0);
}

TestSuite(bundle, .init = enter, .fini = leave);

/* ---- what a collector sends ---- */

static int begin_file(struct bundle_item *it, const char *name)
{
	struct item rec = {.type = ITEM_FILE};

	rec.file.source_kind = ITEM_FROM_COMMAND;
	snprintf(rec.file.name, sizeof rec.file.name, "%s", name);
	snprintf(rec.file.source, sizeof rec.file.source, "cat");
	return bundle_item_record(it, &rec);
}

static int data(struct bundle_item *it, const void *p, size_t n)
{
	struct item rec = {.type = ITEM_DATA, .data = {p, n}};

	return bundle_item_record(it, &rec);
}

static int end_file(struct bundle_item *it, enum item_state state)
{
	struct item rec = {.type = ITEM_FILE_END, .file_end = {.state = state}};

	return bundle_item_record(it, &rec);
}

static int end_stream(struct bundle_item *it)
{
	struct item rec = {.type = ITEM_END, .end = {.state = ITEM_OK, .duration_ms = 9}};

	return bundle_item_record(it, &rec);
}

static void whole_file(struct bundle_item *it, const char *name, const char *text)
{
	cr_assert_eq(begin_file(it, name), 0);
	if (text[0] != '\0')
		cr_assert_eq(data(it, text, strlen(text)), 0);
	cr_assert_eq(end_file(it, ITEM_OK), 0);
}

/* One collector with these two files, as it should be. */
static void collect(void)
{
	struct bundle_item *it = bundle_item_begin(b, "os");

	whole_file(it, "proc/meminfo", "MemTotal: 1\n");
	whole_file(it, "sos_commands/\xc3\xbc/date", "today\n");
	cr_assert_eq(end_stream(it), 0);
	cr_assert_eq(bundle_item_end(it, ITEM_OK, ""), ITEM_OK);
}

static const struct manifest_item *last(void)
{
	const struct manifest *m = bundle_manifest(b);

	return &m->items[m->items_count - 1];
}

static const char *at(const char *name)
{
	static char path[512];

	snprintf(path, sizeof path, "%s/%s", bundle_path(b), name);
	return path;
}

static size_t content(const char *path, char *out, size_t cap)
{
	FILE *f = fopen(path, "r");

	cr_assert(f, "%s", path);
	size_t n = fread(out, 1, cap - 1, f);
	fclose(f);
	out[n] = '\0';
	return n;
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	cr_assert(f, "%s", path);
	fputs(text, f);
	fclose(f);
}

/* ---- what the customer signed ---- */

struct signed_pair {
	uint8_t request[REQUEST_MAX], grant[GRANT_MAX];
	size_t request_len, grant_len;
};

static void sign_pair(struct signed_pair *out, EVP_PKEY *install_key, const struct pki *jane,
		      uint8_t session)
{
	as_RequestBody r = as_RequestBody_init_zero;
	as_GrantBody g = as_GrantBody_init_zero;

	r.version = g.version = MSG_BODY_VERSION;
	r.duration_s = g.lifetime_s = 1800;
	memset(r.session_id, session, sizeof r.session_id);
	memcpy(g.session_id, r.session_id, sizeof g.session_id);
	snprintf(r.engineer_id, sizeof r.engineer_id, "jane");
	snprintf(r.engineer_name, sizeof r.engineer_name, "Jane Doe");
	snprintf(r.organisation, sizeof r.organisation, ORG);
	snprintf(r.reason, sizeof r.reason, "the disk is full");
	r.scopes_count = g.scopes_count = 1;
	r.scopes[0].kind = g.scopes[0].kind = SCOPE_SYSTEM;
	g.has_consent = true;
	g.consent.method = 1;
	snprintf(g.consent.user, sizeof g.consent.user, "bob");
	g.not_before = PKI_NOW;
	g.expires = PKI_NOW + 1800;

	int n = request_sign(&r, jane->key, jane->der, jane->der_len, out->request,
			     sizeof out->request);
	cr_assert_gt(n, 0);
	out->request_len = (size_t)n;
	cr_assert_eq(request_sha256(out->request, out->request_len, g.request_sha256), 0);
	cr_assert_eq(sha256(jane->der, jane->der_len, g.engineer_cert_sha256), 0);
	n = grant_sign(&g, install_key, out->grant, sizeof out->grant);
	cr_assert_gt(n, 0);
	out->grant_len = (size_t)n;
}

/* session 7 is the bundle's. */
static void agree(uint8_t session)
{
	struct pki_spec ca_spec = pki_ca_spec(ORG, PKI_NOW);
	struct pki_spec jane_spec = pki_engineer_spec(ORG, "jane", "Jane Doe", PKI_NOW);
	struct pki ca, jane;
	struct signed_pair *p = calloc(1, sizeof *p);
	EVP_PKEY *install_key = sign_key_new();

	pki_make(&ca_spec, NULL, &ca);
	pki_make(&jane_spec, &ca, &jane);
	for (int i = 0; i < 2; i++) { /* the second one is an escalation */
		sign_pair(p, install_key, &jane, session);
		cr_assert_eq(bundle_grant(b, p->request, p->request_len, p->grant, p->grant_len),
			     0);
	}
	pki_done(&ca);
	pki_done(&jane);
	sign_key_free(install_key);
	free(p);
}

static int command(const char *what, const char *path)
{
	char *argv[] = {strdup("bundle"), strdup(what), strdup(path), NULL};
	int code = bundle_main(3, argv);

	for (int i = 0; i < 3; i++)
		free(argv[i]);
	return code;
}

static void finished(void)
{
	agree(7);
	collect();
	cr_assert_eq(bundle_finish(b, PKI_NOW + 60), 0);
}

/* ---- writing ---- */

Test(bundle, stands_where_its_name_says)
{
	cr_assert_str_eq(bundle_path(b), "out/deep/" NAME);
	cr_assert_eq(access("out/deep/" NAME "/manifest.json", F_OK), 0);
	cr_assert_eq(access("out/deep/" NAME "/version.txt", F_OK), 0);
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

	collect();
	content(at("proc/meminfo"), text, sizeof text);
	cr_assert_str_eq(text, "MemTotal: 1\n");
	cr_assert(last()->hashed);
	cr_assert_eq(last()->bytes, 6);
	cr_assert_eq(stat(at("proc/meminfo"), &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0600);
	cr_assert_eq(stat(at("proc"), &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0700);
}

Test(bundle, gives_a_taken_name_a_suffix_and_says_so)
{
	struct bundle_item *it = bundle_item_begin(b, "os");
	char text[64];

	whole_file(it, "a/log", "first");
	whole_file(it, "a/log", "second");
	cr_assert_str_eq(last()->name, "a/log.2");
	whole_file(it, "manifest.json", "{}");
	cr_assert_str_eq(last()->name, "manifest.json.2");
	whole_file(it, "Grant.bin", "forged");
	cr_assert_str_eq(last()->name, "Grant.bin.2");
	cr_assert_eq(bundle_manifest(b)->notes_count, 3);
	content(at("a/log"), text, sizeof text);
	cr_assert_str_eq(text, "first");
}

Test(bundle, never_follows_a_link)
{
	struct bundle_item *it = bundle_item_begin(b, "os");

	cr_assert_eq(mkdir("victim", 0700), 0);
	cr_assert_eq(symlink("../../../victim", at("etc")), 0);
	cr_assert_eq(symlink("../../../victim/new", at("file")), 0);
	cr_assert_eq(begin_file(it, "etc/passwd"), 0);
	cr_assert_eq(data(it, "x", 1), 0);
	cr_assert_eq(end_file(it, ITEM_OK), 0);
	cr_assert_eq(last()->state, ITEM_FAILED);
	whole_file(it, "file", "x");
	cr_assert_str_eq(last()->name, "file.2");
	cr_assert_neq(access("victim/passwd", F_OK), 0);
	cr_assert_neq(access("victim/new", F_OK), 0);
}

Test(bundle, refuses_names_that_lead_elsewhere)
{
	static const char *const names[] = {"../x", "/x", "a//b", "a/../b", "", "-x", "a\\b"};
	struct bundle_item *it = bundle_item_begin(b, "os");

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		cr_assert_eq(begin_file(it, names[i]), AS_EBADMSG, "%s", names[i]);
}

Test(bundle, refuses_records_out_of_order)
{
	struct bundle_item *it = bundle_item_begin(b, "os");

	cr_assert_eq(data(it, "x", 1), AS_EBADMSG);
	cr_assert_eq(end_file(it, ITEM_OK), AS_EBADMSG);
	cr_assert_eq(begin_file(it, "a"), 0);
	cr_assert_eq(begin_file(it, "b"), AS_EBADMSG);
}

Test(bundle, makes_no_file_for_a_gap)
{
	struct bundle_item *it = bundle_item_begin(b, "os");

	cr_assert_eq(begin_file(it, "etc/shadow"), 0);
	cr_assert_eq(end_file(it, ITEM_UNAVAILABLE), 0);
	cr_assert_neq(access(at("etc/shadow"), F_OK), 0);
	whole_file(it, "etc/empty", "");
	cr_assert_eq(access(at("etc/empty"), F_OK), 0);
}

Test(bundle, marks_a_stream_without_an_end_as_partial)
{
	struct bundle_item *it = bundle_item_begin(b, "os");

	cr_assert_eq(begin_file(it, "a"), 0);
	cr_assert_eq(data(it, "half", 4), 0);
	cr_assert_eq(bundle_item_end(it, ITEM_OK, ""), ITEM_PARTIAL);
	cr_assert_eq(last()->state, ITEM_PARTIAL);
	cr_assert(last()->hashed);
	cr_assert_eq(last()->bytes, 4);
}

Test(bundle, lists_what_was_denied)
{
	struct bundle_item *it = bundle_item_begin(b, "journal");

	cr_assert_eq(bundle_item_end(it, ITEM_DENIED, "not ticked"), ITEM_DENIED);
	cr_assert_str_eq(bundle_manifest(b)->runs[0].why, "not ticked");
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
	cr_assert_eq(begin_file(it, "a"), 0);
	cr_assert_eq(data(it, "0123456789", 10), 0);
	cr_assert_eq(data(it, "0", 1), AS_E_QUOTA);
	cr_assert_eq(bundle_item_stats(it).bytes, 10);
	bundle_free(small);
}

/* A file that may not grow stands for a disk that is full: write() fails in the middle. */
Test(bundle, loses_one_file_to_a_full_disk_and_no_more)
{
	struct bundle_item *it = bundle_item_begin(b, "os"), *other = bundle_item_begin(b, "cpu");
	struct rlimit limit, old;
	char block[3000];
	uint8_t hash[SHA256_LEN];

	memset(block, 'x', sizeof block);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	limit = (struct rlimit){5000, old.rlim_max};
	cr_assert_eq(begin_file(it, "big"), 0);
	setrlimit(RLIMIT_FSIZE, &limit);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(data(it, block, sizeof block), 0);
	cr_assert_eq(end_file(it, ITEM_OK), 0);
	cr_assert_eq(last()->state, ITEM_PARTIAL);
	cr_assert_eq(last()->bytes, 5000);
	whole_file(other, "small", "fine");
	cr_assert_eq(last()->state, ITEM_OK);
	setrlimit(RLIMIT_FSIZE, &old);

	char all[5001];
	cr_assert_eq(content(at("big"), all, sizeof all), 5000);
	sha256(all, 5000, hash);
	cr_assert_eq(memcmp(hash, bundle_manifest(b)->items[1].sha256, sizeof hash), 0);
	cr_assert_eq(end_stream(it), 0);
	cr_assert_eq(bundle_item_end(it, ITEM_OK, ""), ITEM_PARTIAL);
	cr_assert_eq(end_stream(other), 0);
	cr_assert_eq(bundle_item_end(other, ITEM_OK, ""), ITEM_OK);
}

Test(bundle, of_a_killed_console_has_a_manifest_of_what_arrived)
{
	struct manifest m;
	char why[BUNDLE_WHY_MAX], path[256];

	collect();
	struct bundle_item *it = bundle_item_begin(b, "cpu");
	cr_assert_eq(begin_file(it, "half"), 0);
	cr_assert_eq(data(it, "x", 1), 0);
	snprintf(path, sizeof path, "%s", bundle_path(b));
	cr_assert_eq(bundle_load(path, &m, why), 0, "%s", why);
	cr_assert_not(m.complete);
	cr_assert_eq(m.items_count, 4); /* version.txt, two files, half a one */
	cr_assert_not(m.items[3].hashed);
	cr_assert_eq(m.items[3].state, ITEM_PARTIAL);
	cr_assert(m.runs[1].open);
	manifest_done(&m);
	cr_assert_eq(command("verify", path), 1);
}

/* Files are written in larger pieces than they come, but not later than the program waits. */
Test(bundle, what_is_held_is_on_the_disk_and_in_the_hash_after_a_flush)
{
	struct bundle_item *it = bundle_item_begin(b, "cpu");
	static char block[300000], all[sizeof block + 16];
	uint8_t hash[SHA256_LEN];

	memset(block, 'y', sizeof block);
	cr_assert_eq(begin_file(it, "held"), 0);
	cr_assert_eq(data(it, "one", 3), 0);
	cr_assert_eq(data(it, "two", 3), 0);
	cr_assert_eq(bundle_item_stats(it).bytes, 6, "it counts at once");
	cr_assert_not(bundle_item_has_work(it), "that it is held is no work");
	bundle_flush(b);
	cr_assert_eq(content(at("held"), all, sizeof all), 6);
	cr_assert_eq(memcmp(all, "onetwo", 6), 0);
	cr_assert_eq(data(it, "3", 1), 0);
	cr_assert_eq(data(it, block, sizeof block), 0); /* more than is ever held */
	cr_assert_eq(content(at("held"), all, sizeof all), 7 + sizeof block, "in order");
	cr_assert_eq(memcmp(all, "onetwo3yyy", 10), 0);
	cr_assert_eq(data(it, "z", 1), 0);
	cr_assert_eq(end_file(it, ITEM_OK), 0);
	cr_assert_eq(content(at("held"), all, sizeof all), 8 + sizeof block);
	cr_assert_eq(last()->bytes, 8 + sizeof block);
	sha256(all, 8 + sizeof block, hash);
	cr_assert_eq(memcmp(hash, last()->sha256, sizeof hash), 0);
	cr_assert_eq(end_stream(it), 0);
	cr_assert_eq(bundle_item_end(it, ITEM_OK, ""), ITEM_OK);
}

Test(bundle, survives_any_number_of_facts)
{
	struct bundle_item *it = bundle_item_begin(b, "os");
	struct item rec = {.type = ITEM_FACT};

	for (unsigned i = 0; i < MANIFEST_FACTS_MAX + 10; i++) {
		snprintf(rec.fact.key, sizeof rec.fact.key, "k.%u", i);
		cr_assert_eq(bundle_item_record(it, &rec), 0);
	}
	cr_assert_eq(bundle_manifest(b)->facts_count, MANIFEST_FACTS_MAX);
}

Test(bundle, refuses_a_grant_that_is_none)
{
	const uint8_t junk[] = {1, 2, 3};

	cr_assert_eq(bundle_grant(b, junk, sizeof junk, junk, sizeof junk), AS_EBADMSG);
	cr_assert_eq(bundle_manifest(b)->grants_count, 0);
	cr_assert_neq(access(at("grant.bin"), F_OK), 0);
}

/* ---- show, pack, verify ---- */

Test(bundle, that_is_whole_is_verified_in_both_forms)
{
	finished();
	cr_assert_eq(bundle_manifest(b)->grants_count, 2);
	cr_assert_str_eq(bundle_manifest(b)->grants[0].reason, "the disk is full");
	cr_assert_eq(command("verify", bundle_path(b)), 0);
	cr_assert_eq(command("show", bundle_path(b)), 0);
	cr_assert_eq(command("pack", bundle_path(b)), 0);
	cr_assert_eq(command("verify", "out/deep/" NAME ".tar.gz"), 0);
	cr_assert_eq(command("show", "out/deep/" NAME ".tar.gz"), 0);
}

Test(bundle, is_packed_once_and_always_the_same)
{
	char first[65536], second[65536];

	finished();
	cr_assert_eq(command("pack", "out/deep/" NAME "/"), 0);
	size_t n = content("out/deep/" NAME ".tar.gz", first, sizeof first);
	cr_assert_eq(command("pack", bundle_path(b)), 1);
	cr_assert_eq(unlink("out/deep/" NAME ".tar.gz"), 0);
	cr_assert_eq(utimensat(AT_FDCWD, at("proc/meminfo"), NULL, 0), 0);
	cr_assert_eq(command("pack", bundle_path(b)), 0);
	cr_assert_eq(content("out/deep/" NAME ".tar.gz", second, sizeof second), n);
	cr_assert_eq(memcmp(first, second, n), 0);
}

static void end_hashed(struct bundle_item *it)
{
	cr_assert_eq(end_file(it, ITEM_OK), 0);
	while (bundle_item_work(it))
		;
}

static void hole(struct bundle_item *it, uint64_t n)
{
	struct item rec = {.type = ITEM_HOLE, .hole = n};

	cr_assert_eq(bundle_item_record(it, &rec), 0);
}

/* 150 MB that are 2 pages; a hole is no bomb. */
Test(bundle, keeps_its_holes_when_it_is_packed)
{
	struct bundle_item *it = bundle_item_begin(b, "get");
	struct stat st;

	cr_assert_eq(begin_file(it, "root/sparse"), 0);
	cr_assert_eq(data(it, "begin", 5), 0);
	hole(it, 100u << 20);
	cr_assert_eq(data(it, "end", 3), 0);
	hole(it, 1u << 20);
	end_hashed(it);
	cr_assert_eq(begin_file(it, "root/void"), 0);
	hole(it, 50u << 20);
	end_hashed(it);
	cr_assert_eq(end_stream(it), 0);
	cr_assert_eq(bundle_item_end(it, ITEM_OK, ""), ITEM_OK);
	finished();
	cr_assert_eq(command("verify", bundle_path(b)), 0);
	cr_assert_eq(command("pack", bundle_path(b)), 0);
	cr_assert_eq(stat("out/deep/" NAME ".tar.gz", &st), 0);
	cr_assert_lt(st.st_size, 1 << 20);
	cr_assert_eq(command("verify", "out/deep/" NAME ".tar.gz"), 0);
}

Test(bundle, with_a_changed_file_is_not_good)
{
	finished();
	put(at("proc/meminfo"), "MemTotal: 2\n");
	cr_assert_eq(command("verify", bundle_path(b)), 1);
	put(at("proc/meminfo"), "MemTotal: 1\n");
	cr_assert_eq(command("verify", bundle_path(b)), 0);
}

Test(bundle, with_a_missing_or_added_file_is_not_good)
{
	finished();
	put(at("proc/new"), "x");
	cr_assert_eq(command("verify", bundle_path(b)), 1);
	cr_assert_eq(unlink(at("proc/new")), 0);
	cr_assert_eq(command("verify", bundle_path(b)), 0);
	cr_assert_eq(unlink(at("proc/meminfo")), 0);
	cr_assert_eq(command("verify", bundle_path(b)), 1);
}

Test(bundle, with_a_link_is_not_good)
{
	finished();
	cr_assert_eq(symlink("meminfo", at("proc/link")), 0);
	cr_assert_eq(command("verify", bundle_path(b)), 1);
	cr_assert_eq(command("pack", bundle_path(b)), 1);
	cr_assert_neq(access("out/deep/" NAME ".tar.gz", F_OK), 0);
}

/* Replaces text in the manifest by as many bytes. */
static void rewrite(const char *from, const char *to)
{
	char all[65536];

	content(at("manifest.json"), all, sizeof all);
	char *hit = strstr(all, from);
	cr_assert(hit && strlen(from) == strlen(to), "%s", from);
	memcpy(hit, to, strlen(to));
	put(at("manifest.json"), all);
}

Test(bundle, that_tells_another_grant_than_the_signed_one_is_not_good)
{
	finished();
	rewrite("the disk is full", "the disk is fine");
	cr_assert_eq(command("verify", bundle_path(b)), 1);
	rewrite("the disk is fine", "the disk is full");
	cr_assert_eq(command("verify", bundle_path(b)), 0);
	rewrite("\"scopes\":[\"system\"]", "\"scopes\":[\"sytsem\"]");
	cr_assert_eq(command("verify", bundle_path(b)), 1);
}

Test(bundle, without_a_grant_is_not_good)
{
	collect();
	cr_assert_eq(bundle_finish(b, PKI_NOW + 60), 0);
	cr_assert_eq(command("verify", bundle_path(b)), 1);
}

Test(bundle, with_the_grant_of_another_session_is_not_good)
{
	agree(8);
	cr_assert_eq(bundle_finish(b, PKI_NOW + 60), 0);
	cr_assert_eq(command("verify", bundle_path(b)), 1);
}

Test(bundle, with_grants_of_two_customers_is_not_good)
{
	agree(7);
	agree(7); /* another install key */
	cr_assert_eq(bundle_finish(b, PKI_NOW + 60), 0);
	cr_assert_eq(command("verify", bundle_path(b)), 1);
}

Test(bundle, commands_know_what_is_none)
{
	put("text", "hello");
	cr_assert_eq(command("show", "."), 1);
	cr_assert_eq(command("verify", "text"), 1);
	cr_assert_eq(command("pack", "text"), 1);
	cr_assert_eq(command("pack", "nowhere"), 1);
	cr_assert_eq(command("unpack", "."), 2);
	cr_assert_eq(command("show", ""), 2);
	cr_assert_eq(command("show", "--force"), 2);
	cr_assert_eq(command("show", "--help"), 0);
	cr_assert_eq(command("--help", ""), 0);
}

/* ---- archives of strangers ---- */

static int on_file(struct bundle_file *f, void *arg)
{
	size_t *n = arg;
	char block[4096];
	long got;

	while ((got = bundle_file_read(f, block, sizeof block)) > 0)
		*n += (size_t)got;
	return (int)got;
}

/* One entry of this name and type with n zeros in it, gzip. */
static int walk_one(const char *name, unsigned type, const char *link_to, size_t n, size_t cut,
		    size_t *seen, char why[BUNDLE_WHY_MAX])
{
	static char out[1 << 20], block[65536];
	struct archive *a = archive_write_new();
	struct archive_entry *e = archive_entry_new();
	size_t used = 0;

	archive_write_add_filter_gzip(a);
	archive_write_set_format_pax_restricted(a);
	archive_write_open_memory(a, out, sizeof out, &used);
	archive_entry_set_pathname(e, name);
	archive_entry_set_filetype(e, type);
	if (link_to && type == AE_IFLNK)
		archive_entry_set_symlink(e, link_to);
	else if (link_to)
		archive_entry_set_hardlink(e, link_to);
	archive_entry_set_size(e, (la_int64_t)n);
	archive_entry_set_perm(e, 0600);
	cr_assert_eq(archive_write_header(a, e), ARCHIVE_OK);
	for (size_t left = n; left > 0;) {
		size_t piece = left < sizeof block ? left : sizeof block;

		archive_write_data(a, block, piece);
		left -= piece;
	}
	archive_write_close(a);
	archive_write_free(a);
	archive_entry_free(e);
	*seen = 0;
	return bundle_walk_packed(out, used - cut, on_file, seen, why);
}

struct strange {
	char name[64], link_to[16];
	unsigned type;
	size_t size, cut;
	int err;
};

ParameterizedTestParameters(bundle, takes_no_strange_archive)
{
	static struct strange all[] = {
	    {"b/proc/x", "", AE_IFREG, 1000, 0, 0},
	    {"./b/proc/x", "", AE_IFREG, 0, 0, 0},
	    {"b/proc", "", AE_IFDIR, 0, 0, 0},
	    {"b/../x", "", AE_IFREG, 0, 0, AS_EBADMSG},
	    {"/b/x", "", AE_IFREG, 0, 0, AS_EBADMSG},
	    {"x", "", AE_IFREG, 0, 0, AS_EBADMSG},
	    {"b/a\x1b[2J", "", AE_IFREG, 0, 0, AS_EBADMSG},
	    {"b/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", "", AE_IFREG, 0, 0, AS_EBADMSG},
	    {"b/x", "y", AE_IFLNK, 0, 0, AS_EBADMSG},
	    {"b/x", "b/y", AE_IFREG, 0, 0, AS_EBADMSG},
	    {"b/x", "", AE_IFIFO, 0, 0, AS_EBADMSG},
	    {"b/x", "", AE_IFREG, 100000, 10, AS_E_TRUNCATED},
	    {"b/x", "", AE_IFREG, 900000, 0, 0}, /* small enough to grow as it likes */
	    {"b/x", "", AE_IFREG, 100000000, 0, AS_E_TOO_BIG},
	};

	return cr_make_param_array(struct strange, all, sizeof all / sizeof all[0]);
}

ParameterizedTest(struct strange *s, bundle, takes_no_strange_archive)
{
	char why[BUNDLE_WHY_MAX];
	size_t seen;
	int err = walk_one(s->name, s->type, s->link_to[0] ? s->link_to : NULL, s->size, s->cut,
			   &seen, why);

	cr_assert_eq(err, s->err, "%s: %d", s->name, err);
	if (err == 0)
		cr_assert_eq(seen, s->size);
	cr_assert_lt(seen, 10000000);
}

Test(bundle, says_of_which_file_a_reason_is)
{
	char why[BUNDLE_WHY_MAX];
	size_t seen;

	cr_assert_eq(walk_one("b/proc/x", AE_IFREG, NULL, 100000000, 0, &seen, why), AS_E_TOO_BIG);
	cr_assert_str_eq(why, "proc/x: it grows more than 200 times when it is unpacked");
}
