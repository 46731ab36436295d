/* SPDX-License-Identifier: Apache-2.0 */
#include "console/top_view.h"

#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <ncurses.h>

#include "console/keys.h"
#include "console/outlet.h"
#include "console/screen.h"
#include "console/top_draw.h"

#define HOST_CAP 65

enum { SIGNALS = 2 };
static const int signals[SIGNALS] = {SIGWINCH, SIGTSTP};

/* libuv's part of a view that may be gone before libuv is done with it. */
struct view_signals {
	uv_signal_t at[SIGNALS];
	int open;
	struct top_view *view; /* NULL once it is gone */
};

struct top_view {
	struct outlet *outlet;
	void (*on_quit)(void *owner);
	void *owner;
	char host[HOST_CAP];
	struct top_state *state; /* what is on the screen */
	struct top_ui ui;
	struct canvas canvas;
	struct view_signals *signals;
	SCREEN *screen; /* NULL until the terminal is ours */
	bool skips;	/* frozen: until the end of a sample */
	uint32_t lost_left_s;
};

bool top_view_is_possible(void)
{
	return keys_are_open() && screen_can_draw(STDOUT_FILENO);
}

/* ---- drawing ---- */

static attr_t attributes(uint8_t look, short *pair)
{
	*pair = 0;
	switch (look) {
	case LOOK_DIM:
		return A_DIM;
	case LOOK_BOLD:
		return A_BOLD;
	case LOOK_BAR:
		return A_REVERSE;
	case LOOK_GOOD:
	case LOOK_WARN:
		*pair = (short)look;
		return A_NORMAL;
	case LOOK_BAD:
		*pair = (short)look;
		return A_BOLD;
	default:
		return A_NORMAL;
	}
}

static void put_cell(int y, int x, const struct canvas_cell *cell)
{
	wchar_t text[2] = {(wchar_t)cell->cp, L'\0'};
	short pair;
	attr_t attr = attributes(cell->look, &pair);
	cchar_t c;

	if (setcchar(&c, text, attr, has_colors() ? pair : 0, NULL) == OK)
		mvadd_wch(y, x, &c);
}

static void draw(struct top_view *v)
{
	struct top_scene scene = {
	    .state = v->state, .host = v->host, .lost_left_s = v->lost_left_s};

	if (!v->screen)
		return;
	top_draw(&v->canvas, &scene, &v->ui);
	for (int y = 0; y < v->canvas.height; y++)
		for (int x = 0; x < v->canvas.width; x++)
			put_cell(y, x, &v->canvas.cells[y * v->canvas.width + x]);
	refresh();
}

static bool fit(struct top_view *v)
{
	bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;

	canvas_done(&v->canvas);
	return canvas_init(&v->canvas, COLS, LINES, utf8) == 0;
}

/* ---- keys and signals ---- */

static int translate(int key)
{
	switch (key) {
	case KEY_UP:
		return TOP_KEY_UP;
	case KEY_DOWN:
		return TOP_KEY_DOWN;
	case KEY_PPAGE:
		return TOP_KEY_PAGE_UP;
	case KEY_NPAGE:
		return TOP_KEY_PAGE_DOWN;
	case KEY_HOME:
		return TOP_KEY_HOME;
	case KEY_BACKSPACE:
		return 127;
	case KEY_ENTER:
		return '\n';
	default:
		return key < KEY_MIN ? key : 0;
	}
}

static void on_readable(bool failed, void *owner)
{
	struct top_view *v = owner;
	bool quit = failed;
	int key;

	while (!quit && (key = getch()) != ERR)
		quit = top_ui_key(&v->ui, translate(key));
	if (quit)
		v->on_quit(v->owner);
	else
		draw(v);
}

static void resize(struct top_view *v)
{
	struct winsize ws;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_row > 0 && ws.ws_col > 0)
		resizeterm(ws.ws_row, ws.ws_col);
	if (fit(v)) {
		clear();
		draw(v);
	}
}

/* Ctrl-Z: the shell gets its terminal as it was, and we take it again when we go on. */
static void stop(struct top_view *v)
{
	endwin();
	raise(SIGSTOP);
	refresh();
	resize(v);
}

static void on_signal(uv_signal_t *h, int number)
{
	struct view_signals *s = h->data;

	if (!s->view)
		return;
	if (number == SIGWINCH)
		resize(s->view);
	else
		stop(s->view);
}

static void on_signal_closed(uv_handle_t *h)
{
	struct view_signals *s = h->data;

	if (--s->open == 0)
		free(s);
}

/* Ours come first: ncurses leaves alone what somebody handles already. */
static void watch_signals(struct top_view *v)
{
	struct view_signals *s = calloc(1, sizeof *s);

	if (!s)
		return;
	s->view = v;
	v->signals = s;
	for (int i = 0; i < SIGNALS; i++, s->open++) {
		uv_signal_init(keys_loop(), &s->at[i]);
		s->at[i].data = s;
		uv_signal_start(&s->at[i], on_signal, signals[i]);
	}
}

static void unwatch_signals(struct top_view *v)
{
	struct view_signals *s = v->signals;

	v->signals = NULL;
	if (!s)
		return;
	s->view = NULL;
	for (int i = 0; i < SIGNALS; i++)
		uv_close((uv_handle_t *)&s->at[i], on_signal_closed);
}

/* ---- the terminal ---- */

static void colors(void)
{
	if (!has_colors())
		return;
	start_color();
	use_default_colors();
	init_pair(LOOK_GOOD, COLOR_GREEN, -1);
	init_pair(LOOK_WARN, COLOR_YELLOW, -1);
	init_pair(LOOK_BAD, COLOR_RED, -1);
}

/* Ctrl-S would stop us in the middle of a line. */
static void no_flow_control(void)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &t) < 0)
		return;
	t.c_iflag &= ~(tcflag_t)IXON;
	tcsetattr(STDIN_FILENO, TCSANOW, &t);
}

static void take_terminal(struct top_view *v)
{
	watch_signals(v);
	v->screen = newterm(NULL, stdout, stdin);
	if (!v->screen) {
		v->on_quit(v->owner);
		return;
	}
	set_term(v->screen);
	cbreak();
	noecho();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	colors();
	no_flow_control();
	if (!fit(v)) {
		v->on_quit(v->owner);
		return;
	}
	keys_read(on_readable, v);
	draw(v);
}

struct top_view *top_view_new(struct outlet *outlet, const char *host, void (*on_quit)(void *owner),
			      void *owner)
{
	struct top_view *v = calloc(1, sizeof *v);

	if (!v || !(v->state = top_state_new())) {
		free(v);
		return NULL;
	}
	v->outlet = outlet;
	v->on_quit = on_quit;
	v->owner = owner;
	snprintf(v->host, sizeof v->host, "%s", host);
	outlet_hold(outlet, true);
	return v;
}

void top_view_free(struct top_view *v)
{
	if (!v)
		return;
	if (v->screen) {
		keys_stop();
		endwin();
		delscreen(v->screen);
	}
	unwatch_signals(v);
	canvas_done(&v->canvas);
	top_state_free(v->state);
	outlet_hold(v->outlet, false);
	free(v);
}

/* ---- what comes ---- */

void top_view_row(struct top_view *v, const struct item *rec)
{
	bool end = rec->row.kind == ROW_SAMPLE;

	if (!v->skips && top_state_row(v->state, rec))
		draw(v);
	if (end)
		v->skips = v->ui.frozen;
}

void top_view_tick(struct top_view *v, uint32_t lost_left_s)
{
	bool news = v->lost_left_s != lost_left_s;

	v->lost_left_s = lost_left_s;
	if (!v->screen && !outlet_is_writing(v->outlet))
		take_terminal(v);
	else if (news)
		draw(v);
}
