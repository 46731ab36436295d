/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/below.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
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

/* ---- kernels before 5.6: part by part, no links ---- */

/* The mount that a descriptor lies on. The device would not do: on overlayfs each file may have
 * another one, and a folder that is mounted once more has the same. */
static uint64_t mount_of(int fd)
{
	char path[64], text[256];
	struct stat st;
	const char *id;

	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", fd);

	int info = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = info < 0 ? 0 : read(info, text, sizeof text - 1);

	if (info >= 0)
		close(info);
	text[n > 0 ? n : 0] = '\0';
	id = strstr(text, "mnt_id:");
	if (id)
		return strtoull(id + strlen("mnt_id:"), NULL, 10);
	return fstat(fd, &st) == 0 ? st.st_dev : 0; /* older still */
}

static bool is_link(int folder, const char *name)
{
	struct stat st;

	return fstatat(folder, name, &st, name[0] ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH) == 0 &&
	       S_ISLNK(st.st_mode);
}

/* One part. A link itself only for who asks for it. */
static int step(int at, const char *part, size_t n, int flags)
{
	char name[NAME_MAX + 1];

	if (n == 0 || n > NAME_MAX || (n == 2 && memcmp(part, "..", n) == 0))
		return -EINVAL;
	memcpy(name, part, n);
	name[n] = '\0';

	int all = flags | O_NOFOLLOW;
	int fd = openat(at, name, all & O_PATH ? all | O_CLOEXEC : all | OPEN_ALWAYS);

	if (fd < 0)
		return errno == ENOTDIR && is_link(at, name) ? -ELOOP : -errno;
	if (!(flags & O_NOFOLLOW) && is_link(fd, "")) {
		close(fd);
		return -ELOOP;
	}
	return fd;
}

/* Hands on fd when it lies where it must; else it is closed. */
static int same_mount(int fd, bool any, uint64_t mount)
{
	if (any || mount_of(fd) == mount)
		return fd;
	close(fd);
	return -EXDEV;
}

static int walk(int dir, const char *path, int flags, bool any_mount)
{
	int at = dup(dir), err = at < 0 ? -errno : 0;
	uint64_t mount = at < 0 ? 0 : mount_of(at);

	while (err == 0) {
		size_t n = strcspn(path, "/");
		bool last = path[n] == '\0';

		err = step(at, path, n, last ? flags : O_PATH | O_DIRECTORY);
		if (err >= 0)
			err = same_mount(err, any_mount, mount);
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

/* ENOSYS: the kernel is too old. EPERM: a container's filter says so. */
static bool lacks_openat2(int err)
{
	return err == -ENOSYS || err == -EPERM;
}

static int open_below(int dir, const char *path, int flags, uint64_t more)
{
	int fd = open_how(dir, path, flags,
			  RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV | more);

	return lacks_openat2(fd) ? walk(dir, path, flags, false) : fd;
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
	if (lacks_openat2(fd))
		fd = walk(slash, path + 1, flags, true);
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
	if (real[0] != '/') /* nobody could say where it lies when the customer was asked */
		return -ENXIO;
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
	if (!name[0]) { /* it is the folder's descriptor that is meant */
		int fd = fcntl(folder, F_DUPFD_CLOEXEC, 0);
		return fd < 0 ? -errno : fd;
	}
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

/* procfs, sysfs and their kin (linux/magic.h) */
bool below_is_made_up(int fd)
{
	static const unsigned long types[] = {
	    0x9fa0,	0x62656572, 0x64626720, 0x74726163, 0x27e0eb,
	    0x63677270, 0x73636673, 0x62656570, 0xf97cff8c, 0x42494e4d,
	};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if ((unsigned long)fs.f_type == types[i])
			return true;
	return false;
}

bool below_is_held(int fd)
{
	(void)fd;
	return false;
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
	case -ENXIO:
		return "nobody could say where it lies when the customer was asked";
	case -ENAMETOOLONG:
		return "it lies too deep";
	case -E2BIG:
		return "there is too much in it";
	default:
		snprintf(out, cap, "cannot be read: %s", strerror(-err));
		return out;
	}
}
