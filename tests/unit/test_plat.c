/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/plat/plat.h"

#define NOBODY 65534

TestSuite(plat, .timeout = 30);

/* What a child may no longer undo is tried in one; its exit code names the first that it could. */
static int in_child(int (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(body());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int drop(void)
{
	struct rlimit core;
	int death = 0;

	if (plat_drop_rights() < 0)
		return 1;
	if (geteuid() == 0 || getuid() == 0 || getegid() == 0)
		return 2;
	if (setuid(0) == 0 || seteuid(0) == 0)
		return 3;
	if (getgroups(0, NULL) != 0 && getuid() == NOBODY)
		return 4;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 5;
	if (prctl(PR_GET_PDEATHSIG, &death) < 0 || death != SIGKILL)
		return 6;
	if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_max != 0)
		return 7;
	return 0;
}

Test(plat, gives_up_rights_for_good)
{
	cr_assert_eq(in_child(drop), 0);
}

static int confine(void)
{
	struct rlimit cpu;
	int subreaper = 0, death = 0;

	if (plat_confine_collector(512, 60) < 0)
		return 1;
	if (getsid(0) != getpid() || getpgrp() != getpid())
		return 2;
	if (prctl(PR_GET_CHILD_SUBREAPER, &subreaper) < 0 || subreaper != 1)
		return 3;
	if (prctl(PR_GET_PDEATHSIG, &death) < 0 || death != SIGKILL)
		return 4;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 5;
	if (getrlimit(RLIMIT_CPU, &cpu) < 0 || cpu.rlim_cur != 60)
		return 6;
	return plat_confine_collector(512, 60) < 0 ? 7 : 0; /* a leader already */
}

Test(plat, confines_a_collector)
{
	cr_assert_eq(in_child(confine), 0);
}

/* A collector with a tool that has a process group of its own; both write one byte and wait. */
static void collector_with_tool(int ready)
{
	plat_confine_collector(512, 60);
	if (fork() == 0)
		setpgid(0, 0);
	if (write(ready, "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

Test(plat, kills_a_collector_and_its_tools)
{
	int ends[2];
	char bytes[2];

	cr_assert_eq(pipe(ends), 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);

	pid_t pid = fork();
	if (pid == 0)
		collector_with_tool(ends[1]);
	close(ends[1]);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(read(ends[0], bytes, 1), 1);
	cr_assert_eq(plat_kill_group(pid), 0);
	/* The pipe ends when nobody holds it any more: both are gone. */
	cr_assert_eq(read(ends[0], bytes, 1), 0);
	while (waitpid(-1, NULL, 0) > 0)
		;
	cr_assert_eq(plat_kill_group(pid), 0, "gone already");
	cr_assert_eq(plat_kill_group(0), -EINVAL);
	cr_assert_eq(plat_kill_group(-1), -EINVAL);
	close(ends[0]);
}

Test(plat, kills_several_collectors_and_their_tools_together)
{
	int ends[2], pids[] = {0, -1, 0, 0};
	char bytes[4];

	cr_assert_eq(pipe(ends), 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	for (int i = 2; i < 4; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			collector_with_tool(ends[1]);
	}
	close(ends[1]);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(read(ends[0], bytes, 1), 1);
	plat_kill_groups(pids, 0);
	cr_assert_eq(waitpid(-1, NULL, WNOHANG), 0, "nobody was meant");
	plat_kill_groups(pids, 4); /* 0 and -1 are nobody's */
	cr_assert_eq(read(ends[0], bytes, 1), 0, "all four are gone");
	while (waitpid(-1, NULL, 0) > 0)
		;
	close(ends[0]);
}

Test(plat, kills_a_child_that_leads_no_group_yet)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		for (;;)
			pause();
	}
	cr_assert_eq(plat_kill_group(pid), 0);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFSIGNALED(status));
}

Test(plat, knows_the_user)
{
	struct plat_user u;

	cr_assert_eq(plat_user(&u), 0);
	cr_assert_eq(u.uid, getuid());
	cr_assert_neq(u.name[0], '\0');
	cr_assert_neq(u.host[0], '\0');
}

/* ---- an administrator's file ---- */

static char folder[] = "/tmp/assent-plat-XXXXXX";

static const char *below(const char *name)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void make_folder(void)
{
	cr_assert_not_null(mkdtemp(folder));
	chmod(folder, 0755);

	int fd = open(below("conf"), O_CREAT | O_WRONLY, 0644);
	cr_assert_geq(fd, 0);
	close(fd);
}

static void remove_folder(void)
{
	char command[64];

	snprintf(command, sizeof command, "rm -rf %s", folder);
	cr_assert_eq(system(command), 0);
}

TestSuite(admins_file, .init = make_folder, .fini = remove_folder, .timeout = 30);

Test(admins_file, is_roots_and_nobody_else_can_write_it)
{
	cr_assert(plat_is_admins_file("/etc/passwd"));
	cr_assert_not(plat_is_admins_file("/etc"), "a folder is not a file");
	cr_assert_not(plat_is_admins_file("/etc/no-such-file"));
	cr_assert_eq(plat_is_admins_file(below("conf")), getuid() == 0);
	chmod(below("conf"), 0664);
	cr_assert_not(plat_is_admins_file(below("conf")));
}

Test(admins_file, must_lie_in_a_folder_of_root)
{
	chmod(folder, 0777);
	cr_assert_not(plat_is_admins_file(below("conf")));
	chmod(folder, 0755);
	if (getuid() == 0) {
		cr_assert_eq(chown(folder, NOBODY, NOBODY), 0);
		cr_assert_not(plat_is_admins_file(below("conf")));
	}
}

Test(admins_file, is_not_what_a_users_link_leads_to)
{
	if (getuid() != 0)
		return;
	cr_assert_eq(symlink("/etc/passwd", below("link")), 0);
	cr_assert(plat_is_admins_file(below("link")));
	cr_assert_eq(lchown(below("link"), NOBODY, NOBODY), 0);
	cr_assert_not(plat_is_admins_file(below("link")));
}

/* ---- places ---- */

Test(admins_file, state_is_kept_where_only_the_user_comes)
{
	char path[256];
	struct stat st;

	setenv("XDG_STATE_HOME", below("a/b"), 1);
	cr_assert_eq(plat_state_dir(path, sizeof path), 0);
	cr_assert_str_eq(path, below("a/b/assent"));
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0700);
	cr_assert_eq(plat_state_dir(path, sizeof path), 0, "it is there already");
	cr_assert_eq(plat_state_dir(path, 5), -ENAMETOOLONG);
	cr_assert_str_eq(path, below("a/b/assent"), "untouched on failure");
	chmod(below("a/b/assent"), 0777);
	cr_assert_eq(plat_state_dir(path, sizeof path), -EACCES);
	setenv("XDG_STATE_HOME", below("conf"), 1);
	cr_assert_lt(plat_state_dir(path, sizeof path), 0, "a file is in the way");
}

Test(plat, finds_no_helper_that_is_not_there)
{
	char path[512];

	cr_assert_eq(plat_libexec("no-such-helper", path, sizeof path), -ENOENT);
}

/* What does not fit stays in the pipe, in its place. */
Test(plat, moves_what_is_in_a_pipe_into_a_socket_as_far_as_there_is_room)
{
	enum { MUCH = 1 << 20 };
	static char in[MUCH], out[MUCH];
	int fds[2], ends[2];
	int64_t there, moved;

	for (size_t i = 0; i < sizeof in; i++)
		in[i] = (char)(i * 7 + i / 251);
	cr_assert_eq(pipe2(fds, O_NONBLOCK), 0);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	plat_widen_pipe(fds[1]);
	cr_assert_eq(plat_pipe_holds(fds[0]), 0);
	cr_assert_eq(write(fds[1], in, 10000), 10000);
	cr_assert_eq(plat_pipe_holds(fds[0]), 10000);
	cr_assert_eq(plat_move(fds[0], ends[0], 9000), 9000);
	cr_assert_eq(plat_pipe_holds(fds[0]), 1000);
	cr_assert_eq(plat_move(fds[0], ends[0], 1000), 1000);
	cr_assert_eq(read(ends[1], out, sizeof out), 10000);
	cr_assert_eq(memcmp(in, out, 10000), 0);

	int room = 8192; /* of the socket: less than what comes */
	cr_assert_eq(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room), 0);
	there = write(fds[1], in, sizeof in);
	cr_assert_gt(there, 0);
	moved = plat_move(fds[0], ends[0], (size_t)there);
	cr_assert_lt(moved, there, "it does not wait for the reader");
	if (moved > 0)
		cr_assert_eq(recv(ends[1], out, (size_t)moved, MSG_WAITALL), moved);
	cr_assert_eq(plat_pipe_read(fds[0], out + moved, (size_t)(there - moved)), 0);
	cr_assert_eq(memcmp(in, out, (size_t)there), 0);
	cr_assert_eq(plat_pipe_holds(fds[0]), 0);
	cr_assert_eq(plat_pipe_read(fds[0], out, 1), -EAGAIN, "nothing is there");
	cr_assert_lt(plat_pipe_holds(-1), 0);
	signal(SIGPIPE, SIG_IGN);
	close(ends[1]);
	cr_assert_eq(write(fds[1], in, 100), 100);
	cr_assert_lt(plat_move(fds[0], ends[0], 100), 0, "nobody reads");
}
