/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/login.h"

#include <string.h>

void login_init(struct login *l)
{
	*l = (struct login){.state = LOGIN_WAITING};
}

static enum login_next over(struct login *l, enum login_next why)
{
	l->state = LOGIN_OVER;
	return why;
}

static enum login_next ask(struct login *l, enum login_next what)
{
	l->state = LOGIN_ASKING;
	return what;
}

static enum login_next call(struct login *l)
{
	if (++l->calls > LOGIN_CALLS_MAX)
		return over(l, LOGIN_TOO_MUCH);
	l->state = LOGIN_WAITING;
	return LOGIN_GO;
}

enum login_next login_on_go(struct login *l)
{
	l->state = LOGIN_TALKING;
	l->key_shown = l->prompting = false;
	return LOGIN_NOTHING;
}

/* A yes is for the key that stood on the screen, and for no other. */
enum login_next login_on_key(struct login *l, const uint8_t sha256[32], enum login_key known)
{
	if (l->state != LOGIN_TALKING || l->key_shown)
		return over(l, LOGIN_BROKEN);
	if (known == LOGIN_KEY_UNKNOWN)
		return over(l, LOGIN_NO_KEYS);
	if (known == LOGIN_KEY_CHANGED ||
	    (l->trusted && memcmp(l->sha256, sha256, sizeof l->sha256) != 0))
		return over(l, LOGIN_CHANGED);
	memcpy(l->sha256, sha256, sizeof l->sha256);
	if (known == LOGIN_KEY_NEW && !l->trusted)
		return ask(l, LOGIN_ASK_KEY);
	l->key_shown = true;
	return LOGIN_ACCEPT;
}

enum login_next login_on_trust(struct login *l, bool yes)
{
	if (l->state != LOGIN_ASKING)
		return LOGIN_NOTHING;
	if (!yes)
		return over(l, LOGIN_NOT_TRUSTED);
	l->trusted = true;
	return call(l);
}

enum login_next login_on_login(struct login *l)
{
	if (l->state != LOGIN_TALKING || !l->key_shown || l->prompting)
		return over(l, LOGIN_BROKEN);
	if (l->has_secret)
		return LOGIN_SEND;
	if (l->tries >= LOGIN_TRIES_MAX)
		return over(l, LOGIN_REFUSED);
	return ask(l, LOGIN_ASK_SECRET);
}

enum login_next login_on_secret(struct login *l, bool given)
{
	if (l->state != LOGIN_ASKING)
		return LOGIN_NOTHING;
	if (!given)
		return over(l, LOGIN_SKIPPED);
	l->has_secret = true;
	return call(l);
}

/* It was sent, and is gone; the helper says LOGIN once more. */
enum login_next login_on_refused(struct login *l)
{
	if (l->state != LOGIN_TALKING || !l->has_secret)
		return over(l, LOGIN_BROKEN);
	l->has_secret = false;
	l->prompting = false;
	l->tries++;
	return LOGIN_NOTHING;
}

enum login_next login_on_prompt(struct login *l)
{
	if (l->state != LOGIN_TALKING || !l->key_shown || !l->has_secret || l->prompting)
		return over(l, LOGIN_BROKEN);
	if (++l->prompts > LOGIN_PROMPTS_MAX)
		return over(l, LOGIN_TOO_MUCH);
	l->prompting = true;
	return LOGIN_ASK_PROMPT;
}

enum login_next login_on_answer(struct login *l, bool given)
{
	if (l->state != LOGIN_TALKING || !l->prompting)
		return LOGIN_NOTHING;
	l->prompting = false;
	return given ? LOGIN_NOTHING : over(l, LOGIN_SKIPPED);
}

enum login_next login_on_in(struct login *l)
{
	if (l->state != LOGIN_TALKING || !l->key_shown || l->prompting)
		return over(l, LOGIN_BROKEN);
	l->state = LOGIN_RUNNING;
	return LOGIN_NOTHING;
}
