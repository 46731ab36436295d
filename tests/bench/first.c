/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/first.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define EVENTS_MAX (64 * (sizeof(struct inotify_event) + NAME_MAX + 1))

void first_watch(struct scene *s, struct first *f)
{
	scene_out(s, f->dir);
	f->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	f->out = f->fd < 0 ? -1 : inotify_add_watch(f->fd, f->dir, IN_CREATE);
	if (f->out < 0)
		scene_fail(s, "inotify");
}

static bool has_folder(const char *path)
{
	DIR *dir = opendir(path);
	bool found = false;

	for (const struct dirent *e; dir && !found && (e = readdir(dir)) != NULL;)
		found = e->d_type == DT_DIR && e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return found;
}

/* The bundle itself: watched from now on, and looked at for what was there before. */
static bool enter(struct scene *s, struct first *f, const char *name)
{
	char path[SCENE_PATH_MAX];

	snprintf(path, sizeof path, "%.250s/%.250s", f->dir, name);
	if (inotify_add_watch(f->fd, path, IN_CREATE | IN_ONLYDIR) < 0)
		scene_fail(s, path);
	return has_folder(path);
}

static bool look(struct scene *s, struct first *f)
{
	char raw[EVENTS_MAX] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n = read(f->fd, raw, sizeof raw);
	bool found = false;

	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *e = (const void *)(raw + at);

		if (e->mask & IN_ISDIR)
			found = found || (e->wd == f->out ? enter(s, f, e->name) : true);
		at += (ssize_t)(sizeof *e + e->len);
	}
	return found;
}

uint64_t first_wait(struct scene *s, struct first *f)
{
	struct pollfd watched = {.fd = f->fd, .events = POLLIN};
	uint64_t now = 0;

	while (now == 0) {
		scene_pump(s, &watched, 1, SCENE_LIMIT_MS);
		if (watched.revents && look(s, f))
			now = scene_now_ns();
		else if (scene_has_ended(&s->console))
			scene_fail(s, "the console ended without any diagnostics");
		watched.revents = 0;
	}
	close(f->fd);
	return now;
}
