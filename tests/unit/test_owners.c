/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/collect/owners.h"

Test(owners, knows_a_socket_by_its_link)
{
	cr_assert_eq(owners_socket_inode("socket:[12345]"), 12345u);
	cr_assert_eq(owners_socket_inode("socket:[4294967295]"), 4294967295u);
}

Test(owners, takes_nothing_else_for_a_socket)
{
	static const char *const links[] = {"",
					    "socket:[",
					    "socket:[]",
					    "socket:[12",
					    "socket:[12]x",
					    "socket:[-1]",
					    "socket:[+1]",
					    "socket:[4294967296]",
					    "socket:[ 1]",
					    "pipe:[12345]",
					    "/dev/null"};

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		cr_assert_eq(owners_socket_inode(links[i]), 0u, "%s", links[i]);
}

/* A folder like /proc, with as much in it as the walk looks at. */
struct proc {
	char path[64];
};

static void remove_all(const char *path)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	cr_assert_eq(system(command), 0);
}

static struct proc proc_new(void)
{
	struct proc p = {"/tmp/owners-XXXXXX"};

	cr_assert_not_null(mkdtemp(p.path));
	return p;
}

static void put_process(const struct proc *p, int pid, const char *comm)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%d", p->path, pid);
	cr_assert_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/%d/fd", p->path, pid);
	cr_assert_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/%d/comm", p->path, pid);

	FILE *f = fopen(path, "w");
	cr_assert_not_null(f);
	fprintf(f, "%s\n", comm);
	fclose(f);
}

static void put_fd(const struct proc *p, int pid, int fd, const char *link)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%d/fd/%d", p->path, pid, fd);
	cr_assert_eq(symlink(link, path), 0);
}

Test(owners, names_the_first_owner_and_counts_the_others)
{
	struct proc p = proc_new();
	struct owners o;
	char buf[OWNER_TEXT];

	put_process(&p, 812, "sshd");
	put_fd(&p, 812, 3, "socket:[100]");
	put_fd(&p, 812, 4, "socket:[100]");
	put_fd(&p, 812, 5, "/dev/null");
	put_process(&p, 900, "nginx\033[2J");
	put_fd(&p, 900, 3, "socket:[100]");
	put_fd(&p, 900, 4, "socket:[200]");
	cr_assert_eq(owners_load(&o, p.path), 0);
	cr_assert_eq(o.processes, 2u);
	cr_assert_str_eq(owners_text(&o, 100, buf), "sshd/812+1");
	cr_assert_str_eq(owners_text(&o, 200, buf), "nginx?[2J/900");
	cr_assert_str_eq(owners_text(&o, 300, buf), "-");
	cr_assert_str_eq(owners_text(&o, 0, buf), "-", "inode 0 is nobody's");
	owners_done(&o);
	remove_all(p.path);
}

Test(owners, passes_over_processes_that_are_gone)
{
	struct proc p = proc_new();
	struct owners o;
	char path[128];

	snprintf(path, sizeof(path), "%s/77", p.path);
	cr_assert_eq(mkdir(path, 0700), 0);
	cr_assert_eq(owners_load(&o, p.path), 0);
	cr_assert_eq(o.processes, 0u);
	cr_assert_eq(o.count, 0u);
	owners_done(&o);
	remove_all(p.path);
}

Test(owners, says_when_there_is_no_proc)
{
	struct proc p = proc_new();
	struct owners o;

	remove_all(p.path);
	cr_assert_eq(owners_load(&o, p.path), -ENOENT);
	owners_done(&o);
}

Test(owners, finds_this_very_test)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct owners o;
	struct stat st;
	char buf[OWNER_TEXT], pid[16];

	cr_assert(fd >= 0 && fstat(fd, &st) == 0);
	cr_assert_eq(owners_load(&o, "/proc"), 0);
	snprintf(pid, sizeof(pid), "/%d", (int)getpid());
	cr_assert_not_null(strstr(owners_text(&o, (uint32_t)st.st_ino, buf), pid));
	owners_done(&o);
	close(fd);
}
