/* SPDX-License-Identifier: Apache-2.0
 *
 * Where things live: our helper programs, the customer's record, and whether a file is really
 * an administrator's.
 */
#include "agent/plat/plat.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PASSWD_LINE_MAX 4096

static int fits(int printed, size_t cap)
{
	return printed < 0 || (size_t)printed >= cap ? -ENAMETOOLONG : 0;
}

/* The caller's buffer stays as it is when the path does not fit. */
static int hand_out(const char *path, char *out, size_t cap)
{
	size_t n = strlen(path);

	if (n >= cap)
		return -ENAMETOOLONG;
	memcpy(out, path, n + 1);
	return 0;
}

/* ---- an administrator's file ---- */

/* Nobody but root can replace what has this name. In a sticky folder (/tmp) others can write,
 * but not remove or rename what is root's. */
static bool is_roots(const struct stat *st)
{
	if (st->st_uid != 0)
		return false;
	if (S_ISLNK(st->st_mode)) /* the modes of links mean nothing */
		return true;
	if (S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX))
		return true;
	return (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* The file and every folder above it: who can rename a folder can replace what is in it. */
static bool chain_is_roots(const char *absolute)
{
	char path[PATH_MAX];
	struct stat st;

	if (fits(snprintf(path, sizeof path, "%s", absolute), sizeof path) < 0)
		return false;
	for (;;) {
		if (lstat(path[0] ? path : "/", &st) < 0 || !is_roots(&st))
			return false;
		if (path[0] == '\0')
			return true;

		char *slash = strrchr(path, '/');
		if (!slash)
			return false;
		*slash = '\0';
	}
}

bool plat_is_admins_file(const char *path)
{
	char named[PATH_MAX], real[PATH_MAX];
	struct stat st;

	if (path[0] == '/') {
		if (fits(snprintf(named, sizeof named, "%s", path), sizeof named) < 0)
			return false;
	} else {
		char here[PATH_MAX];

		if (!getcwd(here, sizeof here) ||
		    fits(snprintf(named, sizeof named, "%s/%s", here, path), sizeof named) < 0)
			return false;
	}
	/* Both the name as given (a user's link could be turned round later) and what it leads to.
	 */
	return stat(named, &st) == 0 && S_ISREG(st.st_mode) && realpath(named, real) &&
	       chain_is_roots(named) && chain_is_roots(real);
}

const char *plat_config_path(void)
{
	return "/etc/assent/agent.conf";
}

bool plat_path_is_absolute(const char *path)
{
	return path[0] == '/';
}

const char *plat_path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- our helper programs ---- */

static int beside(const char *const places[], size_t count, const char *name, int mode, char *out,
		  size_t cap)
{
	char exe[PATH_MAX], path[PATH_MAX];

	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	if (n < 0)
		return -errno;
	exe[n] = '\0';

	char *slash = strrchr(exe, '/');
	if (!slash)
		return -ENOENT;
	*slash = '\0';
	for (size_t i = 0; i < count; i++) {
		int len = snprintf(path, sizeof path, "%s/%s/%s", exe, places[i], name);

		if (fits(len, sizeof path) < 0)
			return -ENAMETOOLONG;
		if (access(path, mode) < 0)
			continue;
		return hand_out(path, out, cap);
	}
	return -ENOENT;
}

int plat_libexec(const char *program, char *out, size_t cap)
{
	/* from bin/ of the build tree, from bin/ when installed, from a helper to its neighbour */
	static const char *const places[] = {"../libexec", "../libexec/assent", "."};

	return beside(places, sizeof places / sizeof places[0], program, X_OK, out, cap);
}

int plat_data(const char *name, char *out, size_t cap)
{
	static const char *const places[] = {"../share/assent"};

	return beside(places, 1, name, R_OK, out, cap);
}

/* ---- the record ---- */

static int make_folders(char *path)
{
	for (char *at = path + 1;; at++) {
		at += strcspn(at, "/");

		char end = *at;
		*at = '\0';
		int err = mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
		*at = end;
		if (err < 0 || end == '\0')
			return err;
	}
}

static int home_folder(char *out, size_t cap)
{
	const char *home = getenv("HOME");

	if (home && home[0] == '/')
		return fits(snprintf(out, cap, "%s", home), cap);

	char line[PASSWD_LINE_MAX];
	struct passwd entry, *found = NULL;
	if (getpwuid_r(getuid(), &entry, line, sizeof line, &found) != 0 || !found)
		return -ENOENT;
	return fits(snprintf(out, cap, "%s", entry.pw_dir), cap);
}

static int state_path(char *out, size_t cap)
{
	const char *xdg = getenv("XDG_STATE_HOME");

	if (xdg && xdg[0] == '/') /* the standard says: a relative one is ignored */
		return fits(snprintf(out, cap, "%s/assent", xdg), cap);
	if (geteuid() == 0)
		return fits(snprintf(out, cap, "/var/lib/assent"), cap);

	char home[PATH_MAX];
	int err = home_folder(home, sizeof home);
	if (err < 0)
		return err;
	return fits(snprintf(out, cap, "%s/.local/state/assent", home), cap);
}

int plat_state_dir(char *out, size_t cap)
{
	char path[PATH_MAX];
	struct stat st;

	int err = state_path(path, sizeof path);
	if (err == 0)
		err = make_folders(path);
	if (err < 0)
		return err;
	if (stat(path, &st) < 0)
		return -errno;
	/* Somebody else's folder, or one that others can write to, cannot hold a record. */
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return -EACCES;
	return hand_out(path, out, cap);
}
