/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/known.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/plat/plat.h"
#include "proto/base/err.h"
#include "proto/base/hex.h"
#include "proto/base/ini.h"

#define LINE_MAX_LEN (KNOWN_NAME + TALK_KEY_MAX + 80)

const char *known_name(const char *host, uint16_t port, char out[KNOWN_NAME])
{
	snprintf(out, KNOWN_NAME, "[%s]:%u", host, port);
	for (char *at = out; *at; at++) /* names of hosts have no capitals */
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at + ('a' - 'A'));
	return out;
}

const char *known_fingerprint(const uint8_t sha256[32], char out[KNOWN_SHOWN])
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = (size_t)snprintf(out, KNOWN_SHOWN, "SHA256:");
	unsigned held = 0, bits = 0;

	for (size_t i = 0; i < 32; i++) {
		held = held << 8 | sha256[i];
		for (bits += 8; bits >= 6; bits -= 6)
			out[n++] = digits[held >> (bits - 6) & 63];
	}
	out[n++] = digits[held << (6 - bits) & 63]; /* 32 bytes leave four bits */
	out[n] = '\0';
	return out;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int read_hash(const char *hex, uint8_t out[32])
{
	if (strlen(hex) != 64)
		return AS_EBADMSG;
	for (size_t i = 0; i < 32; i++) {
		int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return AS_EBADMSG;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

struct reader {
	known_entry on_entry;
	void *arg;
};

static int on_line(const char *key, const char *value, void *arg)
{
	const struct reader *r = arg;
	size_t type = strcspn(value, " ");
	struct known k = {0};

	if (strlen(key) >= sizeof k.name || type == 0 || type >= sizeof k.type || !value[type])
		return AS_EBADMSG;
	memcpy(k.name, key, strlen(key) + 1);
	memcpy(k.type, value, type);

	int err = read_hash(value + type + 1, k.sha256);
	return err < 0 ? err : r->on_entry(&k, r->arg);
}

int known_each(const char *path, known_entry on_entry, void *arg)
{
	struct reader r = {on_entry, arg};
	char *text = malloc(INI_FILE_MAX);
	size_t n = 0;
	int line, err = text ? plat_private_read(path, INI_FILE_MAX, text, &n) : -ENOMEM;

	if (err == 0)
		err = ini_parse(text, n, on_line, &r, &line);
	free(text);
	return err == -ENOENT ? 0 : err;
}

struct search {
	char name[KNOWN_NAME];
	struct known *out;
	int found;
};

static int on_found(const struct known *k, void *arg)
{
	struct search *s = arg;

	if (s->found || strcmp(k->name, s->name) != 0)
		return 0;
	*s->out = *k;
	s->found = 1;
	return 0;
}

int known_find(const char *path, const char *host, uint16_t port, struct known *out)
{
	struct search s = {.out = out};

	known_name(host, port, s.name);

	int err = known_each(path, on_found, &s);
	return err < 0 ? err : s.found;
}

static void write_line(const struct known *k, char out[LINE_MAX_LEN])
{
	char hash[65];

	snprintf(out, LINE_MAX_LEN, "%s = %s %s\n", k->name, k->type,
		 hex_encode(k->sha256, 32, hash));
}

int known_add(const char *path, const struct known *k)
{
	char line[LINE_MAX_LEN];

	write_line(k, line);
	return plat_private_append(path, line);
}

struct rest {
	char name[KNOWN_NAME];
	char *text;
	size_t len, cap;
	int gone;
};

static int on_kept(const struct known *k, void *arg)
{
	struct rest *r = arg;
	char line[LINE_MAX_LEN];
	size_t n;

	if (strcmp(k->name, r->name) == 0) {
		r->gone = 1;
		return 0;
	}
	write_line(k, line);
	n = strlen(line);
	if (n >= r->cap - r->len)
		return AS_EFULL;
	memcpy(r->text + r->len, line, n + 1);
	r->len += n;
	return 0;
}

int known_forget(const char *path, const char *host, uint16_t port)
{
	struct rest r = {.text = calloc(1, INI_FILE_MAX), .cap = INI_FILE_MAX};

	if (!r.text)
		return -ENOMEM;
	known_name(host, port, r.name);

	int err = known_each(path, on_kept, &r);
	if (err == 0 && r.gone)
		err = plat_private_replace(path, r.text);
	free(r.text);
	return err < 0 ? err : r.gone;
}
