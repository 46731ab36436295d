/* SPDX-License-Identifier: Apache-2.0
 *
 * put: one new file into the folder that the customer named. It has no name until all of it is
 * there and is what the engineer sent; then it gets one that nothing else has. It is never
 * executable, belongs to the customer alone, and a disk that fills up costs only itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "agent/collect/below.h"
#include "agent/collect/collect.h"
#include "agent/collect/sink.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

#define CHUNK	  65536
#define LEAVE_MIN (100u << 20) /* bytes that the customer's disk keeps in any case */

struct incoming {
	struct sink *out;
	int folder, fd;
	char name[NAME_MAX + 1];
	char part[NAME_MAX + 1]; /* its name meanwhile, where files without one are not known */
	uint64_t size;
};

/* A name that is seen as it is, on every system, and is never hidden. */
static bool is_good_name(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= 200 && text_is_clean(name, n) && !strpbrk(name, "/\\\\:*?\"<>|") &&
	       name[0] != '.' && name[0] != '-' && name[0] != '~' && name[n - 1] != '.' &&
	       name[n - 1] != ' ';
}

static int fail(struct incoming *in, enum item_state state, const char *fmt, ...) AS_PRINTF(3, 4);
static int fail(struct incoming *in, enum item_state state, const char *fmt, ...)
{
	char text[ITEM_WHY_MAX + 1];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);

	int err = sink_note(in->out, "%s", text);
	return err < 0 ? err : (int)state;
}

/* A tenth of a small disk, and LEAVE_MIN of a large one, stay the customer's. */
static bool has_room(int folder, uint64_t size)
{
	struct statvfs fs;
	uint64_t whole, free_bytes;

	if (fstatvfs(folder, &fs) < 0)
		return false;
	whole = (uint64_t)fs.f_blocks * fs.f_frsize;
	free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	uint64_t keep = whole / 10 < LEAVE_MIN ? whole / 10 : LEAVE_MIN;
	return free_bytes > keep && free_bytes - keep >= size;
}

/* ---- a file without a name ---- */

static int make_file(struct incoming *in)
{
	struct stat st;

	if (fstatat(in->folder, in->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST; /* asked again at its end; said now, before all is sent */
	in->fd = openat(in->folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (in->fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
		return in->fd < 0 ? -errno : 0;
	snprintf(in->part, sizeof in->part, ".%.200s.part-%d", in->name, (int)getpid());
	in->fd = openat(in->folder, in->part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			0600);
	if (in->fd >= 0)
		return 0;
	in->part[0] = '\0'; /* not ours */
	return -errno;
}

/* Not every file system knows a rename that replaces nothing; what has a second name loses the
 * first. */
static int rename_part(const struct incoming *in)
{
	if (renameat2(in->folder, in->part, in->folder, in->name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (linkat(in->folder, in->part, in->folder, in->name, 0) < 0)
		return -errno;
	unlinkat(in->folder, in->part, 0);
	return 0;
}

/* linkat() and a rename that replaces nothing both fail when the name is taken meanwhile. */
static int give_name(struct incoming *in)
{
	char self[64];

	if (in->part[0])
		return rename_part(in);
	snprintf(self, sizeof self, "/proc/self/fd/%d", in->fd);
	return linkat(AT_FDCWD, self, in->folder, in->name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

/* ---- what comes ---- */

static int write_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t did = write(fd, p, n);

		if (did < 0 && errno == EINTR)
			continue;
		if (did < 0)
			return -errno;
		p += did;
		n -= (size_t)did;
	}
	return 0;
}

/* Exactly size bytes, then the broker's word that they are what was sent. */
static int take_all(struct incoming *in)
{
	uint8_t chunk[CHUNK], mark = 0;
	uint64_t left = in->size;

	while (left > 0) {
		size_t want = left < sizeof chunk ? (size_t)left : sizeof chunk;
		ssize_t n = read(STDIN_FILENO, chunk, want);
		int err;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : AS_ESHORT;
		err = write_all(in->fd, chunk, (size_t)n);
		if (err < 0)
			return err;
		left -= (uint64_t)n;
	}
	while (read(STDIN_FILENO, &mark, 1) < 0 && errno == EINTR)
		;
	return mark == COLLECT_INPUT_WHOLE ? 0 : AS_ESHORT;
}

static int receive(struct incoming *in)
{
	char name[TEXT_ESCAPE_ROOM(NAME_MAX)];
	int err = make_file(in);

	text_escape(in->name, strlen(in->name), name, sizeof name);
	if (err == 0)
		err = take_all(in);
	if (err == 0 && fsync(in->fd) < 0)
		err = -errno;
	if (err == 0)
		err = give_name(in);
	if (err < 0 && in->part[0])
		unlinkat(in->folder, in->part, 0);
	if (err == 0)
		return sink_note(in->out, "stored as %s", name);
	if (err == -EEXIST)
		return fail(in, ITEM_FAILED, "%s is there already, and nothing is replaced", name);
	if (err == AS_ESHORT)
		return fail(in, ITEM_PARTIAL, "%s did not arrive whole; nothing of it is kept",
			    name);
	return fail(in, ITEM_FAILED, "it cannot be written: %s", strerror(-err));
}

static int open_folder(const struct collect_args *args, struct incoming *in)
{
	struct below root;
	int err = below_open(args, &root);

	if (err < 0)
		return err;
	in->folder = root.only[0] ? -ENOTDIR : below_reopen(root.dir, O_RDONLY | O_DIRECTORY);
	below_close(&root);
	return in->folder < 0 ? in->folder : 0;
}

int collect_put(struct sink *out, const struct collect_args *args)
{
	struct incoming in = {.out = out, .fd = -1, .size = args->op.size_min};
	int err;

	if (args->op.paths_count != 1 || !is_good_name(args->op.paths[0]))
		return fail(&in, ITEM_FAILED,
			    "a new file needs a plain name, without folders, and not a hidden one");
	snprintf(in.name, sizeof in.name, "%.*s", NAME_MAX, args->op.paths[0]);
	err = open_folder(args, &in);
	if (err < 0)
		return fail(&in, ITEM_FAILED, "the folder cannot be opened: %s", strerror(-err));
	umask(0177);
	err = has_room(in.folder, in.size)
		  ? receive(&in)
		  : fail(&in, ITEM_FAILED, "there is not enough room on the customer's disk");
	if (in.fd >= 0)
		close(in.fd);
	close(in.folder);
	return err;
}
