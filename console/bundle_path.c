/* SPDX-License-Identifier: Apache-2.0 */
#include "console/bundle_path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "proto/base/err.h"
#include "proto/base/hex.h"

#define HOST_PART_MAX 100
#define SESSION_BYTES 4 /* of the session's id, in the folder's name */

static bool is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '-';
}

const char *bundle_folder_name(const char *host, int64_t started, const uint8_t session_id[16],
			       char out[BUNDLE_NAME_MAX])
{
	char clean[HOST_PART_MAX + 1], at[32], id[2 * SESSION_BYTES + 1];
	time_t t = (time_t)started;
	struct tm tm = {0};
	size_t n = 0;

	for (; host[n] != '\0' && n < HOST_PART_MAX; n++)
		clean[n] = is_host_char(host[n]) ? host[n] : '-';
	clean[n] = '\0';
	gmtime_r(&t, &tm);
	strftime(at, sizeof at, "%Y%m%dT%H%M%SZ", &tm);
	snprintf(out, BUNDLE_NAME_MAX, "assent-%s-%s-%s", n > 0 ? clean : "unknown", at,
		 hex_encode(session_id, SESSION_BYTES, id));
	return out;
}

int bundle_make_dirs(const char *path, mode_t mode)
{
	char *copy = strdup(path);
	int err = 0;

	if (!copy)
		return -ENOMEM;
	for (char *at = copy + 1; err == 0 && copy[0] != '\0'; at++) {
		char was = *at;

		if (was != '/' && was != '\0')
			continue;
		*at = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			err = -errno;
		*at = was;
		if (was == '\0')
			break;
	}
	free(copy);
	return err;
}

/* A single part has no "..", so O_NOFOLLOW alone would do on an ordinary file system; openat2()
 * refuses magic links, too. Kernels before 5.6 and some containers do not have it. */
static int open_step(int dir, const char *part, int flags, mode_t mode)
{
	struct open_how how = {
	    .flags = (uint64_t)(flags | O_NOFOLLOW | O_CLOEXEC),
	    .mode = mode,
	    .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, dir, part, &how, sizeof how);

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(dir, part, flags | O_NOFOLLOW | O_CLOEXEC, mode);
	return fd < 0 ? -errno : (int)fd;
}

int bundle_open_part(int dir, const char *part, int flags)
{
	return open_step(dir, part, flags, 0);
}

static int enter(int dir, const char *part, bool make)
{
	if (make && mkdirat(dir, part, 0700) < 0 && errno != EEXIST)
		return -errno;
	return open_step(dir, part, O_PATH | O_DIRECTORY, 0);
}

/* Calls place in the folder that the name's last part lies in. */
static int with_folder(int root, const char *name, bool make,
		       int (*place)(int dir, const char *part, void *arg), void *arg)
{
	char path[ITEM_NAME_MAX + 1];
	int dir = root, err = 0;
	char *part = path, *slash;

	if (strlen(name) >= sizeof path)
		return AS_E_TOO_BIG;
	strcpy(path, name);
	while (err >= 0 && (slash = strchr(part, '/'))) {
		*slash = '\0';
		err = enter(dir, part, make);
		if (dir != root)
			close(dir);
		dir = err; /* the next folder, when there is one */
		part = slash + 1;
	}
	if (err >= 0)
		err = place(dir, part, arg);
	if (dir >= 0 && dir != root)
		close(dir);
	return err;
}

int bundle_place(int root, const char *name, int (*place)(int dir, const char *part, void *arg),
		 void *arg)
{
	return with_folder(root, name, true, place, arg);
}

int bundle_new_file(int dir, const char *part, void *arg)
{
	(void)arg;
	return open_step(dir, part, O_RDWR | O_CREAT | O_EXCL, 0600);
}

int bundle_create_file(int root, const char *name)
{
	return bundle_place(root, name, bundle_new_file, NULL);
}

int bundle_look(int root, const char *name, int (*use)(int dir, const char *part, void *arg),
		void *arg)
{
	return with_folder(root, name, false, use, arg);
}

static int open_it(int dir, const char *part, void *arg)
{
	return open_step(dir, part, *(int *)arg, 0);
}

int bundle_open_file(int root, const char *name, int flags)
{
	return bundle_look(root, name, open_it, &flags);
}

static int unlink_it(int dir, const char *part, void *arg)
{
	(void)arg;
	return unlinkat(dir, part, 0) < 0 ? -errno : 0;
}

int bundle_unlink_file(int root, const char *name)
{
	return bundle_look(root, name, unlink_it, NULL);
}

int bundle_next_name(const char *name, unsigned n, char out[ITEM_NAME_MAX + 1])
{
	char text[ITEM_NAME_MAX + 16];
	int len = snprintf(text, sizeof text, "%.*s.%u", ITEM_NAME_MAX, name, n);

	if (len > ITEM_NAME_MAX)
		return AS_E_TOO_BIG;
	strcpy(out, text);
	return 0;
}
