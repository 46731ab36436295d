/* SPDX-License-Identifier: Apache-2.0
 *
 * What the fault harness reads of a program's screen.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/fault/actor.h"

static void shows(struct actor *a, char *screen)
{
	a->pty.screen = screen;
	a->pty.len = strlen(screen);
}

/* A terminal hands over what one write() put there in any pieces. Who took the label for seen
 * waited for ever for the rest of its line. */
Test(actor, a_line_that_comes_in_pieces_is_seen_when_it_is_whole)
{
	static char nothing[] = "",
		    label[] = "Hello\r\nYour code: ", half[] = "Hello\r\nYour code: 7GK2-",
		    whole[] = "Hello\r\nYour code: 7GK2-M4X-9RTQ\r\n";
	struct actor a = {0};
	char code[32] = "-";

	cr_assert_not(actor_saw_line(&a, "Your code: ", code, sizeof code));
	shows(&a, nothing);
	cr_assert_not(actor_saw_line(&a, "Your code: ", code, sizeof code));
	shows(&a, label);
	cr_assert_not(actor_saw_line(&a, "Your code: ", code, sizeof code));
	shows(&a, half);
	cr_assert_not(actor_saw_line(&a, "Your code: ", code, sizeof code));
	shows(&a, whole);
	cr_assert(actor_saw_line(&a, "Your code: ", code, sizeof code));
	cr_assert_str_eq(code, "7GK2-M4X-9RTQ");
}

Test(actor, a_line_is_seen_once_and_the_next_one_behind_it)
{
	static char screen[] = "at: 1\nat: 2\n";
	struct actor a = {0};
	char text[8];

	shows(&a, screen);
	cr_assert(actor_saw_line(&a, "at: ", text, sizeof text));
	cr_assert_str_eq(text, "1");
	cr_assert(actor_saw_line(&a, "at: ", text, sizeof text));
	cr_assert_str_eq(text, "2");
	cr_assert_not(actor_saw_line(&a, "at: ", text, sizeof text));
}
