/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "agent/login.h"

static const uint8_t key_a[32] = {1}, key_b[32] = {2};

/* Up to the first question for a password, with a key that is known. */
static struct login at_secret(void)
{
	struct login l;

	login_init(&l);
	login_on_go(&l);
	cr_assert_eq(login_on_key(&l, key_a, LOGIN_KEY_SAME), LOGIN_ACCEPT);
	cr_assert_eq(login_on_login(&l), LOGIN_ASK_SECRET);
	return l;
}

/* The customer gives something, and it is sent. */
static void send_secret(struct login *l)
{
	cr_assert_eq(login_on_secret(l, true), LOGIN_GO);
	login_on_go(l);
	cr_assert_eq(login_on_key(l, key_a, LOGIN_KEY_SAME), LOGIN_ACCEPT);
	cr_assert_eq(login_on_login(l), LOGIN_SEND);
}

Test(login, nothing_is_asked_before_the_key_is_trusted)
{
	struct login l;

	login_init(&l);
	login_on_go(&l);
	cr_assert_eq(login_on_login(&l), LOGIN_BROKEN);
	login_init(&l);
	login_on_go(&l);
	cr_assert_eq(login_on_key(&l, key_a, LOGIN_KEY_NEW), LOGIN_ASK_KEY);
	cr_assert_eq(login_on_login(&l), LOGIN_BROKEN, "while the customer thinks nobody talks");
}

Test(login, a_new_key_is_asked_for_once)
{
	struct login l;

	login_init(&l);
	login_on_go(&l);
	cr_assert_eq(login_on_key(&l, key_a, LOGIN_KEY_NEW), LOGIN_ASK_KEY);
	cr_assert_eq(login_on_trust(&l, true), LOGIN_GO);
	login_on_go(&l);
	cr_assert_eq(login_on_key(&l, key_a, LOGIN_KEY_SAME), LOGIN_ACCEPT);
	cr_assert_eq(login_on_login(&l), LOGIN_ASK_SECRET);
}

Test(login, a_yes_is_for_the_key_on_the_screen_only)
{
	struct login l;

	login_init(&l);
	login_on_go(&l);
	login_on_key(&l, key_a, LOGIN_KEY_NEW);
	login_on_trust(&l, true);
	login_on_go(&l);
	cr_assert_eq(login_on_key(&l, key_b, LOGIN_KEY_NEW), LOGIN_CHANGED);
	cr_assert_eq(l.state, LOGIN_OVER);
}

Test(login, a_changed_key_is_no_question)
{
	struct login l;

	login_init(&l);
	login_on_go(&l);
	cr_assert_eq(login_on_key(&l, key_a, LOGIN_KEY_CHANGED), LOGIN_CHANGED);
	cr_assert_eq(login_on_trust(&l, true), LOGIN_NOTHING);
	cr_assert_eq(l.state, LOGIN_OVER);
}

Test(login, keys_that_cannot_be_read_trust_nobody)
{
	struct login l;

	login_init(&l);
	login_on_go(&l);
	cr_assert_eq(login_on_key(&l, key_a, LOGIN_KEY_UNKNOWN), LOGIN_NO_KEYS);
}

Test(login, no_is_no)
{
	struct login l;

	login_init(&l);
	login_on_go(&l);
	login_on_key(&l, key_a, LOGIN_KEY_NEW);
	cr_assert_eq(login_on_trust(&l, false), LOGIN_NOT_TRUSTED);
	l = at_secret();
	cr_assert_eq(login_on_secret(&l, false), LOGIN_SKIPPED);
	cr_assert_eq(l.state, LOGIN_OVER);
}

Test(login, there_are_three_tries)
{
	struct login l = at_secret();

	for (unsigned i = 1; i <= LOGIN_TRIES_MAX; i++) {
		send_secret(&l);
		cr_assert_eq(login_on_refused(&l), LOGIN_NOTHING);
		cr_assert_eq(l.tries, i);
		cr_assert_eq(login_on_login(&l),
			     i < LOGIN_TRIES_MAX ? LOGIN_ASK_SECRET : LOGIN_REFUSED);
	}
	cr_assert_eq(l.state, LOGIN_OVER);
}

Test(login, the_right_one_lets_it_run)
{
	struct login l = at_secret();

	send_secret(&l);
	cr_assert_eq(login_on_in(&l), LOGIN_NOTHING);
	cr_assert_eq(l.state, LOGIN_RUNNING);
	cr_assert_eq(login_on_login(&l), LOGIN_BROKEN, "it is in already");
}

Test(login, a_device_may_ask_but_not_without_end)
{
	struct login l = at_secret();

	cr_assert_eq(login_on_prompt(&l), LOGIN_BROKEN);
	l = at_secret();
	send_secret(&l);
	for (unsigned i = 0; i < LOGIN_PROMPTS_MAX; i++) {
		cr_assert_eq(login_on_prompt(&l), LOGIN_ASK_PROMPT);
		cr_assert_eq(login_on_answer(&l, true), LOGIN_NOTHING);
	}
	cr_assert_eq(login_on_prompt(&l), LOGIN_TOO_MUCH);
}

Test(login, one_question_at_a_time)
{
	struct login l = at_secret();

	send_secret(&l);
	login_on_prompt(&l);
	cr_assert_eq(login_on_prompt(&l), LOGIN_BROKEN);
}

Test(login, a_helper_that_loses_the_connection_again_and_again_is_given_up)
{
	struct login l = at_secret();
	enum login_next next = LOGIN_GO;
	int calls = 0;

	/* it says LOGIN and takes the secret, and then begins anew without a word */
	while (next == LOGIN_GO && calls++ < 100) {
		l.state = LOGIN_ASKING;
		next = login_on_secret(&l, true);
	}
	cr_assert_eq(next, LOGIN_TOO_MUCH);
}

Test(login, a_refusal_of_what_was_never_sent_ends_it)
{
	struct login l = at_secret();

	cr_assert_eq(login_on_refused(&l), LOGIN_BROKEN);
}

Test(login, a_key_is_shown_once_in_each_connection)
{
	struct login l;

	login_init(&l);
	cr_assert_eq(login_on_key(&l, key_a, LOGIN_KEY_SAME), LOGIN_BROKEN, "nobody has connected");
	login_init(&l);
	login_on_go(&l);
	login_on_key(&l, key_a, LOGIN_KEY_SAME);
	cr_assert_eq(login_on_key(&l, key_a, LOGIN_KEY_SAME), LOGIN_BROKEN);
}
