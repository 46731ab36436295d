/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include "agent/collect/log_text.h"
#include "tests/support/capture.h"

#define ROOMY	 (64u << 20)
#define NO_HURRY 60000

/* A file in memory that holds this, compressed or not; *fd is handed to log_copy(), which closes
 * it. */
static int file_of(const char *text, size_t n, bool gz)
{
	int fd = memfd_create("log", 0);

	if (gz) {
		gzFile f = gzdopen(dup(fd), "wb");
		cr_assert_eq(gzwrite(f, text, (unsigned)n), (int)n);
		gzclose(f);
	} else {
		cr_assert_eq(write(fd, text, n), (ssize_t)n);
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static enum log_kind copy(struct capture *c, int fd, bool gz, uint64_t max)
{
	enum log_kind kind;

	capture_open(c, false, ROOMY, NO_HURRY);
	cr_assert_eq(log_copy(c->sink, fd, gz, "var/log/x", "/var/log/x", max, &kind), 0);
	capture_read(c);
	return kind;
}

static void check_newest(bool gz, uint64_t max, const char *expected, bool cut)
{
	static const char text[] = "first\nsecond\nthird\n";
	struct capture c;

	cr_assert_eq(copy(&c, file_of(text, strlen(text), gz), gz, max), LOG_IS_TEXT);
	cr_expect_str_eq(c.files[0].text ? c.files[0].text : "", expected, "limit %d", (int)max);
	cr_expect_eq(c.files[0].end.file_end.truncated, cut);
	capture_done(&c);
}

Test(log_text, keeps_the_newest_whole_lines)
{
	for (int gz = 0; gz <= 1; gz++) {
		check_newest(gz, 0, "first\nsecond\nthird\n", false);
		check_newest(gz, 19, "first\nsecond\nthird\n", false);
		check_newest(gz, 18, "second\nthird\n", true);
		check_newest(gz, 13, "second\nthird\n", true);
		check_newest(gz, 12, "third\n", true);
		check_newest(gz, 6, "third\n", true);
		check_newest(gz, 5, "", true);
	}
}

Test(log_text, streams_a_large_compressed_log)
{
	enum { LINES = 200000, LINE = 10 };
	char *text = malloc(LINES * LINE + 1);
	struct capture c;

	for (unsigned i = 0; i < LINES; i++) {
		char line[16];

		snprintf(line, sizeof line, "%09u\n", i);
		memcpy(text + i * LINE, line, LINE);
	}
	cr_assert_eq(copy(&c, file_of(text, LINES * LINE, true), true, 500000), LOG_IS_TEXT);
	cr_assert_eq(c.files[0].n, 500000);
	cr_assert_eq(memcmp(c.files[0].text, text + LINES * LINE - 500000, 500000), 0);
	free(text);
	capture_done(&c);
}

Test(log_text, leaves_out_what_is_not_text)
{
	static const char wtmp[64] = "ts/0\0\0\0user";
	struct capture c;

	cr_assert_eq(copy(&c, file_of(wtmp, sizeof wtmp, false), false, 0), LOG_IS_BINARY);
	cr_assert_eq(c.files_count, 0);
	capture_done(&c);
	cr_assert_eq(copy(&c, file_of(wtmp, sizeof wtmp, true), true, 0), LOG_IS_BINARY);
	cr_assert_eq(c.files_count, 0);
	capture_done(&c);
}

Test(log_text, keeps_what_a_damaged_archive_still_gives)
{
	char text[100000], packed[100000];
	struct capture c;
	unsigned r = 1;

	for (size_t i = 0; i < sizeof text; i++) {
		r = r * 1103515245u + 12345u;
		text[i] = (char)('a' + (r >> 16) % 26);
		if (i % 80 == 79)
			text[i] = '\n';
	}

	int fd = file_of(text, sizeof text, true);
	ssize_t n = read(fd, packed, sizeof packed);
	cr_assert_gt(n, 20000);
	cr_assert_eq(ftruncate(fd, n / 2), 0);
	lseek(fd, 0, SEEK_SET);
	cr_assert_eq(copy(&c, fd, true, 0), LOG_IS_TEXT);
	cr_assert_gt(c.files[0].n, 10000);
	cr_assert_eq(memcmp(c.files[0].text, text, c.files[0].n), 0);
	cr_assert_eq(c.files[0].end.file_end.state, ITEM_PARTIAL);
	capture_done(&c);
}

Test(log_text, takes_an_empty_file)
{
	struct capture c;

	cr_assert_eq(copy(&c, file_of("", 0, false), false, 100), LOG_IS_TEXT);
	cr_assert_eq(c.files[0].end.file_end.state, ITEM_OK);
	capture_done(&c);
}

Test(log_text, knows_text_when_it_sees_it)
{
	cr_assert(log_is_text((const uint8_t *)"", 0));
	cr_assert(log_is_text((const uint8_t *)"plain\tline\r\n\033[1mbold\n", 21));
	cr_assert(log_is_text((const uint8_t *)"gr\xc3\xbc\xc3\x9f", 6));
	cr_assert_not(log_is_text((const uint8_t *)"a\0b", 3));
	cr_assert_not(log_is_text((const uint8_t *)"\x01\x02\x03\x04", 4));
}
