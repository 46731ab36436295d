/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/plat/plat.h"
#include "tests/support/box.h"

#define PATIENT 60000

TestSuite(folders, .timeout = 110);

static struct box box;
static char real[PATH_MAX];

/* name: in the box. */
static int where(const char *name, unsigned limit_ms)
{
	snprintf(real, sizeof real, "untouched");
	return plat_real_path(box_name(&box, name), limit_ms, real, sizeof real);
}

static void lies_at(const char *name, const char *want)
{
	cr_expect_eq(where(name, PATIENT), 0);
	cr_expect_str_eq(real, box_name(&box, want), "%s: %s", name, real);
}

Test(folders, a_folder_is_where_its_links_lead)
{
	box_open(&box);
	box_folder(&box, "real");
	box_folder(&box, "real/sub");
	box_link(&box, "link", "real");
	box_link(&box, "dangling", "nowhere");
	lies_at("real/sub", "real/sub");
	lies_at("link/sub", "real/sub");
	lies_at("real/sub///", "real/sub");
	lies_at("link/later/and/deeper", "real/later/and/deeper");
	lies_at("dangling", "dangling"); /* below.c opens no link there */
	lies_at("dangling/x", "dangling/x");
	box_done(&box);
}

Test(folders, what_cannot_be_said_is_an_error)
{
	box_open(&box);
	box_link(&box, "loop", "loop");
	box_file(&box, "file", "");
	cr_expect_eq(where("loop", PATIENT), -ELOOP);
	cr_expect_eq(where("file/x", PATIENT), -ENOTDIR);
	cr_expect_str_eq(real, "untouched");
	cr_expect_eq(plat_real_path("relative", PATIENT, real, sizeof real), -EINVAL);
	cr_expect_eq(plat_real_path("/usr", PATIENT, real, 4), -ENAMETOOLONG);
	cr_expect_eq(plat_real_path("/", PATIENT, real, sizeof real), 0);
	cr_expect_str_eq(real, "/");
	box_done(&box);
}

/* Reading a link hangs from here on, as on a file server that does not answer. */
static void links_hang(void)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef SYS_readlink
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_readlink, 1, 0),
#endif
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_readlinkat, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = sizeof code / sizeof code[0], .filter = code};

	cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
		    &filter) < 0)
		cr_skip("this kernel cannot let a call hang");
}

Test(folders, a_file_server_that_does_not_answer_is_not_waited_for)
{
	box_open(&box);
	box_folder(&box, "mount");
	links_hang();
	cr_expect_eq(where("mount", 20), -ETIMEDOUT);
	cr_expect_str_eq(real, "untouched");
	cr_expect_eq(where("mount", 0), -ETIMEDOUT);
	box_done(&box);
}

/* ---- to put files into ---- */

static int may_put(const char *typed)
{
	snprintf(real, sizeof real, "untouched");
	return plat_writable_folder(typed, real, sizeof real);
}

Test(folders, a_folder_to_put_files_into_is_named_in_full_or_below_home)
{
	char typed[PATH_MAX];

	box_open(&box);
	box_folder(&box, "support");
	box_file(&box, "file", "");
	box_link(&box, "link", "support");
	setenv("HOME", box.path, 1);
	cr_expect_eq(may_put("~/support"), 0);
	cr_expect_str_eq(real, box_name(&box, "support"));
	cr_expect_eq(may_put("~/link/"), 0);
	cr_expect_str_eq(real, box_name(&box, "support"), "where it really lies");
	cr_expect_eq(may_put("~"), 0);
	cr_expect_eq(may_put("~/file"), -ENOTDIR);
	cr_expect_eq(may_put("~/none"), -ENOENT);
	cr_expect_eq(may_put("support"), -EINVAL);
	cr_expect_eq(may_put("~other/x"), -EINVAL);
	snprintf(typed, sizeof typed, "%s", box_name(&box, "support"));
	cr_expect_eq(plat_writable_folder(typed, real, 10), -ENAMETOOLONG);
	box_done(&box);
}

/* Some files there are orders: ~/.ssh/authorized_keys, /etc/cron.d/x. */
Test(folders, settings_of_programs_and_the_system_are_no_place_to_put_files)
{
	static const char *const none[] = {"/",	   "/etc", "/usr/bin", "/dev",	   "/proc",
					   "/lib", "/sys", "/run",     "/var/lib", "/boot"};

	box_open(&box);
	box_folder(&box, ".ssh");
	box_folder(&box, ".config");
	box_folder(&box, ".config/autostart");
	box_link(&box, "harmless", ".config/autostart");
	box_folder(&box, "dot.in.name");
	setenv("HOME", box.path, 1);
	cr_expect_eq(may_put("~/.ssh"), -EPERM);
	cr_expect_eq(may_put("~/.config/autostart"), -EPERM);
	cr_expect_eq(may_put("~/harmless"), -EPERM);
	cr_expect_eq(may_put("~/dot.in.name"), 0);
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		cr_expect(access(none[i], F_OK) != 0 || may_put(none[i]) == -EPERM, "%s", none[i]);
	cr_expect_eq(may_put("/tmp"), 0);
	box_done(&box);
}
