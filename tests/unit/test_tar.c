/* SPDX-License-Identifier: Apache-2.0
 *
 * What we write, libarchive must read as it was meant.
 */
#include <archive.h>
#include <archive_entry.h>
#include <criterion/criterion.h>
#include <locale.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/collect/tar.h"

TestSuite(tar, .timeout = 60);

static struct stat a_file(off_t size)
{
	return (struct stat){.st_mode = S_IFREG | 0640,
			     .st_uid = 1000,
			     .st_gid = 100,
			     .st_size = size,
			     .st_mtim = {1700000000, 123456789}};
}

struct archived {
	struct archive *a;
	struct archive_entry *e;
};

/* The header and no more: the file itself need not be there. */
static struct archived read_back(const char *name, const char *target, const struct stat *st)
{
	static uint8_t bytes[TAR_HEADER_MAX];
	struct tar_entry e = {
	    .name = name, .target = target, .st = st, .owner = "ada", .group = "staff"};
	struct archived r = {.a = archive_read_new()};
	int n = tar_header(&e, bytes);

	setlocale(LC_ALL, "C.UTF-8");
	cr_assert_gt(n, 0);
	cr_assert_eq(n % TAR_BLOCK, 0);
	archive_read_support_format_tar(r.a);
	cr_assert_eq(archive_read_open_memory(r.a, bytes, (size_t)n), ARCHIVE_OK);
	cr_assert_eq(archive_read_next_header(r.a, &r.e), ARCHIVE_OK, "%s",
		     archive_error_string(r.a));
	return r;
}

Test(tar, a_file_is_what_it_was)
{
	struct stat st = a_file(5);
	struct archived r = read_back("srv/app.log", "", &st);

	cr_expect_str_eq(archive_entry_pathname(r.e), "srv/app.log");
	cr_expect_eq(archive_entry_size(r.e), 5);
	cr_expect_eq(archive_entry_mode(r.e), (S_IFREG | 0640));
	cr_expect_eq(archive_entry_uid(r.e), 1000);
	cr_expect_eq(archive_entry_gid(r.e), 100);
	cr_expect_str_eq(archive_entry_uname(r.e), "ada");
	cr_expect_str_eq(archive_entry_gname(r.e), "staff");
	cr_expect_eq(archive_entry_mtime(r.e), 1700000000);
	cr_expect_eq(archive_entry_mtime_nsec(r.e), 123456789);
	archive_read_free(r.a);
}

Test(tar, folders_and_links)
{
	struct stat folder = {.st_mode = S_IFDIR | 01777},
		    link = {.st_mode = S_IFLNK | 0777, .st_size = 9};
	struct archived r = read_back("tmp", "", &folder);

	cr_expect_str_eq(archive_entry_pathname(r.e), "tmp/");
	cr_expect_eq(archive_entry_mode(r.e), (S_IFDIR | 01777));
	archive_read_free(r.a);
	r = read_back("l", "../a/b\xff", &link);
	cr_expect_str_eq(archive_entry_symlink(r.e), "../a/b\xff");
	cr_expect_eq(archive_entry_filetype(r.e), AE_IFLNK);
	cr_expect_eq(archive_entry_size(r.e), 0);
	archive_read_free(r.a);
}

static void name_survives(const char *name)
{
	struct stat st = a_file(1), link = {.st_mode = S_IFLNK | 0777};
	struct archived r = read_back(name, "", &st);

	cr_expect_str_eq(archive_entry_pathname(r.e), name);
	archive_read_free(r.a);
	r = read_back("l", name, &link);
	cr_expect_str_eq(archive_entry_symlink(r.e), name);
	archive_read_free(r.a);
}

Test(tar, names_are_any_bytes_of_any_length)
{
	static char lengths[4096];

	name_survives("a\nb\tc");
	name_survives("\xff\xfe\x80 not UTF-8");
	name_survives("gr\xc3\xbc\xc3\x9f");
	name_survives("\x1b[2J=equals");
	for (size_t n = 95; n <= 105; n++) {
		memset(lengths, 'n', n);
		lengths[n] = '\0';
		name_survives(lengths);
	}
	memset(lengths, '\xe9', 4095);
	lengths[4095] = '\0';
	name_survives(lengths);
}

Test(tar, a_name_that_is_too_long_for_anybody_is_refused)
{
	static char name[4200];
	static uint8_t bytes[TAR_HEADER_MAX];
	struct stat st = a_file(1);
	struct tar_entry e = {.name = name, .target = "", .st = &st, .owner = "", .group = ""};

	memset(name, 'n', sizeof name - 1);
	cr_assert_lt(tar_header(&e, bytes), 0);
}

/* The old header ends at 8 GiB, the old numbers of users at 2 million, its time in 1970. */
Test(tar, large_numbers_and_early_times_are_right)
{
	struct stat st = a_file(INT64_C(8) << 30);

	st.st_uid = 4000000000;
	st.st_gid = 3000000000;
	st.st_mtim.tv_sec = -2;
	st.st_mtim.tv_nsec = 750000000; /* -1.25 s */

	struct archived r = read_back("large", "", &st);
	cr_expect_eq(archive_entry_size(r.e), INT64_C(8) << 30);
	cr_expect_eq(archive_entry_uid(r.e), 4000000000);
	cr_expect_eq(archive_entry_gid(r.e), 3000000000);
	cr_expect_eq(archive_entry_mtime(r.e), -1);
	archive_read_free(r.a);

	st.st_size = INT64_C(1) << 60;
	r = read_back("huge", "", &st);
	cr_expect_eq(archive_entry_size(r.e), INT64_C(1) << 60);
	archive_read_free(r.a);
}

/* libarchive reads the sign for the seconds only, so this one is read as text. */
Test(tar, fractions_before_1970_are_decimals)
{
	static uint8_t bytes[TAR_HEADER_MAX];
	const struct {
		struct timespec t;
		const char *text;
	} rows[] = {
	    {{-2, 750000000}, "mtime=-1.250000000\n"},
	    {{-1, 500000000}, "mtime=-0.500000000\n"},
	    {{-1, 0}, "mtime=-1.000000000\n"},
	    {{0, 1}, "mtime=0.000000001\n"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct stat st = a_file(1);
		struct tar_entry e = {
		    .name = "x", .target = "", .st = &st, .owner = "", .group = ""};

		st.st_mtim = rows[i].t;
		cr_assert_gt(tar_header(&e, bytes), 0);
		cr_expect(memmem(bytes, sizeof bytes, rows[i].text, strlen(rows[i].text)), "%s",
			  rows[i].text);
	}
}

Test(tar, padding_fills_a_block)
{
	cr_expect_eq(tar_padding(0), 0);
	cr_expect_eq(tar_padding(1), 511);
	cr_expect_eq(tar_padding(511), 1);
	cr_expect_eq(tar_padding(512), 0);
	cr_expect_eq(tar_padding((UINT64_C(1) << 60) + 1), 511);
}
