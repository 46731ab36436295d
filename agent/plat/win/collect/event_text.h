/* SPDX-License-Identifier: Apache-2.0
 *
 * Events of Windows' logs as lines, for the collector of the last hours and for the live view.
 */
#ifndef AS_WIN_EVENT_TEXT_H
#define AS_WIN_EVENT_TEXT_H

#include "agent/plat/win/collect/facts.h"

#include <winevt.h>

#define EVENT_QUERY_CHARS 1024
#define EVENT_TEXT_CHARS  32768
#define EVENT_LINE_MAX	  (3 * EVENT_TEXT_CHARS + 512)

/* Not in every system's library, so found when needed; wine has stubs that answer nothing. */
struct event_api {
	EVT_HANDLE(WINAPI *query)(EVT_HANDLE, LPCWSTR, LPCWSTR, DWORD);
	EVT_HANDLE(WINAPI *subscribe)
	(EVT_HANDLE, HANDLE, LPCWSTR, LPCWSTR, EVT_HANDLE, PVOID, EVT_SUBSCRIBE_CALLBACK, DWORD);
	WINBOOL(WINAPI *next)(EVT_HANDLE, DWORD, EVT_HANDLE *, DWORD, DWORD, PDWORD);
	EVT_HANDLE(WINAPI *context)(DWORD, LPCWSTR *, DWORD);
	WINBOOL(WINAPI *render)(EVT_HANDLE, EVT_HANDLE, DWORD, DWORD, PVOID, PDWORD, PDWORD);
	EVT_HANDLE(WINAPI *publisher)(EVT_HANDLE, LPCWSTR, LPCWSTR, LCID, DWORD);
	WINBOOL(WINAPI *format)
	(EVT_HANDLE, EVT_HANDLE, DWORD, DWORD, PEVT_VARIANT, DWORD, DWORD, LPWSTR, PDWORD);
	WINBOOL(WINAPI *export)(EVT_HANDLE, LPCWSTR, LPCWSTR, LPCWSTR, DWORD);
	WINBOOL(WINAPI *close)(EVT_HANDLE);
};

struct event_reader {
	struct event_api api;
	EVT_HANDLE system; /* context: the fields that each event has */
	/* one publisher is kept: its events come in rows */
	EVT_HANDLE publisher;
	wchar_t publisher_name[256];
	wchar_t text[EVENT_TEXT_CHARS];
	char utf8[3 * EVENT_TEXT_CHARS];
};

struct event {
	FILETIME at;
	uint64_t record; /* its number in its log */
	unsigned id;
	uint8_t level;
	char maker[256];
	const char *text; /* the reader's, until the next one */
};

/* {0} before. False: this system has no such interface. */
bool event_reader_open(struct event_reader *r);
void event_reader_close(struct event_reader *r);

/* False when it cannot be read. Not before a log has answered: what has no logs may end the process
 * over it. */
bool event_read(struct event_reader *r, EVT_HANDLE event, struct event *out);

/* "TIME level maker id: text", without its end; its length. */
size_t event_line(const struct event *e, char *out, size_t cap);

const char *event_level(uint8_t level);

/* XPath of a priority (syslog's, plus 1; 0: all), of the last ms (0: of all times), and the
 * engineer's own ("" or one that begins with '*'). */
void event_query(uint32_t priority, uint64_t ms, const char *own, wchar_t out[EVENT_QUERY_CHARS]);
bool event_is_query(const char *unit);

/* System, Application, Security; NULL at the end. */
extern const char *const event_channels[];

#endif
