/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/collect/line_time.h"

TestSuite(line_time, .timeout = 60);

#define S(seconds) ((uint64_t)(seconds)*1000000)
/* 2026-11-26T12:00:00Z */
#define NOW 1795694400

struct row {
	const char *line;
	uint64_t us;
};

static void check(const char *zone, const struct row *rows, size_t n)
{
	struct line_time cache = {0};

	setenv("TZ", zone, 1);
	tzset();
	for (int round = 0; round < 2; round++) { /* the second one with all days known */
		for (size_t i = 0; i < n; i++) {
			struct line_time fresh = {0};
			size_t len = strlen(rows[i].line);
			/* exactly its bytes, so that one too far is seen */
			char *line = memcpy(malloc(len + 1), rows[i].line, len);
			uint64_t us = line_time_read(&fresh, line, len, NOW);

			cr_expect_eq(us, rows[i].us, "%s: %lld.%06lld, not %lld", rows[i].line,
				     (long long)us / 1000000, (long long)us % 1000000,
				     (long long)rows[i].us / 1000000);
			cr_expect_eq(line_time_read(&cache, line, len, NOW), us, "%s, by heart",
				     rows[i].line);
			free(line);
		}
	}
}

#define CHECK(zone, rows) check(zone, rows, sizeof(rows) / sizeof(rows)[0])

Test(line_time, forms_that_say_all_themselves)
{
	static const struct row rows[] = {
	    {"2026-11-26T03:39:00Z x", S(1795664340)},
	    {"2026-11-26T03:39:00.123456+01:00 host app", S(1795660740) + 123456},
	    {"2026-11-26T03:39:00.123456789+0100", S(1795660740) + 123456},
	    {"2026-11-26 03:39:00,5 -0330 x", S(1795676940) + 500000},
	    {"[2026-11-26T03:39:00.1Z] in brackets", S(1795664340) + 100000},
	    {"1.2.3.4 - - [26/Nov/2026:03:39:00 +0100] \"GET /\"", S(1795660740)},
	    {"1764128340.123 app", S(1764128340) + 123000},
	    {"[1764128340] app", S(1764128340)},
	    {"1764128340", S(1764128340)},
	    {"2016-12-31T23:59:60Z leap", S(1483228800)},
	};

	CHECK("UTC", rows);
	CHECK("America/New_York", rows);
	CHECK("Asia/Kathmandu", rows);
}

Test(line_time, forms_without_a_zone_are_of_this_computer)
{
	static const struct row utc[] = {
	    {"2026-11-26 03:39:00 x", S(1795664340)},
	    {"2026/11/26 03:39:00 [error] 1#1: x", S(1795664340)},
	    {"Nov 26 03:39:00 host sshd[1]: x", S(1795664340)},
	    {"Nov  6 03:39:00 host x", S(1793936340)},
	};
	static const struct row new_york[] = {
	    {"2026-11-26 03:39:00 x", S(1795682340)},
	    {"Nov 26 03:39:00 host x", S(1795682340)},
	    {"Jul 26 03:39:00 host x", S(1785051540)}, /* with daylight saving */
	};

	CHECK("UTC", utc);
	CHECK("America/New_York", new_york);
}

/* What stands behind a time may begin like a zone. */
Test(line_time, a_host_is_no_zone)
{
	static const struct row rows[] = {
	    {"Nov 26 03:39:00 Zeus sshd[1]: x", S(1795682340)},
	    {"Nov 26 03:39:00 Z sshd[1]: x", S(1795682340)},
	    {"2026-11-26 03:39:00 Zone transfer", S(1795682340)},
	    {"2026-11-26 03:39:00 +12345 bytes", S(1795682340)},
	    {"2026-11-26 03:39:00 -9999", S(1795682340)},
	    {"2026-11-26 03:39:00 Z", S(1795664340)},
	    {"2026-11-26 03:39:00 +0000]", S(1795664340)},
	};

	CHECK("America/New_York", rows);
}

Test(line_time, a_day_without_a_year_is_the_last_one)
{
	static const struct row rows[] = {
	    {"Nov 27 00:30:00 x", S(1795739400)}, /* a clock that is ahead, not last year */
	    {"Nov 28 00:00:00 x", S(1764288000)},
	    {"Dec 31 23:59:59 x", S(1767225599)},
	    {"Jan  1 00:00:00 x", S(1767225600)},
	};
	struct line_time t = {0};

	CHECK("UTC", rows);
	/* over a new year, with the day known */
	cr_expect_eq(line_time_read(&t, "Dec 31 23:59:59", 15, 1798761599), S(1798761599));
	cr_expect_eq(line_time_read(&t, "Dec 31 23:59:59", 15, 1798761601), S(1798761599));
	cr_expect_eq(line_time_read(&t, "Jan  1 00:00:01", 15, 1798761601), S(1798761601));
}

Test(line_time, everything_else_says_nothing)
{
	static const struct row rows[] = {
	    {"", 0},
	    {"[", 0},
	    {"2026-11-26", 0},
	    {"2026-11-26T03:39:0", 0},
	    {"2026-13-26T03:39:00Z", 0},
	    {"2026-11-26T24:39:00Z", 0},
	    {"2026-11-00 03:39:00", 0},
	    {"2026-11/26 03:39:00", 0},
	    {"1969-12-31T23:59:59Z", 0},
	    {"Nov 26 3:39:00 x", 0},
	    {"Nox 26 03:39:00 x", 0},
	    {"17641283401 eleven digits", 0},
	    {"0764128340 no time of ours", 0},
	    {"176412834", 0},
	    {"x [26/Nov/2026", 0},
	    {"x [26/Nov/2026:03:39:0", 0},
	    {"    at java.lang.Thread.run(Thread.java:1)", 0},
	};

	CHECK("UTC", rows);
}
