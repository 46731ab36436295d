/* SPDX-License-Identifier: Apache-2.0
 *
 * The question. A dialog of our own from standard controls, because the system's task dialog has
 * room for one check box, and each right needs its own: who asks, why, the rights with their
 * ticks, how long, what to think of, and two buttons. "Deny" has the focus, is the default, and
 * is what Escape, Enter and the window's cross mean; "Allow" is locked until ui.c says that the
 * question has stood there long enough.
 *
 * Every text is a control of its own, so that none can run into another. What does not fit on the
 * screen scrolls; the buttons stay in sight.
 */
#include "agent/plat/win/loop/window_priv.h"

#include <stdlib.h>
#include <string.h>

#define LINES_WIDE 36 /* of the text, in heights of a line */
#define TEXT_ROOM  8192

struct ask {
	struct window *w;
	const struct window_kit *k;
	struct window_prompt *p;
	HWND dialog, panel, allow, deny, wait;
	HWND rights[WINDOW_RIGHTS_MAX];
	int y, width; /* while it is laid out, inside the panel */
	int height, scrolled;
	bool answered;
};

/* ---- pieces, from top to bottom ---- */

static HWND put(struct ask *a, const wchar_t *class, const char *utf8, DWORD style, HFONT font,
		int x, int width, int extra)
{
	wchar_t text[TEXT_ROOM];

	win_wide(utf8, text, TEXT_ROOM);
	/* lines of the text may end; the last such end is no line */
	size_t n = wcslen(text);
	if (n > 0 && text[n - 1] == L'\n')
		text[n - 1] = L'\0';

	int height = kit_height(font, text, width - extra);
	HWND c = kit_control(a->panel, class, text, style, 0, font);
	MoveWindow(c, x, a->y, width, height, FALSE);
	a->y += height;
	return c;
}

static void put_text(struct ask *a, const char *text, HFONT font)
{
	if (!text[0])
		return;
	put(a, L"STATIC", text, SS_LEFT | SS_NOPREFIX, font, 0, a->width, 0);
	a->y += a->k->unit;
}

static void put_facts(struct ask *a)
{
	int label = 7 * a->k->line;

	for (size_t i = 0; i < a->p->fact_count; i++) {
		int y = a->y;

		put(a, L"STATIC", a->p->facts[i].label, SS_LEFT | SS_NOPREFIX, a->k->font, 0, label,
		    0);
		a->y = y;
		put(a, L"STATIC", a->p->facts[i].value, SS_LEFT | SS_NOPREFIX,
		    a->p->facts[i].label[0] ? a->k->bold : a->k->font, label, a->width - label, 0);
		a->y += a->k->unit / 2;
	}
	a->y += a->k->unit * 2;
}

/* An ampersand in a button's text would be a shortcut. */
static void double_ampersands(const char *in, char *out, size_t cap)
{
	size_t n = 0;

	for (; *in && n + 2 < cap; in++) {
		if (*in == '&')
			out[n++] = '&';
		out[n++] = *in;
	}
	out[n] = '\0';
}

static void put_rights(struct ask *a)
{
	char text[TEXT_ROOM];
	int box = a->k->line * 2; /* the box and the space behind it */

	for (size_t i = 0; i < a->p->right_count; i++) {
		double_ampersands(a->p->rights[i], text, sizeof text);
		a->rights[i] =
		    put(a, L"BUTTON", text, BS_AUTOCHECKBOX | BS_MULTILINE | BS_TOP | WS_TABSTOP,
			a->k->font, 2 * a->k->unit, a->width - 2 * a->k->unit, box);
		SetWindowLongPtrW(a->rights[i], GWLP_ID, CONTROL_RIGHT + (LONG_PTR)i);
		SendMessageW(a->rights[i], BM_SETCHECK,
			     a->p->ticks >> i & 1 ? BST_CHECKED : BST_UNCHECKED, 0);
		EnableWindow(a->rights[i], !(a->p->fixed >> i & 1));
		a->y += a->k->unit;
	}
	a->y += a->k->unit;
}

static void lay_out(struct ask *a)
{
	put_text(a, a->p->title, a->k->bold);
	a->y += a->k->unit;
	put_facts(a);
	put_text(a, a->p->granted, a->k->font);
	put_text(a, a->p->rights_head, a->k->bold);
	put_rights(a);
	put_text(a, a->p->notes, a->k->font);
	put_text(a, a->p->warning, a->k->bold);
	put_text(a, a->p->question, a->k->bold);
	a->height = a->y;
}

/* ---- the panel scrolls ---- */

static void scroll_to(struct ask *a, int to)
{
	RECT r;

	GetClientRect(a->panel, &r);
	if (to > a->height - r.bottom)
		to = a->height - r.bottom;
	if (to < 0)
		to = 0;
	ScrollWindowEx(a->panel, 0, a->scrolled - to, NULL, NULL, NULL, NULL,
		       SW_SCROLLCHILDREN | SW_INVALIDATE | SW_ERASE);
	a->scrolled = to;

	SCROLLINFO s = {.cbSize = sizeof s,
			.fMask = SIF_RANGE | SIF_PAGE | SIF_POS,
			.nMax = a->height - 1,
			.nPage = (UINT)r.bottom,
			.nPos = to};
	SetScrollInfo(a->panel, SB_VERT, &s, TRUE);
}

static void on_scroll(struct ask *a, WPARAM what)
{
	SCROLLINFO s = {.cbSize = sizeof s, .fMask = SIF_ALL};
	int to = a->scrolled;

	GetScrollInfo(a->panel, SB_VERT, &s);
	switch (LOWORD(what)) {
	case SB_LINEUP:
		to -= a->k->line;
		break;
	case SB_LINEDOWN:
		to += a->k->line;
		break;
	case SB_PAGEUP:
		to -= (int)s.nPage;
		break;
	case SB_PAGEDOWN:
		to += (int)s.nPage;
		break;
	case SB_THUMBTRACK:
		to = s.nTrackPos;
		break;
	default:
		return;
	}
	scroll_to(a, to);
}

static LRESULT CALLBACK panel_proc(HWND h, UINT msg, WPARAM wp, LPARAM lp)
{
	struct ask *a = (struct ask *)GetWindowLongPtrW(h, GWLP_USERDATA);

	if (a && msg == WM_VSCROLL) {
		on_scroll(a, wp);
		return 0;
	}
	if (a && msg == WM_MOUSEWHEEL) {
		scroll_to(a, a->scrolled - GET_WHEEL_DELTA_WPARAM(wp) * 3 * a->k->line / 120);
		return 0;
	}
	if (msg == WM_CTLCOLORSTATIC || msg == WM_CTLCOLORBTN) {
		SetBkMode((HDC)wp, TRANSPARENT);
		return (LRESULT)GetSysColorBrush(COLOR_WINDOW);
	}
	return DefWindowProcW(h, msg, wp, lp);
}

/* ---- answers ---- */

static uint32_t ticks(const struct ask *a)
{
	uint32_t t = 0;

	for (size_t i = 0; i < a->p->right_count; i++)
		if (SendMessageW(a->rights[i], BM_GETCHECK, 0, 0) == BST_CHECKED)
			t |= UINT32_C(1) << i;
	return t;
}

static void answer(struct ask *a, bool allow)
{
	if (a->answered)
		return;
	/* A button that is locked can still be sent a click. */
	if (allow && !IsWindowEnabled(a->allow))
		return;
	a->answered = true;
	window_tell(a->w, allow ? EVENT_ALLOW : EVENT_DENY, a->p->id, ticks(a));
	ShowWindow(a->dialog, SW_HIDE);
	main_ask_gone(window_main(a->w)); /* frees a */
}

static LRESULT CALLBACK dialog_proc(HWND h, UINT msg, WPARAM wp, LPARAM lp)
{
	struct ask *a = (struct ask *)GetWindowLongPtrW(h, GWLP_USERDATA);

	switch (msg) {
	case WM_COMMAND:
		if (a && LOWORD(wp) == CONTROL_ALLOW)
			answer(a, true);
		else if (a && (LOWORD(wp) == CONTROL_DENY || LOWORD(wp) == IDOK))
			answer(a, false);
		return 0;
	case WM_CLOSE:
		if (a)
			answer(a, false);
		return 0;
	case DM_GETDEFID:
		return MAKELRESULT(CONTROL_DENY, DC_HASDEFID);
	case WM_CTLCOLORSTATIC:
		SetBkMode((HDC)wp, TRANSPARENT);
		return (LRESULT)GetSysColorBrush(COLOR_BTNFACE);
	default:
		return DefWindowProcW(h, msg, wp, lp);
	}
}

/* ---- life ---- */

static void register_classes(void)
{
	WNDCLASSW dialog = {.lpfnWndProc = dialog_proc,
			    .hInstance = GetModuleHandleW(NULL),
			    .hIcon = LoadIconW(GetModuleHandleW(NULL), MAKEINTRESOURCEW(1)),
			    .hCursor = LoadCursorW(NULL, (LPCWSTR)IDC_ARROW),
			    .hbrBackground = (HBRUSH)(COLOR_BTNFACE + 1),
			    .lpszClassName = ASK_CLASS};
	WNDCLASSW panel = dialog;

	panel.lpfnWndProc = panel_proc;
	panel.hbrBackground = (HBRUSH)(COLOR_WINDOW + 1);
	panel.lpszClassName = PANEL_CLASS;
	RegisterClassW(&dialog); /* the second time it fails, and that is fine */
	RegisterClassW(&panel);
}

static void make_buttons(struct ask *a)
{
	a->wait = kit_control(a->dialog, L"STATIC", L"Please read. Allow is locked for 5 seconds.",
			      SS_LEFT | SS_NOPREFIX, CONTROL_WAIT, a->k->font);
	a->deny = kit_control(a->dialog, L"BUTTON", L"&Deny", BS_DEFPUSHBUTTON | WS_TABSTOP,
			      CONTROL_DENY, a->k->font);
	a->allow = kit_control(a->dialog, L"BUTTON", L"&Allow",
			       BS_PUSHBUTTON | WS_TABSTOP | WS_DISABLED, CONTROL_ALLOW, a->k->font);
}

/* The dialog is as high as its text, or as the screen. */
static void place(struct ask *a)
{
	int m = 3 * a->k->unit, button = 2 * a->k->line, bar = button + 2 * m;
	int bar_width = GetSystemMetrics(SM_CXVSCROLL), inner = a->width + 2 * m + bar_width;
	RECT work, r = {0, 0, inner, a->height + bar + 2 * m};

	SystemParametersInfoW(SPI_GETWORKAREA, 0, &work, 0);
	AdjustWindowRectEx(&r, WS_CAPTION | WS_SYSMENU, FALSE, WS_EX_TOPMOST);

	int height = r.bottom - r.top, frame = height - (a->height + bar + 2 * m);
	if (height > work.bottom - work.top)
		height = work.bottom - work.top;
	int x = (work.left + work.right - (r.right - r.left)) / 2;
	int y = (work.top + work.bottom - height) / 2;
	SetWindowPos(a->dialog, HWND_TOPMOST, x < 0 ? 0 : x, y < 0 ? 0 : y, r.right - r.left,
		     height, SWP_NOACTIVATE);

	int panel = height - frame - bar - 2 * m, top = panel + 2 * m + m / 2;
	MoveWindow(a->panel, m, m, inner - 2 * m, panel, FALSE);
	MoveWindow(a->wait, m, top + a->k->unit, inner - 2 * m - 2 * (6 * a->k->line + m), button,
		   FALSE);
	MoveWindow(a->allow, inner - 2 * (6 * a->k->line + m), top, 6 * a->k->line, button, FALSE);
	MoveWindow(a->deny, inner - (6 * a->k->line + m), top, 6 * a->k->line, button, FALSE);
	scroll_to(a, 0);
}

struct ask *ask_open(struct window *w, HWND owner, const struct window_kit *k,
		     struct window_prompt *p)
{
	struct ask *a = calloc(1, sizeof *a);

	if (!a) {
		free(p);
		return NULL;
	}
	register_classes();
	a->w = w;
	a->k = k;
	a->p = p;
	a->width = LINES_WIDE * k->line;
	a->dialog = CreateWindowExW(WS_EX_TOPMOST | WS_EX_CONTROLPARENT, ASK_CLASS, ASK_TITLE,
				    WS_POPUP | WS_CAPTION | WS_SYSMENU, 0, 0, 0, 0, owner, NULL,
				    GetModuleHandleW(NULL), NULL);
	a->panel = CreateWindowExW(WS_EX_CONTROLPARENT, PANEL_CLASS, L"",
				   WS_CHILD | WS_VISIBLE | WS_VSCROLL, 0, 0, 0, 0, a->dialog, NULL,
				   GetModuleHandleW(NULL), NULL);
	lay_out(a);
	make_buttons(a);
	SetWindowLongPtrW(a->dialog, GWLP_USERDATA, (LONG_PTR)a);
	SetWindowLongPtrW(a->panel, GWLP_USERDATA, (LONG_PTR)a);
	place(a);
	ShowWindow(a->dialog, SW_SHOWNORMAL);
	SetForegroundWindow(a->dialog);
	SetFocus(a->deny);
	UpdateWindow(a->dialog);
	window_tell(w, EVENT_SHOWN, p->id, 0); /* painted: it can be read */
	return a;
}

void ask_unlock(struct ask *a, uint32_t prompt_id)
{
	if (prompt_id != a->p->id)
		return;
	EnableWindow(a->allow, TRUE);
	SetWindowTextW(a->wait, L"");
}

void ask_close(struct ask *a)
{
	if (!a)
		return;
	SetWindowLongPtrW(a->dialog, GWLP_USERDATA, 0);
	SetWindowLongPtrW(a->panel, GWLP_USERDATA, 0);
	DestroyWindow(a->dialog);
	free(a->p);
	free(a);
}

bool ask_takes_message(struct ask *a, MSG *msg)
{
	return a && IsDialogMessageW(a->dialog, msg);
}
