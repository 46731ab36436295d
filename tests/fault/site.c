/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/site.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/pty.h"

#define OS_FILE_BYTES	 (600u << 10) /* below the 1 MiB that an item may have */
#define DISKS_FILE_BYTES (1200u << 10)
#define LINE_NOISE	 72

/* What is replaced in a lane. The first is a folder with the others of its kind. */
#define LOG_FOLDER "/var/log"
static const struct {
	const char *name, *inside;
	size_t bytes; /* 0: as many as asked for */
} large[] = {
    {"log/service0.log", LOG_FOLDER "/service0.log", 0},
    {"log/service1.log", LOG_FOLDER "/service1.log", 0},
    {"log/service2.log", LOG_FOLDER "/service2.log", 0},
    {"timezone", "/etc/timezone", OS_FILE_BYTES},
    {"fstab", "/etc/fstab", DISKS_FILE_BYTES},
};
#define LARGE (sizeof large / sizeof large[0])

static const char *join(const char *dir, const char *name, char out[SITE_PATH_MAX])
{
	int n = snprintf(out, SITE_PATH_MAX, "%s/%s", dir, name);

	if (n < 0 || n >= SITE_PATH_MAX)
		abort();
	return out;
}

const char *site_path(const struct site *s, const char *name, char out[SITE_PATH_MAX])
{
	return join(s->dir, name, out);
}

const char *site_program(const struct site *s, const char *name, char out[SITE_PATH_MAX])
{
	return join(s->bin, name, out);
}

const char *lane_path(const struct lane *l, const char *name, char out[SITE_PATH_MAX])
{
	return join(l->dir, name, out);
}

int site_run(const char *const argv[], char *out, size_t cap)
{
	struct pty p;

	if (pty_start_piped(&p, argv, NULL) < 0)
		return -1;

	int code = pty_wait(&p);
	if (out)
		snprintf(out, cap, "%s", p.screen ? p.screen : "");
	pty_done(&p);
	return code;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	(void)!remove(path);
	return 0;
}

void site_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* ---- the organisation ---- */

static int console(const struct site *s, const char *const args[])
{
	char program[SITE_PATH_MAX], said[SITE_TEXT_MAX];
	const char *argv[20] = {site_program(s, "assent-console", program)};

	for (size_t i = 0; args[i] && i < 18; i++)
		argv[i + 1] = args[i];

	int code = site_run(argv, said, sizeof said);
	if (code != 0)
		fprintf(stderr, "fault: %s: exit %d: %s\n", program, code, said);
	return code;
}

static int make_organisation(const struct site *s)
{
	char ca[SITE_PATH_MAX], relay[SITE_PATH_MAX], ada[SITE_PATH_MAX];

	site_path(s, "ca", ca);
	site_path(s, "relay", relay);
	site_path(s, "ada", ada);
	if (console(s, (const char *[]){"ca", "init", "--org", "Fault", "--dir", ca, NULL}) != 0)
		return 1;
	if (console(s, (const char *[]){"ca", "relay", "--dir", ca, "--name", "127.0.0.1", "--out",
					relay, NULL}) != 0)
		return 1;
	return console(s, (const char *[]){"ca", "engineer", "--dir", ca, "--id", "ada", "--name",
					   "Ada", "--relay", "127.0.0.1:1", "--out", ada, NULL});
}

/* Lines of a log, from numbers that are the same every time. */
static int write_large(const char *path, size_t bytes, uint64_t seed)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	FILE *f = fopen(path, "we");

	if (!f)
		return -1;
	for (size_t done = 0; done < bytes;) {
		char noise[LINE_NOISE + 1] = "";

		for (size_t i = 0; i < LINE_NOISE; i++)
			noise[i] = digits[fault_random(&seed) % 64];
		done += (size_t)fprintf(f, "%zu service: %s\n", done, noise);
	}
	return fclose(f);
}

int site_make(struct site *s, const char *bin, size_t log_bytes)
{
	char path[SITE_PATH_MAX];

	snprintf(s->bin, sizeof s->bin, "%s", bin);
	if (access(site_program(s, "assent-agent", path), X_OK) != 0) {
		fprintf(stderr, "fault: %s is not there; ./run build release makes it\n", path);
		return 1;
	}
	snprintf(s->dir, sizeof s->dir, "/tmp/assent-fault.XXXXXX");
	if (!mkdtemp(s->dir) || mkdir(site_path(s, "log", path), 0755) != 0) {
		perror("fault: no temporary folder");
		return 1;
	}
	for (size_t i = 0; i < LARGE; i++)
		if (write_large(site_path(s, large[i].name, path),
				large[i].bytes ? large[i].bytes : log_bytes, i) != 0) {
			perror(path);
			return 1;
		}
	return make_organisation(s);
}

void site_done(struct site *s)
{
	if (!s->keep)
		site_remove(s->dir);
}

/* ---- a lane ---- */

static bool cover(const char *with, const char *what)
{
	return mount(with, what, NULL, MS_BIND, NULL) == 0;
}

/* The first process of a namespace has the number 1; its /proc must say the same. */
static int mount_proc(void)
{
	return mount("proc", "/proc", "proc", 0, NULL);
}

static _Noreturn void try_room(void)
{
	pid_t pid;
	int status;

	if (unshare(CLONE_NEWPID | CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || (pid = fork()) < 0)
		_exit(1);
	if (pid == 0)
		_exit(mount_proc() != 0);
	_exit(waitpid(pid, &status, 0) != pid || status != 0);
}

bool site_has_rooms(void)
{
	int status;
	pid_t pid = geteuid() == 0 ? fork() : -1;

	if (pid == 0)
		try_room();
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* Nothing of this is seen outside the lane's process and what it starts. */
static void replace_files(struct lane *l)
{
	char path[SITE_PATH_MAX];

	if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return;
	l->has_mounts = true;
	if (getpid() == 1)
		mount_proc();
	if (!l->site->keep)
		l->in_memory = mount("tmpfs", l->dir, "tmpfs", 0, "mode=700") == 0;
	l->has_logs = cover(site_path(l->site, "log", path), LOG_FOLDER);
	for (size_t i = 0; i < LARGE && l->has_logs; i++)
		if (large[i].bytes > 0)
			cover(site_path(l->site, large[i].name, path), large[i].inside);
}

bool lane_file(const struct lane *l, size_t i, struct lane_file *out)
{
	if (!l->has_logs || i >= LARGE)
		return false;
	site_path(l->site, large[i].name, out->outside);
	out->inside = large[i].inside;
	return true;
}

static int64_t *map_clock(const struct lane *l, const char *name)
{
	char path[SITE_PATH_MAX];
	int fd = open(lane_path(l, name, path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, sizeof(int64_t)) != 0)
		return NULL;
	void *p = mmap(NULL, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return p == MAP_FAILED ? NULL : p;
}

int lane_write_config(const struct lane *l, unsigned resume_s)
{
	char path[SITE_PATH_MAX], ca[SITE_PATH_MAX];
	FILE *f = fopen(lane_path(l, "agent.conf", path), "we");

	if (!f)
		return -1;
	fprintf(f,
		"relay = 127.0.0.1:%d\nca = %s\norganisation = Fault\nphone = +49 30 1\n"
		"resume = %u\n",
		l->proxies[FAULT_AT_AGENT].port, site_path(l->site, "ca/ca.crt", ca), resume_s);
	return fclose(f);
}

int lane_open(struct lane *l, const struct site *s, unsigned number)
{
	char name[32];

	*l = (struct lane){.site = s, .number = number};
	snprintf(name, sizeof name, "lane%u", number);
	if (mkdir(site_path(s, name, l->dir), 0700) != 0 || uv_loop_init(&l->loop) < 0)
		return -1;
	replace_files(l);
	for (int i = 0; i < FAULT_SIDES; i++)
		if (proxy_init(&l->proxies[i], &l->loop) < 0)
			return -1;
	l->clock_ms[LANE_AGENT] = map_clock(l, "clock.agent");
	l->clock_ms[LANE_CONSOLE] = map_clock(l, "clock.console");
	if (!l->clock_ms[LANE_AGENT] || !l->clock_ms[LANE_CONSOLE])
		return -1;
	return 0;
}

void lane_close(struct lane *l)
{
	for (int i = 0; i < FAULT_SIDES; i++)
		proxy_done(&l->proxies[i]);
	uv_run(&l->loop, UV_RUN_DEFAULT);
	uv_loop_close(&l->loop);
	if (l->in_memory)
		umount2(l->dir, MNT_DETACH); /* or it could not be removed */
}
