/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "agent/collect/name.h"

static const struct {
	const char *path, *name;
} cases[] = {
    {"/proc/meminfo", "proc/meminfo"},
    {"proc/meminfo", "proc/meminfo"},
    {"//var///log/./x", "var/log/x"},
    {"/../etc/passwd", "._/etc/passwd"},
    {"/a:b/c\\d", "a_b/c_d"},
    {"/-rf/~root", "_rf/_root"},
    {"/trailing./dots ", "trailing_/dots_"},
    {"/esc\x1b[31m", "esc?[31m"},
    {"", "_"},
    {"/", "_"},
};

Test(name, of_a_path_is_its_own_without_what_a_bundle_may_not_hold)
{
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char out[ITEM_NAME_MAX + 1];

		item_name_make(cases[i].path, out);
		cr_expect_eq(item_name_check(out), 0, "%s", out);
		if (strchr(cases[i].path, '\x1b') == NULL)
			cr_expect_str_eq(out, cases[i].name);
	}
}

Test(name, is_acceptable_whatever_the_path)
{
	char path[2000], out[ITEM_NAME_MAX + 1];

	for (unsigned seed = 1; seed < 2000; seed++) {
		unsigned r = seed;
		size_t n = seed % (sizeof path - 1);

		for (size_t i = 0; i < n; i++) {
			r = r * 1103515245u + 12345u;
			path[i] = "/.-~: \\a\xc3\xa9\x01\xff"[(r >> 16) % 12];
		}
		path[n] = '\0';
		item_name_make(path, out);
		cr_assert_eq(item_name_check(out), 0, "%s -> %s", path, out);
	}
}

Test(name, of_a_command_is_the_one_that_sos_gives)
{
	static const char *const ps[] = {"ps", "auxwwwm", NULL};
	static const char *const df[] = {"df", "-al", "-x", "autofs", NULL};
	static const char *const status[] = {"systemctl", "status", "--", "a@b:c.service", NULL};
	char out[ITEM_NAME_MAX + 1];

	item_name_command("process", ps, out);
	cr_assert_str_eq(out, "sos_commands/process/ps_auxwwwm");
	item_name_command("filesys", df, out);
	cr_assert_str_eq(out, "sos_commands/filesys/df_-al_-x_autofs");
	item_name_command("systemd", status, out);
	cr_assert_str_eq(out, "sos_commands/systemd/systemctl_status_--_a_b_c.service");
}

Test(name, of_a_long_command_is_cut)
{
	char word[600], out[ITEM_NAME_MAX + 1];
	const char *const argv[] = {"tool", word, NULL};

	memset(word, 'w', sizeof word - 1);
	word[sizeof word - 1] = '\0';
	item_name_command("plugin", argv, out);
	cr_assert_eq(item_name_check(out), 0);
	cr_assert_eq(strncmp(out, "sos_commands/plugin/tool_www", 28), 0);
}
