/* SPDX-License-Identifier: Apache-2.0
 *
 * No window: on Linux the conversation is on the terminal.
 */
#include "agent/plat/window.h"

#include "proto/base/err.h"

bool window_is_preferred(void)
{
	return false;
}

int window_open(uv_loop_t *loop, const struct window_events *ev, void *owner, struct window **out)
{
	(void)loop;
	(void)ev;
	(void)owner;
	(void)out;
	return AS_E_NO_CONSENT_UI;
}

void window_close(struct window *w)
{
	(void)w;
}

void window_code(struct window *w, const char *code, unsigned minutes)
{
	(void)w;
	(void)code;
	(void)minutes;
}

void window_line(struct window *w, const char *text)
{
	(void)w;
	(void)text;
}

void window_prompt(struct window *w, const struct window_prompt *p)
{
	(void)w;
	(void)p;
}

void window_unlock(struct window *w, uint32_t prompt_id)
{
	(void)w;
	(void)prompt_id;
}

void window_cancel_prompt(struct window *w)
{
	(void)w;
}

void window_session(struct window *w)
{
	(void)w;
}

void window_item(struct window *w, const struct window_item *item)
{
	(void)w;
	(void)item;
}
