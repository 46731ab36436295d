/* SPDX-License-Identifier: Apache-2.0
 *
 * tail, tail_files: logs as they grow, several of them as one, in the order of their times.
 *
 * We sleep until the kernel says that a file or its folder has changed (watch.h); where it does
 * not say (network file systems, a folder that is not there) we look once a second. While much is
 * written we look every PAUSE_MS only: a batch is sent every LIVE_BATCH_MS anyway.
 */
#include <errno.h>
#include <stdlib.h>

#include "agent/collect/below.h"
#include "agent/collect/collect.h"
#include "agent/collect/follow.h"
#include "agent/collect/line_time.h"
#include "agent/collect/live.h"
#include "agent/collect/match.h"
#include "agent/collect/sink.h"
#include "agent/collect/watch.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

#define LINES_DEFAULT 10
#define LINES_MAX     100000
#define PAUSE_MS      20
#define LOOK_MS	      250	  /* between two looks at names, while they change all the time */
#define ANYWAY_MS     3000	  /* in any case: a link above the folder may lead elsewhere now */
#define AT_ONCE	      (1u << 20)  /* bytes of lines, then what was made is sent */
#define BEHIND_MAX    (64u << 20) /* of a file; when we read slower than others write */

struct source {
	struct follow file;
	struct line_time time;
	const char *line; /* the next one; NULL when there is none now */
	size_t n;
	uint64_t line_us;
};

struct tail {
	struct below root;
	struct live *live;
	struct match *match;
	struct watch watch;
	bool changed; /* names may have */
	bool again;   /* look as soon as all is read */
	uint64_t looked_ms, read_ms;
	size_t count;
	struct source all[OP_PATHS_MAX];
};

/* ---- being told ---- */

/* All of them anew: two files may share a folder, and two names a file, so none can be taken away
 * alone. What happened before is seen by the look that follows. */
static void watch_all(struct tail *t)
{
	watch_anew(&t->watch);
	for (size_t i = 0; i < t->count; i++)
		watch_add(&t->watch, &t->all[i].file);
	t->changed = true;
}

/* ---- lines ---- */

static void next_line(struct source *s, int64_t now_s)
{
	if (!follow_line(&s->file, &s->line, &s->n)) {
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

static int send_line(struct tail *t, const struct source *s, uint64_t now_ms)
{
	if (!match_line(t->match, s->line, s->n))
		return 0;
	return live_line(t->live, (uint8_t)(s - t->all), s->line_us, s->line, s->n, now_ms);
}

/* When others write faster than we read, we do not lag behind without end. */
static void keep_up(struct tail *t)
{
	for (size_t i = 0; i < t->count; i++) {
		uint64_t bytes = 0, lines = 0;

		if (!t->all[i].line)
			lines = follow_skip(&t->all[i].file, BEHIND_MAX, &bytes);
		live_dropped(t->live, lines, bytes);
	}
}

static bool has_more(const struct tail *t)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->all[i].line || (t->all[i].file.fd >= 0 && !t->all[i].file.at_end))
			return true;
	return false;
}

/* More than 0 when there may be more at once. */
static int read_lines(struct tail *t, uint64_t now_ms)
{
	int64_t now_s = clock_wall_s();
	struct source *s;
	size_t bytes = 0;
	int err = 0;

	keep_up(t);
	for (size_t i = 0; i < t->count; i++)
		if (!t->all[i].line)
			next_line(&t->all[i], now_s);
	while (err == 0 && bytes < AT_ONCE && (s = earliest(t)) != NULL) {
		bytes += s->n + 1;
		err = send_line(t, s, now_ms);
		next_line(s, now_s);
	}
	if (bytes > 0)
		t->read_ms = now_ms;
	return err < 0 ? err : has_more(t);
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

/* More than 0 when there may be more to read. */
static int look(struct tail *t, uint64_t now_ms)
{
	bool any = false;
	int err = 0;

	t->looked_ms = now_ms;
	t->changed = t->again = false;
	for (size_t i = 0; i < t->count && err == 0; i++) {
		struct source *s = &t->all[i];
		/* a line that waits points into what a look may throw away */
		enum follow_news news = s->line ? FOLLOW_SAME : follow_look(&s->file);

		any = any || news != FOLLOW_SAME;
		t->again = t->again || news == FOLLOW_MORE;
		err = remark(t, s, news, now_ms);
	}
	if (any)
		watch_all(t);
	return err < 0 ? err : any;
}

/* ---- the loop ---- */

static int sooner(int a, int b)
{
	return a < 0 ? b : b < 0 || a < b ? a : b;
}

static void wait_for_news(struct tail *t, bool more, uint64_t now_ms)
{
	bool paused = now_ms - t->read_ms < PAUSE_MS;
	int wait = live_wait_ms(t->live, now_ms);

	if (paused)
		wait = sooner(wait, PAUSE_MS);
	if (t->changed)
		wait = sooner(wait, LOOK_MS);
	wait = sooner(wait, t->watch.blind ? WATCH_BLIND_MS : ANYWAY_MS);
	watch_wait(&t->watch, t->live, paused, more ? 0 : wait);
}

static bool is_due(const struct tail *t, uint64_t now_ms)
{
	uint64_t since = now_ms - t->looked_ms;

	return t->again || (t->changed && since >= LOOK_MS) || since >= ANYWAY_MS ||
	       (t->watch.blind && since >= WATCH_BLIND_MS);
}

static int follow_all(struct tail *t)
{
	for (;;) {
		uint64_t now = clock_mono_ms();
		int more, err;

		t->changed |= watch_took(&t->watch);
		more = read_lines(t, now);
		err = more < 0 ? more : live_given_up(t->live, match_given_up(t->match), now);
		if (err == 0 && is_due(t, now)) {
			err = look(t, now);
			more = more || err > 0;
		}
		err = err < 0 ? err : 0;
		if (err == 0)
			err = live_pump(t->live, now, false);
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
	for (size_t i = 0; i < t->count; i++)
		follow_open(&t->all[i].file, &t->root, a->paths[i],
			    lines < LINES_MAX ? lines : LINES_MAX);
	watch_all(t);
}

/* The state that END said; negative when it was not said. */
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

int collect_tail_files(struct sink *out, const struct collect_args *args)
{
	struct tail *t = args->op.paths_count > 0 ? calloc(1, sizeof *t) : NULL;
	int err;

	if (!t)
		return args->op.paths_count > 0 ? -ENOMEM : AS_EBADMSG;
	t->root.dir = -1;
	watch_begin(&t->watch);
	t->live = live_new(sink_hand_over(out));
	err = t->live ? live_finish(t->live, run(t, args), clock_mono_ms()) : -ENOMEM;
	for (size_t i = 0; i < t->count; i++)
		follow_close(&t->all[i].file);
	watch_end(&t->watch);
	below_close(&t->root);
	match_free(t->match);
	live_free(t->live);
	free(t);
	return err;
}
