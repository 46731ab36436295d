/* SPDX-License-Identifier: Apache-2.0
 *
 * The system journal: the messages of the last hours, the serious ones once more on their own,
 * and for the summary how many there were in the last hour and which were the last.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/collect.h"
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

/* ---- may we read it at all? ---- */

struct access_count {
	unsigned files, readable;
};

static void count_in(const char *folder, struct access_count *n)
{
	DIR *d = opendir(folder);

	if (!d)
		return;
	for (const struct dirent *e; (e = readdir(d)) != NULL;) {
		char path[512];

		if (strncmp(e->d_name, "system", 6) != 0 || !strstr(e->d_name, ".journal"))
			continue;
		snprintf(path, sizeof path, "%.200s/%.255s", folder, e->d_name);
		n->files++;
		n->readable += access(path, R_OK) == 0;
	}
	closedir(d);
}

/* One folder per machine below each of these. */
static struct access_count count_journals(void)
{
	static const char *const roots[] = {"/var/log/journal", "/run/log/journal"};
	struct access_count n = {0, 0};

	for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
		DIR *d = opendir(roots[i]);

		if (!d)
			continue;
		for (const struct dirent *e; (e = readdir(d)) != NULL;) {
			char path[300];

			if (e->d_name[0] == '.')
				continue;
			snprintf(path, sizeof path, "%s/%.255s", roots[i], e->d_name);
			count_in(path, &n);
		}
		closedir(d);
	}
	return n;
}

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
	struct journal_api api;
	struct sd_journal *j = NULL;
	struct access_count n = count_journals();

	if (n.files == 0)
		return unavailable(out, "this computer keeps no journal");
	if (n.readable == 0)
		return unavailable(out,
				   "needs administrator rights, or membership of systemd-journal");
	if (journal_api_load(&api) < 0)
		return unavailable(out, "libsystemd is not installed");

	int err = api.open(&j, JOURNAL_LOCAL_ONLY);
	if (err < 0)
		return unavailable(out, strerror(-err));
	api.set_data_threshold(j, JOURNAL_MESSAGE_MAX + 64);
	if (n.readable < n.files)
		sink_note(out, "%u of %u journal files: needs administrator rights",
			  n.files - n.readable, n.files);
	err = show(&api, j, out, args);
	api.close(j);
	return err;
}
