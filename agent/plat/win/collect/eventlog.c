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
#include "agent/plat/win/collect/facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winevt.h>

#include "proto/base/clock.h"
#include "proto/base/err.h"

#define DEFAULT_HOURS 24
#define MOST_HOURS    (24 * 365)
#define EVTX_MAX      (UINT64_C(16) << 20)  /* of one log, in the bundle */
#define EVTX_ROOM     (UINT64_C(512) << 20) /* free on the disk, or none is made */
#define TEXT_CHARS    32768
#define QUERY_CHARS   1024
#define ERRORS_MAX    8
#define HOUR_MS	      3600000

/* Not in every system's library, so found when needed; wine has stubs that answer nothing. */
struct api {
	EVT_HANDLE(WINAPI *query)(EVT_HANDLE, LPCWSTR, LPCWSTR, DWORD);
	WINBOOL(WINAPI *next)(EVT_HANDLE, DWORD, EVT_HANDLE *, DWORD, DWORD, PDWORD);
	EVT_HANDLE(WINAPI *context)(DWORD, LPCWSTR *, DWORD);
	WINBOOL(WINAPI *render)(EVT_HANDLE, EVT_HANDLE, DWORD, DWORD, PVOID, PDWORD, PDWORD);
	EVT_HANDLE(WINAPI *publisher)(EVT_HANDLE, LPCWSTR, LPCWSTR, LCID, DWORD);
	WINBOOL(WINAPI *format)
	(EVT_HANDLE, EVT_HANDLE, DWORD, DWORD, PEVT_VARIANT, DWORD, DWORD, LPWSTR, PDWORD);
	WINBOOL(WINAPI *export)(EVT_HANDLE, LPCWSTR, LPCWSTR, LPCWSTR, DWORD);
	WINBOOL(WINAPI *close)(EVT_HANDLE);
};

struct log {
	struct sink *s;
	struct api api;
	EVT_HANDLE system; /* context: the fields that each event has */
	unsigned errors;   /* facts so far */
	unsigned last_hour;
	wchar_t query[QUERY_CHARS];
	/* one publisher is kept: its events come in rows */
	EVT_HANDLE publisher;
	wchar_t publisher_name[256];
	wchar_t text[TEXT_CHARS];
	char utf8[3 * TEXT_CHARS];
};

static bool load(struct api *a)
{
	a->query = WIN_FIND(void *, "wevtapi.dll", "EvtQuery");
	a->next = WIN_FIND(void *, "wevtapi.dll", "EvtNext");
	a->context = WIN_FIND(void *, "wevtapi.dll", "EvtCreateRenderContext");
	a->render = WIN_FIND(void *, "wevtapi.dll", "EvtRender");
	a->publisher = WIN_FIND(void *, "wevtapi.dll", "EvtOpenPublisherMetadata");
	a->format = WIN_FIND(void *, "wevtapi.dll", "EvtFormatMessage");
	a->export = WIN_FIND(void *, "wevtapi.dll", "EvtExportLog");
	a->close = WIN_FIND(void *, "wevtapi.dll", "EvtClose");
	return a->query && a->next && a->context && a->render && a->publisher && a->format &&
	       a->export && a->close;
}

/* ---- the question ---- */

/* syslog's 0..7 as Windows' levels: 1 critical, 2 error, 3 warning, 4 information; 0 is "always".
 */
static const wchar_t *level_test(uint32_t priority)
{
	if (priority == 0 || priority > 7)
		return L"";
	if (priority <= 3)
		return L"(Level=1) and ";
	if (priority == 4)
		return L"(Level=1 or Level=2) and ";
	if (priority <= 6)
		return L"(Level=1 or Level=2 or Level=3) and ";
	return L"(Level=0 or Level=1 or Level=2 or Level=3 or Level=4) and ";
}

static bool is_xpath(const char *unit)
{
	return unit[0] == '*';
}

static void make_query(struct log *l, const struct collect_args *args)
{
	uint32_t hours = args->op.hours ? args->op.hours : DEFAULT_HOURS;
	wchar_t own[OP_NAME_MAX + 1];

	if (hours > MOST_HOURS)
		hours = MOST_HOURS;
	int n = swprintf(l->query, QUERY_CHARS,
			 L"*[System[%lsTimeCreated[timediff(@SystemTime) <= %llu]]]",
			 level_test(args->op.priority), (unsigned long long)hours * HOUR_MS);
	if (!is_xpath(args->op.unit) || n < 0)
		return;
	/* "*[A]" and the time: "*[System[...]] and *[A]" */
	win_wide(args->op.unit, own, OP_NAME_MAX + 1);
	swprintf(l->query + n, QUERY_CHARS - (size_t)n, L" and %ls", own);
}

/* ---- one event ---- */

static const char *level_name(uint8_t level)
{
	static const char *const names[] = {"always",  "critical",    "error",
					    "warning", "information", "verbose"};

	return level < sizeof names / sizeof names[0] ? names[level] : "?";
}

static void open_publisher(struct log *l, const wchar_t *name)
{
	if (wcscmp(l->publisher_name, name) == 0)
		return;
	if (l->publisher)
		l->api.close(l->publisher);
	l->publisher = l->api.publisher(NULL, name, NULL, 0, 0);
	wcsncpy(l->publisher_name, name, 255);
	l->publisher_name[255] = L'\0';
}

/* The sentence, as the event viewer shows it; the bare XML when its maker left none. */
static const char *message(struct log *l, EVT_HANDLE event)
{
	DWORD used = 0, count = 0;

	l->text[0] = L'\0';
	if (!l->publisher || !l->api.format(l->publisher, event, 0, 0, NULL, EvtFormatMessageEvent,
					    TEXT_CHARS, l->text, &used))
		l->api.render(NULL, event, EvtRenderEventXml, sizeof l->text, l->text, &used,
			      &count);
	l->text[TEXT_CHARS - 1] = L'\0';
	for (wchar_t *c = l->text; *c; c++)
		if (*c == L'\r' || *c == L'\n' || *c == L'\t')
			*c = L' ';
	return win_text(l->text, l->utf8, sizeof l->utf8);
}

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

static int print_event(struct log *l, EVT_HANDLE event)
{
	union {
		uint8_t bytes[4096];
		EVT_VARIANT v[EvtSystemPropertyIdEND];
	} room;
	char maker[256], time[FACTS_TIME] = "-";
	DWORD used, count;

	if (!l->api.render(l->system, event, EvtRenderEventValues, sizeof room, &room, &used,
			   &count))
		return 0;

	const EVT_VARIANT *v = room.v;
	const wchar_t *name = v[EvtSystemProviderName].StringVal;
	ULONGLONG ticks = v[EvtSystemTimeCreated].FileTimeVal;
	FILETIME at = {(DWORD)ticks, (DWORD)(ticks >> 32)};
	uint8_t level = v[EvtSystemLevel].Type == EvtVarTypeNull ? 0 : v[EvtSystemLevel].ByteVal;
	unsigned id = v[EvtSystemEventID].UInt16Val;

	facts_time(&at, time);
	win_text(name ? name : L"?", maker, sizeof maker);
	open_publisher(l, name ? name : L"");
	const char *text = message(l, event);
	fact(l, level, facts_unix_time(&at), maker, id, text);
	return sink_printf(l->s, "%s %-11s %s %u: %s\n", time, level_name(level), maker, id, text);
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
	char name[ITEM_NAME_MAX + 1], source[QUERY_CHARS + 300], query[QUERY_CHARS];
	EVT_HANDLE event;
	DWORD got, err = 0;
	int full = 0;

	win_wide(channel, wide, 256);
	file_name(channel, "txt", name);
	snprintf(source, sizeof source, "EvtQuery %s %s", channel,
		 win_text(l->query, query, sizeof query));
	facts_begin(l->s, name, source);
	SetLastError(ERROR_CALL_NOT_IMPLEMENTED); /* wine may set no reason */

	EVT_HANDLE all =
	    l->api.query(NULL, wide, l->query, EvtQueryChannelPath | EvtQueryReverseDirection);
	if (!all)
		return facts_end(l->s, GetLastError());
	if (!l->system) /* not before: what has no logs may end the process over this call */
		l->system = l->api.context(0, NULL, EvtRenderContextSystem);
	while (full == 0 && l->api.next(all, 1, &event, 5000, 0, &got)) {
		full = print_event(l, event);
		l->api.close(event);
	}
	if (full == 0 && GetLastError() != ERROR_NO_MORE_ITEMS)
		err = GetLastError();
	l->api.close(all);
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
	if (!l->api.export(NULL, wide, l->query, path, EvtExportLogChannelPath)) {
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
	static const char *const usual[] = {"System", "Application", "Security"};
	bool own_channel = args->op.unit[0] && !is_xpath(args->op.unit);
	struct log *l = calloc(1, sizeof *l);
	int err = 0;

	if (!l)
		return -ENOMEM;
	l->s = s;
	if (!load(&l->api)) {
		free(l);
		return facts_gap(s, "windows/eventlog/System.txt", "EvtQuery",
				 "this system has no event log interface");
	}
	make_query(l, args);
	if (own_channel)
		err = collect(l, args->op.unit);
	for (size_t i = 0; !own_channel && err == 0 && i < sizeof usual / sizeof usual[0]; i++)
		err = collect(l, usual[i]);
	if (err == 0)
		sink_fact(s, "log.errors_last_hour", "%u", l->last_hour);
	if (l->publisher)
		l->api.close(l->publisher);
	if (l->system)
		l->api.close(l->system);
	free(l);
	return err;
}
