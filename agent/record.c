/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/plat/plat.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/base/hex.h"
#include "proto/base/text.h"
#include "proto/e2e/sha256.h"

#define IMPORTANT_ROOM 65536
#define PATH_ROOM      4096

struct record {
	int fd;
	EVP_PKEY *key; /* not ours */
	uint64_t seq, size;
	uint8_t head[RECORD_SHA256];
	int err; /* the first failure stays */
};

struct line {
	char *at, *end;
	bool full;
};

static const struct {
	const char *name;
	bool important;
} events[] = {
#define X(name, text, important) {text, important},
    RECORD_EVENT_MAP(X)
#undef X
};

const char *record_event_name(enum record_event ev)
{
	return (unsigned)ev < RECORD_EVENTS ? events[ev].name : "?";
}

const char *record_rights(const struct scope *scopes, size_t count, char *out)
{
	char one[SCOPE_TEXT_MAX];
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		int more = snprintf(out + n, RECORD_VALUE_MAX - n, "%s%s", i ? ", " : "",
				    scope_text(&scopes[i], one));

		if (more < 0 || (size_t)more >= RECORD_VALUE_MAX - n)
			break;
		n += (size_t)more;
	}
	return out;
}

const char *record_make_id(int64_t wall_s, const uint8_t random[4], char out[RECORD_ID_MAX + 1])
{
	char time[CLOCK_TEXT_MAX], hex[9];
	size_t n = 0;

	clock_utc_text(wall_s, time);
	for (const char *c = time; *c; c++)
		if ((*c >= '0' && *c <= '9') || *c == 'T' || *c == 'Z')
			out[n++] = *c;
	snprintf(out + n, RECORD_ID_MAX + 1 - n, "-%s", hex_encode(random, 4, hex));
	return out;
}

/* ---- one line ---- */

static void put(struct line *l, const char *text)
{
	size_t n = strlen(text);

	if (l->full || n >= (size_t)(l->end - l->at)) {
		l->full = true;
		return;
	}
	memcpy(l->at, text, n + 1);
	l->at += n;
}

/* After text_line() only these two characters need an escape. */
static void put_text(struct line *l, const char *text)
{
	char clean[RECORD_VALUE_MAX], two[3] = "\\";

	text_line(text, strlen(text), clean, sizeof clean);
	put(l, "\"");
	for (const char *c = clean; *c; c++) {
		two[0] = *c == '"' || *c == '\\' ? '\\' : *c;
		two[1] = *c == '"' || *c == '\\' ? *c : '\0';
		put(l, two);
	}
	put(l, "\"");
}

static void put_number(struct line *l, uint64_t n)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRIu64, n);
	put(l, text);
}

static void put_name(struct line *l, const char *name)
{
	put(l, ",\"");
	put(l, name);
	put(l, "\":");
}

static void put_hex(struct line *l, const char *name, const uint8_t *p, size_t n)
{
	char hex[2 * SIGN_SPKI_MAX + 1];

	put_name(l, name);
	put(l, "\"");
	put(l, hex_encode(p, n, hex));
	put(l, "\"");
}

static int put_key(struct line *l, EVP_PKEY *key)
{
	uint8_t spki[SIGN_SPKI_MAX];
	int n = sign_spki(key, spki);

	if (n > 0)
		put_hex(l, "key", spki, (size_t)n);
	return n < 0 ? n : 0;
}

static int put_signature(struct line *l, const char *start, EVP_PKEY *key)
{
	uint8_t sig[SIGN_MAX];
	size_t n;
	int err = sign_make(key, RECORD_LABEL, start, (size_t)(l->at - start), sig, &n);

	if (err == 0)
		put_hex(l, "sig", sig, n);
	return err;
}

/* The whole line without its newline in text: its length or an error. */
static int compose(struct record *r, int64_t wall_s, enum record_event ev,
		   const struct record_field *fields, size_t count, char text[RECORD_LINE_MAX])
{
	struct line l = {.at = text, .end = text + RECORD_LINE_MAX - 2};
	char time[CLOCK_TEXT_MAX];
	int err = 0;

	put(&l, "{\"seq\":");
	put_number(&l, r->seq + 1);
	put_name(&l, "time");
	put_text(&l, clock_utc_text(wall_s, time));
	put_name(&l, "event");
	put_text(&l, record_event_name(ev));
	if (r->seq == 0)
		err = put_key(&l, r->key);
	for (size_t i = 0; i < count; i++) {
		put_name(&l, fields[i].name);
		if (fields[i].text)
			put_text(&l, fields[i].text);
		else
			put_number(&l, fields[i].number);
	}
	put_hex(&l, "prev", r->head, sizeof r->head);
	if (err == 0 && !l.full && events[ev].important)
		err = put_signature(&l, text, r->key);
	put(&l, "}");
	return err < 0 ? err : l.full ? AS_EFULL : (int)(l.at - text);
}

static int write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return AS_E_AUDIT;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

/* On a full disk half a line may have been written: it is taken back, so that what stands
 * there stays whole. */
static int append(struct record *r, const char *line, size_t n, bool important)
{
	if (r->size + n > RECORD_FILE_MAX - (important ? 0 : IMPORTANT_ROOM))
		return AS_E_AUDIT;
	if (write_all(r->fd, line, n) < 0 || (important && plat_file_sync(r->fd) < 0)) {
		if (plat_file_cut(r->fd, r->size) < 0)
			return AS_E_AUDIT; /* then the reader reports a torn line */
		return AS_E_AUDIT;
	}
	r->size += n;
	return 0;
}

int record_add(struct record *r, int64_t wall_s, enum record_event ev,
	       const struct record_field *fields, size_t count)
{
	char text[RECORD_LINE_MAX];

	if (r->err < 0)
		return r->err;
	r->err = AS_E_AUDIT;
	if ((unsigned)ev >= RECORD_EVENTS || count > RECORD_FIELDS_MAX)
		return r->err;
	if ((r->seq == 0) != (ev == RECORD_STARTED))
		return r->err;

	uint8_t head[RECORD_SHA256];
	int n = compose(r, wall_s, ev, fields, count, text);
	if (n < 0 || sha256(text, (size_t)n, head) < 0)
		return r->err;
	text[n] = '\n';
	if (append(r, text, (size_t)n + 1, events[ev].important) < 0)
		return r->err;
	memcpy(r->head, head, sizeof head);
	r->seq++;
	return r->err = 0;
}

uint64_t record_head(const struct record *r, uint8_t head[RECORD_SHA256])
{
	memcpy(head, r->head, RECORD_SHA256);
	return r->seq;
}

/* ---- the file ---- */

static bool id_is_plain(const char *id)
{
	size_t n = strlen(id);

	return n > 0 && n <= RECORD_ID_MAX &&
	       strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

int record_open(const char *state_dir, const char *id, EVP_PKEY *key, struct record **out)
{
	char dir[PATH_ROOM], path[PATH_ROOM + RECORD_ID_MAX + 8];
	int n = snprintf(dir, sizeof dir, "%s/record", state_dir);

	if (n < 0 || (size_t)n >= sizeof dir || !id_is_plain(id))
		return AS_E_AUDIT;

	struct record *r = calloc(1, sizeof *r);
	if (!r || plat_folder_new(dir) < 0) {
		free(r);
		return AS_E_AUDIT;
	}

	snprintf(path, sizeof path, "%s/%s.jsonl", dir, id);
	r->key = key;
	r->fd = plat_file_new(path);
	if (r->fd < 0 || plat_folder_sync(dir) < 0) {
		record_close(r);
		return AS_E_AUDIT;
	}
	*out = r;
	return 0;
}

void record_close(struct record *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	free(r);
}
