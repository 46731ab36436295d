/* SPDX-License-Identifier: Apache-2.0
 *
 * A console. Windows' calls for it wait, for a key or for a customer who marks text with the
 * mouse, so two threads make them: one reads keys, one writes. Both keep what they share alive
 * until they have ended, which may be after term_close().
 */
#include "agent/plat/term.h"
#include "agent/plat/win/win.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/buf.h"
#include "proto/base/err.h"
#include "proto/base/secret.h"

#define KEYS	    64
#define LINE_CHARS  80 /* so much as UTF-8 fits into TERM_LINE_MAX; further keys are dropped */
#define WRITE_BYTES 4096
#define LINES_MAX   32 /* typed and not yet looked at; more are dropped */

struct term {
	uv_async_t wake;
	HANDLE in, out;
	DWORD in_before, out_before;
	bool can_redraw;
	const struct term_events *ev;
	void *owner;
	bool said_closed;

	CRITICAL_SECTION lock; /* what follows */
	HANDLE more;	       /* something to write, or the end */
	HANDLE stop;	       /* the end, for the reader */
	struct buf queue;
	bool busy; /* bytes are on their way to the console */
	bool drained, closing, ended;
	char lines[LINES_MAX][TERM_LINE_MAX];
	size_t line_count;
	wchar_t typed[LINE_CHARS + 1]; /* the line that is being typed */
	size_t typed_len;
	bool hidden; /* what is typed is not shown */
	int refs;    /* the owner and the threads */
};

static void let_go(struct term *t)
{
	EnterCriticalSection(&t->lock);
	int left = --t->refs;
	LeaveCriticalSection(&t->lock);
	if (left > 0)
		return;
	DeleteCriticalSection(&t->lock);
	CloseHandle(t->more);
	CloseHandle(t->stop);
	buf_done(&t->queue);
	free(t);
}

/* With the lock held, so that the loop's handle is still there. */
static void wake(struct term *t)
{
	if (!t->closing)
		uv_async_send(&t->wake);
}

/* ---- reading ---- */

static void take_line(struct term *t, const char *text)
{
	EnterCriticalSection(&t->lock);
	if (t->line_count < LINES_MAX) {
		char *line = t->lines[t->line_count++];

		strncpy(line, text, TERM_LINE_MAX - 1);
		line[TERM_LINE_MAX - 1] = '\0';
	}
	wake(t);
	LeaveCriticalSection(&t->lock);
}

static void end_input(struct term *t)
{
	EnterCriticalSection(&t->lock);
	t->ended = true;
	wake(t);
	LeaveCriticalSection(&t->lock);
}

static bool is_closing(struct term *t)
{
	EnterCriticalSection(&t->lock);
	bool closing = t->closing;
	LeaveCriticalSection(&t->lock);
	return closing;
}

static void echo(struct term *t, const char *text)
{
	EnterCriticalSection(&t->lock);
	bool hidden = t->hidden;
	LeaveCriticalSection(&t->lock);
	if (!hidden)
		term_write(t, text, strlen(text));
}

/* One key. Lines are edited here and not by the console, whose editing stands in the way of what is
 * written meanwhile, and cannot forget what was typed before a question. */
static void take_char(struct term *t, wchar_t c)
{
	char utf8[8];
	wchar_t shown[2] = {c, L'\0'};

	EnterCriticalSection(&t->lock);
	wchar_t *line = t->typed;
	size_t n = t->typed_len;
	if (c == L'\r')
		t->typed_len = 0;
	else if (c == L'\b' && n > 0)
		t->typed_len = n - 1;
	else if (c >= L' ' && n < LINE_CHARS)
		line[t->typed_len++] = c;
	LeaveCriticalSection(&t->lock);

	if (c == L'\r') {
		char text[TERM_LINE_MAX];

		line[n] = L'\0';
		win_text(line, text, sizeof text);
		echo(t, "\n");
		take_line(t, text);
		secret_wipe(text, sizeof text);
		secret_wipe(line, sizeof t->typed);
	} else if (c == L'\b' && n > 0) {
		echo(t, "\b \b");
	} else if (c == 0x1a) { /* Ctrl-Z: the end of the input */
		end_input(t);
	} else if (c >= L' ' && n < LINE_CHARS) {
		echo(t, win_text(shown, utf8, sizeof utf8));
	}
}

static DWORD WINAPI read_keys(void *arg)
{
	struct term *t = arg;
	HANDLE both[] = {t->stop, t->in};
	INPUT_RECORD r[KEYS];
	DWORD n;

	while (WaitForMultipleObjects(2, both, FALSE, INFINITE) == WAIT_OBJECT_0 + 1) {
		if (!ReadConsoleInputW(t->in, r, KEYS, &n)) {
			end_input(t);
			break;
		}
		for (DWORD i = 0; i < n && !is_closing(t); i++) {
			const KEY_EVENT_RECORD *k = &r[i].Event.KeyEvent;

			if (r[i].EventType == KEY_EVENT && k->bKeyDown && k->uChar.UnicodeChar)
				take_char(t, k->uChar.UnicodeChar);
		}
	}
	let_go(t);
	return 0;
}

/* ---- writing ---- */

/* Whole characters of UTF-8 at the head of the queue. */
static size_t whole(const uint8_t *p, size_t n)
{
	if (n <= WRITE_BYTES)
		return n;
	n = WRITE_BYTES;
	while (n > 0 && (p[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static size_t next_piece(struct term *t, char out[WRITE_BYTES])
{
	EnterCriticalSection(&t->lock);
	size_t n = whole(buf_head(&t->queue), t->queue.len);
	if (n > 0) {
		memcpy(out, buf_head(&t->queue), n);
		buf_consume(&t->queue, n);
	} else if (t->busy) {
		t->drained = true;
		wake(t);
	}
	t->busy = n > 0;
	LeaveCriticalSection(&t->lock);
	return n;
}

static DWORD WINAPI write_queue(void *arg)
{
	struct term *t = arg;
	char piece[WRITE_BYTES];
	wchar_t wide[WRITE_BYTES];

	for (;;) {
		size_t n = next_piece(t, piece);

		if (n == 0 && is_closing(t))
			break;
		if (n == 0) {
			WaitForSingleObject(t->more, INFINITE);
			continue;
		}

		int chars = MultiByteToWideChar(CP_UTF8, 0, piece, (int)n, wide, WRITE_BYTES);
		DWORD done;
		if (!WriteConsoleW(t->out, wide, (DWORD)chars, &done, NULL)) {
			end_input(t);
			break;
		}
	}
	let_go(t);
	return 0;
}

/* ---- the loop's side ---- */

static bool pop_line(struct term *t, char out[TERM_LINE_MAX])
{
	EnterCriticalSection(&t->lock);
	bool any = t->line_count > 0 && !t->closing;
	if (any) {
		memcpy(out, t->lines[0], TERM_LINE_MAX);
		memmove(t->lines[0], t->lines[1], --t->line_count * TERM_LINE_MAX);
		secret_wipe(t->lines[t->line_count], TERM_LINE_MAX);
	}
	LeaveCriticalSection(&t->lock);
	return any;
}

static void on_wake(uv_async_t *async)
{
	struct term *t = async->data;
	char line[TERM_LINE_MAX];

	EnterCriticalSection(&t->lock);
	bool drained = t->drained && !t->closing;
	t->drained = false;
	LeaveCriticalSection(&t->lock);
	if (drained)
		t->ev->on_drained(t->owner);
	while (pop_line(t, line))
		t->ev->on_line(line, t->owner);
	secret_wipe(line, sizeof line);

	EnterCriticalSection(&t->lock);
	bool ended = t->ended && !t->closing && !t->said_closed;
	t->said_closed = t->said_closed || ended;
	LeaveCriticalSection(&t->lock);
	if (ended)
		t->ev->on_closed(t->owner);
}

/* ---- modes ---- */

static DWORD cursor_column(HANDLE out)
{
	CONSOLE_SCREEN_BUFFER_INFO info;

	return GetConsoleScreenBufferInfo(out, &info) ? (DWORD)info.dwCursorPosition.X : 0;
}

/* A console that obeys escape sequences does not move its cursor for one without effect. */
static bool obeys_escapes(HANDLE out, DWORD mode)
{
	static const wchar_t nothing[] = L"\033[m";
	DWORD before = cursor_column(out), done;

	if (before != 0 || !SetConsoleMode(out, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING))
		return false;
	WriteConsoleW(out, nothing, 3, &done, NULL);
	if (cursor_column(out) == 0)
		return true;
	WriteConsoleW(out, L"\r   \r", 5, &done, NULL);
	return false;
}

static void set_line_mode(struct term *t)
{
	DWORD keys = ENABLE_PROCESSED_INPUT | /* Ctrl-C is a signal */
		     ENABLE_EXTENDED_FLAGS;   /* no marking with the mouse: it stops the output */
	DWORD plain = ENABLE_PROCESSED_OUTPUT | ENABLE_WRAP_AT_EOL_OUTPUT;

	SetConsoleMode(t->in, keys);
	t->can_redraw = obeys_escapes(t->out, plain);
	if (!t->can_redraw)
		SetConsoleMode(t->out, plain);
}

/* ---- life ---- */

static bool start_threads(struct term *t)
{
	HANDLE reader = CreateThread(NULL, 0, read_keys, t, CREATE_SUSPENDED, NULL);
	HANDLE writer = CreateThread(NULL, 0, write_queue, t, CREATE_SUSPENDED, NULL);
	bool both = reader && writer;

	if (both) {
		t->refs += 2;
		ResumeThread(reader);
		ResumeThread(writer);
	}
	if (reader)
		CloseHandle(reader);
	if (writer)
		CloseHandle(writer);
	return both;
}

int term_open(uv_loop_t *loop, int in_fd, int out_fd, const struct term_events *ev, void *owner,
	      struct term **out)
{
	DWORD in_mode, out_mode;
	HANDLE in = GetStdHandle(in_fd == 0 ? STD_INPUT_HANDLE : STD_OUTPUT_HANDLE);
	HANDLE screen = GetStdHandle(out_fd == 1 ? STD_OUTPUT_HANDLE : STD_INPUT_HANDLE);

	/* A process has one console at most, so these two are the same. */
	if (!GetConsoleMode(in, &in_mode) || !GetConsoleMode(screen, &out_mode))
		return AS_E_NO_CONSENT_UI;

	struct term *t = calloc(1, sizeof *t);
	if (!t)
		return UV_ENOMEM;
	*t = (struct term){.in = in,
			   .out = screen,
			   .in_before = in_mode,
			   .out_before = out_mode,
			   .ev = ev,
			   .owner = owner,
			   .refs = 1};
	InitializeCriticalSection(&t->lock);
	buf_init(&t->queue, TERM_OUT_MAX);
	t->more = CreateEventW(NULL, FALSE, FALSE, NULL);
	t->stop = CreateEventW(NULL, TRUE, FALSE, NULL);

	int err = t->more && t->stop ? uv_async_init(loop, &t->wake, on_wake) : UV_ENOMEM;
	if (err < 0) {
		let_go(t);
		return err;
	}
	t->wake.data = t;
	set_line_mode(t);
	if (!start_threads(t))
		t->ended = true; /* said by the first turn of the loop */
	*out = t;
	if (t->ended)
		uv_async_send(&t->wake);
	return 0;
}

static void on_wake_closed(uv_handle_t *h)
{
	struct term *t = h->data;
	const struct term_events *ev = t->ev;
	void *owner = t->owner;

	let_go(t);
	ev->on_gone(owner);
}

/* What was said last is still on its way: it is waited for, a little. */
static void drain(struct term *t)
{
	for (int i = 0; i < 100 && !term_is_drained(t); i++)
		Sleep(2);
}

void term_close(struct term *t)
{
	if (is_closing(t))
		return;
	drain(t);
	EnterCriticalSection(&t->lock);
	t->closing = true;
	LeaveCriticalSection(&t->lock);
	SetEvent(t->more);
	SetEvent(t->stop);
	SetConsoleMode(t->in, t->in_before);
	SetConsoleMode(t->out, t->out_before);
	uv_close((uv_handle_t *)&t->wake, on_wake_closed);
}

int term_write(struct term *t, const char *p, size_t n)
{
	int err = UV_ECANCELED;

	EnterCriticalSection(&t->lock);
	if (!t->closing && !t->ended)
		err = buf_append(&t->queue, p, n) < 0 ? AS_EFULL : 0;
	t->busy = t->busy || err == 0;
	LeaveCriticalSection(&t->lock);
	SetEvent(t->more);
	return err;
}

bool term_is_drained(const struct term *t)
{
	struct term *shared =
	    (struct term *)(uintptr_t)t; /* the lock is not part of what is seen */

	EnterCriticalSection(&shared->lock);
	bool drained = t->queue.len == 0 && !t->busy;
	LeaveCriticalSection(&shared->lock);
	return drained;
}

void term_forget_input(struct term *t)
{
	EnterCriticalSection(&t->lock);
	t->line_count = 0;
	t->typed_len = 0;
	secret_wipe(t->lines, sizeof t->lines);
	secret_wipe(t->typed, sizeof t->typed);
	LeaveCriticalSection(&t->lock);
	FlushConsoleInputBuffer(t->in);
}

void term_hide(struct term *t, bool hidden)
{
	EnterCriticalSection(&t->lock);
	t->hidden = hidden;
	LeaveCriticalSection(&t->lock);
}

bool term_can_redraw(const struct term *t)
{
	return t->can_redraw;
}

void term_size(const struct term *t, unsigned *columns, unsigned *rows)
{
	CONSOLE_SCREEN_BUFFER_INFO info;

	*columns = 80;
	*rows = 24;
	if (!GetConsoleScreenBufferInfo(t->out, &info))
		return;
	*columns = (unsigned)(info.srWindow.Right - info.srWindow.Left + 1);
	*rows = (unsigned)(info.srWindow.Bottom - info.srWindow.Top + 1);
}
