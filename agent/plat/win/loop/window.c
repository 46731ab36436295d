/* SPDX-License-Identifier: Apache-2.0
 *
 * Two threads and what goes between them. To the window's: messages with a copy of their text,
 * which Windows queues in order. Back: a short queue of events, and the loop is woken.
 */
#include "agent/plat/win/loop/window_priv.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"

struct event {
	enum window_event_type type;
	uint32_t id, ticks;
};

struct window {
	uv_async_t wake;
	const struct window_events *ev;
	void *owner;
	HWND h;			  /* of the main window; only to send to */
	struct main_window *main; /* the window's thread's */
	HANDLE started;

	CRITICAL_SECTION lock; /* what follows */
	struct event events[WINDOW_EVENTS];
	size_t count;
	bool closing;
	int refs; /* the owner and the thread */
};

static void let_go(struct window *w)
{
	EnterCriticalSection(&w->lock);
	int left = --w->refs;
	LeaveCriticalSection(&w->lock);
	if (left > 0)
		return;
	DeleteCriticalSection(&w->lock);
	CloseHandle(w->started);
	free(w);
}

/* ---- the window's thread ---- */

struct main_window *window_main(struct window *w)
{
	return w->main;
}

void window_tell(struct window *w, enum window_event_type type, uint32_t id, uint32_t ticks)
{
	EnterCriticalSection(&w->lock);
	if (!w->closing) {
		/* A full queue means that the loop hangs; then only the last place changes, and
		 * the latest click, which may be Stop, is not lost. */
		size_t at = w->count < WINDOW_EVENTS ? w->count++ : WINDOW_EVENTS - 1;

		w->events[at] = (struct event){type, id, ticks};
		uv_async_send(&w->wake);
	}
	LeaveCriticalSection(&w->lock);
}

static DWORD WINAPI live(void *arg)
{
	struct window *w = arg;

	w->main = main_open(w);
	w->h = w->main ? main_handle(w->main) : NULL;
	SetEvent(w->started);
	if (w->main)
		main_run(w->main);
	let_go(w);
	return 0;
}

/* ---- the loop's thread ---- */

static bool pop(struct window *w, struct event *out)
{
	EnterCriticalSection(&w->lock);
	bool any = w->count > 0 && !w->closing;
	if (any) {
		*out = w->events[0];
		memmove(w->events, w->events + 1, --w->count * sizeof w->events[0]);
	}
	LeaveCriticalSection(&w->lock);
	return any;
}

static void on_wake(uv_async_t *async)
{
	struct window *w = async->data;
	struct event e;

	while (pop(w, &e)) {
		switch (e.type) {
		case EVENT_SHOWN:
			w->ev->on_shown(e.id, w->owner);
			break;
		case EVENT_ALLOW:
		case EVENT_DENY:
			w->ev->on_answer(e.id, e.type == EVENT_ALLOW, e.ticks, w->owner);
			break;
		case EVENT_CANCEL:
			w->ev->on_cancel(e.id, w->owner);
			break;
		case EVENT_STOP:
			w->ev->on_stop(w->owner);
			break;
		case EVENT_CLOSED:
			w->ev->on_closed(w->owner);
			break;
		}
	}
}

/* A service's desktop shows nothing to anybody. */
static bool is_desktop_seen(void)
{
	USEROBJECTFLAGS flags;
	DWORD n;

	return GetUserObjectInformationW(GetProcessWindowStation(), UOI_FLAGS, &flags, sizeof flags,
					 &n) &&
	       (flags.dwFlags & WSF_VISIBLE);
}

bool window_is_preferred(void)
{
	return win_is_console_ours();
}

static int start(struct window *w)
{
	HANDLE thread = CreateThread(NULL, 0, live, w, CREATE_SUSPENDED, NULL);

	if (!thread)
		return UV_ENOMEM;
	w->refs++;
	ResumeThread(thread);
	CloseHandle(thread);
	WaitForSingleObject(w->started, INFINITE);
	return w->h ? 0 : AS_E_NO_CONSENT_UI;
}

static void on_failed(uv_handle_t *h)
{
	let_go(h->data);
}

int window_open(uv_loop_t *loop, const struct window_events *ev, void *owner, struct window **out)
{
	if (!is_desktop_seen())
		return AS_E_NO_CONSENT_UI;

	struct window *w = calloc(1, sizeof *w);
	if (!w)
		return UV_ENOMEM;
	w->ev = ev;
	w->owner = owner;
	w->refs = 1;
	InitializeCriticalSection(&w->lock);
	w->started = CreateEventW(NULL, TRUE, FALSE, NULL);

	int err = w->started ? uv_async_init(loop, &w->wake, on_wake) : UV_ENOMEM;
	if (err < 0) {
		let_go(w);
		return err;
	}
	w->wake.data = w;
	err = start(w);
	if (err < 0) {
		uv_close((uv_handle_t *)&w->wake, on_failed);
		return err;
	}
	win_speak_in_windows();
	if (win_is_console_ours())
		FreeConsole(); /* the empty one that came with a double click */
	*out = w;
	return 0;
}

static void on_wake_closed(uv_handle_t *h)
{
	struct window *w = h->data;
	const struct window_events *ev = w->ev;
	void *owner = w->owner;

	let_go(w);
	ev->on_gone(owner);
}

void window_close(struct window *w)
{
	EnterCriticalSection(&w->lock);
	bool first = !w->closing;
	w->closing = true;
	LeaveCriticalSection(&w->lock);
	if (!first)
		return;
	PostMessageW(w->h, WINDOW_QUIT, 0, 0);
	uv_close((uv_handle_t *)&w->wake, on_wake_closed);
}

/* ---- to the window ---- */

static void post(struct window *w, enum window_message what, WPARAM value, void *copy)
{
	if (w->closing || !PostMessageW(w->h, (UINT)what, value, (LPARAM)copy))
		free(copy);
}

void window_code(struct window *w, const char *code, unsigned minutes)
{
	char *copy = strdup(code);

	if (copy)
		post(w, WINDOW_SHOW_CODE, minutes, copy);
}

void window_line(struct window *w, const char *text)
{
	char *copy = strdup(text);

	if (copy)
		post(w, WINDOW_ADD_LINE, 0, copy);
}

/* One block: the struct, then its texts. */
static const char *pack(char **at, const char *text)
{
	char *here = *at;
	size_t n = strlen(text) + 1;

	memcpy(here, text, n);
	*at += n;
	return here;
}

static size_t texts_size(const struct window_prompt *p)
{
	size_t n = strlen(p->title) + strlen(p->granted) + strlen(p->rights_head) +
		   strlen(p->notes) + strlen(p->warning) + strlen(p->question) + 6;

	for (size_t i = 0; i < p->fact_count; i++)
		n += strlen(p->facts[i].label) + strlen(p->facts[i].value) + 2;
	for (size_t i = 0; i < p->right_count; i++)
		n += strlen(p->rights[i]) + 1;
	return n;
}

void window_prompt(struct window *w, const struct window_prompt *p)
{
	struct window_prompt *copy = malloc(sizeof *copy + texts_size(p));

	if (!copy)
		return; /* nothing is shown, so nothing can be allowed; the session's clock ends it
			 */

	char *at = (char *)(copy + 1);
	*copy = *p;
	copy->title = pack(&at, p->title);
	copy->granted = pack(&at, p->granted);
	copy->rights_head = pack(&at, p->rights_head);
	copy->notes = pack(&at, p->notes);
	copy->warning = pack(&at, p->warning);
	copy->question = pack(&at, p->question);
	for (size_t i = 0; i < p->fact_count; i++) {
		copy->facts[i].label = pack(&at, p->facts[i].label);
		copy->facts[i].value = pack(&at, p->facts[i].value);
	}
	for (size_t i = 0; i < p->right_count; i++)
		copy->rights[i] = pack(&at, p->rights[i]);
	post(w, WINDOW_ASK, 0, copy);
}

void window_unlock(struct window *w, uint32_t prompt_id)
{
	post(w, WINDOW_UNLOCK, prompt_id, NULL);
}

void window_cancel_prompt(struct window *w)
{
	post(w, WINDOW_CANCEL, 0, NULL);
}

void window_session(struct window *w)
{
	post(w, WINDOW_SESSION, 0, NULL);
}

void window_item(struct window *w, const struct window_item *item)
{
	size_t what = strlen(item->what) + 1, state = strlen(item->state) + 1;
	struct window_item *copy = malloc(sizeof *copy + what + state);

	if (!copy)
		return;

	char *at = (char *)(copy + 1);
	*copy = *item;
	copy->what = pack(&at, item->what);
	copy->state = pack(&at, item->state);
	post(w, WINDOW_ITEM, 0, copy);
}
