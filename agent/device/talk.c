/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/device/talk.h"

#include <string.h>

#include "proto/base/err.h"
#include "proto/base/text.h"
#include "proto/wire/cursor.h"

#define NOTE_MAX (1 + TALK_TEXT_MAX)

/* How long the payload of each type may be. A type that is not here does not exist. */
static const struct {
	enum talk_type type;
	size_t from, to;
} lengths[] = {
    {TALK_KEY, 32 + 2, 32 + 2 + TALK_KEY_MAX + TALK_BANNER_MAX},
    {TALK_LOGIN, 1, NOTE_MAX},
    {TALK_PROMPT, 1, NOTE_MAX},
    {TALK_REFUSED, 0, 0},
    {TALK_IN, 0, 0},
    {TALK_OVER, 1, NOTE_MAX},
    {TALK_GO, 0, TALK_KEY_MAX},
    {TALK_ACCEPT, 1, CATALOGUE_TEXT_MAX + 1},
    {TALK_LATER, 0, 0},
    {TALK_SECRET, 3, TALK_SECRET_MAX},
    {TALK_GIVE_UP, 1, NOTE_MAX},
};

int talk_size(const uint8_t *buf, size_t n)
{
	if (n < TALK_HEADER)
		return 0;

	struct cursor c = cursor_over(buf, TALK_HEADER);
	uint32_t type = cursor_u32(&c), len = cursor_u32(&c);

	for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
		if ((uint32_t)lengths[i].type == type)
			return len < lengths[i].from || len > lengths[i].to
				   ? AS_E_PROTOCOL
				   : TALK_HEADER + (int)len;
	return AS_E_PROTOCOL;
}

int talk_decode(const uint8_t *buf, size_t n, struct talk_msg *out)
{
	if (n == 0 || talk_size(buf, n) != (int)n)
		return AS_E_PROTOCOL;

	struct cursor c = cursor_over(buf, n);

	out->type = (enum talk_type)cursor_u32(&c);
	out->len = cursor_u32(&c);
	out->payload = buf + TALK_HEADER;
	return 0;
}

void talk_header(enum talk_type type, size_t len, uint8_t out[TALK_HEADER])
{
	struct writer w = writer_over(out, TALK_HEADER);

	writer_u32(&w, (uint32_t)type);
	writer_u32(&w, (uint32_t)len);
}

/* ---- sha256 | u8 length | type | u8 length | banner ---- */

static void put_text(struct writer *w, const char *text)
{
	size_t n = strlen(text);

	writer_u8(w, (uint8_t)n);
	writer_put(w, text, n);
}

/* False when it is too long or not clean. */
static bool get_text(struct cursor *c, char *out, size_t max)
{
	size_t n = cursor_u8(c);

	if (n > max || n > cursor_left(c))
		return false;
	cursor_copy(c, out, n);
	out[n] = '\0';
	return strlen(out) == n && text_is_clean(out, n);
}

int talk_key_encode(const struct talk_key *k, uint8_t *buf, size_t cap)
{
	struct writer w = writer_over(buf, cap);

	writer_put(&w, k->sha256, sizeof k->sha256);
	put_text(&w, k->type);
	put_text(&w, k->banner);
	return writer_finish(&w);
}

int talk_key_decode(const uint8_t *p, size_t n, struct talk_key *out)
{
	struct cursor c = cursor_over(p, n);
	struct talk_key k = {0};

	cursor_copy(&c, k.sha256, sizeof k.sha256);
	if (!get_text(&c, k.type, TALK_KEY_MAX) || !get_text(&c, k.banner, TALK_BANNER_MAX))
		return AS_E_PROTOCOL;
	/* it becomes a word in a file of ours */
	if (!k.type[0] || strcspn(k.type, " \t=#;") != strlen(k.type) || cursor_finish(&c) < 0)
		return AS_E_PROTOCOL;
	*out = k;
	return 0;
}

/* ---- u8 flag | text ---- */

int talk_note_encode(const struct talk_note *m, uint8_t *buf, size_t cap)
{
	struct writer w = writer_over(buf, cap);

	writer_u8(&w, m->flag);
	writer_put(&w, m->text, strlen(m->text));
	return writer_finish(&w);
}

int talk_note_decode(const uint8_t *p, size_t n, struct talk_note *out)
{
	struct talk_note m = {0};

	if (n < 1 || n - 1 > TALK_TEXT_MAX || !text_is_clean(p + 1, n - 1))
		return AS_E_PROTOCOL;
	m.flag = p[0];
	memcpy(m.text, p + 1, n - 1);
	*out = m;
	return 0;
}

/* ---- u8 kind | u16 length of passphrase | passphrase | text ---- */

size_t talk_secret_size(const struct talk_secret *s)
{
	return 1 + 2 + s->pass_len + s->text_len;
}

int talk_secret_encode(const struct talk_secret *s, uint8_t *buf, size_t cap)
{
	struct writer w = writer_over(buf, cap);

	writer_u8(&w, (uint8_t)s->kind);
	writer_u16(&w, (uint16_t)s->pass_len);
	writer_put(&w, s->pass, s->pass_len);
	writer_put(&w, s->text, s->text_len);
	return writer_finish(&w);
}

int talk_secret_decode(const uint8_t *p, size_t n, struct talk_secret *out)
{
	struct cursor c = cursor_over(p, n);
	struct talk_secret s = {0};

	s.kind = (enum talk_secret_kind)cursor_u8(&c);
	s.pass_len = cursor_u16(&c);
	if (s.kind < TALK_PASSWORD || s.kind > TALK_AGENT || s.pass_len > TALK_PASS_MAX)
		return AS_E_PROTOCOL;
	s.pass = cursor_take(&c, s.pass_len);
	s.text_len = cursor_left(&c);
	s.text = cursor_take(&c, s.text_len);
	if (cursor_finish(&c) < 0)
		return AS_E_PROTOCOL;
	*out = s;
	return 0;
}
