/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/tar.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/text.h"

/* Field, offset and length of the ustar header. */
enum {
	NAME = 0,
	NAME_LEN = 100,
	MODE = 100,
	UID = 108,
	GID = 116,
	ID_LEN = 8,
	SIZE = 124,
	MTIME = 136,
	LONG_LEN = 12,
	SUM = 148,
	SUM_LEN = 8,
	TYPE = 156,
	TARGET = 157,
	TARGET_LEN = 100,
	MAGIC = 257,
	OWNER = 265,
	GROUP = 297,
	OWNER_LEN = 32,
};

#define OCTAL_MAX(len) ((UINT64_C(1) << (3 * ((len)-1))) - 1)

/* The largest number there is room for, when it does not fit: the extended header has the right
 * one. */
static void octal(uint8_t *field, size_t len, uint64_t v)
{
	if (v > OCTAL_MAX(len))
		v = OCTAL_MAX(len);
	for (size_t i = len - 1; i-- > 0; v >>= 3)
		field[i] = (uint8_t)('0' + (v & 7));
	field[len - 1] = '\0';
}

static void text(uint8_t *field, size_t len, const char *s)
{
	size_t n = strlen(s);

	memcpy(field, s, n < len ? n : len);
}

static void seal(uint8_t *h)
{
	unsigned sum = 0;

	memcpy(h + MAGIC,
	       "ustar\0"
	       "00",
	       8);
	memset(h + SUM, ' ', SUM_LEN);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += h[i];
	octal(h + SUM, SUM_LEN - 1, sum);
}

/* ---- the extended header ---- */

struct pax {
	uint8_t *at;
	size_t len, cap;
};

/* "LENGTH KEY=VALUE\n", the length being that of all of it, its own digits included. */
static void pax_put(struct pax *p, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3, len = rest, said;
	char digits[24];

	do {
		said = len;
		len = rest + (size_t)snprintf(digits, sizeof digits, "%zu", said);
	} while (len != said);
	if (p->len + len > p->cap) {
		p->len = p->cap + 1; /* sticks */
		return;
	}
	memcpy(p->at + p->len, digits, strlen(digits));
	p->len += strlen(digits);
	p->at[p->len++] = ' ';
	memcpy(p->at + p->len, key, strlen(key));
	p->len += strlen(key);
	p->at[p->len++] = '=';
	memcpy(p->at + p->len, value, strlen(value));
	p->len += strlen(value);
	p->at[p->len++] = '\n';
}

static void pax_number(struct pax *p, const char *key, uint64_t v)
{
	char digits[24];

	snprintf(digits, sizeof digits, "%" PRIu64, v);
	pax_put(p, key, digits);
}

static bool is_ascii(const char *s)
{
	while ((unsigned char)*s > 0 && (unsigned char)*s < 0x80)
		s++;
	return *s == '\0';
}

/* Before 1970 the nanoseconds still count upwards; in decimals they do not. */
static const char *time_text(const struct timespec *t, char *out, size_t cap)
{
	bool back = t->tv_sec < 0 && t->tv_nsec > 0;
	long long s = (long long)t->tv_sec + back;
	long ns = back ? 1000000000 - t->tv_nsec : t->tv_nsec;

	snprintf(out, cap, "%s%lld.%09ld", back && s == 0 ? "-" : "", s, ns);
	return out;
}

static void extend(struct pax *p, const struct tar_entry *e, const char *name, uint64_t size)
{
	char mtime[48];

	/* Names that are not UTF-8 are bytes: POSIX says how to say so. */
	if (!text_is_clean(name, strlen(name)) || !text_is_clean(e->target, strlen(e->target)))
		pax_put(p, "hdrcharset", "BINARY");
	if (strlen(name) > NAME_LEN || !is_ascii(name))
		pax_put(p, "path", name);
	if (strlen(e->target) > TARGET_LEN || !is_ascii(e->target))
		pax_put(p, "linkpath", e->target);
	if (size > OCTAL_MAX(LONG_LEN))
		pax_number(p, "size", size);
	if (e->st->st_uid > OCTAL_MAX(ID_LEN))
		pax_number(p, "uid", e->st->st_uid);
	if (e->st->st_gid > OCTAL_MAX(ID_LEN))
		pax_number(p, "gid", e->st->st_gid);
	pax_put(p, "mtime", time_text(&e->st->st_mtim, mtime, sizeof mtime));
}

/* ---- the header ---- */

static void fill(uint8_t *h, const struct tar_entry *e, const char *name, uint64_t size)
{
	bool folder = S_ISDIR(e->st->st_mode), link = S_ISLNK(e->st->st_mode);

	text(h + NAME, NAME_LEN, name);
	octal(h + MODE, ID_LEN, e->st->st_mode & 07777);
	octal(h + UID, ID_LEN, e->st->st_uid);
	octal(h + GID, ID_LEN, e->st->st_gid);
	octal(h + SIZE, LONG_LEN, size);
	octal(h + MTIME, LONG_LEN, e->st->st_mtim.tv_sec > 0 ? (uint64_t)e->st->st_mtim.tv_sec : 0);
	h[TYPE] = folder ? '5' : link ? '2' : '0';
	text(h + TARGET, TARGET_LEN, e->target);
	text(h + OWNER, OWNER_LEN - 1, e->owner);
	text(h + GROUP, OWNER_LEN - 1, e->group);
	seal(h);
}

size_t tar_padding(uint64_t size)
{
	return (size_t)((TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK);
}

int tar_header(const struct tar_entry *e, uint8_t out[TAR_HEADER_MAX])
{
	char name[4096 + 2];
	struct pax p = {.at = out + TAR_BLOCK, .cap = TAR_HEADER_MAX - 2 * TAR_BLOCK};
	uint64_t size = S_ISREG(e->st->st_mode) ? (uint64_t)e->st->st_size : 0;
	int n = snprintf(name, sizeof name, "%s%s", e->name, S_ISDIR(e->st->st_mode) ? "/" : "");

	if (n < 0 || (size_t)n >= sizeof name)
		return AS_E_TOO_BIG;
	memset(out, 0, TAR_HEADER_MAX);
	extend(&p, e, name, size);
	if (p.len > p.cap)
		return AS_E_TOO_BIG;
	text(out + NAME, NAME_LEN, "pax_header");
	octal(out + MODE, ID_LEN, 0644);
	octal(out + UID, ID_LEN, 0);
	octal(out + GID, ID_LEN, 0);
	octal(out + SIZE, LONG_LEN, p.len);
	octal(out + MTIME, LONG_LEN, 0);
	out[TYPE] = 'x';
	seal(out);

	size_t at = TAR_BLOCK + p.len + tar_padding(p.len);
	fill(out + at, e, name, size);
	return (int)(at + TAR_BLOCK);
}
