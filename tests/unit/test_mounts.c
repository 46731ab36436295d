/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/mounts.h"

#define EACH_MS 200
#define ALL_MS	20000

TestSuite(mounts, .timeout = 30);

static void fake_ask(const char *where, struct usage *out)
{
	while (strncmp(where, "/dead", 5) == 0)
		pause();
	if (strcmp(where, "/secret") == 0)
		*out = (struct usage){.state = USAGE_FAILED, .err = -EACCES};
	else
		*out =
		    (struct usage){.state = USAGE_OK, .blocks = 100, .free_blocks = strlen(where)};
}

static struct mounts list_of(const char *const where[], size_t n)
{
	struct mounts m = {calloc(n, sizeof *m.all), calloc(n, sizeof *m.usage), n, false};

	for (size_t i = 0; i < n; i++)
		strcpy(m.all[i].where, where[i]);
	return m;
}

Test(mounts, that_hang_do_not_cost_the_others)
{
	static const char *const where[] = {"/", "/dead1", "/ab", "/secret", "/dead2"};
	struct mounts m = list_of(where, 5);

	cr_assert_eq(mounts_ask_all(&m, fake_ask, EACH_MS, ALL_MS), 0);
	cr_assert_eq(m.usage[0].state, USAGE_OK);
	cr_assert_eq(m.usage[0].free_blocks, 1);
	cr_assert_eq(m.usage[1].state, USAGE_HANGS);
	cr_assert_eq(m.usage[2].state, USAGE_OK);
	cr_assert_eq(m.usage[2].free_blocks, 3);
	cr_assert_eq(m.usage[3].state, USAGE_FAILED);
	cr_assert_eq(m.usage[3].err, -EACCES);
	cr_assert_eq(m.usage[4].state, USAGE_HANGS);
	mounts_done(&m);
}

Test(mounts, are_not_asked_when_no_time_is_left)
{
	static const char *const where[] = {"/dead", "/"};
	struct mounts m = list_of(where, 2);

	cr_assert_eq(mounts_ask_all(&m, fake_ask, EACH_MS, EACH_MS), 0);
	cr_assert_eq(m.usage[0].state, USAGE_HANGS);
	cr_assert_eq(m.usage[1].state, USAGE_NOT_ASKED);
	mounts_done(&m);
}

Test(mounts, of_this_computer_answer)
{
	struct mounts m;
	bool root = false;

	cr_assert_eq(mounts_read(&m), 0);
	cr_assert_gt(m.count, 0);
	cr_assert_eq(mounts_ask_all(&m, statvfs_ask, EACH_MS * 10, ALL_MS), 0);
	for (size_t i = 0; i < m.count; i++) {
		cr_expect_neq(strcmp(m.all[i].type, "autofs"), 0);
		root |= strcmp(m.all[i].where, "/") == 0 && m.usage[i].state == USAGE_OK;
	}
	cr_assert(root);
	mounts_done(&m);
}

Test(mounts, count_used_space_as_df_does)
{
	struct usage u = {.blocks = 1000, .free_blocks = 100, .available_blocks = 50};

	cr_assert_eq(usage_percent(&u), 95, "900 of 950, rounded up");
	u.available_blocks = 0;
	cr_assert_eq(usage_percent(&u), 100);
	u = (struct usage){.blocks = 100000, .free_blocks = 99999, .available_blocks = 99999};
	cr_assert_eq(usage_percent(&u), 1, "a little is not nothing");
	u = (struct usage){.blocks = 0};
	cr_assert_eq(usage_percent(&u), 0);
	cr_assert_eq(usage_inode_percent(&u), 0);
	u = (struct usage){.inodes = 10, .free_inodes = 20, .blocks = 1, .free_blocks = 9};
	cr_assert_eq(usage_inode_percent(&u), 0, "nonsense from a server is not a crash");
	cr_assert_eq(usage_percent(&u), 0);
}
