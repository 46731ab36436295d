/* SPDX-License-Identifier: Apache-2.0
 *
 * tail, tail_files: logs as they grow, several of them as one, in the order of their times.
 *
 * We sleep until the kernel says that a file or its folder has changed (inotify(7)); on network
 * file systems, which do not say, once a second. While much is written we look every PAUSE_MS only:
 * a batch is sent every LIVE_BATCH_MS anyway.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "agent/collect/below.h"
#include "agent/collect/collect.h"
#include "agent/collect/follow.h"
#include "agent/collect/line_time.h"
#include "agent/collect/live.h"
#include "agent/collect/match.h"
#include "agent/collect/sink.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

#define LINES_DEFAULT 10
#define LINES_MAX     100000
#define PAUSE_MS      20
#define LOOK_MS	      250	 /* between two looks at names, while they change all the time */
#define REMOTE_MS     1000	 /* where nobody tells us */
#define AT_ONCE	      (1u << 20) /* bytes of lines, then what was made is sent */

#define FILE_EVENTS IN_MODIFY
#define FOLDER_EVENTS \
	(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_MOVE_SELF | IN_DELETE_SELF)

struct source {
	struct follow file;
	struct line_time time;
	const char *line; /* the next one; NULL when there is none now */
	size_t n;
	uint64_t line_us;
	int watch; /* of the file; -1 */
	int folder, folder_watch;
};

struct tail {
	struct below root;
	struct live *live;
	struct match *match;
	int notify;
	bool remote;  /* some file lies where the kernel does not tell of changes */
	bool changed; /* names may have */
	uint64_t looked_ms, read_ms;
	size_t count;
	struct source all[OP_PATHS_MAX];
};

/* ---- being told ---- */

static bool is_remote(int fd)
{
	static const long types[] = {0x6969,	 0xff534d42, 0xfe534d42, 0x517b,
				     0x01021997, 0x65735546, 0x00c36400, 0x5346414f};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if ((unsigned long)fs.f_type == (unsigned long)types[i])
			return true;
	return false;
}

static int watch_fd(struct tail *t, int fd, uint32_t events)
{
	char self[64];

	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	return inotify_add_watch(t->notify, self, events);
}

static void watch_file(struct tail *t, struct source *s)
{
	if (s->watch >= 0)
		inotify_rm_watch(t->notify, s->watch);
	s->watch = -1;
	if (s->file.fd < 0)
		return;
	s->watch = watch_fd(t, s->file.fd, FILE_EVENTS);
	t->remote = t->remote || s->watch < 0 || is_remote(s->file.fd);
}

/* Of the folder that the name stands in; it may have been made anew. */
static void watch_folder(struct tail *t, struct source *s)
{
	char folder[OP_PATH_MAX + 1];
	const char *slash = strrchr(s->file.path, '/');

	snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - s->file.path) : 0,
		 s->file.path);
	if (s->folder >= 0)
		close(s->folder);
	s->folder =
	    t->root.only[0] ? dup(t->root.dir) : below_at(&t->root, folder, O_RDONLY | O_DIRECTORY);
	if (s->folder < 0)
		return;

	int watch = watch_fd(t, s->folder, FOLDER_EVENTS);
	if (s->folder_watch >= 0 && watch != s->folder_watch)
		inotify_rm_watch(t->notify, s->folder_watch);
	s->folder_watch = watch;
	t->remote = t->remote || watch < 0 || is_remote(s->folder);
}

/* What exactly has happened we see for ourselves. */
static void take_events(struct tail *t)
{
	char buf[4096];

	while (read(t->notify, buf, sizeof buf) > 0)
		t->changed = true;
}

/* ---- lines ---- */

static void next_line(struct source *s, int64_t now_s)
{
	bool cut;

	s->line = NULL;
	if (!follow_line(&s->file, &s->line, &s->n, &cut)) {
		s->line = NULL;
		return;
	}

	uint64_t us = line_time_read(&s->time, s->line, s->n, now_s);
	if (us > 0)
		s->line_us = us;
	else if (s->line_us == 0)
		s->line_us = (uint64_t)now_s * 1000000;
}

static struct source *earliest(struct tail *t)
{
	struct source *best = NULL;

	for (size_t i = 0; i < t->count; i++)
		if (t->all[i].line && (!best || t->all[i].line_us < best->line_us))
			best = &t->all[i];
	return best;
}

/* More than 0 when there may be more at once. */
static int read_lines(struct tail *t, uint64_t now_ms)
{
	int64_t now_s = clock_wall_s();
	struct source *s;
	size_t bytes = 0;

	for (size_t i = 0; i < t->count; i++)
		if (!t->all[i].line)
			next_line(&t->all[i], now_s);
	while ((s = earliest(t)) != NULL && bytes < AT_ONCE) {
		bytes += s->n + 1;
		if (match_line(t->match, s->line, s->n)) {
			int err = live_line(t->live, (uint8_t)(s - t->all), s->line_us, s->line,
					    s->n, now_ms);
			if (err < 0)
				return err;
		}
		next_line(s, now_s);
	}
	if (bytes > 0)
		t->read_ms = now_ms;
	return s != NULL;
}

/* ---- names ---- */

static int remark(struct tail *t, struct source *s, enum follow_news news, uint64_t now_ms)
{
	char name[120], words[100];

	below_name(&t->root, s->file.path, name, sizeof name);
	switch (news) {
	case FOLLOW_FOUND:
		return live_note(t->live, now_ms, "%s: it is there now", name);
	case FOLLOW_ROTATED:
		return live_note(t->live, now_ms, "%s: rotated; the new file is read", name);
	case FOLLOW_TRUNCATED:
		return live_note(t->live, now_ms, "%s: emptied; it is read from its beginning",
				 name);
	case FOLLOW_GONE:
		return live_note(t->live, now_ms, "%s: it is not there; waiting for it", name);
	case FOLLOW_REFUSED:
		return live_note(t->live, now_ms, "%s: not read: %s", name,
				 follow_why(&s->file, words, sizeof words));
	default:
		return 0;
	}
}

/* 1 when there is more to read. */
static int look(struct tail *t, uint64_t now_ms)
{
	bool more = false;

	t->looked_ms = now_ms;
	for (size_t i = 0; i < t->count; i++) {
		struct source *s = &t->all[i];

		if (s->line)
			continue; /* points into what a look may throw away */

		enum follow_news news = follow_look(&s->file);
		if (news == FOLLOW_SAME)
			continue;
		more = more || news == FOLLOW_MORE || news == FOLLOW_TRUNCATED ||
		       news == FOLLOW_FOUND || news == FOLLOW_ROTATED;
		if (news == FOLLOW_FOUND || news == FOLLOW_ROTATED)
			watch_file(t, s);
		if (news == FOLLOW_GONE || news == FOLLOW_FOUND)
			watch_folder(t, s);

		int err = remark(t, s, news, now_ms);
		if (err < 0)
			return err;
	}
	return more;
}

/* ---- the loop ---- */

static int sooner(int a, int b)
{
	return a < 0 ? b : b < 0 || a < b ? a : b;
}

static void wait_for_news(struct tail *t, bool more, uint64_t now_ms)
{
	bool paused = now_ms - t->read_ms < PAUSE_MS;
	struct pollfd fds[] = {
	    {.fd = live_wants_write(t->live) ? live_output(t->live) : -1, .events = POLLOUT},
	    {.fd = paused ? -1 : t->notify, .events = POLLIN},
	};
	int wait = live_wait_ms(t->live, now_ms);

	if (more)
		wait = 0;
	if (paused)
		wait = sooner(wait, PAUSE_MS);
	if (t->changed)
		wait = sooner(wait, LOOK_MS);
	if (t->remote)
		wait = sooner(wait, REMOTE_MS);
	poll(fds, 2, wait);
}

static int follow_all(struct tail *t)
{
	for (;;) {
		uint64_t now = clock_mono_ms();
		bool due = t->remote ? now - t->looked_ms >= REMOTE_MS
				     : t->changed && now - t->looked_ms >= LOOK_MS;
		int more, err;

		take_events(t);
		more = read_lines(t, now);
		if (more == 0 && due) {
			t->changed = false;
			more = look(t, now);
		}
		err = more < 0 ? more : live_pump(t->live, now, false);
		if (err < 0)
			return err;
		wait_for_news(t, more > 0, now);
	}
}

/* ---- start and end ---- */

static int announce(struct tail *t, uint64_t now_ms)
{
	struct item it = {.type = ITEM_SOURCE};
	int err = 0;

	for (size_t i = 0; i < t->count && err == 0; i++) {
		it.source.id = (uint8_t)i;
		below_name(&t->root, t->all[i].file.path, it.source.name, sizeof it.source.name);
		err = live_put(t->live, &it, now_ms);
	}
	for (size_t i = 0; i < t->count && err == 0; i++)
		if (t->all[i].file.err != 0)
			err = remark(t, &t->all[i],
				     t->all[i].file.err == -ENOENT ? FOLLOW_GONE : FOLLOW_REFUSED,
				     now_ms);
	return err;
}

/* Nothing of it will ever come: the engineer hears why instead of waiting. */
static bool all_refused(const struct tail *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->all[i].file.fd >= 0 || t->all[i].file.err == -ENOENT)
			return false;
	return true;
}

static void open_sources(struct tail *t, const struct op_args *a)
{
	unsigned lines = a->lines == 0 ? LINES_DEFAULT : a->lines - 1;

	t->count = a->paths_count;
	for (size_t i = 0; i < t->count; i++) {
		struct source *s = &t->all[i];

		s->watch = s->folder = s->folder_watch = -1;
		follow_open(&s->file, &t->root, a->paths[i], lines < LINES_MAX ? lines : LINES_MAX);
		watch_file(t, s);
		watch_folder(t, s);
	}
}

static int run(struct tail *t, const struct collect_args *args)
{
	char words[MATCH_WHY_MAX];
	uint64_t now = clock_mono_ms();
	int err = below_open(args, &t->root);

	if (err < 0)
		return live_end(t->live, ITEM_UNAVAILABLE, below_why(err, words, sizeof words),
				now);
	if (match_new(args->op.pattern, args->op.flags & OPEN_FLAG_CASE, &t->match, words) < 0)
		return live_end(t->live, ITEM_FAILED, words, now);
	open_sources(t, &args->op);
	err = announce(t, now);
	if (err == 0 && all_refused(t))
		return live_end(t->live, ITEM_UNAVAILABLE, "nothing of it can be read", now);
	return err < 0 ? err : follow_all(t);
}

static int follow(struct sink *out, const struct collect_args *args)
{
	struct tail *t = calloc(1, sizeof *t);
	int err = t ? 0 : -ENOMEM;

	if (err == 0 && args->op.paths_count == 0)
		err = AS_EBADMSG;
	if (err == 0) {
		t->live = live_new(sink_hand_over(out));
		t->root.dir = -1;
		t->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
		t->remote = t->notify < 0; /* then we look for ourselves */
		err = t->live ? run(t, args) : -ENOMEM;
	}
	/* the process ends with this, and everything that is open with it */
	return err < 0 ? err : ITEM_UNAVAILABLE;
}

int collect_tail(struct sink *out, const struct collect_args *args)
{
	return follow(out, args);
}

int collect_tail_files(struct sink *out, const struct collect_args *args)
{
	return follow(out, args);
}
