/* SPDX-License-Identifier: Apache-2.0
 *
 * Text logs below /var/log: newest first, rotated and compressed ones too, each bounded to its
 * newest lines. What is not text (login records, databases, the journal) is left out by its
 * content, because names say little.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/collect/collect.h"
#include "agent/collect/copy.h"
#include "agent/collect/log_list.h"
#include "agent/collect/log_text.h"
#include "agent/collect/sink.h"
#include "proto/base/clock.h"

#define LOG_ROOT "/var/log"
#define FILE_MAX (4u << 20)

struct tally {
	unsigned binary;
};

static bool is_gz(const char *path)
{
	size_t n = strlen(path);

	return n > 3 && strcmp(path + n - 3, ".gz") == 0;
}

static int gap(struct sink *s, const char *path, int err)
{
	int sink_err = sink_file_begin(s, path, ITEM_FROM_FILE, path);

	return sink_err < 0 ? sink_err : gap_end(s, err);
}

static int one(struct sink *s, const struct log_file *file, uint64_t max, struct tally *t)
{
	char path[LOG_PATH_MAX + 16], name[LOG_PATH_MAX + 16];
	bool gz = is_gz(file->path);
	enum log_kind kind;
	struct stat st;

	snprintf(path, sizeof path, LOG_ROOT "/%s", file->path);
	/* It arrives unpacked, so its name in the bundle says so. */
	snprintf(name, sizeof name, "%.*s", (int)(strlen(path) - (gz ? 3 : 0)), path);

	int fd = log_list_open(LOG_ROOT, file->path);
	if (fd == -ENOENT || fd == -ELOOP)
		return 0; /* rotated away, or turned into a link, since it was listed */
	if (fd < 0)
		return gap(s, path, fd);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return 0;
	}

	int err = log_copy(s, fd, gz, name, path, max, &kind);
	t->binary += err == 0 && kind == LOG_IS_BINARY;
	return err;
}

int collect_syslog_files(struct sink *out, const struct collect_args *args)
{
	struct log_list list;
	struct tally t = {0};
	uint64_t max = args->op.max_bytes ? args->op.max_bytes : FILE_MAX;
	int64_t oldest =
	    args->op.hours ? clock_wall_s() - (int64_t)args->op.hours * 3600 : INT64_MIN;

	int err = log_list_read(&list, LOG_ROOT, out);
	for (size_t i = 0; i < list.count && err == 0; i++) {
		if (list.all[i].mtime < oldest)
			break; /* newest first */
		err = one(out, &list.all[i], max, &t);
	}
	if (err == 0 && t.binary > 0)
		err =
		    sink_note(out,
			      "left out because they are not text (login records, databases, other "
			      "compression): %u",
			      t.binary);
	if (err == 0 && list.left_out > 0)
		err = sink_note(out, "left out because there are too many or they lie too deep: %u",
				list.left_out);
	log_list_done(&list);
	return err;
}
