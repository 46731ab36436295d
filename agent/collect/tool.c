/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs of the customer's system: found in a fixed path, started without a shell, with an
 * empty environment and nothing to read, in a process group of their own, with a deadline of
 * their own (a third of the collector's), so that one that hangs leaves time for the rest.
 *
 * A tool that was started is gone when tool_run() returns, with what it left in its group;
 * only one that hangs in the kernel is left behind, already killed.
 */
#include "agent/collect/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/collect/sink_priv.h"
#include "agent/plat/plat.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

#define TOOL_SHARE    3	  /* a third of the collector's time */
#define TOOL_TICK_MS  200 /* how often a silent tool is looked at */
#define TOOL_REAP_MS  500 /* for a killed one to disappear */
#define TOOL_AS_MAX   (UINT64_C(2) << 30)
#define TOOL_PATH_MAX 1024
#define TOOL_CHUNK    16384

static const char *const places[] = {"/usr/sbin", "/usr/bin", "/sbin", "/bin"};

static int tool_find(const char *name, char out[TOOL_PATH_MAX])
{
	if (strncmp(name, "assent-", 7) == 0) /* one of our own helpers */
		return plat_libexec(name, out, TOOL_PATH_MAX);
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		int n = snprintf(out, TOOL_PATH_MAX, "%s/%s", places[i], name);

		if (n < TOOL_PATH_MAX && access(out, X_OK) == 0)
			return 0;
	}
	return -ENOENT;
}

bool tool_is_installed(const char *name)
{
	char path[TOOL_PATH_MAX];

	return tool_find(name, path) == 0;
}

/* ---- starting ---- */

/* Between fork and exec, in a process with two threads: system calls only. */
static void become(const char *path, const char *const argv[], int out, int err)
{
	static const char *const env[] = {"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
	struct rlimit room;
	sigset_t none;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Our own cap is for our own code; journal readers map large files. */
	if (getrlimit(RLIMIT_AS, &room) == 0 && room.rlim_cur != RLIM_INFINITY) {
		room.rlim_cur = room.rlim_max < TOOL_AS_MAX ? room.rlim_max : TOOL_AS_MAX;
		setrlimit(RLIMIT_AS, &room);
	}

	int null = open("/dev/null", O_RDONLY);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(err, STDERR_FILENO) < 0 || chdir("/") < 0)
		_exit(126);
	/* execve() does not change what it is given; its type is older than const. */
	execve(path, (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)env);
	_exit(126);
}

struct running {
	struct sink *sink;
	pid_t pid;
	int out, err; /* ours, -1 = at its end */
	uint64_t deadline;
	uint64_t stalled_before;
	tool_on_output on;
	void *arg;
	struct tool_result *result;
};

static int start(struct running *t, const char *path, const char *const argv[])
{
	int out[2], err[2];

	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(err, O_CLOEXEC) < 0) {
		int why = -errno;
		close(out[0]);
		close(out[1]);
		return why;
	}
	t->pid = fork();
	if (t->pid == 0)
		become(path, argv, out[1], err[1]);

	int why = t->pid < 0 ? -errno : 0;
	close(out[1]);
	close(err[1]);
	t->out = out[0];
	t->err = err[0];
	if (why < 0) {
		close(t->out);
		close(t->err);
		return why;
	}
	setpgid(t->pid, t->pid); /* both sides do: whoever comes first */
	sink_set_tool(t->sink, t->pid);
	return 0;
}

/* ---- reading ---- */

static int take_output(struct running *t, const char *p, size_t n)
{
	t->result->bytes += n;
	return t->on(t->arg, p, n);
}

static int take_errors(struct running *t, const char *p, size_t n)
{
	struct tool_result *r = t->result;

	if (n > sizeof r->errors - r->errors_len)
		n = sizeof r->errors - r->errors_len;
	memcpy(r->errors + r->errors_len, p, n);
	r->errors_len += n;
	return 0;
}

static int take(struct running *t, int *fd, int (*to)(struct running *, const char *, size_t))
{
	char chunk[TOOL_CHUNK];
	ssize_t n = read(*fd, chunk, sizeof chunk);

	if (n > 0)
		return to(t, chunk, (size_t)n);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	close(*fd);
	*fd = -1;
	return 0;
}

static bool has_exited(const struct running *t)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)t->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == t->pid;
}

static uint64_t time_left(const struct running *t)
{
	uint64_t end = t->deadline + sink_stalled_ms(t->sink) - t->stalled_before;
	uint64_t now = clock_mono_ms();

	return now < end ? end - now : 0;
}

static int pump(struct running *t)
{
	while (t->out >= 0 || t->err >= 0) {
		struct pollfd fds[] = {{.fd = t->out, .events = POLLIN},
				       {.fd = t->err, .events = POLLIN}};
		uint64_t left = time_left(t);
		int err = 0;

		if (left == 0) {
			t->result->timed_out = true;
			return 0;
		}

		int ready = poll(fds, 2, left < TOOL_TICK_MS ? (int)left : TOOL_TICK_MS);
		/* Silent and gone: a child it left behind holds the pipe, and is not waited for. */
		if (ready == 0 && has_exited(t))
			return 0;
		if (ready <= 0)
			continue;
		if (fds[0].revents)
			err = take(t, &t->out, take_output);
		if (err == 0 && fds[1].revents)
			err = take(t, &t->err, take_errors);
		if (err < 0)
			return err;
	}
	return 0;
}

/* ---- ending ---- */

static bool wait_exit(const struct running *t, uint64_t ms)
{
	uint64_t end = clock_mono_ms() + ms;

	while (!has_exited(t)) {
		if (clock_mono_ms() >= end)
			return false;
		poll(NULL, 0, 5);
	}
	return true;
}

/* The group is killed before its leader is reaped: until then nobody else can get its number. */
static void finish(struct running *t)
{
	if (t->out >= 0)
		close(t->out);
	if (t->err >= 0)
		close(t->err);
	/* One that closed its output and works on has the rest of its time. */
	if (!t->result->timed_out && !wait_exit(t, time_left(t)))
		t->result->timed_out = true;
	kill(-t->pid, SIGKILL);
	sink_set_tool(t->sink, 0);
	if (!wait_exit(t, TOOL_REAP_MS)) {
		t->result->stuck = true;
		return;
	}
	waitpid(t->pid, &t->result->status, 0);
	while (waitpid(-t->pid, NULL, WNOHANG) > 0)
		; /* its children, which are ours since it is gone */
}

int tool_run(struct sink *s, const char *const argv[], tool_on_output on, void *arg,
	     struct tool_result *r)
{
	char path[TOOL_PATH_MAX];
	struct running t = {.sink = s, .on = on, .arg = arg, .result = r};

	memset(r, 0, sizeof *r);

	int err = tool_find(argv[0], path);
	if (err < 0)
		return err;
	t.deadline = clock_mono_ms() + s->deadline_ms / TOOL_SHARE;
	t.stalled_before = sink_stalled_ms(s);
	err = start(&t, path, argv);
	if (err < 0)
		return err;
	err = pump(&t);
	if (err < 0)
		kill(-t.pid, SIGKILL); /* nobody wants the rest */
	finish(&t);
	return err;
}

/* ---- into the bundle ---- */

static void command_line(const char *const argv[], char *out, size_t cap)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; argv[i] && len < cap; i++)
		len += (size_t)snprintf(out + len, cap - len, "%s%s", i ? " " : "", argv[i]);
}

static int on_output(void *arg, const char *p, size_t n)
{
	return sink_write(arg, p, n);
}

static bool says(const struct tool_result *r, const char *words)
{
	return memmem(r->errors, r->errors_len, words, strlen(words)) != NULL;
}

static bool wants_root(const struct tool_result *r)
{
	return geteuid() != 0 &&
	       (says(r, "ermission denied") || says(r, "not permitted") ||
		says(r, "must be root") || says(r, "are you root") || says(r, "ccess denied"));
}

static int close_gone_wrong(struct sink *s, const struct tool_result *r)
{
	char why[ITEM_WHY_MAX + 1];

	if (WIFSIGNALED(r->status)) {
		snprintf(why, sizeof why, "ended by signal %d", WTERMSIG(r->status));
		return sink_file_end(s, r->bytes ? ITEM_PARTIAL : ITEM_FAILED, false, why);
	}
	if (wants_root(r))
		return sink_file_end(s, r->bytes ? ITEM_PARTIAL : ITEM_UNAVAILABLE, false,
				     "needs administrator rights");
	/* Many tools say "something is wrong here" with their status, and that is the answer. */
	snprintf(why, sizeof why, "exit status %d", WEXITSTATUS(r->status));
	return sink_file_end(s, r->bytes ? ITEM_OK : ITEM_FAILED, false, why);
}

static int close_tool(struct sink *s, const struct tool_result *r)
{
	char why[ITEM_WHY_MAX + 1];

	if (r->timed_out) {
		snprintf(why, sizeof why, "stopped after %.1f s%s",
			 s->deadline_ms / 1000.0 / TOOL_SHARE,
			 r->stuck ? "; it hangs in the kernel" : "");
		return sink_file_end(s, ITEM_TIMEOUT, false, why);
	}
	if (!WIFEXITED(r->status) || WEXITSTATUS(r->status) != 0)
		return close_gone_wrong(s, r);
	if (r->bytes == 0)
		return sink_file_end(s, ITEM_OK, false, "printed nothing");
	return sink_file_end(s, ITEM_OK, false, "");
}

int sink_tool(struct sink *s, const char *name, const char *const argv[])
{
	char source[ITEM_SOURCE_MAX + 1];
	struct tool_result r;

	command_line(argv, source, sizeof source);

	int err = sink_file_begin(s, name, ITEM_FROM_COMMAND, source);
	if (err < 0)
		return err;
	err = tool_run(s, argv, on_output, s, &r);
	if (err == -ENOENT) {
		snprintf(source, sizeof source, "%s is not installed", argv[0]);
		return sink_file_end(s, ITEM_UNAVAILABLE, false, source);
	}
	if (err < 0) { /* when it is the sink's own, the sink repeats it */
		err_text(err, source, sizeof source);
		return sink_file_end(s, ITEM_FAILED, false, source);
	}
	if (r.errors_len > 0)
		sink_write(s, r.errors, r.errors_len);
	return close_tool(s, &r);
}
