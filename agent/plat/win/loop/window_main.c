/* SPDX-License-Identifier: Apache-2.0
 *
 * The small window: the code, then the live list of what is sent, and the Stop button, which the
 * window's cross means, too.
 */
#include "agent/plat/win/loop/window_priv.h"

#include <commctrl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/text.h"

#define LINES_WIDE 46 /* of the window, in heights of a line */
#define LINES_HIGH 36
#define LOG_MAX	   32000 /* characters; older ones go */
#define ROWS_MAX   1000

static const wchar_t hint_code[] =
    L"Read this code to your support engineer. It is valid for %u minutes and for one session. "
    L"Nothing is sent before you are asked.";
static const wchar_t hint_session[] =
    L"This is what is read from this computer and sent. Stop ends it at once.";

struct main_window {
	struct window *w;
	struct window_kit kit;
	HWND h, code, hint, list, log, stop, cancel;
	struct ask *ask;
	uint32_t ids[ROWS_MAX]; /* of the list's rows */
	size_t rows;
	bool session, quit;
};

HWND main_handle(const struct main_window *m)
{
	return m->h;
}

void main_ask_gone(struct main_window *m)
{
	ask_close(m->ask);
	m->ask = NULL;
}

/* ---- what is shown ---- */

static void set_text(HWND h, const char *utf8)
{
	wchar_t wide[1024];

	win_wide(utf8, wide, 1024);
	SetWindowTextW(h, wide);
}

static void show_code(struct main_window *m, unsigned minutes, const char *code)
{
	wchar_t text[256];

	set_text(m->code, code);
	swprintf(text, 256, hint_code, minutes);
	SetWindowTextW(m->hint, text);
}

static void add_line(struct main_window *m, const char *text)
{
	wchar_t line[1024];
	int end = GetWindowTextLengthW(m->log);
	int n = win_wide(text, line, 1020);

	if (n < 0)
		return;
	wcscpy(line + n, L"\r\n");
	if (end > LOG_MAX) {
		SendMessageW(m->log, EM_SETSEL, 0, LOG_MAX / 2);
		SendMessageW(m->log, EM_REPLACESEL, FALSE, (LPARAM)L"");
		end = GetWindowTextLengthW(m->log);
	}
	SendMessageW(m->log, EM_SETSEL, (WPARAM)end, end);
	SendMessageW(m->log, EM_REPLACESEL, FALSE, (LPARAM)line);
}

static void set_cell(struct main_window *m, int row, int column, const char *text)
{
	wchar_t wide[512];
	LVITEMW item = {.iSubItem = column, .pszText = wide};

	win_wide(text, wide, 512);
	SendMessageW(m->list, LVM_SETITEMTEXTW, (WPARAM)row, (LPARAM)&item);
}

static int find_row(struct main_window *m, uint32_t id)
{
	for (size_t i = m->rows; i > 0; i--)
		if (m->ids[i - 1] == id)
			return (int)i - 1;

	LVITEMW item = {.mask = LVIF_TEXT, .pszText = (wchar_t[]){L'\0'}};
	if (m->rows == ROWS_MAX) { /* the oldest goes */
		SendMessageW(m->list, LVM_DELETEITEM, 0, 0);
		memmove(m->ids, m->ids + 1, --m->rows * sizeof m->ids[0]);
	}
	item.iItem = (int)m->rows;
	m->ids[m->rows++] = id;
	SendMessageW(m->list, LVM_INSERTITEMW, 0, (LPARAM)&item);
	SendMessageW(m->list, LVM_ENSUREVISIBLE, m->rows - 1, FALSE);
	return (int)m->rows - 1;
}

static void show_item(struct main_window *m, const struct window_item *item)
{
	char size[TEXT_SIZE_MAX], time[32];
	int row = find_row(m, item->id);

	snprintf(time, sizeof time, "%u.%u s", item->elapsed_ms / 1000,
		 item->elapsed_ms / 100 % 10);
	set_cell(m, row, 0, item->what);
	set_cell(m, row, 1, text_size(item->bytes, size));
	set_cell(m, row, 2, time);
	set_cell(m, row, 3, item->state);
}

/* ---- the window ---- */

static void lay_out(struct main_window *m)
{
	RECT r;
	int u = m->kit.unit, l = m->kit.line, y = 2 * u;

	GetClientRect(m->h, &r);

	int width = r.right - 4 * u, bottom = r.bottom - 2 * u - 2 * l;
	if (!m->session) {
		MoveWindow(m->code, 2 * u, y, width, 5 * l, FALSE);
		y += 5 * l + u;
	}
	MoveWindow(m->hint, 2 * u, y, width, 2 * l, FALSE);
	y += 2 * l + u;

	/* before there is a session there is nothing to list, and nothing of it to end */
	int list = m->session ? (bottom - y) * 3 / 5 : -u;
	MoveWindow(m->list, 2 * u, y, width, m->session ? list : 0, FALSE);
	MoveWindow(m->log, 2 * u, y + list + u, width, bottom - y - list - 2 * u, FALSE);
	MoveWindow(m->cancel, 2 * u, bottom, 9 * l, 2 * l, FALSE);
	MoveWindow(m->stop, r.right - 2 * u - 7 * l, bottom, 7 * l, 2 * l, FALSE);
	RECT inside;
	GetClientRect(m->list, &inside);
	int rest = inside.right - 14 * l - GetSystemMetrics(SM_CXVSCROLL);
	SendMessageW(m->list, LVM_SETCOLUMNWIDTH, 0, rest > 8 * l ? rest : 8 * l);
	RedrawWindow(m->h, NULL, NULL, RDW_ERASE | RDW_INVALIDATE | RDW_ALLCHILDREN);
}

static void begin_session(struct main_window *m)
{
	m->session = true;
	ShowWindow(m->code, SW_HIDE);
	ShowWindow(m->list, SW_SHOW);
	ShowWindow(m->cancel, SW_SHOW);
	SetWindowTextW(m->hint, hint_session);
	SetWindowTextW(m->stop, L"&Stop");
	lay_out(m);
	if (GetForegroundWindow() == m->h)
		SetFocus(m->list);
}

static void add_column(HWND list, int at, const wchar_t *title, int width)
{
	LVCOLUMNW c = {.mask = LVCF_TEXT | LVCF_WIDTH | LVCF_SUBITEM,
		       .pszText = (wchar_t *)(uintptr_t)title,
		       .cx = width,
		       .iSubItem = at};

	SendMessageW(list, LVM_INSERTCOLUMNW, (WPARAM)at, (LPARAM)&c);
}

static void make_controls(struct main_window *m)
{
	int l = m->kit.line;

	m->code = kit_control(m->h, L"STATIC", L"...", SS_CENTER | SS_NOPREFIX | SS_CENTERIMAGE,
			      CONTROL_CODE, m->kit.code);
	m->hint = kit_control(m->h, L"STATIC", L"The support server is asked for a code.",
			      SS_LEFT | SS_NOPREFIX, CONTROL_HINT, m->kit.font);
	m->list = kit_control(m->h, WC_LISTVIEWW, L"",
			      WS_BORDER | WS_TABSTOP | LVS_REPORT | LVS_NOSORTHEADER |
				  LVS_SINGLESEL | LVS_SHOWSELALWAYS,
			      CONTROL_LIST, m->kit.font);
	m->log = kit_control(m->h, L"EDIT", L"",
			     WS_BORDER | WS_VSCROLL | WS_TABSTOP | ES_MULTILINE | ES_READONLY |
				 ES_AUTOVSCROLL,
			     CONTROL_LOG, m->kit.font);
	m->stop = kit_control(m->h, L"BUTTON", L"&Cancel", BS_PUSHBUTTON | WS_TABSTOP, CONTROL_STOP,
			      m->kit.bold);
	m->cancel = kit_control(m->h, L"BUTTON", L"&End selected item", BS_PUSHBUTTON | WS_TABSTOP,
				CONTROL_CANCEL, m->kit.font);
	EnableWindow(m->cancel, FALSE);
	ShowWindow(m->list, SW_HIDE);
	ShowWindow(m->cancel, SW_HIDE);
	/* a sentence that does not fit is read with the mouse on it */
	SendMessageW(m->list, LVM_SETEXTENDEDLISTVIEWSTYLE, 0,
		     LVS_EX_LABELTIP | LVS_EX_FULLROWSELECT);
	add_column(m->list, 0, L"What is read", 18 * l);
	add_column(m->list, 1, L"Sent", 4 * l);
	add_column(m->list, 2, L"Time", 4 * l);
	add_column(m->list, 3, L"State", 5 * l);
}

static void cancel_selected(struct main_window *m)
{
	LRESULT row = SendMessageW(m->list, LVM_GETNEXTITEM, (WPARAM)-1, LVNI_SELECTED);

	if (row >= 0 && (size_t)row < m->rows)
		window_tell(m->w, EVENT_CANCEL, m->ids[row], 0);
}

/* The button does something only when there is what it would end. */
static void on_selected(struct main_window *m)
{
	EnableWindow(m->cancel,
		     SendMessageW(m->list, LVM_GETNEXTITEM, (WPARAM)-1, LVNI_SELECTED) >= 0);
}

static LRESULT on_own_message(struct main_window *m, UINT msg, WPARAM wp, LPARAM lp)
{
	void *copy = (void *)lp;

	switch (msg) {
	case WINDOW_SHOW_CODE:
		show_code(m, (unsigned)wp, copy);
		SecureZeroMemory(copy, strlen(copy));
		break;
	case WINDOW_ADD_LINE:
		add_line(m, copy);
		break;
	case WINDOW_ASK:
		ask_close(m->ask);
		m->ask = ask_open(m->w, m->h, &m->kit, copy);
		copy = NULL;
		break;
	case WINDOW_UNLOCK:
		if (m->ask)
			ask_unlock(m->ask, (uint32_t)wp);
		break;
	case WINDOW_CANCEL:
		main_ask_gone(m);
		break;
	case WINDOW_SESSION:
		begin_session(m);
		break;
	case WINDOW_ITEM:
		show_item(m, copy);
		break;
	case WINDOW_QUIT:
		m->quit = true;
		break;
	default:
		break;
	}
	free(copy);
	return 0;
}

static LRESULT CALLBACK main_proc(HWND h, UINT msg, WPARAM wp, LPARAM lp)
{
	struct main_window *m = (struct main_window *)GetWindowLongPtrW(h, GWLP_USERDATA);

	if (!m)
		return DefWindowProcW(h, msg, wp, lp);
	switch (msg) {
	case WM_COMMAND:
		if (LOWORD(wp) == CONTROL_STOP || LOWORD(wp) == IDCANCEL)
			window_tell(m->w, EVENT_STOP, 0, 0);
		else if (LOWORD(wp) == CONTROL_CANCEL)
			cancel_selected(m);
		return 0;
	case WM_NOTIFY:
		if (((const NMHDR *)lp)->code == LVN_ITEMCHANGED)
			on_selected(m);
		return 0;
	case WM_SETFOCUS: /* somebody with a keyboard must be somewhere */
		SetFocus(m->session ? m->list : m->log);
		return 0;
	case WM_CLOSE: /* it goes when the session has ended */
		window_tell(m->w, EVENT_STOP, 0, 0);
		return 0;
	case WM_ENDSESSION:
		if (wp)
			window_tell(m->w, EVENT_CLOSED, 0, 0);
		return 0;
	case WM_SIZE:
		lay_out(m);
		return 0;
	case WM_CTLCOLORSTATIC:
		SetBkMode((HDC)wp, TRANSPARENT);
		return (LRESULT)GetSysColorBrush(COLOR_BTNFACE);
	default:
		if (msg >= WINDOW_SHOW_CODE && msg <= WINDOW_QUIT)
			return on_own_message(m, msg, wp, lp);
		return DefWindowProcW(h, msg, wp, lp);
	}
}

struct main_window *main_open(struct window *w)
{
	WNDCLASSW class = {.lpfnWndProc = main_proc,
			   .hInstance = GetModuleHandleW(NULL),
			   .hIcon = LoadIconW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(1)),
			   .hCursor = LoadCursorW(NULL, (LPCWSTR)IDC_ARROW),
			   .hbrBackground = (HBRUSH)(COLOR_BTNFACE + 1),
			   .lpszClassName = WINDOW_CLASS};
	struct main_window *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	InitCommonControls();
	RegisterClassW(&class);
	m->w = w;
	kit_init(&m->kit);
	m->h = CreateWindowExW(WS_EX_CONTROLPARENT, WINDOW_CLASS, WINDOW_TITLE,
			       WS_OVERLAPPEDWINDOW | WS_CLIPCHILDREN, CW_USEDEFAULT, CW_USEDEFAULT,
			       LINES_WIDE * m->kit.line, LINES_HIGH * m->kit.line, NULL, NULL,
			       GetModuleHandleW(NULL), NULL);
	if (!m->h) {
		kit_done(&m->kit);
		free(m);
		return NULL;
	}
	make_controls(m);
	SetWindowLongPtrW(m->h, GWLP_USERDATA, (LONG_PTR)m);
	lay_out(m);
	ShowWindow(m->h, SW_SHOWNORMAL);
	UpdateWindow(m->h);
	return m;
}

void main_run(struct main_window *m)
{
	MSG msg;

	while (!m->quit && GetMessageW(&msg, NULL, 0, 0) > 0) {
		if (ask_takes_message(m->ask, &msg) || IsDialogMessageW(m->h, &msg))
			continue;
		TranslateMessage(&msg);
		DispatchMessageW(&msg);
	}
	ask_close(m->ask);
	SetWindowLongPtrW(m->h, GWLP_USERDATA, 0);
	DestroyWindow(m->h);
	kit_done(&m->kit);
	free(m);
}
