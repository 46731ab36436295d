/* SPDX-License-Identifier: Apache-2.0 */
#include "console/package_tool.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/base/err.h"

#define TOOL_LINE_MAX 256
#define TOOL_TOP_MAX  64

/* ---- the folder ---- */

static int make_folder(char top[TOOL_TOP_MAX], char why[PACKAGE_WHY_MAX])
{
	snprintf(top, TOOL_TOP_MAX, "/tmp/assent-package.XXXXXX");
	if (mkdtemp(top))
		return 0;

	int err = -errno;
	snprintf(why, PACKAGE_WHY_MAX, "no folder in /tmp: %s", strerror(-err));
	return err == -ENOENT ? -EIO : err;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static void remove_folder(const char *top)
{
	nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- files ---- */

FILE *tool_create(const char *top, const char *name)
{
	char path[TOOL_PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", top, name);
	return fopen(path, "wbxe");
}

int tool_write(const char *top, const char *name, const char *bytes, size_t n)
{
	FILE *f = tool_create(top, name);
	int err = f ? 0 : -errno;

	if (f) {
		if (fwrite(bytes, 1, n, f) != n)
			err = -EIO;
		if (fclose(f) != 0 && err == 0)
			err = -errno;
	}
	return err;
}

int tool_read(const char *path, struct package_made *out)
{
	FILE *f = fopen(path, "rbe");
	size_t n;

	if (!f)
		return -errno;
	out->bytes = malloc(PACKAGE_BYTES_MAX);
	n = out->bytes ? fread(out->bytes, 1, PACKAGE_BYTES_MAX, f) : 0;
	fclose(f);
	if (n > 0 && n < PACKAGE_BYTES_MAX) {
		out->len = n;
		return 0;
	}
	free(out->bytes);
	out->bytes = NULL;
	return n == 0 ? -EIO : AS_E_TOO_BIG;
}

/* ---- the tool ---- */

static void last_words(const char *top, char out[TOOL_LINE_MAX])
{
	char path[TOOL_PATH_MAX], line[TOOL_LINE_MAX];
	snprintf(path, sizeof path, "%s/.log", top);

	FILE *f = fopen(path, "re");
	out[0] = '\0';
	while (f && fgets(line, sizeof line, f))
		if (strspn(line, " \t\n") != strlen(line))
			snprintf(out, TOOL_LINE_MAX, "%.*s", (int)strcspn(line, "\n"), line);
	if (f)
		fclose(f);
}

static int start(const char *top, char *const argv[], int64_t time, pid_t *pid)
{
	char home[TOOL_PATH_MAX + 8], log[TOOL_PATH_MAX],
	    path[TOOL_PATH_MAX + 8] = "PATH=/usr/bin:/bin";
	const char *have = getenv("PATH");
	posix_spawn_file_actions_t actions;

	snprintf(home, sizeof home, "HOME=%s", top);
	snprintf(log, sizeof log, "%s/.log", top);
	if (have && strlen(have) < TOOL_PATH_MAX)
		snprintf(path, sizeof path, "PATH=%s", have);

	char lc[] = "LC_ALL=C", tz[] = "TZ=UTC", when[64];
	snprintf(when, sizeof when, "SOURCE_DATE_EPOCH=%lld", (long long)time);
	char *env[] = {home, path, lc, tz, when, NULL};

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	posix_spawn_file_actions_adddup2(&actions, 1, 2);
	int err = posix_spawnp(pid, argv[0], &actions, NULL, argv, env);
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

int tool_run(const char *top, char *const argv[], int64_t time)
{
	int status, err;
	pid_t pid;

	err = start(top, argv, time, &pid);
	if (err < 0)
		return err;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : AS_E_OP_FAILED;
}

static int failed(int err, const char *words, const char *tool, const char *where,
		  char why[PACKAGE_WHY_MAX])
{
	char text[128];

	if (err == -ENOENT && !words[0])
		snprintf(why, PACKAGE_WHY_MAX, "%s is not installed: %s", tool, where);
	else if (err < 0)
		snprintf(why, PACKAGE_WHY_MAX, "%s: %s", tool,
			 words[0] ? words : err_text(err, text, sizeof text));
	return err == -ENOENT && words[0] ? -EIO : err;
}

int tool_package(const struct tool_recipe *r, const struct package *p, struct package_made *out,
		 char why[PACKAGE_WHY_MAX])
{
	char top[TOOL_TOP_MAX], words[TOOL_LINE_MAX] = "";
	int err = make_folder(top, why);

	if (err < 0)
		return err;
	err = r->build(p, top, out);
	last_words(top, words);
	remove_folder(top);
	if (err == 0 && r->silent && words[0]) {
		free(out->bytes);
		out->bytes = NULL;
		err = AS_E_OP_FAILED;
	}
	return failed(err, words, r->tool, r->where, why);
}
