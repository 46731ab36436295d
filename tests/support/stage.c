/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/stage.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONSOLE ASSENT_BIN "/assent-console"
#define AGENT	ASSENT_BIN "/assent-agent"
#define RELAY	ASSENT_BIN "/assent-relay"

const char *stage_path(const struct stage *s, const char *name, char out[STAGE_PATH_MAX])
{
	int n = snprintf(out, STAGE_PATH_MAX, "%s/%s", s->dir, name);

	cr_assert(n > 0 && n < STAGE_PATH_MAX);
	return out;
}

int stage_run(const char *const argv[], char *out, size_t cap)
{
	struct pty p;

	cr_assert_eq(pty_start_piped(&p, argv, NULL), 0);

	int code = pty_wait(&p);
	if (out)
		snprintf(out, cap, "%s", p.screen ? p.screen : "");
	if (code != 0 && !out)
		fprintf(stderr, "%s: %s\n", argv[0], p.screen ? p.screen : "");
	pty_done(&p);
	return code;
}

static void make_organisation(struct stage *s)
{
	char ca[STAGE_PATH_MAX], relay[STAGE_PATH_MAX];

	stage_path(s, "ca", ca);
	stage_path(s, "relay", relay);
	cr_assert_eq(stage_run((const char *[]){CONSOLE, "ca", "init", "--org", "Acme Support",
						"--dir", ca, NULL},
			       NULL, 0),
		     0);
	cr_assert_eq(stage_run((const char *[]){CONSOLE, "ca", "relay", "--dir", ca, "--name",
						"127.0.0.1", "--out", relay, NULL},
			       NULL, 0),
		     0);
}

static void start_relay(struct stage *s, const char *address)
{
	char cert[STAGE_PATH_MAX], key[STAGE_PATH_MAX], ca[STAGE_PATH_MAX];
	const char *argv[] = {RELAY,
			      "--listen",
			      address,
			      "--cert",
			      stage_path(s, "relay/relay.crt", cert),
			      "--key",
			      stage_path(s, "relay/relay.key", key),
			      "--console-ca",
			      stage_path(s, "relay/ca.crt", ca),
			      NULL};

	cr_assert_eq(pty_start_piped(&s->relay, argv, NULL), 0);
	cr_assert(pty_expect(&s->relay, "listening on "), "the relay did not start: %s",
		  s->relay.screen ? s->relay.screen : "");
	cr_assert(pty_rest_of_line(&s->relay, s->address, sizeof s->address));
}

void stage_restart_relay(struct stage *s)
{
	char address[sizeof s->address];

	snprintf(address, sizeof address, "%s", s->address);
	kill(s->relay.pid, SIGKILL);
	pty_wait(&s->relay);
	pty_done(&s->relay);
	start_relay(s, address);
}

void stage_without_resume(struct stage *s)
{
	char path[STAGE_PATH_MAX];
	FILE *f = fopen(stage_path(s, "agent/agent.conf", path), "ae");

	cr_assert_neq(f, NULL);
	fputs("resume = 0\n", f);
	cr_assert_eq(fclose(f), 0);
	s->no_resume = true;
}

static void make_people(struct stage *s)
{
	char ca[STAGE_PATH_MAX], ada[STAGE_PATH_MAX], agent[STAGE_PATH_MAX];

	stage_path(s, "ca", ca);
	cr_assert_eq(
	    stage_run((const char *[]){CONSOLE, "ca", "engineer", "--dir", ca, "--id", "ada",
				       "--name", "Ada Lovelace", "--relay", s->address, "--out",
				       stage_path(s, "ada", ada), NULL},
		      NULL, 0),
	    0);
	cr_assert_eq(stage_run((const char *[]){CONSOLE, "ca", "agent-config", "--dir", ca,
						"--relay", s->address, "--phone", "+49 30 1234567",
						"--out", stage_path(s, "agent", agent), NULL},
			       NULL, 0),
		     0);
}

static void make_clock(struct stage *s)
{
	char path[STAGE_PATH_MAX];
	int fd = open(stage_path(s, "clock", path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	cr_assert(fd >= 0 && ftruncate(fd, sizeof *s->clock_ms) == 0);
	s->clock_ms = mmap(NULL, sizeof *s->clock_ms, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	cr_assert_neq(s->clock_ms, MAP_FAILED);
	close(fd);
}

void stage_open(struct stage *s)
{
	*s = (struct stage){.relay.fd = -1, .agent.fd = -1};
	snprintf(s->dir, sizeof s->dir, "/tmp/assent-flow.XXXXXX");
	cr_assert_neq(mkdtemp(s->dir), NULL);
	make_organisation(s);
	start_relay(s, "127.0.0.1:0");
	make_people(s);
	make_clock(s);
}

void stage_done(struct stage *s)
{
	const char *screens[] = {s->relay.screen, s->agent.screen};

	for (size_t i = 0; i < 2; i++) /* a child's sanitizer report must fail the test */
		if (screens[i])
			cr_expect(!strstr(screens[i], "Sanitizer") &&
				      !strstr(screens[i], "runtime error:"),
				  "%s", screens[i]);
	pty_done(&s->agent);
	pty_done(&s->relay);
	for (size_t i = 0; i < sizeof s->silent_fds / sizeof s->silent_fds[0]; i++)
		if (s->silent_fds[i] > 0)
			close(s->silent_fds[i]);
	if (s->clock_ms)
		munmap(s->clock_ms, sizeof *s->clock_ms);
	stage_run((const char *[]){"/bin/rm", "-rf", s->dir, NULL}, NULL, 0);
}

void stage_console(struct stage *s, struct pty *console, const char *const args[])
{
	const char *argv[STAGE_ARGS_MAX] = {CONSOLE};
	size_t n = 1;

	(void)s;
	for (size_t i = 0; args[i]; i++) {
		cr_assert_lt(n + 1, STAGE_ARGS_MAX, "too many arguments for a test");
		argv[n++] = args[i];
	}
	cr_assert_eq(pty_start_piped(console, argv, NULL), 0);
}

void stage_connect(struct stage *s, struct pty *console, const char *const args[])
{
	char identity[STAGE_PATH_MAX], out[STAGE_PATH_MAX];
	const char *all[STAGE_ARGS_MAX] = {
	    "connect",
	    s->code,
	    "--identity",
	    stage_path(s, "ada", identity),
	    "--reason",
	    "Checking the printer",
	    "--ticket",
	    "T-17",
	    "--json",
	    "--out",
	    stage_path(s, "out", out),
	};
	size_t n = 11;

	if (s->no_resume) {
		all[n++] = "--resume";
		all[n++] = "0";
	}
	for (size_t i = 0; args[i]; i++) {
		cr_assert_lt(n + 1, STAGE_ARGS_MAX, "too many arguments for a test");
		all[n++] = args[i];
	}
	stage_console(s, console, all);
}

void stage_agent(struct stage *s)
{
	char config[STAGE_PATH_MAX], clock[STAGE_PATH_MAX + 32], state[STAGE_PATH_MAX + 32];
	const char *argv[] = {AGENT, "support", "--config",
			      stage_path(s, "agent/agent.conf", config), NULL};

	snprintf(clock, sizeof clock, "CLOCK_SHIM=%s/clock", s->dir);
	snprintf(state, sizeof state, "XDG_STATE_HOME=%s/state", s->dir);

	const char *env[] = {clock, state, "LD_PRELOAD=" CLOCK_SHIM_LIBRARY,
			     "ASAN_OPTIONS=verify_asan_link_order=0", NULL};
	cr_assert_eq(pty_start(&s->agent, argv, env), 0);
	cr_assert(pty_expect(&s->agent, "Your code: "), "no code: %s",
		  s->agent.screen ? s->agent.screen : "");
	cr_assert(pty_rest_of_line(&s->agent, s->code, sizeof s->code));
}

void stage_skip(struct stage *s, int64_t ms)
{
	*s->clock_ms += ms;
	kill(s->agent.pid, SIGWINCH); /* wakes it; its loop then reads the clock */
	pty_type(&s->agent, "\n");
}

void stage_prompt(struct stage *s)
{
	cr_assert(pty_expect(&s->agent, "Did YOU ask for help?"), "no prompt: %s", s->agent.screen);
	stage_skip(s, 6000);
	cr_assert(pty_expect(&s->agent, "Type allow or deny: "), "no answer line: %s",
		  s->agent.screen);
}

void stage_allow(struct stage *s)
{
	stage_prompt(s);
	pty_type(&s->agent, "allow\n");
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		(void)!write(fd, text, strlen(text));
		close(fd);
	}
}

/* As root a mount namespace is enough; else we become root in a user namespace of our own. */
bool stage_own_mounts(void)
{
	char map[64];
	unsigned uid = (unsigned)getuid(), gid = (unsigned)getgid();

	if (unshare(CLONE_NEWNS) != 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
			return false;
		write_file("/proc/self/setgroups", "deny");
		snprintf(map, sizeof map, "0 %u 1", uid);
		write_file("/proc/self/uid_map", map);
		snprintf(map, sizeof map, "0 %u 1", gid);
		write_file("/proc/self/gid_map", map);
	}
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

const char *stage_silent_server(struct stage *s)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	socklen_t len = sizeof sa;

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (size_t i = 0; i < sizeof s->silent_fds / sizeof s->silent_fds[0]; i++)
		s->silent_fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	cr_assert(bind(s->silent_fds[0], (struct sockaddr *)&sa, sizeof sa) == 0 &&
		  listen(s->silent_fds[0], 0) == 0 &&
		  getsockname(s->silent_fds[0], (struct sockaddr *)&sa, &len) == 0);
	for (size_t i = 1; i < sizeof s->silent_fds / sizeof s->silent_fds[0]; i++)
		(void)!connect(s->silent_fds[i], (struct sockaddr *)&sa, sizeof sa);
	snprintf(s->silent, sizeof s->silent, "names=127.0.0.1:%d", ntohs(sa.sin_port));
	return s->silent;
}

void stage_bundle(const struct stage *s, char out[STAGE_PATH_MAX])
{
	char path[STAGE_PATH_MAX];
	DIR *dir = opendir(stage_path(s, "out", path));
	int found = 0;

	cr_assert_neq(dir, NULL, "no folder for bundles");
	for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
		if (strncmp(e->d_name, "assent-", 7) != 0)
			continue;
		found++;
		snprintf(out, STAGE_PATH_MAX, "%.250s/%.200s", path, e->d_name);
	}
	closedir(dir);
	cr_assert_eq(found, 1, "%d bundles", found);
}

static pid_t parent_of(pid_t pid)
{
	char path[64], text[512] = "";
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);

	FILE *f = fopen(path, "re");
	if (!f)
		return -1;

	size_t n = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[n] = '\0';

	const char *after = strrchr(text, ')');
	char state = 'Z';
	int parent = -1;
	if (!after || sscanf(after, ") %c %d", &state, &parent) != 2 || state == 'Z')
		return -1;
	return parent;
}

static bool is_below(pid_t pid, pid_t top)
{
	while (pid > 1) {
		pid = parent_of(pid);
		if (pid == top)
			return true;
	}
	return false;
}

size_t stage_descendants(pid_t pid, pid_t *out, size_t max)
{
	DIR *dir = opendir("/proc");
	size_t n = 0;

	cr_assert_neq(dir, NULL);
	for (const struct dirent *e; n < max && (e = readdir(dir)) != NULL;) {
		pid_t one = (pid_t)strtol(e->d_name, NULL, 10);

		if (isdigit((unsigned char)e->d_name[0]) && is_below(one, pid))
			out[n++] = one;
	}
	closedir(dir);
	return n;
}

bool stage_all_gone(const pid_t *pids, size_t n)
{
	for (int waited = 0; waited < PTY_LIMIT_MS; waited += 5) {
		size_t left = 0;

		for (size_t i = 0; i < n; i++)
			left += parent_of(pids[i]) >= 0;
		if (left == 0)
			return true;
		poll(NULL, 0, 5);
	}
	return false;
}
