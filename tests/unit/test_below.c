/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything here runs twice: with the kernel that looks while it walks, and with one that has no
 * openat2(2).
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/collect/below.h"
#include "tests/support/box.h"

TestSuite(below, .timeout = 60);

static struct box box;
static struct collect_args args;
static struct below root;

/* granted/ is the root; outside/ is not. */
static void open_root(void)
{
	box_open(&box);
	box_folder(&box, "outside");
	box_file(&box, "outside/secret", "SECRET");
	box_folder(&box, "granted");
	box_folder(&box, "granted/sub");
	box_file(&box, "granted/file", "file");
	box_file(&box, "granted/sub/inner", "inner");
	box_link(&box, "granted/to_file", "file");
	box_link(&box, "granted/to_sub", "sub");
	box_link(&box, "granted/sub/up", "../file");
	box_link(&box, "granted/out", "../outside/secret");
	box_link(&box, "granted/out_folder", "../outside");
	box_link(&box, "granted/absolute", box_name(&box, "granted/file"));
	box_link(&box, "granted/magic", "/proc/self/fd/0");
	box_link(&box, "granted/loop", "loop");
	cr_assert_eq(mkfifo(box_name(&box, "granted/pipe"), 0644), 0);
	box_args(&box, 40, "granted", NULL, &args);
	cr_assert_eq(below_open(&args, &root), 0);
}

static void done(void)
{
	below_close(&root);
	box_done(&box);
}

/* The bytes of the file at path, or the error. */
static int read_file(const char *path, char out[32])
{
	struct stat st;
	int fd = below_file(&root, path, &st);

	if (fd < 0)
		return fd;
	ssize_t n = read(fd, out, 31);
	out[n > 0 ? n : 0] = '\0';
	close(fd);
	return 0;
}

struct row {
	const char *path;
	int newer, older; /* what below_file() says; older: without openat2 */
	const char *text;
};

static const struct row rows[] = {
    {"file", 0, 0, "file"},
    {"sub/inner", 0, 0, "inner"},
    {"to_file", 0, -ELOOP, "file"},
    {"to_sub/inner", 0, -ELOOP, "inner"},
    {"sub/up", 0, -ELOOP, "file"},
    {"out", -EXDEV, -ELOOP, ""},
    {"out_folder/secret", -EXDEV, -ELOOP, ""},
    {"absolute", -EXDEV, -ELOOP, ""},
    {"magic", -EXDEV, -ELOOP, ""},
    {"loop", -ELOOP, -ELOOP, ""},
    {"pipe", -EINVAL, -EINVAL, ""},
    {"sub", -EISDIR, -EISDIR, ""},
    {"", -EISDIR, -EISDIR, ""},
    {"missing", -ENOENT, -ENOENT, ""},
    {"missing/more", -ENOENT, -ENOENT, ""},
    {"file/more", -ENOTDIR, -ENOTDIR, ""},
    /* what op_args_check() never lets through is no way out either */
    {"..", -EXDEV, -EINVAL, ""},
    {"../outside/secret", -EXDEV, -EINVAL, ""},
    {"sub/../../outside/secret", -EXDEV, -EINVAL, ""},
    {"/etc/passwd", -EXDEV, -EINVAL, ""},
};

static void check_rows(bool older)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *r = &rows[i];
		char text[32] = "";
		int want = older ? r->older : r->newer, err = read_file(r->path, text);

		cr_expect_eq(err, want, "%s: %d, not %d", r->path, err, want);
		if (want == 0)
			cr_expect_str_eq(text, r->text, "%s: %s", r->path, text);
		cr_expect_str_neq(text, "SECRET");
	}
}

Test(below, what_leads_out_is_not_opened)
{
	open_root();
	check_rows(false);
	done();
}

Test(below, a_kernel_without_openat2_follows_no_link)
{
	box_without_openat2(ENOSYS);
	open_root();
	check_rows(true);
	done();
}

Test(below, a_container_that_forbids_openat2_is_an_old_kernel)
{
	box_without_openat2(EPERM);
	open_root();
	check_rows(true);
	done();
}

static void check_flags(void)
{
	struct stat st;
	int fd = below_at(&root, "out", O_PATH | O_NOFOLLOW);

	cr_assert_geq(fd, 0, "a link can be looked at, wherever it leads");
	cr_assert_eq(fstat(fd, &st), 0);
	cr_assert(S_ISLNK(st.st_mode));
	close(fd);
	fd = below_at(&root, "", O_RDONLY | O_DIRECTORY);
	cr_assert_geq(fd, 0, "the root itself");
	close(fd);
	cr_assert_eq(below_at(&root, "file", O_RDONLY | O_DIRECTORY), -ENOTDIR);
}

static void check_entry(void)
{
	int folder = below_at(&root, "sub", O_PATH | O_DIRECTORY);
	struct stat st;

	cr_assert_geq(folder, 0);

	int fd = below_entry(folder, "up", O_PATH);
	cr_assert(fd >= 0 && fstat(fd, &st) == 0 && S_ISLNK(st.st_mode),
		  "an entry is never what its link leads to");
	close(fd);
	cr_assert_lt(below_entry(folder, "up", O_RDONLY), 0);
	cr_assert_lt(below_entry(folder, "..", O_PATH), 0);
	fd = below_entry(folder, "", O_PATH);
	cr_assert(fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode));
	close(fd);
	close(folder);
}

Test(below, entries_and_links_can_be_looked_at)
{
	open_root();
	check_flags();
	check_entry();
	done();
}

Test(below, entries_and_links_can_be_looked_at_with_an_old_kernel)
{
	box_without_openat2(ENOSYS);
	open_root();
	check_flags();
	check_entry();
	done();
}

/* ---- the root ---- */

static void check_roots(void)
{
	struct below b;

	box_open(&box);
	box_folder(&box, "real");
	box_file(&box, "real/file", "x");
	box_link(&box, "link", "real");
	box_args(&box, 40, "link", NULL, &args);
	cr_assert_eq(below_open(&args, &b), -ELOOP, "it has become a link");
	box_args(&box, 40, "link/file", NULL, &args);
	cr_assert_eq(below_open(&args, &b), -ELOOP, "so has what it lies in");
	box_args(&box, 40, "missing/file", NULL, &args);
	cr_assert_eq(below_open(&args, &b), -ENOENT);
	box_args(&box, 40, "real", NULL, &args);
	args.real[0] = '\0';
	cr_assert_eq(below_open(&args, &b), -ENXIO, "nobody knew where it lies");
	snprintf(args.real, sizeof args.real, "real");
	cr_assert_lt(below_open(&args, &b), 0, "not a whole name");
	box_done(&box);
}

Test(below, a_root_that_became_a_link_is_refused)
{
	check_roots();
}

Test(below, a_root_that_became_a_link_is_refused_with_an_old_kernel)
{
	box_without_openat2(ENOSYS);
	check_roots();
}

/* A file that was granted is found by its name each time: logs are rotated. */
static void check_only(void)
{
	char text[32];

	box_open(&box);
	box_file(&box, "log", "first");
	box_file(&box, "other", "other");
	box_args(&box, 43, "log", NULL, &args);
	cr_assert_eq(below_open(&args, &root), 0);
	cr_assert_eq(read_file("", text), 0);
	cr_assert_str_eq(text, "first");
	cr_assert_eq(read_file("other", text), -ENOTDIR, "the file alone was granted");

	cr_assert_eq(unlink(box_name(&box, "log")), 0);
	cr_assert_eq(read_file("", text), -ENOENT);
	box_file(&box, "log", "second");
	cr_assert_eq(read_file("", text), 0);
	cr_assert_str_eq(text, "second");

	cr_assert_eq(unlink(box_name(&box, "log")), 0);
	box_link(&box, "log", "other");
	cr_assert_eq(read_file("", text), -ELOOP, "a link is not the file");
	done();
}

Test(below, a_root_that_is_a_file_may_be_rotated)
{
	check_only();
}

Test(below, a_root_that_is_a_file_may_be_rotated_with_an_old_kernel)
{
	box_without_openat2(ENOSYS);
	check_only();
}

Test(below, a_file_that_is_not_there_yet_may_come)
{
	char text[32];

	box_open(&box);
	box_args(&box, 43, "log", NULL, &args);
	cr_assert_eq(below_open(&args, &root), 0);
	cr_assert_eq(read_file("", text), -ENOENT);
	box_file(&box, "log", "now");
	cr_assert_eq(read_file("", text), 0);
	cr_assert_str_eq(text, "now");
	done();
}

/* ---- mounts ---- */

/* In a namespace of our own, so that nobody else sees them. */
static void need_mounts(void)
{
	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		cr_skip("mounting needs administrator rights");
}

static void check_mounts(void)
{
	char text[32], outside[PATH_MAX];

	open_root();
	box_folder(&box, "granted/tmpfs");
	box_folder(&box, "granted/bound");
	cr_assert_eq(mount("t", box_name(&box, "granted/tmpfs"), "tmpfs", 0, NULL), 0);
	box_file(&box, "granted/tmpfs/secret", "SECRET");
	snprintf(outside, sizeof outside, "%s", box_name(&box, "outside"));
	cr_assert_eq(mount(outside, box_name(&box, "granted/bound"), NULL, MS_BIND, NULL), 0);
	cr_expect_eq(read_file("tmpfs/secret", text), -EXDEV);
	cr_expect_eq(read_file("bound/secret", text), -EXDEV, "the same device, another mount");
	cr_expect_eq(below_at(&root, "bound", O_PATH | O_DIRECTORY), -EXDEV);
	umount(box_name(&box, "granted/tmpfs"));
	umount(box_name(&box, "granted/bound"));
	done();
}

Test(below, what_is_mounted_in_the_folder_is_not_the_folder)
{
	need_mounts();
	check_mounts();
}

Test(below, what_is_mounted_in_the_folder_is_not_the_folder_for_an_old_kernel)
{
	need_mounts();
	box_without_openat2(ENOSYS);
	check_mounts();
}

/* On overlayfs a file may have another device than its folder. */
Test(below, an_old_kernel_reads_overlays)
{
	char options[4 * PATH_MAX], text[32];

	need_mounts();
	box_open(&box);
	box_folder(&box, "base");
	cr_assert_eq(mount("t", box_name(&box, "base"), "tmpfs", 0, NULL), 0);
	box_folder(&box, "base/lower");
	box_folder(&box, "base/upper");
	box_folder(&box, "base/work");
	box_folder(&box, "merged");
	box_folder(&box, "lower2");
	box_file(&box, "base/lower/low", "low");
	box_file(&box, "base/upper/up", "up");
	box_file(&box, "lower2/far", "far");
	snprintf(
	    options, sizeof options,
	    "lowerdir=%1$s/lower2:%1$s/base/lower,upperdir=%1$s/base/upper,workdir=%1$s/base/work",
	    box.path);
	if (mount("o", box_name(&box, "merged"), "overlay", 0, options) != 0)
		cr_skip("this kernel has no overlayfs");
	box_without_openat2(ENOSYS);
	box_args(&box, 40, "merged", NULL, &args);
	cr_assert_eq(below_open(&args, &root), 0);
	cr_expect_eq(read_file("low", text), 0);
	cr_expect_eq(read_file("up", text), 0);
	cr_expect_eq(read_file("far", text), 0);
	below_close(&root);
	umount(box_name(&box, "merged"));
	umount(box_name(&box, "base"));
	box_done(&box);
}

Test(below, files_that_the_system_makes_up_are_known)
{
	int proc = open("/proc/self/status", O_RDONLY), disk = open("/", O_RDONLY);

	cr_assert(below_is_made_up(proc));
	cr_assert_not(below_is_made_up(disk));
	close(proc);
	close(disk);
}

/* ---- words ---- */

Test(below, names_can_be_read_and_typed_again)
{
	const struct below b = {.root = "/srv/app"}, slash = {.root = "/"};
	char out[100];

	cr_assert_str_eq(below_name(&b, "a\n\xff", out, sizeof out), "/srv/app/a\\x0a\\xff");
	cr_assert_str_eq(below_name(&b, "", out, sizeof out), "/srv/app");
	cr_assert_str_eq(below_path(&slash, "etc", out, sizeof out), "/etc");
	cr_assert_str_eq(below_why(-EIO, out, sizeof out), "cannot be read: Input/output error");
}
