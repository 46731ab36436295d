/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/scene.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define READ_MAX	8192
#define PASS_MAX	65536
#define CLOCK_LEN	(3 * sizeof(int64_t))
#define LOCK_SKIP_MS	6000
#define LOG_LINE_RANDOM 48 /* half of a line does not compress: a hard case, and not absurd */

uint64_t scene_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void show(const char *who, const struct pty *p)
{
	fprintf(stderr, "---- %s ----\n%s\n", who, p->screen ? p->screen : "");
}

_Noreturn void scene_fail(const struct scene *s, const char *what)
{
	struct scene copy = *s;

	show("relay", &s->relay);
	show("agent", &s->agent);
	show("console", &s->console);
	fprintf(stderr, "bench: %s (errno: %s)\n", what, strerror(errno));
	scene_done(&copy);
	exit(1);
}

const char *scene_path(const struct scene *s, const char *name, char out[SCENE_PATH_MAX])
{
	int n = snprintf(out, SCENE_PATH_MAX, "%s/%s", s->dir, name);

	if (n < 0 || n >= SCENE_PATH_MAX)
		scene_fail(s, "a path is too long");
	return out;
}

const char *scene_out(const struct scene *s, char out[SCENE_PATH_MAX])
{
	char name[32];

	snprintf(name, sizeof name, "out%u", s->sessions);
	if (s->out) {
		snprintf(out, SCENE_PATH_MAX, "%.400s/%s", s->out, name);
		return out;
	}
	return scene_path(s, name, out);
}

void scene_use_out(struct scene *s, const char *dir)
{
	s->out = dir;
}

static const char *program(const struct scene *s, const char *name, char out[SCENE_PATH_MAX])
{
	int n = snprintf(out, SCENE_PATH_MAX, "%s/%s", s->bin, name);

	if (n < 0 || n >= SCENE_PATH_MAX)
		scene_fail(s, "a path is too long");
	return out;
}

/* ---- reading three at a time ---- */

static void pass_on(const struct scene *s, struct pty *p)
{
	static char raw[PASS_MAX];
	ssize_t n = read(p->fd, raw, sizeof raw);

	if (n <= 0)
		pty_hang_up(p);
	else
		s->on_console(s->on_console_ctx, raw, (size_t)n);
}

static void read_some(const struct scene *s, struct pty *p)
{
	if (p == &s->console && s->on_console) {
		pass_on(s, p);
		return;
	}
	if (p->cap - p->len <= READ_MAX) {
		p->cap = p->cap ? p->cap * 2 : 4 * READ_MAX;
		p->screen = realloc(p->screen, p->cap);
		if (!p->screen)
			scene_fail(s, "out of memory");
	}

	ssize_t n = read(p->fd, p->screen + p->len, READ_MAX);
	if (n <= 0) { /* EIO: the other end of the terminal is closed */
		pty_hang_up(p);
		return;
	}
	p->len += (size_t)n;
	p->screen[p->len] = '\0';
}

bool scene_pump(struct scene *s, struct pollfd *watched, nfds_t n, int limit_ms)
{
	struct pty *all[] = {&s->relay, &s->agent, &s->console};
	struct pollfd fds[3 + SCENE_WATCH_MAX];

	for (size_t i = 0; i < 3; i++)
		fds[i] = (struct pollfd){.fd = all[i]->fd, .events = POLLIN};
	if (n > SCENE_WATCH_MAX)
		n = SCENE_WATCH_MAX;
	if (n > 0)
		memcpy(fds + 3, watched, n * sizeof *watched);
	if (poll(fds, 3 + n, limit_ms) <= 0)
		return false;
	for (size_t i = 0; i < 3; i++)
		if (fds[i].revents)
			read_some(s, all[i]);
	if (n > 0)
		memcpy(watched, fds + 3, n * sizeof *watched);
	return true;
}

bool scene_has_ended(const struct pty *p)
{
	return p->fd < 0;
}

bool scene_saw(struct pty *p, const char *text)
{
	const char *at = p->screen ? strstr(p->screen + p->seen, text) : NULL;

	if (at)
		p->seen = (size_t)(at - p->screen) + strlen(text);
	return at != NULL;
}

uint64_t scene_until(struct scene *s, struct pty *p, const char *text)
{
	uint64_t end = scene_now_ns() + SCENE_LIMIT_MS * UINT64_C(1000000);

	while (!scene_saw(p, text)) {
		if (scene_has_ended(p) || scene_now_ns() > end)
			scene_fail(s, text);
		scene_pump(s, NULL, 0, 1000);
	}
	return scene_now_ns();
}

/* What stands behind the last text seen, up to the end of the line. */
static void rest_of_line(struct scene *s, struct pty *p, char *out, size_t cap)
{
	size_t from = p->seen;

	scene_until(s, p, "\n");
	snprintf(out, cap, "%.*s", (int)strcspn(p->screen + from, "\r\n"), p->screen + from);
}

/* ---- the organisation ---- */

void scene_run(const struct scene *s, const char *const argv[])
{
	struct pty p;

	if (pty_start_piped(&p, argv, NULL) != 0 || pty_wait(&p) != 0) {
		fprintf(stderr, "%s: %s\n", argv[0], p.screen ? p.screen : "");
		scene_fail(s, argv[0]);
	}
	pty_done(&p);
}

static void start_relay(struct scene *s)
{
	char relay[SCENE_PATH_MAX], cert[SCENE_PATH_MAX], key[SCENE_PATH_MAX], ca[SCENE_PATH_MAX];
	const char *argv[] = {program(s, "assent-relay", relay), "--listen", "127.0.0.1:0",
			      "--cert", scene_path(s, "relay/relay.crt", cert), "--key",
			      scene_path(s, "relay/relay.key", key), "--console-ca",
			      scene_path(s, "relay/ca.crt", ca),
			      /* many sessions of one customer and one engineer in a minute */
			      "--new-ids-per-minute", "1000", "--joins-per-minute", "1000",
			      "--joins-per-day", "10000", NULL};

	if (pty_start_piped(&s->relay, argv, NULL) != 0)
		scene_fail(s, "the relay cannot be started");
	scene_until(s, &s->relay, "listening on ");
	rest_of_line(s, &s->relay, s->address, sizeof s->address);
}

static void make_organisation(struct scene *s)
{
	char console[SCENE_PATH_MAX], ca[SCENE_PATH_MAX], out[SCENE_PATH_MAX];

	program(s, "assent-console", console);
	scene_path(s, "ca", ca);
	scene_run(s, (const char *[]){console, "ca", "init", "--org", "Bench", "--dir", ca, NULL});
	scene_run(s, (const char *[]){console, "ca", "relay", "--dir", ca, "--name", "127.0.0.1",
				      "--out", scene_path(s, "relay", out), NULL});
	start_relay(s);
	scene_run(s, (const char *[]){console, "ca", "engineer", "--dir", ca, "--id", "ada",
				      "--name", "Ada", "--relay", s->address, "--out",
				      scene_path(s, "ada", out), NULL});
	scene_configure(s, s->address);
}

void scene_configure(struct scene *s, const char *relay)
{
	char console[SCENE_PATH_MAX], ca[SCENE_PATH_MAX], out[SCENE_PATH_MAX];

	scene_path(s, "agent", out);
	scene_run(s, (const char *[]){"/bin/rm", "-rf", out, NULL});
	scene_run(s, (const char *[]){program(s, "assent-console", console), "ca", "agent-config",
				      "--dir", scene_path(s, "ca", ca), "--relay", relay, "--phone",
				      "+49 30 1234567", "--out", out, NULL});
}

static void make_clock(struct scene *s)
{
	char path[SCENE_PATH_MAX];
	int fd = open(scene_path(s, "clock", path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, CLOCK_LEN) != 0)
		scene_fail(s, "the clock's file");
	s->clock_ms = mmap(NULL, CLOCK_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (s->clock_ms == MAP_FAILED)
		scene_fail(s, "the clock's mapping");
}

/* Lines as a log has them, from a generator that gives the same ones every time. */
static void write_log(struct scene *s, const char *path, uint64_t seed)
{
	static const char digits[] = "0123456789abcdef";
	FILE *f = fopen(path, "we");

	if (!f)
		scene_fail(s, path);
	for (size_t done = 0, n = 0; done < SCENE_LOG_BYTES; n++) {
		char noise[LOG_LINE_RANDOM + 1] = "";

		for (size_t i = 0; i < LOG_LINE_RANDOM; i++) {
			seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			noise[i] = digits[seed >> 60];
		}
		int len =
		    fprintf(f, "Nov  1 12:00:00 host service[%zu]: request %s done\n", n, noise);
		if (len < 0)
			scene_fail(s, path);
		done += (size_t)len;
	}
	if (fclose(f) != 0)
		scene_fail(s, path);
}

static void make_logs(struct scene *s)
{
	char path[SCENE_PATH_MAX], name[32];

	if (mkdir(scene_path(s, "log", path), 0700) != 0)
		scene_fail(s, path);
	for (unsigned i = 0; i < SCENE_LOG_FILES; i++) {
		snprintf(name, sizeof name, "log/service%u.log", i);
		write_log(s, scene_path(s, name, path), i + 1);
	}
}

bool scene_can_have_logs(void)
{
	return geteuid() == 0;
}

void scene_open(struct scene *s, const char *bin)
{
	*s = (struct scene){.relay.fd = -1, .agent.fd = -1, .console.fd = -1};
	snprintf(s->bin, sizeof s->bin, "%s", bin);
	snprintf(s->dir, sizeof s->dir, "/tmp/assent-bench.XXXXXX");
	if (!mkdtemp(s->dir))
		scene_fail(s, "no temporary folder");
	make_organisation(s);
	make_clock(s);
	if (scene_can_have_logs())
		make_logs(s);
}

void scene_done(struct scene *s)
{
	struct pty rm;

	pty_done(&s->console);
	pty_done(&s->agent);
	pty_done(&s->relay);
	if (s->clock_ms && s->clock_ms != MAP_FAILED)
		munmap(s->clock_ms, CLOCK_LEN);
	if (pty_start_piped(&rm, (const char *[]){"/bin/rm", "-rf", s->dir, NULL}, NULL) == 0)
		pty_wait(&rm);
	pty_done(&rm);
}

/* ---- one session ---- */

static const char with_logs[] = "mount --bind \"$1\" /var/log && shift && exec \"$@\"";

void scene_agent(struct scene *s, unsigned how)
{
	char agent[SCENE_PATH_MAX], config[SCENE_PATH_MAX], log[SCENE_PATH_MAX];
	char clock[SCENE_PATH_MAX + 32], state[SCENE_PATH_MAX + 32];
	const char *argv[] = {"/usr/bin/unshare",
			      "--mount",
			      "/bin/sh",
			      "-c",
			      with_logs,
			      "sh",
			      scene_path(s, "log", log),
			      program(s, "assent-agent", agent),
			      "support",
			      "--config",
			      scene_path(s, "agent/agent.conf", config),
			      NULL};
	const char *const *plain = argv + 7;

	s->sessions++;
	memset(s->clock_ms, 0, CLOCK_LEN);
	s->has_clock = how & SCENE_SKIP_LOCK;
	snprintf(clock, sizeof clock, "CLOCK_SHIM=%s/clock", s->dir);
	snprintf(state, sizeof state, "XDG_STATE_HOME=%s/state", s->dir);

	const char *env[] = {state, s->has_clock ? clock : NULL, "LD_PRELOAD=" CLOCK_SHIM_LIBRARY,
			     NULL};
	if (pty_start(&s->agent, how & SCENE_MANY_LOGS ? argv : plain, env) != 0)
		scene_fail(s, "the agent cannot be started");
}

void scene_code(struct scene *s)
{
	scene_until(s, &s->agent, "Your code: ");
	rest_of_line(s, &s->agent, s->code, sizeof s->code);
}

void scene_connect_with(struct scene *s, const char *const scopes[], const char *const commands[])
{
	char console[SCENE_PATH_MAX], identity[SCENE_PATH_MAX], out[SCENE_PATH_MAX];
	const char *argv[SCENE_ARGS_MAX] = {program(s, "assent-console", console),
					    "connect",
					    s->code,
					    "--identity",
					    scene_path(s, "ada", identity),
					    "--reason",
					    "Measuring",
					    "--json",
					    "--out",
					    scene_out(s, out)};
	size_t n = 10;

	if (s->console_relay[0]) {
		argv[n++] = "--relay";
		argv[n++] = s->console_relay;
	}
	for (size_t i = 0; scopes[i] && n + 2 < SCENE_ARGS_MAX; i++) {
		argv[n++] = "--scope";
		argv[n++] = scopes[i];
	}
	for (size_t i = 0; commands[i] && n + 2 < SCENE_ARGS_MAX; i++) {
		argv[n++] = "-c";
		argv[n++] = commands[i];
	}
	if (mkdir(out, 0700) != 0 || pty_start_piped(&s->console, argv, NULL) != 0)
		scene_fail(s, "the console cannot be started");
}

void scene_connect(struct scene *s, const char *command)
{
	static const char *const scopes[] = {"system", "network", "logs", NULL};

	scene_connect_with(s, scopes, (const char *const[]){command, NULL});
}

uint64_t scene_prompt(struct scene *s)
{
	uint64_t shown = scene_until(s, &s->agent, "Did YOU ask for help?");

	if (s->has_clock) {
		scene_until(s, &s->agent, "Please read.");
		*s->clock_ms += LOCK_SKIP_MS;
		kill(s->agent.pid, SIGWINCH); /* its loop then reads the clock */
		pty_type(&s->agent, "\n");
	}
	scene_until(s, &s->agent, "Type allow or deny: ");
	return shown;
}

void scene_hurry(struct scene *s, unsigned factor)
{
	s->clock_ms[2] = (int64_t)scene_now_ns();
	s->clock_ms[1] = factor;
}

uint64_t scene_type(struct scene *s, const char *text)
{
	uint64_t now = scene_now_ns();

	if (pty_type(&s->agent, text) < 0)
		scene_fail(s, "typing");
	return now;
}

void scene_session_done(struct scene *s)
{
	char out[SCENE_PATH_MAX];

	pty_done(&s->console);
	pty_done(&s->agent);
	scene_run(s, (const char *[]){"/bin/rm", "-rf", scene_out(s, out), NULL});
}
