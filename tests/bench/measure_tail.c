/* SPDX-License-Identifier: Apache-2.0
 *
 * A log that grows by 200,000 lines a second, watched: how many lines arrive, and how old they are
 * when the console has printed them. And at a rate that every log has. Beside it "tail -F" over
 * ssh, which has nothing between the file and the pipe but encryption.
 */
#include "tests/bench/measure.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/log_writer.h"
#include "tests/bench/rivals.h"
#include "tests/bench/usage.h"

#define FAST	    200000 /* lines a second */
#define SLOW	    1000
#define SECONDS	    5
#define P99_GOAL_MS 300
#define STILL_MS    2000 /* nothing came for so long: all is here */

struct views {
	struct series got, dropped, p50, p99, cpu;
};

static void add(struct views *v, const struct log_age *a, unsigned lines_s)
{
	series_add(&v->got, 100.0 * (double)a->lines / ((double)lines_s * SECONDS));
	series_add(&v->dropped, 100.0 * (double)a->dropped / ((double)lines_s * SECONDS));
	series_add(&v->p50, log_age_quantile_ms(a, 0.5));
	series_add(&v->p99, log_age_quantile_ms(a, 0.99));
}

static void rows(struct report *r, const char *who, unsigned lines_s, const struct views *v,
		 double goal)
{
	char name[128];

	snprintf(name, sizeof name, "%s, %u lines/s: arrived", who, lines_s);
	report_median(r, name, &v->got, "%", NO_GOAL);
	report_median(r, "  dropped, and said so", &v->dropped, "%", NO_GOAL);
	snprintf(name, sizeof name, "%s, %u lines/s: age of a line, p50", who, lines_s);
	report_median(r, name, &v->p50, "ms", NO_GOAL);
	snprintf(name, sizeof name, "%s, %u lines/s: age of a line, p99", who, lines_s);
	report_median(r, name, &v->p99, "ms", goal);
	report_median(r, "  processor seconds a second, all processes", &v->cpu, "s", NO_GOAL);
}

/* A new log whose only line is the sign that it is watched. */
static void begin_log(struct scene *s, const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs("ready\n", f) < 0 || fclose(f) != 0)
		scene_fail(s, path);
}

static void by_assent(struct scene *s, const char *path, unsigned lines_s, struct views *v)
{
	char scope[SCENE_PATH_MAX + 8], command[SCENE_PATH_MAX + 32];
	const char *const scopes[] = {scope, NULL}, *const commands[] = {command, NULL};
	struct log_age *a = calloc(1, sizeof *a);
	struct usage u;
	pid_t writer;

	snprintf(scope, sizeof scope, "files:%.*s", (int)(strrchr(path, '/') - path), path);
	/* It ends by itself: the console speaks every second, so it is never still. */
	snprintf(command, sizeof command, "tail %s --last 1 --for %ds", path,
		 SECONDS + STILL_MS / 1000);
	begin_log(s, path);
	scene_agent(s, SCENE_SKIP_LOCK);
	scene_code(s);
	scene_connect_with(s, scopes, commands);
	scene_prompt(s);
	scene_type(s, "allow\n");
	scene_until(s, &s->console, "ready");
	s->on_console = log_age_take;
	s->on_console_ctx = a;

	const pid_t roots[] = {s->relay.pid, s->agent.pid, s->console.pid};
	usage_begin(&u, roots, 3);
	writer = log_writer_start(s, path, lines_s, SECONDS);
	while (!scene_has_ended(&s->console) && scene_pump(s, NULL, 0, STILL_MS))
		continue;
	usage_end(&u);
	waitpid(writer, NULL, 0);
	scene_session_done(s);
	s->on_console = NULL;
	if (a->lines == 0)
		scene_fail(s, "tail: no line came");
	add(v, a, lines_s);
	series_add(&v->cpu, u.cpu_s / u.wall_s);
	free(a);
}

static pid_t ssh_tail(struct rivals *r, const char *path, int *fd)
{
	int fds[2];
	pid_t pid;

	if (pipe(fds) != 0)
		scene_fail(r->s, "pipe");
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execl("/usr/bin/ssh", "ssh", "-n", "-F", r->config, "target", "tail", "-n", "1",
		      "-F", path, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	*fd = fds[0];
	return pid;
}

/* Until nothing comes any more. */
static void read_all(struct log_age *a, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	static char raw[65536];
	ssize_t n;

	while (poll(&p, 1, STILL_MS) > 0 && (n = read(fd, raw, sizeof raw)) > 0)
		log_age_take(a, raw, (size_t)n);
}

static void by_ssh(struct rivals *r, const char *path, unsigned lines_s, struct views *v)
{
	struct log_age *a = calloc(1, sizeof *a);
	char first[sizeof "ready\n"];
	struct usage u;
	int fd;

	begin_log(r->s, path);
	pid_t pid = ssh_tail(r, path, &fd);
	if (read(fd, first, sizeof first) <= 0)
		scene_fail(r->s, "ssh target tail");

	pid_t roots[USAGE_ROOTS_MAX];
	memcpy(roots, r->roots, (size_t)r->count * sizeof *roots);
	roots[r->count] = pid;
	usage_begin(&u, roots, r->count + 1);
	pid_t writer = log_writer_start(r->s, path, lines_s, SECONDS);
	read_all(a, fd);
	usage_end(&u);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	waitpid(writer, NULL, 0);
	close(fd);
	add(v, a, lines_s);
	series_add(&v->cpu, u.cpu_s / u.wall_s);
	free(a);
}

static void at_rate(struct scene *s, struct rivals *r, struct report *rep, unsigned runs,
		    unsigned lines_s)
{
	struct views ours = {.got.count = 0}, theirs = {.got.count = 0};
	char path[SCENE_PATH_MAX];

	scene_path(s, "watched/app.log", path);
	for (unsigned i = 0; i < runs; i++) {
		by_assent(s, path, lines_s, &ours);
		if (r->has_ssh)
			by_ssh(r, path, lines_s, &theirs);
	}
	rows(rep, "tail", lines_s, &ours, P99_GOAL_MS);
	rows(rep, "ssh -J tail -F", lines_s, &theirs, NO_GOAL);
}

void measure_tail(struct scene *s, struct report *rep, unsigned runs)
{
	char path[SCENE_PATH_MAX];
	struct rivals r;

	mkdir(scene_path(s, "watched", path), 0700);
	rivals_open(&r, s, 0);
	at_rate(s, &r, rep, runs, SLOW);
	at_rate(s, &r, rep, runs, FAST);
	rivals_done(&r);
}
