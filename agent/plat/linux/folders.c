/* SPDX-License-Identifier: Apache-2.0
 *
 * Where folders really are: the customer is shown it, and there they are opened.
 */
#include "agent/plat/plat.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fits(int printed, size_t cap)
{
	return printed < 0 || (size_t)printed >= cap ? -ENAMETOOLONG : 0;
}

/* The part of path that exists becomes real; the rest is what does not exist yet. */
static int resolve(char path[PATH_MAX], char real[PATH_MAX], char rest[PATH_MAX])
{
	char below[PATH_MAX];

	rest[0] = '\0';
	while (!realpath(path, real)) {
		char *slash = strrchr(path, '/');

		if (errno != ENOENT || !slash)
			return -errno;
		if (fits(snprintf(below, sizeof below, "%s%s", slash, rest), sizeof below) < 0)
			return -ENAMETOOLONG;
		memcpy(rest, below, strlen(below) + 1);
		if (slash == path)
			slash++; /* "/" is always there */
		*slash = '\0';
	}
	return 0;
}

int plat_real_path(const char *path, char *out, size_t cap)
{
	char here[PATH_MAX], real[PATH_MAX], rest[PATH_MAX], whole[2 * PATH_MAX];
	int err =
	    path[0] == '/' ? fits(snprintf(here, sizeof here, "%s", path), sizeof here) : -EINVAL;

	/* A folder may be named with a slash behind it; what exists loses it anyway. */
	for (size_t n = strlen(here); err == 0 && n > 1 && here[n - 1] == '/'; n--)
		here[n - 1] = '\0';
	if (err == 0)
		err = resolve(here, real, rest);
	if (err == 0)
		err = fits(snprintf(whole, sizeof whole, "%s%s",
				    strcmp(real, "/") == 0 && rest[0] ? "" : real, rest),
			   cap);
	if (err == 0)
		memcpy(out, whole, strlen(whole) + 1);
	return err;
}

int plat_writable_folder(const char *typed, char *out, size_t cap)
{
	char named[PATH_MAX], real[PATH_MAX];
	const char *home = getenv("HOME");
	struct stat st;
	int err;

	if (typed[0] == '~' && (typed[1] == '/' || typed[1] == '\0') && home)
		err = fits(snprintf(named, sizeof named, "%s%s", home, typed + 1), sizeof named);
	else
		err = fits(snprintf(named, sizeof named, "%s", typed), sizeof named);
	if (err < 0)
		return err;
	if (named[0] != '/')
		return -EINVAL;
	if (!realpath(named, real) || stat(real, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (access(real, W_OK | X_OK) < 0)
		return -errno;
	err = fits((int)strlen(real), cap);
	if (err == 0)
		memcpy(out, real, strlen(real) + 1);
	return err;
}
