/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/watch.h"

#include <string.h>
#include <unistd.h>

#include "tests/bench/proc.h"

static bool is_below_collector(const struct proc *all, size_t i)
{
	for (;;) {
		if (strcmp(all[i].name, "assent-collect") == 0)
			return true;
		size_t up = 0;
		while (up < i && all[up].pid != all[i].parent)
			up++;
		if (up == i)
			return false;
		i = up; /* a parent stands before its children */
	}
}

bool watch_collectors(struct scene *s, struct watch *w)
{
	static struct proc all[PROC_BELOW_MAX];
	size_t n = proc_below(s->agent.pid, all);
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any = any || is_below_collector(all, i);
	w->count = 0;
	if (!any)
		return false;
	for (size_t i = 0; i < n && w->count < SCENE_WATCH_MAX; i++) {
		int fd = proc_watch(all[i].pid);

		if (fd < 0)
			continue; /* it has just ended */
		w->fds[w->count] = (struct pollfd){.fd = fd, .events = POLLIN};
		w->collecting[w->count++] = is_below_collector(all, i);
	}
	return true;
}

static bool any_left(const struct watch *w, bool only_collecting)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->fds[i].fd >= 0 && (w->collecting[i] || !only_collecting))
			return true;
	return false;
}

static void take_ended(struct watch *w)
{
	for (size_t i = 0; i < w->count; i++) {
		if (w->fds[i].fd < 0 || !w->fds[i].revents)
			continue;
		close(w->fds[i].fd);
		w->fds[i].fd = -1; /* poll() passes over it */
	}
}

void watch_stop(struct scene *s, struct watch *w, struct watch_ends *t)
{
	*t = (struct watch_ends){.watched = 0};
	for (size_t i = 0; i < w->count; i++)
		t->watched += w->collecting[i];
	t->typed = scene_type(s, "stop\n");

	uint64_t end = t->typed + SCENE_LIMIT_MS * UINT64_C(1000000);
	while (t->collectors == 0 || t->agent == 0 || t->console == 0) {
		uint64_t now = scene_now_ns();

		if (t->collectors == 0 && !any_left(w, true))
			t->collectors = now;
		if (t->agent == 0 && !any_left(w, false))
			t->agent = now;
		if (t->console == 0 && scene_has_ended(&s->console))
			t->console = now;
		if (now > end)
			scene_fail(s, "stop did not stop everything");
		scene_pump(s, w->fds, w->count, 10);
		take_ended(w);
	}
}
