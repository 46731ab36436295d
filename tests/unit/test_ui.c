/* SPDX-License-Identifier: Apache-2.0
 *
 * The conversation, on a pseudo-terminal whose other end is in the same loop. Nothing waits by
 * sleeping: wait_for() turns the loop until the text is there.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "agent/ui.h"
#include "proto/base/err.h"

#define LIMIT_MS 20000 /* only a broken program reaches it */

static uv_loop_t loop;
static uv_timer_t limit;
static uv_poll_t poll_master;
static struct ui *ui;
static int master, slave;
static char screen[1 << 20];
static size_t screen_len, seen;
static struct {
	uint32_t allowed, ticks, denied, stops, closes, gone, cancelled, answers, listed;
	char folder[300], answer[300];
} got;

static void on_allow(uint32_t id, uint32_t ticks, const char *folder, uint32_t shown_ms,
		     void *owner)
{
	(void)shown_ms;
	(void)owner;
	got.allowed = id;
	got.ticks = ticks;
	snprintf(got.folder, sizeof got.folder, "%s", folder);
}

static void on_cancel(uint32_t id, void *owner)
{
	(void)owner;
	got.cancelled = id;
}

static void on_deny(uint32_t id, void *owner)
{
	(void)owner;
	got.denied = id;
}

static void on_stop(void *owner)
{
	(void)owner;
	got.stops++;
}

static void on_closed(void *owner)
{
	(void)owner;
	got.closes++;
}

static void on_gone(void *owner)
{
	(void)owner;
	got.gone++;
}

static void on_answer(const char *line, void *owner)
{
	(void)owner;
	got.answers++;
	snprintf(got.answer, sizeof got.answer, "%s", line);
}

static void on_list(size_t line, void *owner)
{
	(void)owner;
	got.listed = (uint32_t)line + 1;
}

static const struct ui_events events = {on_allow,  on_deny, on_cancel, on_stop,
					on_closed, on_gone, on_answer, on_list};

static void on_limit(uv_timer_t *t)
{
	(void)t;
	cr_assert_fail("nothing came; the screen ends: %s", screen + seen);
}

static void on_screen(uv_poll_t *p, int status, int e)
{
	(void)p;
	(void)e;
	if (status < 0)
		return;

	ssize_t n = read(master, screen + screen_len, sizeof screen - 1 - screen_len);
	if (n > 0)
		screen_len += (size_t)n;
	screen[screen_len] = '\0';
}

static void open_ui(unsigned lock_ms, const char *kind)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};

	setenv("TERM", kind, 1);
	cr_assert_eq(uv_loop_init(&loop), 0);
	cr_assert_eq(openpty(&master, &slave, NULL, NULL, &size), 0);
	cr_assert_eq(fcntl(master, F_SETFL, O_NONBLOCK), 0);
	uv_timer_init(&loop, &limit);
	uv_timer_start(&limit, on_limit, LIMIT_MS, 0);
	uv_poll_init(&loop, &poll_master, master);
	uv_poll_start(&poll_master, UV_READABLE, on_screen);
	cr_assert_eq(ui_open_on(&loop, slave, slave, lock_ms, &events, NULL, &ui), 0);
}

static void wait_for(const char *text)
{
	const char *at;

	while (!(at = strstr(screen + seen, text)))
		uv_run(&loop, UV_RUN_ONCE);
	seen = (size_t)(at - screen) + strlen(text);
}

static void wait_until(const uint32_t *what)
{
	while (*what == 0)
		uv_run(&loop, UV_RUN_ONCE);
}

static void type(const char *text)
{
	cr_assert_eq(write(master, text, strlen(text)), (ssize_t)strlen(text));
}

static void close_ui(void)
{
	uint32_t before = got.gone;

	ui_close(ui);
	ui_close(ui);
	while (got.gone == before)
		uv_run(&loop, UV_RUN_ONCE);
	cr_assert_eq(got.gone, before + 1);
	uv_close((uv_handle_t *)&limit, NULL);
	uv_close((uv_handle_t *)&poll_master, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_assert_eq(uv_loop_close(&loop), 0);
	close(master);
	close(slave);
}

static struct consent usual(void)
{
	return (struct consent){
	    .engineer_name = "Jane Doe",
	    .engineer_id = "jane",
	    .organisation = "Acme",
	    .phone = "112",
	    .reason = "why",
	    .config_trusted = true,
	    .config_signed = true,
	    .duration_s = 60,
	    .asked = {{.kind = SCOPE_SYSTEM}, {.kind = SCOPE_LOGS}},
	    .asked_count = 2,
	};
}

static void ask(uint32_t id)
{
	struct consent c = usual();

	ui_show_prompt(ui, id, &c);
}

Test(ui, a_pipe_or_a_file_is_no_terminal_to_ask_on)
{
	int ends[2], other_master, other_slave;

	open_ui(0, "dumb");
	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(openpty(&other_master, &other_slave, NULL, NULL, NULL), 0);

	struct ui *none = NULL;
	cr_assert_eq(ui_open_on(&loop, ends[0], slave, 0, &events, NULL, &none),
		     AS_E_NO_CONSENT_UI);
	cr_assert_eq(ui_open_on(&loop, slave, ends[1], 0, &events, NULL, &none),
		     AS_E_NO_CONSENT_UI);
	cr_assert_eq(ui_open_on(&loop, slave, other_slave, 0, &events, NULL, &none),
		     AS_E_NO_CONSENT_UI, "asked on one terminal, answered on another");
	cr_assert_null(none);
	close_ui();
	ui_close(NULL);
}

Test(ui, the_code_has_its_own_line)
{
	open_ui(0, "dumb");
	ui_show_code(ui, "ABCD-EFG-HJKM", 10);
	wait_for("Your code: ABCD-EFG-HJKM\r\n");
	wait_for("10 minutes");
	close_ui();
}

Test(ui, allow_counts_for_the_prompt_on_the_screen)
{
	open_ui(1, "dumb");
	ask(7);
	wait_for("Engineer:     Jane Doe (jane)");
	wait_for("\r\nType allow or deny: ");
	type("  ALLOW \n");
	wait_until(&got.allowed);
	cr_assert_eq(got.allowed, 7);
	cr_assert_eq(got.ticks, 3);
	cr_assert_eq(got.denied, 0);
	close_ui();
}

Test(ui, nothing_but_the_whole_word_counts)
{
	static const char *const wrong[] = {"a\n",
					    "y\n",
					    "yes\n",
					    "\n",
					    "allowed\n",
					    "al low\n",
					    "3\n",
					    "0\n",
					    "01\n",
					    "1 \x1b[A\n",
					    "99999999999999999999\n"};

	open_ui(1, "dumb");
	ask(7);
	wait_for("\r\nType allow or deny: ");
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		type(wrong[i]);
		wait_for("Please type the whole word");
		wait_for("\r\nType allow or deny: ");
	}
	cr_assert_eq(got.allowed, 0);
	cr_assert_eq(got.denied, 0);
	type("deny\n");
	wait_until(&got.denied);
	close_ui();
}

Test(ui, a_number_switches_its_line)
{
	open_ui(1, "dumb");
	ask(7);
	wait_for("\r\nType allow or deny: ");
	type("1\n");
	wait_for("  [ ]  1  See");
	wait_for("  [x]  2  Read");
	wait_for("\r\nType allow or deny: ");
	type("2\n");
	wait_for("  [ ]  2  Read");
	wait_for("Type allow or deny: ");
	type("2\n");
	wait_for("  [x]  2  Read");
	wait_for("Type allow or deny: ");
	type("allow\n");
	wait_until(&got.allowed);
	cr_assert_eq(got.ticks, 2);
	close_ui();
}

/* The lock of this test never ends by itself: what comes out of it was let through. */
static void ask_for_a_folder(void)
{
	struct consent c = usual();

	c.asked[1] = (struct scope){.kind = SCOPE_PUT};
	ui_show_prompt(ui, 9, &c);
}

/* Nothing is put anywhere before the customer has said where. */
Test(ui, where_files_may_be_put_only_the_customer_says)
{
	open_ui(1, "dumb");
	ask_for_a_folder();
	wait_for("[x]  1");
	wait_for("[ ]  2  Put files onto this computer");
	wait_for("\r\nType allow or deny: ");
	type("2\n");
	wait_for("First choose the folder");
	type("/no/such/folder\n");
	wait_for("not a folder that you can write to");
	type("/etc/passwd\n");
	wait_for("not a folder that you can write to");
	type("/etc\n");
	wait_for("for the system or for settings of programs");
	type("/tmp/../tmp\n");
	wait_for("[x]  2  Put new files into your folder \"/tmp\"");
	wait_for("Type allow or deny: ");
	type("allow\n");
	wait_until(&got.allowed);
	cr_assert_eq(got.ticks, 3);
	cr_assert_str_eq(got.folder, "/tmp");
	close_ui();
}

Test(ui, without_a_folder_the_line_stays_off)
{
	open_ui(1, "dumb");
	ask_for_a_folder();
	wait_for("\r\nType allow or deny: ");
	type("allow\n");
	wait_until(&got.allowed);
	cr_assert_eq(got.ticks, 1);
	cr_assert_str_eq(got.folder, "");
	close_ui();
}

Test(ui, a_folder_is_chosen_only_when_one_is_asked_for)
{
	open_ui(1, "dumb");
	ask(7);
	wait_for("\r\nType allow or deny: ");
	type("/tmp\n");
	wait_for("Please type the whole word allow or deny");
	close_ui();
}

Test(ui, one_item_is_cancelled_by_its_number)
{
	struct ui_item item = {
	    .id = 101, .number = 7, .what = "Follow log files", .state = "running"};

	open_ui(0, "dumb");
	ui_item(ui, &item);
	type("cancel 8\n");
	wait_for("No item with this number");
	type("cancel x\n");
	wait_for("No item with this number");
	type("cancel\n");
	wait_for("type cancel and the number");
	cr_assert_eq(got.cancelled, 0);
	type(" Cancel  7 \n");
	wait_until(&got.cancelled);
	cr_assert_eq(got.cancelled, 101);
	got.cancelled = 0;
	item.done = true;
	item.state = "stopped";
	ui_item(ui, &item);
	wait_for("  7  Follow log files - 0 B, 0.0 s, stopped");
	type("cancel 7\n");
	wait_for("No item with this number");
	cr_assert_eq(got.cancelled, 0);
	close_ui();
}

Test(ui, before_the_lock_is_over_allow_counts_for_nothing_and_deny_does)
{
	open_ui(24 * 3600 * 1000, "dumb");
	ask(7);
	wait_for("The answer can be typed in 5 seconds.");
	type("allow\n");
	wait_for("Not yet.");
	cr_assert_eq(got.allowed, 0);
	cr_assert_null(strstr(screen, "Type allow or deny"));
	type("deny\n");
	wait_until(&got.denied);
	cr_assert_eq(got.denied, 7);
	cr_assert_eq(got.allowed, 0);
	close_ui();
}

Test(ui, what_was_typed_ahead_is_thrown_away)
{
	open_ui(1, "dumb");
	type("allow"); /* no Enter: it lies in the terminal */
	ask(7);
	wait_for("\r\nType allow or deny: ");
	type("\n");
	wait_for("Please type the whole word");
	cr_assert_eq(got.allowed, 0);
	close_ui();
}

Test(ui, an_answer_is_given_once)
{
	open_ui(1, "dumb");
	ask(7);
	wait_for("\r\nType allow or deny: ");
	type("allow\nallow\n");
	wait_for("To end, type stop");
	cr_assert_eq(got.allowed, 7);
	got.allowed = 0;
	type("allow\n");
	wait_for("To end, type stop");
	cr_assert_eq(got.allowed, 0);
	close_ui();
}

Test(ui, a_cancelled_prompt_can_not_be_answered)
{
	open_ui(1, "dumb");
	ask(7);
	wait_for("\r\nType allow or deny: ");
	ui_cancel_prompt(ui, "nobody answered");
	wait_for("The question is withdrawn: nobody answered.");
	type("allow\n");
	wait_for("To end, type stop");
	cr_assert_eq(got.allowed, 0);
	close_ui();
}

Test(ui, stop_works_at_any_time)
{
	open_ui(24 * 3600 * 1000, "dumb");
	type("Stop\n");
	wait_until(&got.stops);
	ask(7);
	got.stops = 0;
	type(" stop \n");
	wait_until(&got.stops);
	cr_assert_eq(got.denied, 0);
	close_ui();
}

Test(ui, a_finished_item_is_one_clean_line)
{
	struct ui_item item = {.id = 1, .what = "Memory\033[2J\nand swap", .state = "running"};

	open_ui(0, "dumb");
	ui_item(ui, &item);
	item.bytes = 12345;
	item.elapsed_ms = 1230;
	item.state = "ok";
	item.done = true;
	ui_item(ui, &item);
	wait_for("  Memory?[2J and swap - 12 kB, 1.2 s, ok\r\n");
	cr_assert_null(strstr(screen, "running"), "a plain terminal shows final lines only");
	close_ui();
}

Test(ui, on_a_capable_terminal_running_items_are_drawn_anew)
{
	struct ui_item item = {
	    .id = 1, .number = 3, .what = "Memory", .state = "running", .bytes = 10};

	open_ui(0, "xterm");
	ui_item(ui, &item);
	wait_for("  3  Memory - 10 B, 0.0 s, running\r\n");
	item.bytes = 20;
	ui_item(ui, &item);
	wait_for("\r\033[1A\033[J  3  Memory - 20 B, 0.0 s, running\r\n");
	item.state = "ok";
	item.done = true;
	ui_item(ui, &item);
	wait_for("\r\033[1A\033[J  3  Memory - 20 B, 0.0 s, ok\r\n");
	ui_message(ui, "The end");
	wait_for("The end\r\n");
	cr_assert_null(strstr(screen + seen - 9, "\033"), "nothing is left to erase");
	close_ui();
}

Test(ui, items_that_end_during_a_question_are_shown_after_it)
{
	struct ui_item item = {.id = 1, .number = 3, .what = "Memory", .state = "ok", .done = true};

	open_ui(1, "xterm");
	ask(7);
	wait_for("\r\nType allow or deny: ");
	ui_item(ui, &item);
	type("deny\n");
	wait_until(&got.denied);
	wait_for("  Memory - 0 B, 0.0 s, ok\r\n");
	cr_assert_null(strstr(screen, "Memory - 0 B, 0.0 s, ok\r\nType"));
	close_ui();
}

Test(ui, other_peoples_text_stays_on_its_line)
{
	open_ui(0, "dumb");
	ui_message(ui, "Engineer %s", "x\r\nYour code: AAAA-AAA-AAAA\033[1A\xe2\x80\xae");
	wait_for("Engineer x  Your code: AAAA-AAA-AAAA?[1A?\r\n");
	close_ui();
}

Test(ui, a_terminal_that_goes_away_is_told_once)
{
	open_ui(0, "dumb");
	ask(7);
	wait_for("The answer can be typed");
	uv_poll_stop(&poll_master);
	close(slave);
	close(master);
	wait_until(&got.closes);
	ui_message(ui, "to nobody");
	close_ui();
	cr_assert_eq(got.closes, 1);
	cr_assert_eq(got.denied + got.allowed, 0);
}

Test(ui, a_stopped_terminal_holds_up_nobody_and_starts_no_lock)
{
	struct ui_item item = {.id = 1, .number = 3, .what = "Memory", .state = "ok", .done = true};

	open_ui(1, "dumb");
	uv_poll_stop(&poll_master);
	for (item.id = 1; item.id < 20000; item.id++)
		ui_item(ui, &item);
	ask(7);
	for (int i = 0; i < 100; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	uv_poll_start(&poll_master, UV_READABLE, on_screen);
	wait_for("Did YOU ask for help?");
	wait_for("\r\nType allow or deny: ");
	type("allow\n");
	wait_until(&got.allowed);
	close_ui();
}

Test(ui, the_terminal_is_left_as_it_was_found)
{
	struct termios before, during, after;

	open_ui(0, "dumb");
	close_ui();

	got.gone = 0;
	cr_assert_eq(openpty(&master, &slave, NULL, NULL, NULL), 0);
	cr_assert_eq(tcgetattr(slave, &before), 0);
	cfmakeraw(&before);
	cr_assert_eq(tcsetattr(slave, TCSANOW, &before), 0);
	cr_assert_eq(uv_loop_init(&loop), 0);
	cr_assert_eq(ui_open_on(&loop, slave, slave, 0, &events, NULL, &ui), 0);
	cr_assert_eq(tcgetattr(slave, &during), 0);
	cr_assert(during.c_lflag & ICANON);
	ui_close(ui);
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_assert_eq(tcgetattr(slave, &after), 0);
	cr_assert_eq(after.c_lflag, before.c_lflag);
	cr_assert_eq(after.c_iflag, before.c_iflag);
	cr_assert_eq(fcntl(slave, F_GETFL) & O_NONBLOCK, 0,
		     "the shell's own descriptor still blocks");
	cr_assert_eq(uv_loop_close(&loop), 0);
}

/* ---- questions beside the prompt ---- */

static const struct ui_question in_sight = {.text = "Is it this one?\n",
					    .answer_line = "Type it: "};
static const struct ui_question hidden = {
    .text = "", .answer_line = "Password (not shown): ", .hidden = true};

static bool echoes(void)
{
	struct termios now;

	cr_assert_eq(tcgetattr(slave, &now), 0);
	return now.c_lflag & ECHO;
}

Test(ui, a_question_is_answered_by_one_line)
{
	open_ui(1, "dumb");
	ui_ask(ui, &in_sight);
	wait_for("Is it this one?\r\nType it: ");
	type("trust\n");
	wait_until(&got.answers);
	cr_assert_str_eq(got.answer, "trust");
	type("again\n");
	wait_for("To end, type stop");
	cr_assert_eq(got.answers, 1);
	close_ui();
}

Test(ui, a_password_is_not_shown_and_not_changed)
{
	open_ui(1, "dumb");
	ui_ask(ui, &hidden);
	wait_for("Password (not shown): ");
	cr_assert_not(echoes());
	type("  pass word \n");
	wait_until(&got.answers);
	cr_assert_str_eq(got.answer, "  pass word ");
	cr_assert(echoes());
	ui_message(ui, "done");
	wait_for("done");
	cr_assert_null(strstr(screen, "pass word"));
	close_ui();
}

Test(ui, what_was_typed_before_a_question_is_no_answer_to_it)
{
	open_ui(1, "dumb");
	type("not an ans");
	for (int i = 0; i < 20; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	ui_ask(ui, &in_sight);
	wait_for("Type it: ");
	type("yes\n");
	wait_until(&got.answers);
	cr_assert_str_eq(got.answer, "yes");
	close_ui();
}

Test(ui, a_prompt_waits_for_the_answer_to_a_question)
{
	open_ui(1, "dumb");
	ui_ask(ui, &hidden);
	wait_for("Password (not shown): ");
	ask(7);
	type("allow\n");
	wait_until(&got.answers);
	cr_assert_str_eq(got.answer, "allow");
	cr_assert_eq(got.allowed, 0, "it was the password");
	wait_for("Did YOU ask for help?");
	wait_for("\r\nType allow or deny: ");
	cr_assert(echoes());
	type("allow\n");
	wait_until(&got.allowed);
	close_ui();
}

Test(ui, a_question_waits_for_the_answer_to_a_prompt)
{
	open_ui(1, "dumb");
	ask(7);
	wait_for("\r\nType allow or deny: ");
	ui_ask(ui, &hidden);
	type("deny\n");
	wait_until(&got.denied);
	cr_assert_eq(got.answers, 0);
	wait_for("Password (not shown): ");
	cr_assert_not(echoes());
	type("x\n");
	wait_until(&got.answers);
	close_ui();
}

Test(ui, a_prompt_that_waited_and_is_withdrawn_is_never_shown)
{
	open_ui(1, "dumb");
	ui_ask(ui, &in_sight);
	wait_for("Type it: ");
	ask(7);
	ui_cancel_prompt(ui, "gone");
	type("x\n");
	wait_until(&got.answers);
	ui_message(ui, "done");
	wait_for("done");
	cr_assert_null(strstr(screen, "Did YOU ask"));
	close_ui();
}

Test(ui, stop_is_no_answer_not_even_to_a_hidden_question)
{
	open_ui(1, "dumb");
	ui_ask(ui, &hidden);
	wait_for("Password (not shown): ");
	type("stop\n");
	wait_until(&got.stops);
	cr_assert_eq(got.answers, 0);
	close_ui();
}

Test(ui, a_question_that_is_withdrawn_leaves_an_ordinary_terminal)
{
	open_ui(1, "dumb");
	ui_ask(ui, &hidden);
	wait_for("Password (not shown): ");
	ui_ask_end(ui);
	ui_ask_end(ui);
	cr_assert(echoes());
	type("secret\n");
	wait_for("To end, type stop");
	cr_assert_eq(got.answers, 0);
	close_ui();
}

Test(ui, a_message_during_a_question_does_not_hide_it)
{
	open_ui(1, "dumb");
	ui_ask(ui, &in_sight);
	wait_for("Type it: ");
	ui_message(ui, "something else");
	wait_for("something else\r\nType it: ");
	close_ui();
}

Test(ui, a_line_of_the_prompt_is_explained_when_he_asks)
{
	open_ui(1, "dumb");
	ask(7);
	wait_for("\r\nType allow or deny: ");
	type("list 3\n");
	wait_for("whole word allow or deny");
	cr_assert_eq(got.listed, 0);
	type("list 2\n");
	wait_until(&got.listed);
	cr_assert_eq(got.listed, 2);
	ui_page(ui, "one\ntwo\n");
	wait_for("one\r\ntwo\r\nType allow or deny: ");
	close_ui();
}
