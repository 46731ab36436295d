/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* The exit code, or 128 + signal. */
static int attempt(const char *what, const char *argument)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		if (!freopen("/dev/null", "w", stdout))
			_exit(99);
		execl(LOCKED, LOCKED, what, argument, (char *)NULL);
		_exit(99);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Test(lock_down, what_is_needed_to_speak_works)
{
	cr_assert_eq(attempt("work", NULL), 0);
}

Test(lock_down, files_cannot_be_opened)
{
	cr_assert_eq(attempt("file", NULL), 1);
	cr_assert_eq(attempt("chmod", NULL), 1);
}

Test(lock_down, nobody_is_sent_a_signal)
{
	cr_assert_eq(attempt("signal", NULL), 1);
}

Test(lock_down, no_memory_becomes_code)
{
	cr_assert_eq(attempt("code", NULL), 1);
}

Test(lock_down, who_tries_to_leave_is_killed)
{
	static const char *const ways[] = {"socket", "connect", "exec", "fork", "trace"};

	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
		cr_assert_eq(attempt(ways[i], NULL), 128 + SIGSYS, "%s", ways[i]);
}

Test(lock_down, before_it_only_the_system_can_be_read)
{
	char path[] = "/tmp/assent-locked.XXXXXX";
	int fd = mkstemp(path), code;

	cr_assert_geq(fd, 0);
	close(fd);
	code = attempt("system", path);
	unlink(path);
	cr_assert_eq(code, 0);
}
