/* SPDX-License-Identifier: Apache-2.0
 *
 * find: files by name, size, age, kind and content, below a granted folder. The first hits are sent
 * while the search goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/below.h"
#include "agent/collect/collect.h"
#include "agent/collect/entry.h"
#include "agent/collect/match.h"
#include "agent/collect/redact.h"
#include "agent/collect/sink.h"
#include "agent/collect/walk.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

#define HITS_DEFAULT 1000
#define HITS_MAX     200000
#define LINES_A_FILE 100
#define CHUNK	     65536
#define GAPS_TOLD    20

struct search {
	struct sink *out;
	const struct below *root;
	const struct op_args *want;
	struct match *match;
	const char *path;
	int64_t now_s;
	uint32_t hits, most;
	unsigned gaps;
	char chunk[CHUNK];
};

/* ---- what it is ---- */

static bool fits_age(const struct search *s, const struct stat *st)
{
	int64_t age = s->now_s - (int64_t)st->st_mtime;

	return (s->want->newer_s == 0 || age <= (int64_t)s->want->newer_s) &&
	       (s->want->older_s == 0 || age >= (int64_t)s->want->older_s);
}

static bool fits(const struct search *s, const char *name, const struct stat *st)
{
	const struct op_args *w = s->want;
	const char *types = ITEM_ENTRY_TYPES;
	uint32_t type = 1u << (strchr(types, entry_type(st->st_mode)) - types);
	int how = w->flags & OPEN_FLAG_CASE ? FNM_CASEFOLD : 0;
	bool any_size = w->size_min == 0 && w->size_max == 0;

	if (w->types != 0 && !(w->types & type))
		return false;
	if (!any_size && (!S_ISREG(st->st_mode) || (uint64_t)st->st_size < w->size_min ||
			  (w->size_max > 0 && (uint64_t)st->st_size > w->size_max)))
		return false;
	return fits_age(s, st) && (!w->glob[0] || fnmatch(w->glob, name, how) == 0);
}

/* ---- what is in it ---- */

struct reading {
	int fd;
	const struct walk_at *at;
	const char *name; /* below the root */
	uint64_t number;  /* of the line */
	unsigned told;
	bool binary;
};

static int hit(struct search *s, const struct walk_at *at, const char *name)
{
	s->hits++;
	return entry_put(s->out, name, at->st, at->folder, at->name);
}

static int line(struct search *s, struct reading *r, const char *p, size_t n)
{
	static uint8_t copy[ITEM_LINE_MAX];
	struct item it = {
	    .type = ITEM_LINE,
	    .line = {.time = r->number, .text = copy, .cut = n > ITEM_LINE_MAX, .len = n}};
	int err = 0;

	if (n > ITEM_LINE_MAX)
		it.line.len = ITEM_LINE_MAX;
	if (!match_line(s->match, p, n))
		return 0;
	if (r->told++ == 0)
		err = hit(s, r->at, r->name);
	if (err < 0 || r->binary)
		return err;
	memcpy(copy, p, it.line.len);
	redact_text(copy, it.line.len);
	return sink_record(s->out, &it);
}

/* What of the chunk is whole lines; the rest goes to its front. A line longer than it is cut. */
static int take_lines(struct search *s, struct reading *r, size_t *len, bool last)
{
	char *from = s->chunk, *end = s->chunk + *len, *at;
	int err = 0;

	while (err == 0 && r->told < LINES_A_FILE && from < end) {
		at = memchr(from, '\n', (size_t)(end - from));
		if (!at && !last && !(from == s->chunk && *len == CHUNK))
			break;
		r->number++;
		err = line(s, r, from, (size_t)((at ? at : end) - from));
		from = at ? at + 1 : end;
	}
	*len = (size_t)(end - from);
	memmove(s->chunk, from, *len);
	return err;
}

static int read_lines(struct search *s, struct reading *r)
{
	size_t len = 0;
	bool first = true;
	int err = 0;

	while (err == 0 && r->told < (r->binary ? 1 : LINES_A_FILE)) {
		ssize_t n = read(r->fd, s->chunk + len, CHUNK - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		len += (size_t)n;
		if (first)
			r->binary = memchr(s->chunk, '\0', len) != NULL;
		first = false;
		err = take_lines(s, r, &len, n == 0);
		if (n == 0)
			break;
	}
	return err;
}

static int note(struct search *s, const char *name, int err)
{
	char text[100], words[80];

	if (s->gaps++ >= GAPS_TOLD)
		return 0;
	below_name(s->root, name, text, sizeof text);
	return sink_note(s->out, "%s: %s", text, below_why(err, words, sizeof words));
}

static int look_inside(struct search *s, const struct walk_at *at, const char *name)
{
	struct reading r = {.at = at, .name = name};
	struct stat st;
	int thing, err;

	if (!S_ISREG(at->st->st_mode))
		return 0;
	thing = below_entry(at->folder, at->name, O_PATH);
	if (thing < 0 || fstat(thing, &st) < 0 || !S_ISREG(st.st_mode)) {
		if (thing >= 0)
			close(thing);
		return thing == -ENOENT || thing >= 0 ? 0 : note(s, name, thing);
	}
	r.fd = below_reopen(thing, O_RDONLY);
	close(thing);
	if (r.fd < 0)
		return note(s, name, r.fd);
	err = read_lines(s, &r);
	close(r.fd);
	return err == -EIO ? note(s, name, err) : err;
}

/* ---- the walk ---- */

static void whole_name(const struct search *s, const char *below, char *out, size_t cap)
{
	snprintf(out, cap, "%s%s%s", s->path, s->path[0] && below[0] ? "/" : "", below);
}

static int on_entry(const struct walk_at *at, void *owner)
{
	struct search *s = owner;
	char name[OP_PATH_MAX + WALK_PATH_MAX + 2];
	int err;

	if (!fits(s, at->name, at->st))
		return WALK_ON;
	if (s->hits == s->most)
		return AS_E_QUOTA;
	whole_name(s, at->path, name, sizeof name);
	err = s->want->pattern[0] ? look_inside(s, at, name) : hit(s, at, name);
	return err < 0 ? err : WALK_ON;
}

static int on_gap(const char *below, int err, void *owner)
{
	struct search *s = owner;
	char name[OP_PATH_MAX + WALK_PATH_MAX + 2];

	whole_name(s, below, name, sizeof name);
	return note(s, name, err);
}

static const struct walk_events events = {on_entry, on_gap};

static int search_one(struct search *s)
{
	int fd = below_at(s->root, s->path, O_PATH | O_DIRECTORY), err;

	if (fd < 0)
		return note(s, s->path, fd);
	err = walk_below(fd, true, &events, s);
	close(fd);
	return err;
}

/* Whether everything was looked at. */
static int sum_up(struct search *s, int err)
{
	if (err == AS_E_QUOTA)
		err =
		    sink_note(s->out, "the search ended after %u hits: there may be more", s->hits);
	else if (err == 0 && s->gaps > GAPS_TOLD)
		err = sink_note(s->out, "and %u more that could not be looked at",
				s->gaps - GAPS_TOLD);
	else if (err == 0 && s->gaps == 0 && match_given_up(s->match) == 0)
		return 0;
	if (err == 0 && match_given_up(s->match) > 0)
		err = sink_note(s->out, "lines on which the pattern took too long: %llu",
				(unsigned long long)match_given_up(s->match));
	return err < 0 ? err : ITEM_PARTIAL;
}

static int search_all(struct search *s, const struct collect_args *args)
{
	char why[MATCH_WHY_MAX];
	int err = match_new(args->op.pattern, args->op.flags & OPEN_FLAG_CASE, &s->match, why);

	if (err < 0)
		return sink_note(s->out, "%s", why) < 0 ? err : ITEM_FAILED;
	for (size_t i = 0; i < args->op.paths_count && err == 0; i++) {
		s->path = args->op.paths[i];
		err = search_one(s);
	}
	err = sum_up(s, err);
	match_free(s->match);
	return err;
}

int collect_find(struct sink *out, const struct collect_args *args)
{
	static struct search s; /* one operation a process; too large for a stack */
	struct below root;
	char words[80];
	int err = below_open(args, &root);

	if (err < 0)
		return sink_note(out, "%s: %s", args->op.root,
				 below_why(err, words, sizeof words)) < 0
			   ? err
			   : ITEM_UNAVAILABLE;
	s = (struct search){
	    .out = out,
	    .root = &root,
	    .want = &args->op,
	    .now_s = clock_wall_s(),
	    .most = args->op.lines == 0		    ? HITS_DEFAULT
		    : args->op.lines - 1 < HITS_MAX ? args->op.lines - 1
						    : HITS_MAX,
	};
	err = search_all(&s, args);
	below_close(&root);
	return err;
}
