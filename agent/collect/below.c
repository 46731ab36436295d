/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/below.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proto/base/text.h"

#define OPEN_ALWAYS (O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

/* ---- the kernel looks while it walks ---- */

static int open_how(int dir, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = {
	    /* with O_PATH the kernel takes nothing else but O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW */
	    .flags = (uint64_t)(flags & O_PATH ? flags | O_CLOEXEC : flags | OPEN_ALWAYS),
	    .resolve = resolve,
	};

	for (int tries = 0;; tries++) {
		int fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof how);

		/* EAGAIN: something was renamed while it walked, so it could not be sure. */
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR) || tries == 64)
			return fd < 0 ? -errno : fd;
	}
}

/* ---- kernels before 5.6: folder by folder, no links ---- */

static int same_device(int fd, dev_t device)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_dev == device)
		return fd;
	close(fd);
	return -EXDEV;
}

static int walk(int dir, const char *path, int flags)
{
	char part[NAME_MAX + 1];
	struct stat st;
	int at = dup(dir), err = at < 0 || fstat(at, &st) < 0 ? -errno : 0;

	while (err == 0) {
		size_t n = strcspn(path, "/");
		bool last = path[n] == '\0';

		if (n == 0 || n > NAME_MAX || (n <= 2 && strncmp(path, "..", n) == 0)) {
			err = -EINVAL;
			break;
		}
		memcpy(part, path, n);
		part[n] = '\0';

		int how = last ? flags | O_NOFOLLOW : O_PATH | O_DIRECTORY | O_NOFOLLOW;
		int next = openat(at, part, how & O_PATH ? how | O_CLOEXEC : how | OPEN_ALWAYS);
		err = next < 0 ? -errno : same_device(next, st.st_dev);
		if (last || err < 0)
			break;
		close(at);
		at = err;
		err = 0;
		path += n + 1;
	}
	if (at >= 0)
		close(at);
	return err;
}

static int open_below(int dir, const char *path, int flags, uint64_t more)
{
	int fd = open_how(dir, path, flags,
			  RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV | more);

	return fd == -ENOSYS || fd == -EPERM ? walk(dir, path, flags) : fd;
}

/* ---- the root ---- */

/* An absolute path of which no part is a link. */
static int open_plain(const char *path, int flags)
{
	int slash = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	if (slash < 0)
		return -errno;
	if (path[1] == '\0')
		return slash;
	fd = open_how(slash, path + 1, flags, RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
	if (fd == -ENOSYS || fd == -EPERM)
		fd = open(path, flags | O_NOFOLLOW | O_CLOEXEC); /* the best there is */
	if (fd == -1)
		fd = -errno;
	close(slash);
	return fd;
}

static int open_parent(const char *real, struct below *out)
{
	char folder[COLLECT_REAL_LEN + 1];
	const char *slash = strrchr(real, '/');
	size_t n = (size_t)(slash - real);

	if (strlen(slash + 1) == 0 || strlen(slash + 1) > NAME_MAX)
		return -EINVAL;
	memcpy(folder, real, n);
	folder[n] = '\0';
	strcpy(out->only, slash + 1);
	out->dir = open_plain(n == 0 ? "/" : folder, O_PATH | O_DIRECTORY);
	return out->dir < 0 ? out->dir : 0;
}

int below_open(const struct collect_args *args, struct below *out)
{
	struct below b = {.dir = -1, .root = args->op.root};
	char logs[PATH_MAX];
	const char *real = args->real;
	struct stat st;

	if (!args->op.root[0]) { /* an administrator's folder, whatever leads there */
		b.root = BELOW_LOG_ROOT;
		real = realpath(BELOW_LOG_ROOT, logs);
		if (!real)
			return -errno;
	}
	if (real[0] != '/')
		return -EINVAL;
	b.dir = open_plain(real, O_PATH);
	if (b.dir < 0 && b.dir != -ENOENT)
		return b.dir;
	/* A file is found in its folder each time anew: it may be rotated. */
	if (b.dir == -ENOENT || fstat(b.dir, &st) < 0 || !S_ISDIR(st.st_mode)) {
		below_close(&b);

		int err = open_parent(real, &b);
		if (err < 0)
			return err;
	}
	*out = b;
	return 0;
}

void below_close(struct below *b)
{
	if (b->dir >= 0)
		close(b->dir);
	b->dir = -1;
}

/* ---- below it ---- */

int below_at(const struct below *b, const char *path, int what)
{
	if (b->only[0])
		return path[0] ? -ENOTDIR : open_below(b->dir, b->only, what, RESOLVE_NO_SYMLINKS);
	return open_below(b->dir, path[0] ? path : ".", what, 0);
}

int below_entry(int folder, const char *name, int what)
{
	return open_below(folder, name, what | O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
}

int below_reopen(int fd, int flags)
{
	char self[64];

	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);

	int again = open(self, flags | OPEN_ALWAYS);
	return again < 0 ? -errno : again;
}

int below_file(const struct below *b, const char *path, struct stat *st)
{
	int thing = below_at(b, path, O_PATH), fd = thing;

	if (thing < 0)
		return thing;
	if (fstat(thing, st) < 0)
		fd = -errno;
	else if (S_ISDIR(st->st_mode))
		fd = -EISDIR;
	else if (!S_ISREG(st->st_mode))
		fd = -EINVAL;
	else
		fd = below_reopen(thing, O_RDONLY);
	close(thing);
	return fd;
}

/* ---- words ---- */

const char *below_path(const struct below *b, const char *path, char *out, size_t cap)
{
	size_t n = strlen(b->root);
	bool slash = path[0] && n > 0 && b->root[n - 1] != '/';

	snprintf(out, cap, "%s%s%s", b->root, slash ? "/" : "", path);
	return out;
}

const char *below_name(const struct below *b, const char *path, char *out, size_t cap)
{
	char whole[COLLECT_REAL_LEN + OP_PATH_MAX + 2];

	below_path(b, path, whole, sizeof whole);
	text_escape(whole, strlen(whole), out, cap);
	return out;
}

const char *below_why(int err, char *out, size_t cap)
{
	switch (err) {
	case -ENOENT:
	case -ENOTDIR:
		return "there is no such file";
	case -EACCES:
	case -EPERM:
		return "needs administrator rights";
	case -EXDEV:
		return "it leads out of the folder that was allowed, or to another file system";
	case -ELOOP:
		return "it is a link, and is not followed";
	case -EISDIR:
		return "it is a folder";
	case -EINVAL:
		return "it is neither a file nor a folder";
	default:
		snprintf(out, cap, "cannot be read: %s", strerror(-err));
		return out;
	}
}
