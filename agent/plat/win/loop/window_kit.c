/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/plat/win/loop/window_priv.h"

#include <string.h>

#define CODE_TIMES 3 /* the code is read aloud: so much larger */

static HFONT like(const LOGFONTW *base, int times, LONG weight, const wchar_t *face)
{
	LOGFONTW f = *base;

	f.lfHeight *= times;
	f.lfWeight = weight;
	if (face)
		wcsncpy(f.lfFaceName, face, LF_FACESIZE - 1);
	return CreateFontIndirectW(&f);
}

void kit_init(struct window_kit *k)
{
	NONCLIENTMETRICSW m = {.cbSize = sizeof m};
	HDC dc = GetDC(NULL);
	TEXTMETRICW t;

	SystemParametersInfoW(SPI_GETNONCLIENTMETRICS, sizeof m, &m, 0);
	k->font = like(&m.lfMessageFont, 1, FW_NORMAL, NULL);
	k->bold = like(&m.lfMessageFont, 1, FW_BOLD, NULL);
	k->code = like(&m.lfMessageFont, CODE_TIMES, FW_BOLD, L"Consolas");

	HGDIOBJ before = SelectObject(dc, k->font);
	GetTextMetricsW(dc, &t);
	SelectObject(dc, before);
	ReleaseDC(NULL, dc);
	k->line = t.tmHeight;
	k->unit = (t.tmHeight + 3) / 4;
}

void kit_done(struct window_kit *k)
{
	DeleteObject(k->font);
	DeleteObject(k->bold);
	DeleteObject(k->code);
}

int kit_height(HFONT font, const wchar_t *text, int width)
{
	RECT r = {0, 0, width, 0};
	HDC dc = GetDC(NULL);
	HGDIOBJ before = SelectObject(dc, font);

	DrawTextW(dc, text, -1, &r, DT_CALCRECT | DT_WORDBREAK | DT_EDITCONTROL | DT_NOPREFIX);
	SelectObject(dc, before);
	ReleaseDC(NULL, dc);
	return r.bottom;
}

HWND kit_control(HWND parent, const wchar_t *class, const wchar_t *text, DWORD style, int id,
		 HFONT font)
{
	HWND c = CreateWindowExW(0, class, text, WS_CHILD | WS_VISIBLE | style, 0, 0, 0, 0, parent,
				 (HMENU)(intptr_t)id, GetModuleHandleW(NULL), NULL);

	SendMessageW(c, WM_SETFONT, (WPARAM)font, TRUE);
	return c;
}
