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
#include "agent/collect/gaps.h"
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

struct search {
	struct gaps gaps;
	const struct op_args *want;
	struct match *match;
	int64_t now_s;
	uint32_t hits, most;
	uint32_t cut; /* files of which not all lines are shown */
	char chunk[CHUNK];
};

/* ---- what it is ---- */

/* In seconds, of files from the future 0. Clocks of file systems reach further than ours. */
static uint64_t age_of(const struct search *s, const struct stat *st)
{
	int64_t then = st->st_mtime;

	return then >= s->now_s ? 0 : (uint64_t)s->now_s - (uint64_t)then;
}

static bool fits_age(const struct search *s, const struct stat *st)
{
	uint64_t age = age_of(s, st);

	return (s->want->newer_s == 0 || age <= s->want->newer_s) &&
	       (s->want->older_s == 0 || age >= s->want->older_s);
}

static bool fits_size(const struct op_args *w, const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size;

	if (w->size_min == 0 && w->size_max == 0)
		return true;
	return S_ISREG(st->st_mode) && size >= w->size_min &&
	       (w->size_max == 0 || size <= w->size_max);
}

static bool fits(const struct search *s, const char *name, const struct stat *st)
{
	const struct op_args *w = s->want;
	const char *types = ITEM_ENTRY_TYPES;
	uint32_t type = 1u << (strchr(types, entry_type(st->st_mode)) - types);
	int how = w->flags & OPEN_FLAG_CASE ? FNM_CASEFOLD : 0;

	return (w->types == 0 || (w->types & type)) && fits_size(w, st) && fits_age(s, st) &&
	       (!w->glob[0] || fnmatch(w->glob, name, how) == 0);
}

/* ---- what is in it ---- */

struct reading {
	int fd, err; /* err: -errno of the file */
	const struct walk_at *at;
	uint64_t number; /* of the line */
	unsigned told;
	bool binary, inside; /* inside: of a line whose beginning was looked at */
};

static int hit(struct search *s, const struct walk_at *at)
{
	s->hits++;
	return entry_put(s->gaps.out, at->path, at->st, at->folder, at->part);
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
		err = hit(s, r->at);
	if (err < 0 || r->binary)
		return err;
	memcpy(copy, p, it.line.len);
	redact_text(copy, it.line.len);
	return sink_record(s->gaps.out, &it);
}

static bool is_enough(const struct reading *r)
{
	return r->told >= (r->binary ? 1 : LINES_A_FILE);
}

/* What of the chunk is whole lines; the rest goes to its front. A line that is longer than it is
 * looked at in pieces, and is one line all the same. */
static int take_lines(struct search *s, struct reading *r, size_t *len, bool last)
{
	char *from = s->chunk, *end = s->chunk + *len, *at;
	int err = 0;

	while (err == 0 && !is_enough(r) && from < end) {
		at = memchr(from, '\n', (size_t)(end - from));
		if (!at && !last && !(from == s->chunk && *len == CHUNK))
			break;
		r->number += !r->inside;
		r->inside = !at;
		err = line(s, r, from, (size_t)((at ? at : end) - from));
		from = at ? at + 1 : end;
	}
	*len = (size_t)(end - from);
	memmove(s->chunk, from, *len);
	return err;
}

/* Holes are no text, and may be much larger than any disk. */
static bool skip_hole(int fd)
{
	off_t at = lseek(fd, 0, SEEK_CUR), data = at < 0 ? -1 : lseek(fd, at, SEEK_DATA);

	if (data < 0 && at >= 0 && errno == ENXIO) /* up to the end */
		data = lseek(fd, 0, SEEK_END);
	return data > at;
}

static int read_lines(struct search *s, struct reading *r)
{
	size_t len = 0;
	bool first = true;
	int err = 0;

	while (err == 0 && !is_enough(r)) {
		if (r->binary && skip_hole(r->fd) && len > 0)
			s->chunk[len++] = '\n'; /* what stands before it does not go on behind it */

		ssize_t n = read(r->fd, s->chunk + len, CHUNK - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			r->err = -errno;
			break;
		}
		len += (size_t)n;
		if (first)
			r->binary = memchr(s->chunk, '\0', len) != NULL;
		first = false;
		err = take_lines(s, r, &len, n == 0);
		if (n == 0)
			break;
	}
	s->cut += !r->binary && is_enough(r);
	return err;
}

static int look_inside(struct search *s, const struct walk_at *at)
{
	struct reading r = {.at = at};
	struct stat st;
	int thing, err;

	if (!S_ISREG(at->st->st_mode))
		return 0;
	thing = below_entry(at->folder, at->part, O_PATH);
	if (thing == -ENOENT)
		return 0;
	if (thing < 0)
		return gaps_add_err(&s->gaps, at->path, thing);
	r.fd =
	    fstat(thing, &st) == 0 && S_ISREG(st.st_mode) ? below_reopen(thing, O_RDONLY) : -EINVAL;
	close(thing);
	if (r.fd < 0)
		return gaps_add_err(&s->gaps, at->path, r.fd);
	err = read_lines(s, &r);
	close(r.fd);
	return err == 0 && r.err < 0 ? gaps_add_err(&s->gaps, at->path, r.err) : err;
}

/* ---- the walk ---- */

static int on_entry(const struct walk_at *at, void *owner)
{
	struct search *s = owner;
	int err;

	if (!fits(s, at->name, at->st))
		return WALK_ON;
	if (s->hits == s->most)
		return AS_E_QUOTA;
	err = s->want->pattern[0] ? look_inside(s, at) : hit(s, at);
	return err < 0 ? err : WALK_ON;
}

static int on_gap(const char *path, int err, void *owner)
{
	struct search *s = owner;

	return gaps_add_err(&s->gaps, path, err);
}

static const struct walk_events events = {on_entry, on_gap};

static int search_one(struct search *s, const char *path)
{
	int fd = below_at(s->gaps.root, path, O_PATH), err;

	if (fd < 0)
		return gaps_add_err(&s->gaps, path, fd);
	err = walk_below(fd, path, true, &events, s);
	close(fd);
	return err;
}

/* Whether everything was looked at. */
static int sum_up(struct search *s, bool full)
{
	unsigned long long slow = match_given_up(s->match);
	int err = gaps_sum(&s->gaps);

	if (err == 0 && s->cut > 0)
		err = sink_note(s->gaps.out, "files of which only the first %d lines are shown: %u",
				LINES_A_FILE, s->cut);
	if (err == 0 && slow > 0)
		err =
		    sink_note(s->gaps.out, "lines on which the pattern took too long: %llu", slow);
	if (err == 0 && full)
		err = sink_note(s->gaps.out, "the search ended after %u hits: there may be more",
				s->hits);
	if (err < 0)
		return err;
	return full || slow > 0 || s->gaps.count > 0 ? ITEM_PARTIAL : ITEM_OK;
}

static int search_all(struct search *s, const struct op_args *a)
{
	char why[MATCH_WHY_MAX];
	int err = match_new(a->pattern, a->flags & OPEN_FLAG_CASE, &s->match, why);

	if (err < 0)
		return sink_note(s->gaps.out, "%s", why) < 0 ? err : ITEM_FAILED;
	for (size_t i = 0; i < a->paths_count && err == 0; i++)
		err = search_one(s, a->paths[i]);
	if (err == 0 || err == AS_E_QUOTA)
		err = sum_up(s, err == AS_E_QUOTA);
	match_free(s->match);
	return err;
}

static uint32_t most_hits(const struct op_args *a)
{
	uint32_t wanted = a->lines == 0 ? HITS_DEFAULT : a->lines - 1;

	return wanted < HITS_MAX ? wanted : HITS_MAX;
}

int collect_find(struct sink *out, const struct collect_args *args)
{
	static struct search s; /* one operation a process; too large for a stack */
	struct below root;
	int err = args->op.paths_count > 0 ? 0 : AS_EBADMSG;

	if (err < 0)
		return err;
	err = below_open(args, &root);
	if (err < 0)
		return gaps_refuse(out, args->op.root, err);
	s = (struct search){
	    .gaps = {.out = out, .root = &root},
	    .want = &args->op,
	    .now_s = clock_wall_s(),
	    .most = most_hits(&args->op),
	};
	err = search_all(&s, &args->op);
	below_close(&root);
	return err;
}
