/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/proc_text.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"

static const char *next_line(const char *text)
{
	const char *end = strchr(text, '\n');

	return end ? end + 1 : NULL;
}

/* Behind "key<blanks>:" at the start of a line, or NULL. */
static const char *after_key(const char *line, const char *key)
{
	size_t n = strlen(key);

	if (strncmp(line, key, n) != 0)
		return NULL;
	line += n;
	line += strspn(line, " \t");
	return *line == ':' ? line + 1 : NULL;
}

static const char *find_key(const char *text, const char *key)
{
	for (const char *line = text; line; line = next_line(line)) {
		const char *value = after_key(line, key);

		if (value)
			return value + strspn(value, " \t");
	}
	return NULL;
}

/* Decimal digits only: strtoull would take signs, blanks and the next line. */
static int number(const char **at, uint64_t *out)
{
	uint64_t v = 0;

	if (!isdigit((unsigned char)**at))
		return AS_EBADMSG;
	for (; isdigit((unsigned char)**at); (*at)++) {
		uint64_t digit = (uint64_t)(**at - '0');

		if (v > (UINT64_MAX - digit) / 10)
			return AS_EBADMSG;
		v = v * 10 + digit;
	}
	*out = v;
	return 0;
}

int proc_number(const char *text, const char *key, uint64_t *out)
{
	const char *value = find_key(text, key);

	return value ? number(&value, out) : AS_EBADMSG;
}

static void copy_cut(const char *from, size_t n, char *out, size_t cap)
{
	if (n >= cap)
		n = cap - 1;
	memcpy(out, from, n);
	out[n] = '\0';
}

int proc_field(const char *text, const char *key, char *out, size_t cap)
{
	const char *value = find_key(text, key);

	if (!value)
		return AS_EBADMSG;
	copy_cut(value, strcspn(value, "\n"), out, cap);
	return 0;
}

unsigned proc_count(const char *text, const char *key)
{
	unsigned n = 0;

	for (const char *line = text; line; line = next_line(line))
		n += after_key(line, key) != NULL;
	return n;
}

int os_release_value(const char *text, const char *key, char *out, size_t cap)
{
	size_t n = strlen(key);

	for (const char *line = text; line; line = next_line(line)) {
		if (strncmp(line, key, n) != 0 || line[n] != '=')
			continue;

		const char *value = line + n + 1;
		size_t len = strcspn(value, "\n");
		if (len >= 2 && (value[0] == '"' || value[0] == '\'') &&
		    value[len - 1] == value[0]) {
			value++;
			len -= 2;
		}
		copy_cut(value, len, out, cap);
		return 0;
	}
	return AS_EBADMSG;
}

int proc_pressure(const char *text, char *out, size_t cap)
{
	const char *some = strncmp(text, "some ", 5) == 0 ? text : strstr(text, "\nsome ");
	const char *avg = some ? strstr(some, "avg10=") : NULL;

	if (!avg)
		return AS_EBADMSG;
	avg += strlen("avg10=");

	size_t n = strspn(avg, "0123456789.");
	if (n == 0)
		return AS_EBADMSG;
	copy_cut(avg, n, out, cap);
	return 0;
}

/* ---- processor time ---- */

enum { CPU_IDLE = 3, CPU_IOWAIT = 4, CPU_FIELDS = 8 }; /* guest time is part of user time */

int proc_cpu_times(const char *text, struct cpu_times *out)
{
	struct cpu_times t = {0, 0};
	const char *at = text + strlen("cpu ");

	if (strncmp(text, "cpu ", 4) != 0)
		return AS_EBADMSG;
	for (int i = 0; i < CPU_FIELDS; i++) {
		uint64_t v;

		at += strspn(at, " ");
		if (number(&at, &v) < 0)
			return AS_EBADMSG;
		t.total += v; /* may wrap round; differences stay right */
		if (i != CPU_IDLE && i != CPU_IOWAIT)
			t.busy += v;
	}
	*out = t;
	return 0;
}

unsigned cpu_busy_percent(const struct cpu_times *before, const struct cpu_times *after)
{
	uint64_t total = after->total - before->total, busy = after->busy - before->busy;

	/* The kernel's idle counters sometimes step back a little. */
	if (total == 0 || total > INT64_MAX || busy > INT64_MAX)
		return 0;
	double percent = 100.0 * (double)busy / (double)total;
	return percent > 100 ? 100 : (unsigned)(percent + 0.5);
}

/* ---- one process ---- */

/* Fields after the name, counted from 0 = state. */
enum {
	STAT_PPID = 1,
	STAT_UTIME = 11,
	STAT_STIME = 12,
	STAT_THREADS = 17,
	STAT_START = 19,
	STAT_RSS = 21,
	STAT_FIELDS = 22
};

int proc_stat_parse(const char *text, struct proc_stat *out)
{
	struct proc_stat p = {.pid = 0};
	uint64_t pid, field[STAT_FIELDS] = {0};
	const char *at = text, *open, *close;

	/* The name may hold blanks and brackets, so it ends at the last bracket. */
	if (number(&at, &pid) < 0 || pid == 0 || pid > INT32_MAX || strncmp(at, " (", 2) != 0)
		return AS_EBADMSG;
	open = at + 1;
	close = strrchr(open, ')');
	if (!close || close[1] != ' ' || !isalpha((unsigned char)close[2]) || close[3] != ' ')
		return AS_EBADMSG;
	copy_cut(open + 1, (size_t)(close - open - 1), p.name, sizeof p.name);
	p.state = close[2];
	at = close + 4;
	for (int i = STAT_PPID; i < STAT_FIELDS; i++) {
		if (*at == '-') /* signed fields are none of ours; their size is enough */
			at++;
		if (number(&at, &field[i]) < 0)
			return AS_EBADMSG;
		if (*at == ' ')
			at++;
	}
	if (field[STAT_PPID] > INT32_MAX || field[STAT_THREADS] > UINT32_MAX)
		return AS_EBADMSG;
	p.pid = (int32_t)pid;
	p.ppid = (int32_t)field[STAT_PPID];
	p.ticks = field[STAT_UTIME] + field[STAT_STIME];
	p.threads = (uint32_t)field[STAT_THREADS];
	p.start_ticks = field[STAT_START];
	p.rss_pages = field[STAT_RSS];
	*out = p;
	return 0;
}

/* ---- mounts ---- */

struct words {
	const char *at, *end;
};

/* The next word, NULL at the end. */
static const char *word(struct words *w, size_t *n)
{
	while (w->at < w->end && *w->at == ' ')
		w->at++;

	const char *start = w->at;
	while (w->at < w->end && *w->at != ' ')
		w->at++;
	*n = (size_t)(w->at - start);
	return *n > 0 ? start : NULL;
}

static bool is_octal(const char *p)
{
	return p[0] >= '0' && p[0] <= '3' && p[1] >= '0' && p[1] <= '7' && p[2] >= '0' &&
	       p[2] <= '7';
}

/* "\040" is a blank. A NUL cannot be in a path; one that claims to be is refused. */
static int unescape(const char *p, size_t n, char *out, size_t cap)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		char c = p[i];

		if (c == '\\' && n - i > 3 && is_octal(p + i + 1)) {
			c = (char)((p[i + 1] - '0') << 6 | (p[i + 2] - '0') << 3 |
				   (p[i + 3] - '0'));
			i += 3;
		}
		if (c == '\0')
			return AS_EBADMSG;
		if (len + 1 >= cap)
			return AS_E_TOO_BIG;
		out[len++] = c;
	}
	out[len] = '\0';
	return 0;
}

/* "8:1" */
static int device_numbers(const char *p, size_t n, struct mount *m)
{
	char text[24];
	uint64_t major, minor;

	if (n >= sizeof text)
		return AS_EBADMSG;
	copy_cut(p, n, text, sizeof text);

	const char *at = text;
	if (number(&at, &major) < 0 || *at++ != ':' || number(&at, &minor) < 0 || *at != '\0' ||
	    major > UINT32_MAX || minor > UINT32_MAX)
		return AS_EBADMSG;
	m->major = (uint32_t)major;
	m->minor = (uint32_t)minor;
	return 0;
}

/* 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue */
int mountinfo_parse(const char *line, size_t n, struct mount *out)
{
	struct words w = {line, line + n};
	struct mount m = {0};
	const char *p = NULL;
	size_t len;

	for (int i = 0; i < 3; i++)
		p = word(&w, &len);
	if (!p || device_numbers(p, len, &m) < 0 || !word(&w, &len))
		return AS_EBADMSG;
	p = word(&w, &len);

	int err = p ? unescape(p, len, m.where, sizeof m.where) : AS_EBADMSG;
	if (err < 0)
		return err;
	do /* options, then any number of optional fields */
		p = word(&w, &len);
	while (p && !(len == 1 && *p == '-'));
	p = word(&w, &len);
	if (!p)
		return AS_EBADMSG;
	err = unescape(p, len, m.type, sizeof m.type);
	p = word(&w, &len); /* missing for a file system mounted without a name */
	if (err == 0 && p)
		err = unescape(p, len, m.device, sizeof m.device);
	if (err == 0)
		*out = m;
	return err;
}
