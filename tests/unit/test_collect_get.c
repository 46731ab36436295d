/* SPDX-License-Identifier: Apache-2.0
 *
 * get: files as they are, holes as holes, folders as archives that libarchive reads.
 */
#include <archive.h>
#include <archive_entry.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/plat/plat.h"
#include "tests/support/box.h"

#define GET  43
#define MIB  (1u << 20)
#define LONG (3u * MIB + 17)

TestSuite(collect_get, .timeout = 60);

static struct box box;
static struct collect_args args;
static struct took took;

static void ask(const char *path)
{
	box_args(&box, GET, "", (const char *const[]){path, NULL}, &args);
}

/* The one file that was sent. */
static const struct capture_file *got(void)
{
	box_run(&args, &took);
	cr_assert_eq(took.capture.files_count, 1);
	return &took.capture.files[0];
}

static char *noise(size_t n)
{
	char *p = malloc(n);
	uint32_t x = 12345;

	for (size_t i = 0; i < n; i++)
		p[i] = (char)((x = x * 1103515245 + 12345) >> 16);
	return p;
}

static void is_same(const struct capture_file *f, const void *p, size_t n)
{
	cr_assert_eq(f->n, n);
	cr_assert(n == 0 || memcmp(f->text, p, n) == 0);
}

/* ---- one file ---- */

Test(collect_get, a_file_as_it_is)
{
	char *bytes = noise(LONG);

	box_open(&box);
	box_bytes(&box, "data", bytes, LONG);
	ask("data");

	const struct capture_file *f = got();
	is_same(f, bytes, LONG);
	cr_expect_eq(took.state, ITEM_OK);
	cr_expect_eq(f->size, LONG);
	cr_expect_str_eq(f->begin.file.source, box_name(&box, "data"));
	cr_expect_str_eq(f->begin.file.name, box_name(&box, "data") + 1);
	cr_expect_eq(f->end.file_end.state, ITEM_OK);
	box_run_done(&took);
	free(bytes);
	box_done(&box);
}

Test(collect_get, an_empty_file_is_a_file)
{
	box_open(&box);
	box_file(&box, "empty", "");
	ask("empty");

	const struct capture_file *f = got();
	is_same(f, "", 0);
	cr_expect(f->sized && f->size == 0);
	cr_expect_eq(took.state, ITEM_OK);
	box_run_done(&took);
	box_done(&box);
}

Test(collect_get, holes_are_not_sent)
{
	int fd;

	box_open(&box);
	box_file(&box, "sparse", "begin");
	fd = open(box_name(&box, "sparse"), O_WRONLY);
	cr_assert_eq(pwrite(fd, "middle", 6, 8 * MIB), 6);
	cr_assert_eq(ftruncate(fd, 16 * MIB), 0);
	close(fd);
	ask("sparse");

	const struct capture_file *f = got();
	cr_assert_eq(f->n, 16 * MIB);
	cr_expect_eq(memcmp(f->text, "begin", 5), 0);
	cr_expect_eq(memcmp(f->text + 8 * MIB, "middle", 6), 0);
	cr_expect_gt(f->holes, 15 * MIB);
	cr_expect_lt(took.capture.bytes, MIB);
	cr_expect_eq(took.state, ITEM_OK);
	box_run_done(&took);
	box_done(&box);
}

Test(collect_get, what_the_system_makes_up_is_read_to_its_end)
{
	box_open(&box);
	ask("status");
	snprintf(args.op.root, sizeof args.op.root, "/proc/%d", (int)getpid());
	snprintf(args.real, sizeof args.real, "%s", args.op.root);

	const struct capture_file *f = got();
	cr_expect(f->text && strncmp(f->text, "Name:", 5) == 0, "it says that it has 0 bytes");
	cr_expect_eq(took.state, ITEM_OK);
	box_run_done(&took);
	ask("kernel/mm/transparent_hugepage/enabled");
	snprintf(args.op.root, sizeof args.op.root, "/sys");
	snprintf(args.real, sizeof args.real, "/sys");
	if (access("/sys/kernel/mm/transparent_hugepage/enabled", R_OK) == 0) {
		f = got();
		cr_expect(f->n > 0 && f->n < 4096, "it says that it has a page");
		cr_expect_eq(took.state, ITEM_OK, "and is whole all the same");
		box_run_done(&took);
	}
	box_done(&box);
}

static void is_refused(const char *path, const char *why)
{
	ask(path);

	const struct capture_file *f = got();
	cr_expect_eq(f->n, 0);
	cr_expect_eq(f->end.file_end.state, ITEM_UNAVAILABLE);
	cr_expect(strstr(f->end.file_end.why, why), "%s: %s", path, f->end.file_end.why);
	cr_expect_eq(took.state, ITEM_UNAVAILABLE);
	box_run_done(&took);
}

Test(collect_get, what_cannot_be_sent_says_why)
{
	box_open(&box);
	box_folder(&box, "in");
	box_file(&box, "secret", "SECRET");
	box_link(&box, "out", "/etc/passwd");
	cr_assert_eq(mkfifo(box_name(&box, "pipe"), 0644), 0);
	is_refused("missing", "there is no such file");
	is_refused("out", "leads out of the folder");
	is_refused("pipe", "neither a file nor a folder");
	ask("in");
	args.op.has_sha256 = true;
	cr_expect(strstr(got()->end.file_end.why, "it is a folder"));
	box_run_done(&took);
	box_done(&box);
}

static void get_locked(void)
{
	ask("locked");
	box_run(&args, &took);
	_exit(took.state == ITEM_UNAVAILABLE &&
		      strstr(took.capture.end.end.why, "needs administrator rights")
		  ? 0
		  : 1);
}

Test(collect_get, an_unreadable_file_says_so)
{
	int status;
	pid_t pid;

	box_open(&box);
	cr_assert_eq(chmod(box.path, 0755), 0);
	box_file(&box, "locked", "x");
	cr_assert_eq(chmod(box_name(&box, "locked"), getuid() == 0 ? 0600 : 0), 0);
	pid = fork();
	if (pid == 0 && (getuid() != 0 || setresuid(65534, 65534, 65534) == 0))
		get_locked();
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect_eq(status, 0);
	box_done(&box);
}

/* ---- that changes while it is sent ---- */

/* The collector runs in a thread, and its pipe holds less than the file. */
struct running {
	int out[2];
	int state;
	pthread_t thread;
};

static void *run_it(void *arg)
{
	struct running *r = arg;

	r->state = run_collector(collector_find(GET), &args, r->out[1]);
	close(r->out[1]);
	return NULL;
}

/* Until the file's bytes have begun to come: it is open, and most of it not yet read. */
static void begin(struct running *r, struct capture *c)
{
	static uint8_t first[70000];
	size_t have = 0;

	capture_bare(c);
	cr_assert_eq(pipe(r->out), 0);
	cr_assert_eq(pthread_create(&r->thread, NULL, run_it, r), 0);
	while (have < sizeof first) {
		ssize_t n = read(r->out[0], first + have, sizeof first - have);

		cr_assert_gt(n, 0);
		have += (size_t)n;
	}
	cr_assert_eq(write(c->fd, first, have), (ssize_t)have);
}

static const struct capture_file *end(struct running *r, struct capture *c)
{
	static uint8_t bytes[65536];
	ssize_t n;

	while ((n = read(r->out[0], bytes, sizeof bytes)) > 0)
		cr_assert_eq(write(c->fd, bytes, (size_t)n), n);
	pthread_join(r->thread, NULL);
	close(r->out[0]);
	capture_read(c);
	return &c->files[0];
}

Test(collect_get, a_file_that_grows_is_sent_as_it_was)
{
	char *bytes = noise(LONG);
	struct running r;
	struct capture c;

	box_open(&box);
	box_bytes(&box, "log", bytes, LONG);
	ask("log");
	begin(&r, &c);
	box_append(&box, "log", "what came later");
	is_same(end(&r, &c), bytes, LONG);
	cr_expect_eq(r.state, ITEM_OK);
	capture_done(&c);
	free(bytes);
	box_done(&box);
}

Test(collect_get, a_file_that_shrinks_is_partial)
{
	char *bytes = noise(LONG);
	struct running r;
	struct capture c;

	box_open(&box);
	box_bytes(&box, "log", bytes, LONG);
	ask("log");
	begin(&r, &c);
	cr_assert_eq(truncate(box_name(&box, "log"), MIB), 0);

	const struct capture_file *f = end(&r, &c);
	char why[ITEM_WHY_MAX + 1] = "it became shorter while it was read";
	if (f->n > MIB) /* a record that had been promised is filled up */
		snprintf(why, sizeof why,
			 "it became shorter while it was read: the last %zu bytes are only zeros",
			 f->n - MIB);
	cr_assert_geq(f->n, MIB);
	cr_expect(memcmp(f->text, bytes, MIB) == 0);
	for (size_t i = MIB; i < f->n; i++)
		cr_assert_eq(f->text[i], 0);
	cr_expect_eq(r.state, ITEM_PARTIAL);
	cr_expect(f->end.file_end.truncated);
	cr_expect_str_eq(f->end.file_end.why, why);
	capture_done(&c);
	free(bytes);
	box_done(&box);
}

/* ---- going on ---- */

static void go_on_at(uint64_t offset)
{
	int fd = open(box_name(&box, "data"), O_RDONLY);

	args.op.offset = offset;
	args.op.has_sha256 = true;
	cr_assert_eq(plat_sha256_file(fd, offset, args.op.sha256), 0);
	close(fd);
}

Test(collect_get, going_on_sends_the_rest)
{
	char *bytes = noise(LONG);

	box_open(&box);
	box_bytes(&box, "data", bytes, LONG);
	for (uint64_t at = 0; at <= LONG; at += LONG / 3 - 5) {
		ask("data");
		go_on_at(at);

		const struct capture_file *f = got();
		cr_expect_eq(f->offset, at);
		cr_expect_eq(f->size, LONG);
		is_same(f, bytes + at, LONG - at);
		cr_expect_eq(took.state, ITEM_OK);
		box_run_done(&took);
	}
	ask("data");
	go_on_at(LONG);
	cr_expect_eq(got()->n, 0, "all of it is there already");
	cr_expect_eq(took.state, ITEM_OK);
	box_run_done(&took);
	free(bytes);
	box_done(&box);
}

static void has_changed(void)
{
	const struct capture_file *f = got();

	cr_expect_eq(f->n, 0);
	cr_expect_eq(f->end.file_end.state, ITEM_FAILED);
	cr_expect(strstr(f->end.file_end.why, "has changed since"));
	cr_expect_eq(took.state, ITEM_FAILED);
	box_run_done(&took);
}

Test(collect_get, another_beginning_sends_nothing)
{
	box_open(&box);
	box_file(&box, "data", "0123456789");
	ask("data");
	go_on_at(5);
	args.op.sha256[31] ^= 1;
	has_changed();
	ask("data");
	go_on_at(10);
	box_file(&box, "data", "01234");
	has_changed(); /* it is shorter than what the engineer has */
	box_done(&box);
}

/* ---- folders ---- */

static struct archive *read_archive(const struct capture_file *f)
{
	struct archive *a = archive_read_new();

	setenv("LC_ALL", "C.UTF-8", 1);
	archive_read_support_format_tar(a);
	cr_assert_eq(archive_read_open_memory(a, f->text, f->n), ARCHIVE_OK);
	return a;
}

/* The next entry's name; "" at the end. Its content goes to text. */
static const char *next(struct archive *a, struct archive_entry **e, char *text, size_t cap)
{
	int err = archive_read_next_header(a, e);

	if (err == ARCHIVE_EOF)
		return "";
	cr_assert_geq(err, ARCHIVE_WARN, "%s", archive_error_string(a));

	la_ssize_t n = archive_read_data(a, text, cap - 1);
	cr_assert_geq(n, 0, "%s", archive_error_string(a));
	text[n] = '\0';
	return archive_entry_pathname(*e);
}

Test(collect_get, a_folder_is_an_archive)
{
	struct archive_entry *e;
	char text[64];

	box_open(&box);
	box_folder(&box, "app");
	box_folder(&box, "app/conf");
	box_file(&box, "app/conf/a.ini", "[a]\n");
	box_file(&box, "app/empty", "");
	box_link(&box, "app/link", "/etc/shadow");
	box_file(&box, "app/\xff\n", "odd");
	ask("app");

	const struct capture_file *f = got();
	cr_expect_eq(took.state, ITEM_OK);
	cr_expect_str_eq(f->begin.file.source, box_name(&box, "app"));
	cr_expect(strcmp(f->begin.file.name + strlen(f->begin.file.name) - 8, "/app.tar") == 0);

	struct archive *a = read_archive(f);
	cr_expect_str_eq(next(a, &e, text, sizeof text), "conf/");
	cr_expect_str_eq(next(a, &e, text, sizeof text), "conf/a.ini");
	cr_expect_str_eq(text, "[a]\n");
	cr_expect_eq(archive_entry_mode(e), (S_IFREG | 0644));
	cr_expect_str_eq(next(a, &e, text, sizeof text), "empty");
	cr_expect_str_eq(next(a, &e, text, sizeof text), "link");
	cr_expect_str_eq(archive_entry_symlink(e), "/etc/shadow",
			 "where it leads, not what is there");
	cr_expect_str_eq(next(a, &e, text, sizeof text), "\xff\n");
	cr_expect_str_eq(text, "odd");
	cr_expect_str_eq(next(a, &e, text, sizeof text), "");
	archive_read_free(a);
	box_run_done(&took);
	box_done(&box);
}

Test(collect_get, what_an_archive_lacks_is_said_and_the_rest_is_whole)
{
	struct archive_entry *e;
	char text[64];

	box_open(&box);
	cr_assert_eq(mkfifo(box_name(&box, "a"), 0644), 0);
	box_file(&box, "b", "still there");
	ask("");

	const struct capture_file *f = got();
	struct archive *a = read_archive(f);

	cr_expect_eq(took.state, ITEM_PARTIAL);
	cr_expect(capture_noted(&took.capture, "/a: neither a file nor a folder; left out"));
	cr_expect_str_eq(next(a, &e, text, sizeof text), "b");
	cr_expect_str_eq(text, "still there");
	archive_read_free(a);
	box_run_done(&took);
	box_done(&box);
}

Test(collect_get, an_archive_of_what_the_system_makes_up_has_its_text)
{
	struct archive_entry *e;
	char text[256];
	bool seen = false;

	box_open(&box);
	ask("net");
	snprintf(args.op.root, sizeof args.op.root, "/proc/%d", (int)getpid());
	snprintf(args.real, sizeof args.real, "%s", args.op.root);

	struct archive *a = read_archive(got());
	for (const char *name; (name = next(a, &e, text, sizeof text))[0];)
		seen = seen || (strcmp(name, "dev") == 0 && strncmp(text, "Inter-|", 7) == 0);
	cr_expect(seen);
	archive_read_free(a);
	box_run_done(&took);
	box_done(&box);
}

/* The header has said how long it is, so what follows must be found where it must be. */
Test(collect_get, a_file_that_shrinks_in_an_archive_keeps_its_length)
{
	static char text[LONG + 1];
	char *bytes = noise(LONG);
	struct archive_entry *e;
	struct running r;
	struct capture c;

	box_open(&box);
	box_folder(&box, "app");
	box_bytes(&box, "app/log", bytes, LONG);
	box_file(&box, "app/next", "next");
	ask("app");
	begin(&r, &c);
	cr_assert_eq(truncate(box_name(&box, "app/log"), MIB), 0);

	struct archive *a = read_archive(end(&r, &c));
	cr_expect_eq(r.state, ITEM_PARTIAL);
	cr_expect(capture_noted(&c, "became shorter while it was read; the rest is zeros"));
	cr_expect_str_eq(next(a, &e, text, sizeof text), "log");
	cr_expect_eq(archive_entry_size(e), LONG);
	cr_expect_eq(memcmp(text, bytes, MIB), 0);
	cr_expect_eq(text[MIB], '\0');
	cr_expect_str_eq(next(a, &e, text, sizeof text), "next");
	cr_expect_str_eq(text, "next");
	archive_read_free(a);
	capture_done(&c);
	free(bytes);
	box_done(&box);
}
