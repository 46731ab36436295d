/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "agent/device/terminal.h"

static const struct catalogue ios = {
    .about = "x",
    .shell = true,
    .prompt = "#>",
    .more = {.at = {"--More--"}, .count = 1},
};

static char text[8192];
static size_t text_len;

static int on_text(const uint8_t *p, size_t n, void *arg)
{
	(void)arg;
	cr_assert_lt(text_len + n, sizeof text);
	memcpy(text + text_len, p, n);
	text_len += n;
	text[text_len] = '\0';
	return 0;
}

static void feed(struct terminal *t, const char *bytes)
{
	cr_assert_eq(terminal_feed(t, (const uint8_t *)bytes, strlen(bytes)), 0);
}

static struct terminal ready(void)
{
	struct terminal t;

	text_len = 0;
	text[0] = '\0';
	terminal_begin(&t, &ios, on_text, NULL);
	feed(&t, "\r\nUnauthorised access is # forbidden\r\n\r\nr1#");
	cr_assert_eq(terminal_quiet(&t), TERMINAL_ENTER);
	feed(&t, "\r\nr1#");
	cr_assert_eq(terminal_quiet(&t), TERMINAL_DONE);
	cr_assert_eq(t.state, TERMINAL_READY);
	cr_assert_str_eq(t.prompt, "r1#");
	cr_assert_eq(text_len, 0, "a greeting is no answer");
	return t;
}

Test(terminal, an_answer_is_what_stands_between_echo_and_prompt)
{
	struct terminal t = ready();

	terminal_typed(&t, "show version");
	feed(&t, "show version\r\nCisco IOS Software\r\nr2# is a neighbour\r\nr1");
	cr_assert_eq(terminal_quiet(&t), TERMINAL_WAIT);
	feed(&t, "#");
	cr_assert_eq(terminal_quiet(&t), TERMINAL_DONE);
	cr_assert_str_eq(text, "Cisco IOS Software\r\nr2# is a neighbour\r\n");
}

Test(terminal, a_prompt_in_the_middle_of_a_line_is_text)
{
	struct terminal t = ready();

	terminal_typed(&t, "show log");
	feed(&t, "r1#show log\r\nr1#show version was typed\r\nr1# and more");
	cr_assert_eq(terminal_quiet(&t), TERMINAL_WAIT);
	feed(&t, "\r\n\r\x1b[0mr1# ");
	cr_assert_eq(terminal_quiet(&t), TERMINAL_DONE);
	cr_assert_str_eq(text, "r1#show version was typed\r\nr1# and more\r\n");
}

Test(terminal, pages_are_turned_and_what_the_pager_drew_is_left_out)
{
	struct terminal t = ready();

	terminal_typed(&t, "show arp");
	feed(&t, "show arp\r\none\r\n --More-- ");
	cr_assert_eq(terminal_quiet(&t), TERMINAL_SPACE);
	feed(&t, "\b\b\b\b\b\b\b\b\b        \b\b\b\b\b\b\b\b\btwo\r\n--More--");
	cr_assert_eq(terminal_quiet(&t), TERMINAL_SPACE);
	feed(&t, "\r          \r  three\r\n --More-- ");
	cr_assert_eq(terminal_quiet(&t), TERMINAL_SPACE);
	feed(&t, "\x1b[2K\rfour\r\nr1#");
	cr_assert_eq(terminal_quiet(&t), TERMINAL_DONE);
	cr_assert_str_eq(text, "one\r\ntwo\r\n  three\r\nfour\r\n");
}

Test(terminal, a_pager_without_end_is_given_up)
{
	struct terminal t = ready();
	unsigned pages = 0;

	terminal_typed(&t, "show all");
	for (;;) {
		feed(&t, "x\r\n--More--");

		enum terminal_wants w = terminal_quiet(&t);
		if (w == TERMINAL_LOST)
			break;
		cr_assert_eq(w, TERMINAL_SPACE);
		cr_assert_leq(++pages, TERMINAL_PAGES_MAX);
		text_len = 0;
	}
	cr_assert_eq(pages, TERMINAL_PAGES_MAX);
}

Test(terminal, a_prompt_that_is_never_the_same_is_given_up)
{
	struct terminal t;
	char prompt[32];
	enum terminal_wants w = TERMINAL_ENTER;

	terminal_begin(&t, &ios, on_text, NULL);
	for (int i = 0; w == TERMINAL_ENTER; i++) {
		snprintf(prompt, sizeof prompt, "\r\n%d#", i);
		feed(&t, prompt);
		w = terminal_quiet(&t);
		cr_assert_lt(i, TERMINAL_GREETS_MAX + 2);
	}
	cr_assert_eq(w, TERMINAL_LOST);
}

Test(terminal, a_device_that_asks_a_question_is_waited_for_and_not_answered)
{
	struct terminal t = ready();

	terminal_typed(&t, "show x");
	feed(&t, "show x\r\nReally? [confirm]");
	cr_assert_eq(terminal_quiet(&t), TERMINAL_WAIT);
	cr_assert_eq(terminal_end(&t), 0);
	cr_assert_str_eq(text, "Really? [confirm]");
}

Test(terminal, a_line_without_end_is_handed_on_and_is_no_prompt)
{
	struct terminal t = ready();

	terminal_typed(&t, "x");
	for (int i = 0; i < 1024; i++)
		feed(&t, "y");
	feed(&t, "r1#");
	cr_assert_eq(terminal_quiet(&t), TERMINAL_WAIT);
	cr_assert_eq(text_len, 1024);
	feed(&t, "\nr1#");
	cr_assert_eq(terminal_quiet(&t), TERMINAL_DONE);
	cr_assert_eq(text_len, 1024 + 4);
}

Test(terminal, bytes_of_any_kind_pass_as_they_are)
{
	struct terminal t = ready();
	static const char any[] = "\x1b]0;title\x07\xff\xfe\x80 \x1b[31mred\x1b[0m\r\n";

	terminal_typed(&t, "x");
	feed(&t, "x\r\n");
	feed(&t, any);
	feed(&t, "r1#");
	cr_assert_eq(terminal_quiet(&t), TERMINAL_DONE);
	cr_assert_str_eq(text, any);
}

Test(terminal, without_an_echo_nothing_is_missing)
{
	struct terminal t = ready();

	terminal_typed(&t, "show clock");
	feed(&t, "12:00:00 UTC\r\nr1#");
	cr_assert_eq(terminal_quiet(&t), TERMINAL_DONE);
	cr_assert_str_eq(text, "12:00:00 UTC\r\n");
}
