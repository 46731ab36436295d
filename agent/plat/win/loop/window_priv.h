/* SPDX-License-Identifier: Apache-2.0
 *
 * The window's parts: window.c (thread and queues), window_main.c (code, list, Stop),
 * window_ask.c (the question), window_kit.c (fonts and measures). All but window.c run on the
 * window's thread only.
 */
#ifndef AS_WIN_WINDOW_PRIV_H
#define AS_WIN_WINDOW_PRIV_H

#include "agent/plat/win/win.h"
#include "agent/plat/window.h"

#define WINDOW_TITLE  L"Assent - support session"
#define WINDOW_CLASS  L"AssentMain"
#define ASK_TITLE     L"Assent - do you allow this?"
#define ASK_CLASS     L"AssentAsk"
#define PANEL_CLASS   L"AssentPanel"
#define WINDOW_EVENTS 64

/* Controls, by number, so that other programs for people who cannot see find them again. */
enum window_control {
	CONTROL_CODE = 101,
	CONTROL_LIST,
	CONTROL_LOG,
	CONTROL_STOP,
	CONTROL_HINT,
	CONTROL_CANCEL,
	CONTROL_ALLOW = 201,
	CONTROL_DENY = IDCANCEL, /* Escape */
	CONTROL_WAIT = 203,
	CONTROL_RIGHT = 300, /* + line */
};

/* From the loop's thread to the window's; lParam is a copy, freed by who gets it. */
enum window_message {
	WINDOW_SHOW_CODE = WM_APP + 1,
	WINDOW_ADD_LINE,
	WINDOW_ASK,
	WINDOW_UNLOCK, /* wParam: prompt id */
	WINDOW_CANCEL,
	WINDOW_SESSION,
	WINDOW_ITEM,
	WINDOW_QUIT,
};

struct window_kit {
	HFONT font, bold, code;
	int line; /* height of one */
	int unit; /* a quarter of it: what all distances are made of */
};
void kit_init(struct window_kit *k);
void kit_done(struct window_kit *k);
int kit_height(HFONT font, const wchar_t *text, int width); /* of text broken into lines */
HWND kit_control(HWND parent, const wchar_t *class, const wchar_t *text, DWORD style, int id,
		 HFONT font);

/* Owned by window.c, alive until both threads are done with it. */
struct window;

struct ask; /* one question on the screen */
struct ask *ask_open(struct window *w, HWND owner, const struct window_kit *k,
		     struct window_prompt *p); /* takes p */
void ask_unlock(struct ask *a, uint32_t prompt_id);
void ask_close(struct ask *a); /* without an answer; NULL is fine */
bool ask_takes_message(struct ask *a, MSG *msg);

struct main_window;
struct main_window *main_open(struct window *w); /* NULL when there is no desktop */
HWND main_handle(const struct main_window *m);
void main_run(struct main_window *m); /* until WINDOW_QUIT */
void main_ask_gone(struct main_window *m);

/* To the loop's thread. */
enum window_event_type {
	EVENT_SHOWN,
	EVENT_ALLOW,
	EVENT_DENY,
	EVENT_CANCEL, /* id: the item's */
	EVENT_STOP,
	EVENT_CLOSED
};
void window_tell(struct window *w, enum window_event_type type, uint32_t id, uint32_t ticks);
struct main_window *window_main(struct window *w);

#endif
