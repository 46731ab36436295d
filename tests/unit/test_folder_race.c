/* SPDX-License-Identifier: Apache-2.0
 *
 * Somebody on the customer's computer swaps entries of the granted folder, as fast as he can,
 * between what is inside and links to a secret outside, while we read. The secret never leaves.
 *
 * ASSENT_SWAPS=N in the environment: so many swaps for each test instead of a few thousand.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/collect/below.h"
#include "tests/support/box.h"

#define SWAPS_DEFAULT 3000
#define EXCHANGE      2 /* RENAME_EXCHANGE: both names are always there */

TestSuite(folder_race, .timeout = 3600);

static struct box box;
static struct collect_args args;
static atomic_ulong swaps;
static atomic_bool enough;
static unsigned long wanted;

struct swapper {
	char folder[PATH_MAX], a[PATH_MAX], b[PATH_MAX];
};

static void *swap(void *arg)
{
	const struct swapper *s = arg;

	while (!atomic_load(&enough)) {
		if (syscall(SYS_renameat2, AT_FDCWD, s->a, AT_FDCWD, s->b, EXCHANGE) == 0)
			atomic_fetch_add(&swaps, 1);
	}
	return NULL;
}

/* granted/x is the file or folder, granted/y a link out; they change places. */
static void prepare(bool folder)
{
	const char *n = getenv("ASSENT_SWAPS");

	wanted = n ? strtoul(n, NULL, 10) : SWAPS_DEFAULT;
	box_open(&box);
	box_folder(&box, "outside");
	box_file(&box, "outside/file", "SECRET");
	box_folder(&box, "granted");
	if (folder) {
		box_folder(&box, "granted/x");
		box_file(&box, "granted/x/file", "plain");
		box_link(&box, "granted/y", "../outside");
	} else {
		box_file(&box, "granted/x", "plain");
		box_link(&box, "granted/y", "../outside/file");
	}
}

static void start(pthread_t *thread, struct swapper *s)
{
	snprintf(s->a, sizeof s->a, "%s", box_name(&box, "granted/x"));
	snprintf(s->b, sizeof s->b, "%s", box_name(&box, "granted/y"));
	cr_assert_eq(pthread_create(thread, NULL, swap, s), 0);
}

static void read_while_swapped(const char *path, bool folder)
{
	unsigned long plain = 0, refused = 0;
	struct swapper s;
	struct below root;
	pthread_t thread;
	struct stat st;
	char text[16];

	prepare(folder);
	box_args(&box, 43, "granted", NULL, &args);
	cr_assert_eq(below_open(&args, &root), 0);
	start(&thread, &s);
	while (atomic_load(&swaps) < wanted || plain == 0 || refused == 0) {
		int fd = below_file(&root, path, &st);
		ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text);

		if (fd >= 0)
			close(fd);
		cr_assert(n == 0 || (n == 5 && memcmp(text, "plain", 5) == 0));
		plain += n == 5;
		refused += n == 0;
	}
	atomic_store(&enough, true);
	pthread_join(thread, NULL);
	cr_log_info("%lu swaps: %lu times read, %lu refused", atomic_load(&swaps), plain, refused);
	below_close(&root);
	box_done(&box);
}

Test(folder_race, a_file_that_becomes_a_link)
{
	read_while_swapped("x", false);
}

Test(folder_race, a_folder_that_becomes_a_link)
{
	read_while_swapped("x/file", true);
}

Test(folder_race, a_file_that_becomes_a_link_and_an_old_kernel)
{
	box_without_openat2(ENOSYS);
	read_while_swapped("x", false);
}

Test(folder_race, a_folder_that_becomes_a_link_and_an_old_kernel)
{
	box_without_openat2(ENOSYS);
	read_while_swapped("x/file", true);
}

/* Whole operations: the bytes of their streams are searched. */
static void collect_while_swapped(uint32_t op, uint32_t flags, const char *pattern)
{
	static uint8_t bytes[1 << 20];
	unsigned long runs = 0;
	struct swapper s;
	pthread_t thread;
	int fd = memfd_create("stream", MFD_CLOEXEC);

	prepare(true);
	box_args(&box, op, "granted", (const char *const[]){"", NULL}, &args);
	args.op.flags = flags;
	snprintf(args.op.pattern, sizeof args.op.pattern, "%s", pattern);
	start(&thread, &s);
	while (atomic_load(&swaps) < wanted) {
		cr_assert_eq(ftruncate(fd, 0), 0);
		lseek(fd, 0, SEEK_SET);
		cr_assert_geq(run_collector(collector_find(op), &args, fd), 0);

		ssize_t n = pread(fd, bytes, sizeof bytes, 0);
		cr_assert_gt(n, 0);
		cr_assert_null(memmem(bytes, (size_t)n, "SECRET", 6));
		runs++;
	}
	atomic_store(&enough, true);
	pthread_join(thread, NULL);
	cr_log_info("%lu swaps: %lu runs", atomic_load(&swaps), runs);
	close(fd);
	box_done(&box);
}

Test(folder_race, an_archive_of_a_folder_that_changes)
{
	collect_while_swapped(43, 0, "");
}

Test(folder_race, a_search_in_a_folder_that_changes)
{
	collect_while_swapped(42, 0, "^(plain|SECRET)");
}
