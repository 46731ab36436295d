/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/item.h"

#include <string.h>

#include "proto/base/err.h"
#include "proto/base/text.h"
#include "proto/wire/cursor.h"

const char *item_state_name(enum item_state s)
{
	static const char *const names[] = {
#define X(name, n, text) [n] = text,
	    ITEM_STATE_MAP(X)
#undef X
	};

	return (unsigned)s < sizeof names / sizeof names[0] ? names[s] : "?";
}

static int part_check(const char *part, size_t n)
{
	if (n == 0 || part[0] == '-' || part[0] == '~' || part[n - 1] == '.' || part[n - 1] == ' ')
		return AS_EBADMSG; /* "." and ".." end in a dot too */
	return 0;
}

int item_name_check(const char *name)
{
	size_t n = strlen(name), depth = 0;

	if (n == 0 || n > ITEM_NAME_MAX || !text_is_clean(name, n) || strpbrk(name, "\\:"))
		return AS_EBADMSG;
	for (const char *at = name;; at++) {
		size_t len = strcspn(at, "/");

		if (part_check(at, len) < 0 || ++depth > ITEM_DEPTH_MAX)
			return AS_EBADMSG;
		at += len;
		if (*at == '\0')
			return 0;
	}
}

/* ---- writing ---- */

static void put_text(struct writer *w, const char *text, size_t max)
{
	char clean[ITEM_SOURCE_MAX + 1];
	size_t n = text_line(text, strlen(text), clean, max + 1);

	writer_u16(w, (uint16_t)n);
	writer_put(w, clean, n);
}

static void put_bytes(struct writer *w, const uint8_t *p, size_t n, size_t max)
{
	if (w->err == 0 && n > max)
		w->err = AS_E_TOO_BIG;
	writer_u16(w, (uint16_t)n);
	writer_put(w, p, n);
}

static void put_line(struct writer *w, const struct item *it)
{
	if (it->line.len > ITEM_LINE_MAX)
		w->err = AS_E_TOO_BIG;
	writer_u8(w, it->line.source);
	writer_u8(w, it->line.cut);
	writer_u64(w, it->line.time);
	writer_put(w, it->line.text, it->line.len);
}

static void put_pad(struct writer *w, size_t n)
{
	static const uint8_t zeros[ITEM_BATCH];

	if (n > sizeof zeros)
		w->err = AS_E_TOO_BIG;
	writer_put(w, zeros, n);
}

static void put_row(struct writer *w, const struct item *it)
{
	if (it->row.count > ITEM_ROW_VALUES_MAX)
		w->err = AS_E_TOO_BIG;
	writer_u8(w, it->row.kind);
	writer_u32(w, it->row.id);
	put_text(w, it->row.name, ITEM_ROW_NAME_MAX);
	put_text(w, it->row.detail, ITEM_ROW_DETAIL_MAX);
	writer_u8(w, it->row.count);
	for (size_t i = 0; i < it->row.count && w->err == 0; i++)
		writer_u64(w, it->row.values[i]);
}

static void put_entry(struct writer *w, const struct item *it)
{
	writer_u8(w, (uint8_t)it->entry.type);
	writer_u32(w, it->entry.mode);
	writer_u32(w, it->entry.uid);
	writer_u32(w, it->entry.gid);
	writer_u32(w, it->entry.links);
	writer_u64(w, it->entry.size);
	writer_u64(w, it->entry.stored);
	writer_u64(w, (uint64_t)it->entry.mtime_ns);
	put_text(w, it->entry.owner, ITEM_OWNER_MAX);
	put_text(w, it->entry.group, ITEM_OWNER_MAX);
	put_bytes(w, it->entry.name, it->entry.name_len, ITEM_PATH_MAX);
	put_bytes(w, it->entry.target, it->entry.target_len, ITEM_LINK_MAX);
}

int item_encode(const struct item *it, uint8_t *buf, size_t cap)
{
	if (cap < ITEM_HEADER)
		return AS_EFULL;

	struct writer w = writer_over(buf + ITEM_HEADER, cap - ITEM_HEADER);

	switch (it->type) {
	case ITEM_FILE:
		put_text(&w, it->file.name, ITEM_NAME_MAX);
		writer_u8(&w, (uint8_t)it->file.source_kind);
		put_text(&w, it->file.source, ITEM_SOURCE_MAX);
		break;
	case ITEM_FILE_END:
		writer_u8(&w, (uint8_t)it->file_end.state);
		writer_u8(&w, it->file_end.truncated);
		writer_u32(&w, it->file_end.redactions);
		put_text(&w, it->file_end.why, ITEM_WHY_MAX);
		break;
	case ITEM_FACT:
		put_text(&w, it->fact.key, ITEM_KEY_MAX);
		put_text(&w, it->fact.value, ITEM_VALUE_MAX);
		break;
	case ITEM_NOTE:
		put_text(&w, it->note.text, ITEM_WHY_MAX);
		break;
	case ITEM_END:
		writer_u8(&w, (uint8_t)it->end.state);
		writer_u32(&w, it->end.duration_ms);
		put_text(&w, it->end.why, ITEM_WHY_MAX);
		break;
	case ITEM_SOURCE:
		writer_u8(&w, it->source.id);
		put_text(&w, it->source.name, ITEM_SOURCE_MAX);
		break;
	case ITEM_LINE:
		put_line(&w, it);
		break;
	case ITEM_DROPPED:
		writer_u64(&w, it->dropped.lines);
		writer_u64(&w, it->dropped.bytes);
		break;
	case ITEM_PAD:
		put_pad(&w, it->pad.len);
		break;
	case ITEM_ROW:
		put_row(&w, it);
		break;
	case ITEM_ENTRY:
		put_entry(&w, it);
		break;
	case ITEM_SIZE:
		writer_u64(&w, it->size);
		break;
	case ITEM_OFFSET:
		writer_u64(&w, it->offset);
		break;
	case ITEM_HOLE:
		writer_u64(&w, it->hole);
		break;
	default:
		return AS_EBADMSG;
	}

	int len = writer_finish(&w);
	if (len < 0)
		return len;

	struct writer head = writer_over(buf, ITEM_HEADER);
	writer_u8(&head, (uint8_t)it->type);
	writer_u24(&head, (uint32_t)len);
	return ITEM_HEADER + len;
}

void item_bytes_header(enum item_type type, size_t len, uint8_t out[ITEM_HEADER])
{
	struct writer w = writer_over(out, ITEM_HEADER);

	writer_u8(&w, (uint8_t)type);
	writer_u24(&w, (uint32_t)len);
}

/* ---- reading ---- */

static void get_text(struct cursor *c, char *out, size_t max)
{
	size_t n = cursor_u16(c);

	if (c->err == 0 && n > max)
		c->err = AS_E_TOO_BIG;

	const uint8_t *p = cursor_take(c, n);
	if (c->err == 0 && !text_is_clean(p, n))
		c->err = AS_EBADMSG;
	if (c->err != 0)
		return;
	if (n > 0)
		memcpy(out, p, n);
	out[n] = '\0';
}

static enum item_state get_state(struct cursor *c)
{
	uint8_t v = cursor_u8(c);

	if (c->err == 0 && v > ITEM_UNAVAILABLE)
		c->err = AS_EBADMSG;
	return (enum item_state)v;
}

static void get_file(struct cursor *c, struct item *it)
{
	get_text(c, it->file.name, ITEM_NAME_MAX);
	it->file.source_kind = (enum item_source)cursor_u8(c);
	get_text(c, it->file.source, ITEM_SOURCE_MAX);
	if (c->err == 0 &&
	    (item_name_check(it->file.name) < 0 || it->file.source_kind < ITEM_FROM_COMMAND ||
	     it->file.source_kind > ITEM_FROM_API))
		c->err = AS_EBADMSG;
}

static void get_file_end(struct cursor *c, struct item *it)
{
	it->file_end.state = get_state(c);
	it->file_end.truncated = cursor_u8(c) != 0;
	it->file_end.redactions = cursor_u32(c);
	get_text(c, it->file_end.why, ITEM_WHY_MAX);
}

static void get_fact(struct cursor *c, struct item *it)
{
	get_text(c, it->fact.key, ITEM_KEY_MAX);
	get_text(c, it->fact.value, ITEM_VALUE_MAX);
	if (c->err == 0 && (it->fact.key[0] == '\0' ||
			    strspn(it->fact.key, "abcdefghijklmnopqrstuvwxyz0123456789._-") !=
				strlen(it->fact.key)))
		c->err = AS_EBADMSG;
}

static void get_line(struct cursor *c, struct item *it)
{
	it->line.source = cursor_u8(c);
	it->line.cut = cursor_u8(c) != 0;
	it->line.time = cursor_u64(c);
	it->line.len = cursor_left(c);
	if (c->err == 0 && it->line.len > ITEM_LINE_MAX)
		c->err = AS_E_TOO_BIG;
	it->line.text = cursor_take(c, it->line.len);
}

static void get_pad(struct cursor *c, struct item *it)
{
	it->pad.len = cursor_left(c);
	if (c->err == 0 && it->pad.len > ITEM_BATCH)
		c->err = AS_E_TOO_BIG;
	cursor_take(c, it->pad.len);
}

static void get_row(struct cursor *c, struct item *it)
{
	it->row.kind = cursor_u8(c);
	it->row.id = cursor_u32(c);
	get_text(c, it->row.name, ITEM_ROW_NAME_MAX);
	get_text(c, it->row.detail, ITEM_ROW_DETAIL_MAX);
	it->row.count = cursor_u8(c);
	if (c->err == 0 && it->row.count > ITEM_ROW_VALUES_MAX)
		c->err = AS_E_TOO_BIG;
	for (size_t i = 0; i < it->row.count && c->err == 0; i++)
		it->row.values[i] = cursor_u64(c);
}

/* A name of the customer's system: any bytes, as they stand there, but never a NUL. */
static const uint8_t *get_bytes(struct cursor *c, size_t max, size_t *len)
{
	size_t n = cursor_u16(c);

	if (c->err == 0 && n > max)
		c->err = AS_E_TOO_BIG;

	const uint8_t *p = cursor_take(c, n);
	if (c->err == 0 && n > 0 && memchr(p, '\0', n))
		c->err = AS_EBADMSG;
	*len = n;
	return p;
}

static void get_entry(struct cursor *c, struct item *it)
{
	it->entry.type = (char)cursor_u8(c);
	it->entry.mode = cursor_u32(c);
	it->entry.uid = cursor_u32(c);
	it->entry.gid = cursor_u32(c);
	it->entry.links = cursor_u32(c);
	it->entry.size = cursor_u64(c);
	it->entry.stored = cursor_u64(c);
	it->entry.mtime_ns = (int64_t)cursor_u64(c);
	get_text(c, it->entry.owner, ITEM_OWNER_MAX);
	get_text(c, it->entry.group, ITEM_OWNER_MAX);
	it->entry.name = get_bytes(c, ITEM_PATH_MAX, &it->entry.name_len);
	it->entry.target = get_bytes(c, ITEM_LINK_MAX, &it->entry.target_len);
	if (c->err == 0 && (it->entry.name_len == 0 || it->entry.type == '\0' ||
			    !strchr(ITEM_ENTRY_TYPES, it->entry.type)))
		c->err = AS_EBADMSG;
}

static uint64_t get_hole(struct cursor *c)
{
	uint64_t n = cursor_u64(c);

	if (c->err == 0 && n == 0)
		c->err = AS_EBADMSG;
	return n;
}

static int record_decode(const uint8_t *buf, size_t n, struct item *out)
{
	struct cursor c = cursor_over(buf, n);

	out->type = (enum item_type)cursor_u8(&c);
	cursor_u24(&c);
	switch (out->type) {
	case ITEM_FILE:
		get_file(&c, out);
		break;
	case ITEM_FILE_END:
		get_file_end(&c, out);
		break;
	case ITEM_FACT:
		get_fact(&c, out);
		break;
	case ITEM_NOTE:
		get_text(&c, out->note.text, ITEM_WHY_MAX);
		break;
	case ITEM_END:
		out->end.state = get_state(&c);
		out->end.duration_ms = cursor_u32(&c);
		get_text(&c, out->end.why, ITEM_WHY_MAX);
		break;
	case ITEM_SOURCE:
		out->source.id = cursor_u8(&c);
		get_text(&c, out->source.name, ITEM_SOURCE_MAX);
		break;
	case ITEM_LINE:
		get_line(&c, out);
		break;
	case ITEM_DROPPED:
		out->dropped.lines = cursor_u64(&c);
		out->dropped.bytes = cursor_u64(&c);
		break;
	case ITEM_PAD:
		get_pad(&c, out);
		break;
	case ITEM_ROW:
		get_row(&c, out);
		break;
	case ITEM_ENTRY:
		get_entry(&c, out);
		break;
	case ITEM_SIZE:
		out->size = cursor_u64(&c);
		break;
	case ITEM_OFFSET:
		out->offset = cursor_u64(&c);
		break;
	case ITEM_HOLE:
		out->hole = get_hole(&c);
		break;
	default:
		return AS_EBADMSG;
	}
	return cursor_finish(&c);
}

/* FILE opens, FILE_END closes, nothing comes after END; what belongs into a file and what does not
 * is never mixed. */
static int order_check(struct item_decoder *d, enum item_type type)
{
	switch (type) {
	case ITEM_FILE:
	case ITEM_END:
		if (d->in_file)
			return AS_EBADMSG;
		d->in_file = type == ITEM_FILE;
		d->ended = type == ITEM_END;
		return 0;
	case ITEM_FILE_END:
		if (!d->in_file)
			return AS_EBADMSG;
		d->in_file = false;
		return 0;
	case ITEM_SIZE:
	case ITEM_OFFSET:
	case ITEM_HOLE:
		return d->in_file ? 0 : AS_EBADMSG;
	case ITEM_SOURCE:
	case ITEM_LINE:
	case ITEM_DROPPED:
	case ITEM_ROW:
	case ITEM_ENTRY:
		return d->in_file ? AS_EBADMSG : 0;
	default:
		return 0;
	}
}

static int take_record(struct item_decoder *d, size_t size, item_on on, void *arg)
{
	struct item it = {.type = ITEM_END};

	int err = record_decode(d->held, size, &it);
	if (err == 0)
		err = order_check(d, it.type);
	d->held_len = 0;
	return err < 0 ? err : on(&it, arg);
}

/* The header is whole: DATA and PACKED start to flow, any other record waits for its end. */
static int take_header(struct item_decoder *d, size_t *size)
{
	size_t len = (size_t)d->held[1] << 16 | (size_t)d->held[2] << 8 | d->held[3];

	if (d->held[0] != ITEM_DATA && d->held[0] != ITEM_PACKED) {
		bool is_long =
		    d->held[0] == ITEM_LINE || d->held[0] == ITEM_PAD || d->held[0] == ITEM_ENTRY;

		*size = ITEM_HEADER + len;
		return *size > (is_long ? sizeof d->held : ITEM_RECORD_MAX) ? AS_E_TOO_BIG : 0;
	}
	if (!d->in_file || len == 0)
		return AS_EBADMSG;
	if (len > ITEM_DATA_MAX)
		return AS_E_TOO_BIG;
	d->data_left = len;
	d->packed = d->held[0] == ITEM_PACKED;
	d->first = true;
	d->held_len = 0;
	*size = 0;
	return 0;
}

static int hand_on(struct item_decoder *d, const uint8_t *p, size_t n, item_on on, void *arg)
{
	struct item it = {.type = ITEM_DATA};

	d->data_left -= n;
	if (d->packed) {
		it.type = ITEM_PACKED;
		it.packed.bytes = p;
		it.packed.len = n;
		it.packed.first = d->first;
		it.packed.last = d->data_left == 0;
	} else {
		it.data.bytes = p;
		it.data.len = n;
	}
	d->first = false;
	return on(&it, arg);
}

int item_decode(struct item_decoder *d, const uint8_t *p, size_t n, item_on on, void *arg)
{
	while (n > 0) {
		size_t size = ITEM_HEADER, take;
		int err = 0;

		if (d->ended)
			return AS_EBADMSG;
		if (d->data_left > 0) {
			take = n < d->data_left ? n : d->data_left;
			err = hand_on(d, p, take, on, arg);
		} else {
			if (d->held_len >= ITEM_HEADER && (err = take_header(d, &size)) < 0)
				return err;
			take = size - d->held_len < n ? size - d->held_len : n;
			memcpy(d->held + d->held_len, p, take);
			d->held_len += take;
			if (d->held_len == ITEM_HEADER && (err = take_header(d, &size)) < 0)
				return err;
			if (size > 0 && d->held_len == size)
				err = take_record(d, size, on, arg);
		}
		if (err < 0)
			return err;
		p += take;
		n -= take;
	}
	return 0;
}
