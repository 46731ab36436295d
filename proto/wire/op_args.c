/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/op_args.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/text.h"
#include "proto/wire/cursor.h"

void op_args_read(const as_OpenArgs *in, struct op_args *out)
{
	*out = (struct op_args){
	    .hours = in->hours,
	    .priority = in->priority,
	    .max_bytes = in->max_bytes,
	    .names_count = in->names_count,
	    .paths_count = in->paths_count,
	    .offset = in->offset,
	    .has_sha256 = in->sha256.size == OP_SHA256_LEN,
	    .size_min = in->size_min,
	    .size_max = in->size_max,
	    .newer_s = in->newer_s,
	    .older_s = in->older_s,
	    .lines = in->lines,
	    .types = in->types,
	    .flags = in->flags,
	};
	for (size_t i = 0; i < in->names_count; i++)
		snprintf(out->names[i], sizeof out->names[i], "%s", in->names[i]);
	for (size_t i = 0; i < in->paths_count; i++)
		memcpy(out->paths[i], in->paths[i].bytes, in->paths[i].size);
	snprintf(out->unit, sizeof out->unit, "%s", in->unit);
	snprintf(out->root, sizeof out->root, "%s", in->root);
	snprintf(out->pattern, sizeof out->pattern, "%s", in->pattern);
	snprintf(out->glob, sizeof out->glob, "%s", in->glob);
	if (out->has_sha256)
		memcpy(out->sha256, in->sha256.bytes, OP_SHA256_LEN);
}

/* ---- on the pipe ---- */

/* Nothing of what stood in the memory behind the text leaves. */
static void put_fixed(struct writer *w, const char *s, size_t size)
{
	static const char zeros[OP_PATH_MAX + 1];
	size_t n = strnlen(s, size - 1);

	writer_put(w, s, n);
	writer_put(w, zeros, size - n);
}

void op_args_put(struct writer *w, const struct op_args *a)
{
	writer_u32(w, a->hours);
	writer_u32(w, a->priority);
	writer_u64(w, a->max_bytes);
	writer_u32(w, a->names_count);
	writer_u32(w, a->paths_count);
	for (size_t i = 0; i < OP_NAMES_MAX; i++)
		put_fixed(w, a->names[i], sizeof a->names[i]);
	put_fixed(w, a->unit, sizeof a->unit);
	put_fixed(w, a->root, sizeof a->root);
	for (size_t i = 0; i < OP_PATHS_MAX; i++)
		put_fixed(w, a->paths[i], sizeof a->paths[i]);
	put_fixed(w, a->pattern, sizeof a->pattern);
	put_fixed(w, a->glob, sizeof a->glob);
	writer_u64(w, a->offset);
	writer_u8(w, a->has_sha256);
	writer_put(w, a->sha256, sizeof a->sha256);
	writer_u64(w, a->size_min);
	writer_u64(w, a->size_max);
	writer_u64(w, a->newer_s);
	writer_u64(w, a->older_s);
	writer_u32(w, a->lines);
	writer_u32(w, a->types);
	writer_u32(w, a->flags);
}

void op_args_get(struct cursor *c, struct op_args *out)
{
	struct op_args a = {0};

	a.hours = cursor_u32(c);
	a.priority = cursor_u32(c);
	a.max_bytes = cursor_u64(c);
	a.names_count = cursor_u32(c);
	a.paths_count = cursor_u32(c);
	cursor_copy(c, a.names, sizeof a.names);
	cursor_copy(c, a.unit, sizeof a.unit);
	cursor_copy(c, a.root, sizeof a.root);
	cursor_copy(c, a.paths, sizeof a.paths);
	cursor_copy(c, a.pattern, sizeof a.pattern);
	cursor_copy(c, a.glob, sizeof a.glob);
	a.offset = cursor_u64(c);
	a.has_sha256 = cursor_u8(c) != 0;
	cursor_copy(c, a.sha256, sizeof a.sha256);
	a.size_min = cursor_u64(c);
	a.size_max = cursor_u64(c);
	a.newer_s = cursor_u64(c);
	a.older_s = cursor_u64(c);
	a.lines = cursor_u32(c);
	a.types = cursor_u32(c);
	a.flags = cursor_u32(c);
	if (c->err == 0 && !op_args_check(&a))
		c->err = AS_EBADMSG;
	if (c->err == 0)
		*out = a;
}

static bool is_text(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL && text_is_clean(s, strlen(s));
}

bool op_args_check(const struct op_args *a)
{
	if (a->names_count > OP_NAMES_MAX || a->paths_count > OP_PATHS_MAX || a->priority > 8 ||
	    (a->flags & ~OPEN_FLAGS) != 0)
		return false;
	for (size_t i = 0; i < OP_NAMES_MAX; i++)
		if (!is_text(a->names[i], sizeof a->names[i]))
			return false;
	for (size_t i = 0; i < OP_PATHS_MAX; i++)
		if (!memchr(a->paths[i], '\0', sizeof a->paths[i]) ||
		    !msg_path_is_plain((const uint8_t *)a->paths[i], strlen(a->paths[i])))
			return false;
	return is_text(a->unit, sizeof a->unit) && is_text(a->root, sizeof a->root) &&
	       is_text(a->pattern, sizeof a->pattern) && is_text(a->glob, sizeof a->glob);
}
