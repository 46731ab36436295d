/* SPDX-License-Identifier: Apache-2.0
 *
 * Two walks: back from the newest entry until the bytes are used up or the time is reached,
 * then forward, writing. So nothing is held in memory but one line, and the file reads from
 * old to new as every log does.
 */
#include "agent/collect/journal_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/collect/sink.h"
#include "proto/base/clock.h"

#define FIELD_MAX   64	/* of host and program in a line */
#define CLOCK_EVERY 256 /* entries between two looks at the clock */

/* ---- one line ---- */

/* The value behind "FIELD=", or NULL. Points into the journal; valid until the next call. */
static const char *field(const struct journal_api *api, struct sd_journal *j, const char *name,
			 size_t *n)
{
	const void *data;
	size_t skip = strlen(name) + 1;

	if (api->get_data(j, name, &data, n) < 0 || *n < skip)
		return NULL;
	*n -= skip;
	return (const char *)data + skip;
}

static bool copy_field(const struct journal_api *api, struct sd_journal *j, const char *name,
		       char out[FIELD_MAX + 1])
{
	size_t n;
	const char *value = field(api, j, name, &n);

	if (!value)
		return false;
	if (n > FIELD_MAX)
		n = FIELD_MAX;
	memcpy(out, value, n);
	out[n] = '\0';
	for (char *p = out; *p; p++) {
		if ((unsigned char)*p < ' ')
			*p = '?';
	}
	return true;
}

/* "2026-11-01T12:00:00.123456+0100" */
static size_t time_text(uint64_t us, char *out, size_t cap)
{
	time_t s = (time_t)(us / 1000000);
	struct tm t;
	char zone[8] = "+0000", day[32] = "?";

	if (localtime_r(&s, &t)) {
		strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &t);
		strftime(zone, sizeof zone, "%z", &t);
	}
	return (size_t)snprintf(out, cap, "%s.%06u%s", day, (unsigned)(us % 1000000), zone);
}

static size_t head(const struct journal_api *api, struct sd_journal *j, char *out, size_t cap)
{
	char host[FIELD_MAX + 1] = "-", who[FIELD_MAX + 1] = "unknown", pid[FIELD_MAX + 1] = "";
	uint64_t us = 0;

	api->get_realtime(j, &us);
	copy_field(api, j, "_HOSTNAME", host);
	if (!copy_field(api, j, "SYSLOG_IDENTIFIER", who))
		copy_field(api, j, "_COMM", who);
	if (!copy_field(api, j, "_PID", pid))
		copy_field(api, j, "SYSLOG_PID", pid);

	size_t n = time_text(us, out, cap);
	n += (size_t)snprintf(out + n, cap - n, pid[0] ? " %s %s[%s]: " : " %s %s: ", host, who,
			      pid);
	return n;
}

size_t journal_line(const struct journal_api *api, struct sd_journal *j, char *out, size_t cap)
{
	size_t n, len = head(api, j, out, cap);
	const char *message = field(api, j, "MESSAGE", &n);
	bool cut = message && n > JOURNAL_MESSAGE_MAX;

	if (!message)
		n = 0;
	if (cut)
		n = JOURNAL_MESSAGE_MAX;
	while (n > 0 && message[n - 1] == '\n')
		n--;
	for (size_t i = 0; i < n && len + 8 < cap; i++) {
		out[len++] = message[i] ? message[i] : '?';
		if (message[i] == '\n') /* a line of its own must not look like another entry */
			out[len++] = '\t';
	}
	if (cut) {
		memcpy(out + len, " ...", 4);
		len += 4;
	}
	out[len++] = '\n';
	out[len] = '\0';
	return len;
}

/* ---- what is asked for ---- */

static void match_priorities(const struct journal_api *api, struct sd_journal *j, unsigned worst)
{
	char text[16];

	for (unsigned p = 0; worst < 8 && p <= worst; p++)
		api->add_match(j, text, (size_t)snprintf(text, sizeof text, "PRIORITY=%u", p));
}

static void match_field(const struct journal_api *api, struct sd_journal *j, const char *name,
			const char *value)
{
	char text[256];
	int n = snprintf(text, sizeof text, "%s=%s", name, value);

	if (n > 0 && (size_t)n < sizeof text)
		api->add_match(j, text, (size_t)n);
}

/* Different fields must all fit; the same field, any of its values; disjunction: either side. */
void journal_match(const struct journal_api *api, struct sd_journal *j,
		   const struct journal_query *q)
{
	api->flush_matches(j);
	match_priorities(api, j, q->priority);
	if (q->unit[0] == '\0')
		return;
	match_field(api, j, "_SYSTEMD_UNIT", q->unit);
	api->add_disjunction(j); /* what systemd itself says about the unit */
	match_priorities(api, j, q->priority);
	match_field(api, j, "UNIT", q->unit);
	match_field(api, j, "_PID", "1");
}

/* ---- the walks ---- */

int journal_newest(const struct journal_api *api, struct sd_journal *j,
		   const struct journal_query *q, journal_on on, void *arg)
{
	char line[JOURNAL_LINE_MAX];
	uint64_t us;

	journal_match(api, j, q);

	int err = api->seek_tail(j);
	while (err >= 0 && (err = api->previous(j)) > 0) {
		if (api->get_realtime(j, &us) < 0)
			continue;
		if (us < q->since_us)
			return 1;

		size_t n = journal_line(api, j, line, sizeof line);
		int stop = on(line, n, us, arg);
		if (stop != 0)
			return stop;
	}
	return err;
}

struct reach {
	const struct journal_query *q;
	uint64_t bytes;
	uint64_t entries;
	bool cut;
};

static int on_back(const char *line, size_t n, uint64_t us, void *arg)
{
	struct reach *r = arg;

	(void)line;
	(void)us;
	bool late = r->entries % CLOCK_EVERY == CLOCK_EVERY - 1 && clock_mono_ms() > r->q->stop_ms;
	if (r->bytes + n > r->q->max_bytes || late) {
		r->cut = true;
		return 1;
	}
	r->bytes += n;
	r->entries++;
	return 0;
}

/* Goes on from where the walk back stopped. The journal may have grown: no more than counted. */
static int forward(const struct journal_api *api, struct sd_journal *j, uint64_t entries,
		   struct sink *out)
{
	char line[JOURNAL_LINE_MAX];

	for (int err; entries > 0; entries--) {
		size_t n = journal_line(api, j, line, sizeof line);

		err = sink_write(out, line, n);
		if (err < 0)
			return err;
		err = api->next(j);
		if (err <= 0)
			return err;
	}
	return 0;
}

int journal_write(const struct journal_api *api, struct sd_journal *j,
		  const struct journal_query *q, struct sink *out, bool *cut)
{
	struct reach r = {.q = q};

	int err = journal_newest(api, j, q, on_back, &r);
	if (err < 0)
		return err;
	*cut = r.cut;
	/* Running off the beginning leaves the journal on its oldest entry, where next() would
	 * lose it. */
	if (err == 0)
		err = api->seek_head(j);
	if (err >= 0)
		err = api->next(j);
	return err <= 0 ? err : forward(api, j, r.entries, out);
}
