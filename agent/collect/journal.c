/* SPDX-License-Identifier: Apache-2.0
 *
 * The system journal: the messages of the last hours, the serious ones once more on their own,
 * and for the summary how many there were in the last hour and which were the last.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/collect/collect.h"
#include "agent/collect/journal_open.h"
#include "agent/collect/journal_read.h"
#include "agent/collect/sink.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

#define HOURS_DEFAULT 24
#define HOURS_MAX     (24 * 366)
#define PRIORITY_ERR  3
#define LAST_SHOWN    5
#define ERRORS_SHARE  8 /* the file of serious messages gets this part of the cap */
#define COUNT_MAX     100000

static int unavailable(struct sink *s, const char *why)
{
	int err = sink_file_begin(s, "sos_commands/logs/journalctl", ITEM_FROM_API, "sd-journal");

	if (err == 0)
		err = sink_file_end(s, ITEM_UNAVAILABLE, false, why);
	return err < 0 ? err : AS_EUNAVAIL;
}

/* ---- the summary ---- */

struct summary {
	struct sink *out;
	uint64_t hour_ago_us;
	unsigned last_hour, shown;
};

static int on_serious(const char *line, size_t n, uint64_t us, void *arg)
{
	struct summary *m = arg;
	char key[32];

	if (us >= m->hour_ago_us)
		m->last_hour++;
	else if (m->shown == LAST_SHOWN)
		return 1;
	if (m->last_hour == COUNT_MAX)
		return 1;
	if (m->shown == LAST_SHOWN)
		return 0;
	snprintf(key, sizeof key, "log.last_error.%u", ++m->shown);
	return sink_fact(m->out, key, "%.*s", (int)(n < ITEM_VALUE_MAX ? n - 1 : ITEM_VALUE_MAX),
			 line);
}

static int facts(const struct journal_api *api, struct sd_journal *j, struct sink *s,
		 const struct journal_query *q)
{
	struct journal_query serious = *q;
	struct summary m = {
	    .out = s,
	    .hour_ago_us = ((uint64_t)clock_wall_s() - 3600) * 1000000,
	};

	serious.priority = PRIORITY_ERR;

	int err = journal_newest(api, j, &serious, on_serious, &m);
	return err < 0 ? err : sink_fact(s, "log.errors_last_hour", "%u", m.last_hour);
}

/* ---- the files ---- */

static int file(const struct journal_api *api, struct sd_journal *j, struct sink *s,
		const char *name, const struct journal_query *q, unsigned hours)
{
	char source[ITEM_SOURCE_MAX + 1], size[TEXT_SIZE_MAX], why[ITEM_WHY_MAX + 1];
	bool cut = false;

	snprintf(source, sizeof source,
		 "sd-journal, as: journalctl -o short-iso-precise --since -%uh%s%s", hours,
		 q->unit[0] ? " -u " : "", q->unit);
	if (q->priority < 8) {
		size_t n = strlen(source);
		snprintf(source + n, sizeof source - n, " -p %u", q->priority);
	}

	int err = sink_file_begin(s, name, ITEM_FROM_API, source);
	if (err == 0)
		err = journal_write(api, j, q, s, &cut);
	if (err < 0) {
		err_text(err, why, sizeof why);
		return sink_file_end(s, ITEM_PARTIAL, false, why);
	}
	snprintf(why, sizeof why, "older messages are left out: at most %s, and half the time",
		 text_size(q->max_bytes, size));
	return sink_file_end(s, ITEM_OK, cut, cut ? why : "");
}

static int show(const struct journal_api *api, struct sd_journal *j, struct sink *s,
		const struct collect_args *args)
{
	unsigned hours = args->op.hours ? args->op.hours : HOURS_DEFAULT;
	uint64_t now_ms = clock_mono_ms(), now_s = (uint64_t)clock_wall_s();

	if (hours > HOURS_MAX)
		hours = HOURS_MAX;

	struct journal_query q = {
	    .since_us = (now_s - (uint64_t)hours * 3600) * 1000000,
	    .priority = args->op.priority ? args->op.priority - 1 : 8,
	    .unit = args->op.unit,
	    .max_bytes = args->output_max / ERRORS_SHARE,
	    .stop_ms = now_ms + args->deadline_ms / 4,
	};
	struct journal_query serious = q;
	if (serious.priority > PRIORITY_ERR)
		serious.priority = PRIORITY_ERR;

	int err = facts(api, j, s, &q);
	if (err == 0)
		err = file(api, j, s, "sos_commands/logs/journalctl_-p_err", &serious, hours);
	q.max_bytes = args->op.max_bytes ? args->op.max_bytes : args->output_max;
	if (q.max_bytes > args->output_max / 4 * 3)
		q.max_bytes = args->output_max / 4 * 3;
	q.stop_ms = now_ms + args->deadline_ms / 2;
	return err < 0 ? err : file(api, j, s, "sos_commands/logs/journalctl", &q, hours);
}

int collect_journal(struct sink *out, const struct collect_args *args)
{
	struct journal journal;
	int err = journal_open(&journal);

	if (err < 0)
		return unavailable(out, journal.why);
	if (journal.readable < journal.files)
		sink_note(out, "%u of %u journal files: needs administrator rights",
			  journal.files - journal.readable, journal.files);
	err = show(&journal.api, journal.j, out, args);
	journal.api.close(journal.j);
	return err;
}
