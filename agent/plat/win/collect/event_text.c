/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/plat/win/collect/event_text.h"

#include <stdio.h>
#include <string.h>

const char *const event_channels[] = {"System", "Application", "Security", NULL};

bool event_reader_open(struct event_reader *r)
{
	struct event_api *a = &r->api;

	a->query = WIN_FIND(void *, "wevtapi.dll", "EvtQuery");
	a->subscribe = WIN_FIND(void *, "wevtapi.dll", "EvtSubscribe");
	a->next = WIN_FIND(void *, "wevtapi.dll", "EvtNext");
	a->context = WIN_FIND(void *, "wevtapi.dll", "EvtCreateRenderContext");
	a->render = WIN_FIND(void *, "wevtapi.dll", "EvtRender");
	a->publisher = WIN_FIND(void *, "wevtapi.dll", "EvtOpenPublisherMetadata");
	a->format = WIN_FIND(void *, "wevtapi.dll", "EvtFormatMessage");
	a->export = WIN_FIND(void *, "wevtapi.dll", "EvtExportLog");
	a->close = WIN_FIND(void *, "wevtapi.dll", "EvtClose");
	return a->query && a->subscribe && a->next && a->context && a->render && a->publisher &&
	       a->format && a->export && a->close;
}

void event_reader_close(struct event_reader *r)
{
	if (r->publisher)
		r->api.close(r->publisher);
	if (r->system)
		r->api.close(r->system);
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

bool event_is_query(const char *unit)
{
	return unit[0] == '*';
}

/* "*[A]" and the time: "*[System[...]] and *[A]" */
void event_query(uint32_t priority, uint64_t ms, const char *own, wchar_t out[EVENT_QUERY_CHARS])
{
	wchar_t wide[OP_NAME_MAX + 1], since[96] = L"TimeCreated";
	int n;

	if (ms > 0)
		swprintf(since, 96, L"TimeCreated[timediff(@SystemTime) <= %llu]",
			 (unsigned long long)ms);
	n = swprintf(out, EVENT_QUERY_CHARS, L"*[System[%ls%ls]]", level_test(priority), since);
	if (!event_is_query(own) || n < 0)
		return;
	win_wide(own, wide, OP_NAME_MAX + 1);
	swprintf(out + n, EVENT_QUERY_CHARS - (size_t)n, L" and %ls", wide);
}

/* ---- one event ---- */

const char *event_level(uint8_t level)
{
	static const char *const names[] = {"always",  "critical",    "error",
					    "warning", "information", "verbose"};

	return level < sizeof names / sizeof names[0] ? names[level] : "?";
}

static void open_publisher(struct event_reader *r, const wchar_t *name)
{
	if (wcscmp(r->publisher_name, name) == 0)
		return;
	if (r->publisher)
		r->api.close(r->publisher);
	r->publisher = r->api.publisher(NULL, name, NULL, 0, 0);
	wcsncpy(r->publisher_name, name, 255);
	r->publisher_name[255] = L'\0';
}

/* The sentence, as the event viewer shows it; the bare XML when its maker left none. */
static const char *message(struct event_reader *r, EVT_HANDLE event)
{
	DWORD used = 0, count = 0;

	r->text[0] = L'\0';
	if (!r->publisher || !r->api.format(r->publisher, event, 0, 0, NULL, EvtFormatMessageEvent,
					    EVENT_TEXT_CHARS, r->text, &used))
		r->api.render(NULL, event, EvtRenderEventXml, sizeof r->text, r->text, &used,
			      &count);
	r->text[EVENT_TEXT_CHARS - 1] = L'\0';
	for (wchar_t *c = r->text; *c; c++)
		if (*c == L'\r' || *c == L'\n' || *c == L'\t')
			*c = L' ';
	return win_text(r->text, r->utf8, sizeof r->utf8);
}

bool event_read(struct event_reader *r, EVT_HANDLE event, struct event *out)
{
	union {
		uint8_t bytes[4096];
		EVT_VARIANT v[EvtSystemPropertyIdEND];
	} room;
	const EVT_VARIANT *v = room.v;
	DWORD used, count;

	if (!r->system)
		r->system = r->api.context(0, NULL, EvtRenderContextSystem);
	if (!r->system || !r->api.render(r->system, event, EvtRenderEventValues, sizeof room, &room,
					 &used, &count))
		return false;

	const wchar_t *name = v[EvtSystemProviderName].StringVal;
	ULONGLONG ticks = v[EvtSystemTimeCreated].FileTimeVal;
	*out = (struct event){
	    .at = {(DWORD)ticks, (DWORD)(ticks >> 32)},
	    .record = v[EvtSystemEventRecordId].UInt64Val,
	    .id = v[EvtSystemEventID].UInt16Val,
	    .level = v[EvtSystemLevel].Type == EvtVarTypeNull ? 0 : v[EvtSystemLevel].ByteVal,
	};
	win_text(name ? name : L"?", out->maker, sizeof out->maker);
	open_publisher(r, name ? name : L"");
	out->text = message(r, event);
	return true;
}

size_t event_line(const struct event *e, char *out, size_t cap)
{
	char time[FACTS_TIME] = "-";
	int n;

	facts_time(&e->at, time);
	n = snprintf(out, cap, "%s %-11s %s %u: %s", time, event_level(e->level), e->maker, e->id,
		     e->text);
	return n < 0 ? 0 : (size_t)n < cap ? (size_t)n : cap - 1;
}
