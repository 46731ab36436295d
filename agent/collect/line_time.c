/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/line_time.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY_S	     86400
#define ISO_DAY	     10	 /* "2026-11-26" */
#define SYSLOG_DAY   6	 /* "Nov 26" */
#define APACHE_DAY   11	 /* "26/Nov/2026" */
#define LOOK_FOR_MAX 200 /* bytes in which "[26/Nov/..." is looked for */

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* ---- numbers of a fixed width ---- */

static bool digits(const char *p, size_t n, int *out)
{
	int v = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		v = v * 10 + (p[i] - '0');
	}
	*out = v;
	return true;
}

static int month_of(const char *p)
{
	for (int m = 0; m < 12; m++)
		if (memcmp(p, months + m * 3, 3) == 0)
			return m;
	return -1;
}

/* ---- the day ---- */

/* The first second of that day here. mktime() is slow, so the last answer is kept. */
static bool day_here(struct line_time *t, const char *text, size_t n, int year, int month, int day)
{
	struct tm tm = {.tm_year = year - 1900, .tm_mon = month, .tm_mday = day, .tm_isdst = -1};

	if (month < 0 || month > 11 || day < 1 || day > 31 || year < 1970 || year > 9999)
		return false;

	time_t s = mktime(&tm);
	if (s == (time_t)-1)
		return false;
	memcpy(t->day, text, n);
	t->day[n] = '\0';
	t->day_s = s;
	return true;
}

static bool known(const struct line_time *t, const char *text, size_t n)
{
	return strlen(t->day) == n && memcmp(t->day, text, n) == 0;
}

static bool iso_day(struct line_time *t, const char *p)
{
	int year, month, day;

	if (known(t, p, ISO_DAY))
		return true;
	return (p[4] == '-' || p[4] == '/') && p[7] == p[4] && digits(p, 4, &year) &&
	       digits(p + 5, 2, &month) && digits(p + 8, 2, &day) &&
	       day_here(t, p, ISO_DAY, year, month - 1, day);
}

/* Without a year: this one, or the last when that would be tomorrow or later. */
static bool syslog_day(struct line_time *t, const char *p, int64_t now_s)
{
	time_t now = (time_t)now_s;
	int month, day;
	struct tm tm;

	if (known(t, p, SYSLOG_DAY) && t->day_s < now_s + DAY_S)
		return true;
	month = month_of(p);
	if (month < 0 || p[3] != ' ' ||
	    !digits(p[4] == ' ' ? p + 5 : p + 4, p[4] == ' ' ? 1 : 2, &day) ||
	    !localtime_r(&now, &tm) || !day_here(t, p, SYSLOG_DAY, tm.tm_year + 1900, month, day))
		return false;
	return t->day_s < now_s + DAY_S ||
	       day_here(t, p, SYSLOG_DAY, tm.tm_year + 1899, month, day);
}

static bool apache_day(struct line_time *t, const char *p)
{
	int year, day;

	if (known(t, p, APACHE_DAY))
		return true;
	return p[2] == '/' && p[6] == '/' && digits(p, 2, &day) && digits(p + 7, 4, &year) &&
	       day_here(t, p, APACHE_DAY, year, month_of(p + 3), day);
}

/* ---- the time of day ---- */

static bool ends_a_word(const char *p, size_t n)
{
	return n == 0 ||
	       !((*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z'));
}

/* "Z", "+0100", "+01:00", perhaps behind a blank: seconds east. False when there is none. */
static bool zone_of(const char *p, size_t n, int64_t *east_s)
{
	int h, m;

	if (n > 0 && p[0] == ' ') {
		p++;
		n--;
	}
	if (n > 0 && p[0] == 'Z' && ends_a_word(p + 1, n - 1)) {
		*east_s = 0;
		return true;
	}

	size_t colon = n > 3 && p[3] == ':';
	if (n < 5 + colon || (p[0] != '+' && p[0] != '-') || !digits(p + 1, 2, &h) ||
	    !digits(p + 3 + colon, 2, &m) || h > 14 || m > 59 ||
	    !ends_a_word(p + 5 + colon, n - 5 - colon))
		return false;
	*east_s = (h * 60 + m) * 60 * (p[0] == '-' ? -1 : 1);
	return true;
}

/* ".123456" or ",123": microseconds, and how many characters it took. */
static int fraction(const char *p, size_t n, size_t *took)
{
	int us = 0, scale = 100000;
	size_t at = 1;

	*took = 0;
	if (n < 2 || (p[0] != '.' && p[0] != ',') || p[1] < '0' || p[1] > '9')
		return 0;
	for (; at < n && p[at] >= '0' && p[at] <= '9'; at++, scale /= 10)
		us += (p[at] - '0') * scale;
	*took = at;
	return us;
}

/* "03:39:00", perhaps a fraction and a zone. Local seconds of a day with a change of the clock may
 * be an hour off; lines stay in order all the same. */
static uint64_t time_of_day(const struct line_time *t, const char *p, size_t n, bool may_have_zone)
{
	int64_t day_s = t->day_s, east_s;
	time_t here = (time_t)day_s;
	size_t took;
	struct tm tm;
	int h, m, s;

	if (n < 8 || p[2] != ':' || p[5] != ':' || !digits(p, 2, &h) || !digits(p + 3, 2, &m) ||
	    !digits(p + 6, 2, &s) || h > 23 || m > 59 || s > 60)
		return 0;

	int us = fraction(p + 8, n - 8, &took);
	if (may_have_zone && zone_of(p + 8 + took, n - 8 - took, &east_s) &&
	    localtime_r(&here, &tm))
		day_s = timegm(&tm) - east_s; /* as if here were Greenwich */
	day_s += h * 3600 + m * 60 + s;
	return day_s > 0 ? (uint64_t)day_s * 1000000 + (uint64_t)us : 0;
}

/* ---- seconds since 1970 ---- */

/* Ten digits, from 2001 to 2286, and perhaps a fraction. Other numbers are something else. */
static uint64_t epoch(const char *p, size_t n)
{
	int high, low;
	size_t took;

	if (n < 10 || p[0] == '0' || !digits(p, 5, &high) || !digits(p + 5, 5, &low) ||
	    (n > 10 && p[10] >= '0' && p[10] <= '9'))
		return 0;
	return ((uint64_t)high * 100000 + (uint64_t)low) * 1000000 +
	       (uint64_t)fraction(p + 10, n - 10, &took);
}

static uint64_t in_brackets(struct line_time *t, const char *line, size_t n)
{
	size_t most = n < LOOK_FOR_MAX ? n : LOOK_FOR_MAX;
	const char *p = memchr(line, '[', most);

	if (!p)
		return 0;
	p++;
	n -= (size_t)(p - line);
	if (n < APACHE_DAY + 9 || p[APACHE_DAY] != ':' || !apache_day(t, p))
		return 0;
	return time_of_day(t, p + APACHE_DAY + 1, n - APACHE_DAY - 1, true);
}

uint64_t line_time_read(struct line_time *t, const char *line, size_t n, int64_t now_s)
{
	const char *p = line;

	if (n > 0 && p[0] == '[') {
		p++;
		n--;
	}
	if (n >= ISO_DAY + 9 && (p[ISO_DAY] == 'T' || p[ISO_DAY] == ' ') && iso_day(t, p))
		return time_of_day(t, p + ISO_DAY + 1, n - ISO_DAY - 1, true);
	if (n >= SYSLOG_DAY + 9 && p[SYSLOG_DAY] == ' ' && syslog_day(t, p, now_s))
		return time_of_day(t, p + SYSLOG_DAY + 1, n - SYSLOG_DAY - 1,
				   false); /* a host's name follows */

	uint64_t us = epoch(p, n);
	return us != 0 ? us : in_brackets(t, line, n + (size_t)(p - line));
}
