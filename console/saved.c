/* SPDX-License-Identifier: Apache-2.0 */
#include "console/saved.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "console/bundle.h"
#include "proto/base/clock.h"

#define FOLDER "assent_live"

static unsigned uses(const struct manifest *m, const char *name)
{
	unsigned n = 0;

	for (size_t i = 0; i < m->runs_count; i++)
		n += strcmp(m->runs[i].collector, name) == 0;
	return n;
}

int saved_open(struct saved *s, struct bundle *b, const char *name, const char *ext,
	       const char *source, bool to_file)
{
	struct item file = {.type = ITEM_FILE, .file.source_kind = ITEM_FROM_COMMAND};

	s->item = bundle_item_begin(b, name);
	s->to_file = to_file;
	s->truncated = false;
	s->err = 0;
	s->since_ms = clock_mono_ms();
	s->bytes = s->len = 0;
	if (!s->item)
		return -ENOMEM;
	if (!to_file)
		return 0;
	snprintf(file.file.name, sizeof file.file.name, FOLDER "/%s-%u.%s", name,
		 uses(bundle_manifest(b), name), ext);
	snprintf(file.file.source, sizeof file.file.source, "%s", source);
	s->err = bundle_item_record(s->item, &file);
	return 0;
}

void saved_flush(struct saved *s)
{
	struct item data = {.type = ITEM_DATA, .data = {(const uint8_t *)s->piece, s->len}};

	if (s->item && s->to_file && s->err == 0 && s->len > 0)
		s->err = bundle_item_record(s->item, &data);
	s->len = 0;
}

void saved_put(struct saved *s, const void *p, size_t n)
{
	const char *at = p;

	s->bytes += n;
	while (n > 0 && s->to_file) {
		size_t part = sizeof s->piece - s->len < n ? sizeof s->piece - s->len : n;

		memcpy(s->piece + s->len, at, part);
		s->len += part;
		at += part;
		n -= part;
		if (s->len == sizeof s->piece)
			saved_flush(s);
	}
}

void saved_note(struct saved *s, const char *text)
{
	struct item note = {.type = ITEM_NOTE};

	snprintf(note.note.text, sizeof note.note.text, "%s", text);
	if (s->item)
		bundle_item_record(s->item, &note);
}

enum item_state saved_close(struct saved *s, enum item_state state, const char *why)
{
	struct item end = {.type = ITEM_FILE_END,
			   .file_end = {.state = ITEM_OK, .truncated = s->truncated}};
	struct item last = {.type = ITEM_END, .end.state = ITEM_OK};

	if (!s->item)
		return state;
	saved_flush(s);
	if (s->to_file && s->err == 0 && state == ITEM_OK)
		s->err = bundle_item_record(s->item, &end);
	if (state == ITEM_OK && s->err < 0) {
		state = ITEM_PARTIAL;
		why = "the bundle takes no more";
	}
	last.end.duration_ms = (uint32_t)(clock_mono_ms() - s->since_ms);
	if (state == ITEM_OK)
		bundle_item_record(s->item, &last); /* our own word that it is whole */
	state = bundle_item_end(s->item, state, why);
	s->item = NULL;
	return state;
}
