/* SPDX-License-Identifier: Apache-2.0
 *
 * Headers of an archive for names and numbers of any kind. A reader of our own, which takes the
 * standard by its word, must find what was put. (libarchive reads them in test_tar.)
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/collect/tar.h"
#include "proto/wire/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NAME_ROOM 4096

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* ---- the reader ---- */

static uint64_t octal(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n && p[i] >= '0' && p[i] <= '7'; i++)
		v = v << 3 | (uint64_t)(p[i] - '0');
	return v;
}

static void check_block(const uint8_t *h)
{
	unsigned sum = 0;

	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : h[i];
	must(octal(h + 148, 8) == sum);
	must(memcmp(h + 257,
		    "ustar\0"
		    "00",
		    8) == 0);
}

struct found {
	const char *value;
	size_t n;
};

/* The value of a key in "LENGTH KEY=VALUE\n" records that fill p exactly. */
static struct found find(const uint8_t *p, size_t n, const char *key)
{
	struct found f = {NULL, 0};
	size_t key_len = strlen(key);

	while (n > 0) {
		char *end;
		size_t len = strtoul((const char *)p, &end, 10),
		       digits = (size_t)(end - (const char *)p);

		must(len <= n && len > digits + 2 && *end == ' ' && p[len - 1] == '\n');
		if (strncmp(end + 1, key, key_len) == 0 && end[1 + key_len] == '=')
			f = (struct found){end + 2 + key_len, len - digits - key_len - 3};
		p += len;
		n -= len;
	}
	return f;
}

static void check_text(struct found f, const uint8_t *field, size_t cap, const char *want)
{
	size_t n = strlen(want);

	if (f.value)
		must(f.n == n && memcmp(f.value, want, n) == 0);
	else
		must(n <= cap && strncmp((const char *)field, want, cap) == 0);
}

static void check_number(struct found f, const uint8_t *field, size_t cap, uint64_t want)
{
	must((f.value ? strtoull(f.value, NULL, 10) : octal(field, cap)) == want);
}

static void check_time(struct found f, const struct timespec *want)
{
	must(f.value != NULL);

	long long s = strtoll(f.value, NULL, 10);
	long ns = strtol(strchr(f.value, '.') + 1, NULL, 10);
	bool minus = f.value[0] == '-';

	if (minus && ns > 0) {
		s--;
		ns = 1000000000 - ns;
	}
	must(s == want->tv_sec && ns == want->tv_nsec);
}

static void check_header(const uint8_t *bytes, size_t n, const struct tar_entry *e)
{
	static char name[NAME_ROOM + 2];
	uint64_t size = S_ISREG(e->st->st_mode) ? (uint64_t)e->st->st_size : 0;
	size_t pax = (size_t)octal(bytes + 124, 12);
	const uint8_t *p = bytes + TAR_BLOCK, *h = bytes + n - TAR_BLOCK;

	must(n % TAR_BLOCK == 0 && n <= TAR_HEADER_MAX);
	check_block(bytes);
	must(bytes[156] == 'x');
	must(TAR_BLOCK + pax + tar_padding(pax) + TAR_BLOCK == n);
	check_block(h);
	snprintf(name, sizeof name, "%s%s", e->name, S_ISDIR(e->st->st_mode) ? "/" : "");
	check_text(find(p, pax, "path"), h, 100, name);
	check_text(find(p, pax, "linkpath"), h + 157, 100, e->target);
	check_number(find(p, pax, "size"), h + 124, 12, size);
	check_number(find(p, pax, "uid"), h + 108, 8, e->st->st_uid);
	check_number(find(p, pax, "gid"), h + 116, 8, e->st->st_gid);
	check_time(find(p, pax, "mtime"), &e->st->st_mtim);
}

/* ---- the input: numbers, then two names with a NUL between them ---- */

static void copy_name(char out[NAME_ROOM], const uint8_t *p, size_t n)
{
	if (n >= NAME_ROOM)
		n = NAME_ROOM - 1;
	if (n > 0)
		memcpy(out, p, n);
	out[n] = '\0';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const mode_t kinds[] = {S_IFREG, S_IFDIR, S_IFLNK};
	static char name[NAME_ROOM], target[NAME_ROOM];
	struct cursor c = cursor_over(data, size);
	struct stat st = {.st_mode = kinds[cursor_u8(&c) % 3]};
	struct tar_entry e = {
	    .name = name, .target = target, .st = &st, .owner = "o", .group = "g"};
	uint8_t *bytes = malloc(TAR_HEADER_MAX);

	st.st_mode |= cursor_u16(&c) & 07777;
	st.st_uid = cursor_u32(&c);
	st.st_gid = cursor_u32(&c);
	st.st_size = (off_t)(cursor_u64(&c) & INT64_MAX);
	st.st_mtim.tv_sec = (time_t)cursor_u64(&c);
	st.st_mtim.tv_nsec = cursor_u32(&c) % 1000000000;

	size_t left = c.err == 0 ? cursor_left(&c) : 0;
	const uint8_t *names = cursor_take(&c, left);
	const uint8_t *nul = left > 0 ? memchr(names, '\0', left) : NULL;
	size_t first = nul ? (size_t)(nul - names) : left;

	if (bytes && c.err == 0) {
		copy_name(name, names, first);
		copy_name(target, nul ? nul + 1 : NULL, nul ? left - first - 1 : 0);

		int n = tar_header(&e, bytes);
		if (n > 0)
			check_header(bytes, (size_t)n, &e);
	}
	free(bytes);
	return 0;
}
