/* SPDX-License-Identifier: Apache-2.0
 *
 * The event logs of the last hours, as text and as .evtx: System, Application, and Security where
 * this user may read it. The engineer may name another channel ("Microsoft-Windows-...") or an
 * XPath ("*[System[Provider[@Name='disk']]]") instead, which then holds for System and
 * Application; the customer reads it on the item's line.
 *
 * Text is streamed. An .evtx can only be made by the system, and only as a file: it lies for a
 * moment in the user's folder for temporary files, is read with a handle that removes it whatever
 * happens to us, and is skipped when the disk has no room for it.
 */
#include "agent/plat/win/collect/event_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/clock.h"
#include "proto/base/err.h"

#define DEFAULT_HOURS 24
#define MOST_HOURS    (24 * 365)
#define EVTX_MAX      (UINT64_C(16) << 20)  /* of one log, in the bundle */
#define EVTX_ROOM     (UINT64_C(512) << 20) /* free on the disk, or none is made */
#define ERRORS_MAX    8
#define HOUR_MS	      3600000

struct log {
	struct sink *s;
	struct event_reader reader;
	unsigned errors; /* facts so far */
	unsigned last_hour;
	wchar_t query[EVENT_QUERY_CHARS];
	char line[EVENT_LINE_MAX];
};

/* ---- one event ---- */

static void fact(struct log *l, uint8_t level, int64_t at, const char *maker, unsigned id,
		 const char *text)
{
	char key[ITEM_KEY_MAX];

	if (level < 1 || level > 2)
		return;
	if (clock_wall_s() - at < 3600)
		l->last_hour++;
	if (l->errors >= ERRORS_MAX)
		return;
	snprintf(key, sizeof key, "log.error.%u", ++l->errors);
	sink_fact(l->s, key, "%s %u: %.180s", maker, id, text);
}

static int print_event(struct log *l, EVT_HANDLE handle)
{
	struct event e;
	size_t n;

	if (!event_read(&l->reader, handle, &e))
		return 0;
	fact(l, e.level, facts_unix_time(&e.at), e.maker, e.id, e.text);
	n = event_line(&e, l->line, sizeof l->line - 1);
	l->line[n++] = '\n';
	return sink_write(l->s, l->line, n);
}

/* ---- one log ---- */

static void file_name(const char *channel, const char *ending, char out[ITEM_NAME_MAX + 1])
{
	char clean[128];
	size_t n = 0;

	for (; *channel && n + 1 < sizeof clean; channel++)
		clean[n++] = *channel == '/' || *channel == '\\' ? '_' : *channel;
	clean[n] = '\0';
	snprintf(out, ITEM_NAME_MAX + 1, "windows/eventlog/%s.%s", clean, ending);
}

static int print_log(struct log *l, const char *channel)
{
	wchar_t wide[256];
	char name[ITEM_NAME_MAX + 1], source[EVENT_QUERY_CHARS + 300], query[EVENT_QUERY_CHARS];
	EVT_HANDLE event;
	DWORD got, err = 0;
	int full = 0;

	win_wide(channel, wide, 256);
	file_name(channel, "txt", name);
	snprintf(source, sizeof source, "EvtQuery %s %s", channel,
		 win_text(l->query, query, sizeof query));
	facts_begin(l->s, name, source);
	SetLastError(ERROR_CALL_NOT_IMPLEMENTED); /* wine may set no reason */

	EVT_HANDLE all = l->reader.api.query(NULL, wide, l->query,
					     EvtQueryChannelPath | EvtQueryReverseDirection);
	if (!all)
		return facts_end(l->s, GetLastError());
	while (full == 0 && l->reader.api.next(all, 1, &event, 5000, 0, &got)) {
		full = print_event(l, event);
		l->reader.api.close(event);
	}
	if (full == 0 && GetLastError() != ERROR_NO_MORE_ITEMS)
		err = GetLastError();
	l->reader.api.close(all);
	return full < 0 ? full : facts_end(l->s, err);
}

/* ---- .evtx ---- */

static bool has_room(const wchar_t *folder)
{
	ULARGE_INTEGER available;

	return GetDiskFreeSpaceExW(folder, &available, NULL, NULL) &&
	       available.QuadPart > EVTX_ROOM;
}

static int send_evtx(struct sink *s, const wchar_t *path)
{
	uint8_t *chunk = malloc(65536);
	/* With this handle the file goes, even if we are killed. */
	HANDLE file = CreateFileW(path, GENERIC_READ | DELETE, FILE_SHARE_READ | FILE_SHARE_DELETE,
				  NULL, OPEN_EXISTING, FILE_FLAG_DELETE_ON_CLOSE, NULL);
	uint64_t sent = 0;
	DWORD n;
	int err = 0;

	if (file == INVALID_HANDLE_VALUE || !chunk) {
		DWORD why = GetLastError();
		DeleteFileW(path);
		free(chunk);
		return facts_end(s, why);
	}
	while (err == 0 && sent < EVTX_MAX && ReadFile(file, chunk, 65536, &n, NULL) && n > 0) {
		err = sink_write(s, chunk, n);
		sent += n;
	}
	CloseHandle(file);
	free(chunk);
	if (err < 0)
		return err;
	return sent >= EVTX_MAX ? sink_file_end(s, ITEM_PARTIAL, true, "cut: larger than 16 MB")
				: sink_file_end(s, ITEM_OK, false, "");
}

static int copy_evtx(struct log *l, const char *channel)
{
	wchar_t wide[256], folder[MAX_PATH + 1], path[MAX_PATH + 64];
	char name[ITEM_NAME_MAX + 1];

	win_wide(channel, wide, 256);
	file_name(channel, "evtx", name);
	facts_begin(l->s, name, "EvtExportLog");
	if (GetTempPathW(MAX_PATH, folder) == 0)
		return facts_end(l->s, GetLastError());
	if (!has_room(folder))
		return sink_file_end(
		    l->s, ITEM_UNAVAILABLE, false,
		    "the disk has no room for a temporary copy; the text is there");
	swprintf(path, MAX_PATH + 64, L"%lsassent-%lu-%llx.evtx", folder, GetCurrentProcessId(),
		 (unsigned long long)clock_mono_ms());
	SetLastError(ERROR_CALL_NOT_IMPLEMENTED);
	if (!l->reader.api.export(NULL, wide, l->query, path, EvtExportLogChannelPath)) {
		DWORD why = GetLastError();
		DeleteFileW(path);
		return facts_end(l->s, why);
	}
	return send_evtx(l->s, path);
}

static int collect(struct log *l, const char *channel)
{
	int err = print_log(l, channel);

	return err < 0 ? err : copy_evtx(l, channel);
}

int collect_journal(struct sink *s, const struct collect_args *args)
{
	bool own_channel = args->op.unit[0] && !event_is_query(args->op.unit);
	uint32_t hours = args->op.hours ? args->op.hours : DEFAULT_HOURS;
	struct log *l = calloc(1, sizeof *l);
	int err = 0;

	if (!l)
		return -ENOMEM;
	l->s = s;
	if (!event_reader_open(&l->reader)) {
		free(l);
		return facts_gap(s, "windows/eventlog/System.txt", "EvtQuery",
				 "this system has no event log interface");
	}
	if (hours > MOST_HOURS)
		hours = MOST_HOURS;
	event_query(args->op.priority, (uint64_t)hours * HOUR_MS, args->op.unit, l->query);
	if (own_channel)
		err = collect(l, args->op.unit);
	for (size_t i = 0; !own_channel && err == 0 && event_channels[i]; i++)
		err = collect(l, event_channels[i]);
	if (err == 0)
		sink_fact(s, "log.errors_last_hour", "%u", l->last_hour);
	event_reader_close(&l->reader);
	free(l);
	return err;
}
