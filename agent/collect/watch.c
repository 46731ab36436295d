/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/watch.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/statfs.h>
#include <unistd.h>

#define FILE_EVENTS IN_MODIFY
#define FOLDER_EVENTS \
	(IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_MOVE_SELF | IN_DELETE_SELF)

void watch_begin(struct watch *w)
{
	*w = (struct watch){.notify = -1};
}

void watch_end(struct watch *w)
{
	if (w->notify >= 0)
		close(w->notify);
	w->notify = -1;
}

static bool is_remote(int fd)
{
	static const unsigned long types[] = {0x6969,	  0xff534d42, 0xfe534d42, 0x517b,
					      0x01021997, 0x65735546, 0x00c36400, 0x5346414f};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if ((unsigned long)fs.f_type == types[i])
			return true;
	return false;
}

static void watch_fd(struct watch *w, int fd, uint32_t events)
{
	char self[64];

	snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	if (inotify_add_watch(w->notify, self, events) < 0 || is_remote(fd))
		w->blind = true;
}

/* The folder that the name stands in; it may not be there, or be made anew. */
static void watch_folder(struct watch *w, const struct follow *f)
{
	const char *slash = strrchr(f->path, '/');
	char folder[OP_PATH_MAX + 1];
	int fd;

	snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - f->path) : 0, f->path);
	fd = f->root->only[0] ? dup(f->root->dir) : below_at(f->root, folder, O_PATH | O_DIRECTORY);
	if (fd < 0) {
		w->blind = true;
		return;
	}
	watch_fd(w, fd, FOLDER_EVENTS);
	close(fd);
}

void watch_anew(struct watch *w)
{
	watch_end(w);
	w->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	w->blind = w->notify < 0;
}

void watch_add(struct watch *w, const struct follow *f)
{
	if (f->fd >= 0)
		watch_fd(w, f->fd, FILE_EVENTS);
	if (f->next >= 0)
		watch_fd(w, f->next, FILE_EVENTS);
	watch_folder(w, f);
}

bool watch_took(struct watch *w)
{
	char buf[4096];
	bool any = false;

	while (read(w->notify, buf, sizeof buf) > 0)
		any = true;
	return any;
}

void watch_wait(struct watch *w, const struct live *l, bool paused, int ms)
{
	struct pollfd fds[] = {
	    {.fd = live_wants_write(l) ? live_output(l) : -1, .events = POLLOUT},
	    {.fd = paused ? -1 : w->notify, .events = POLLIN},
	};

	poll(fds, 2, ms);
}
