/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/device/catalogue.h"

#include <string.h>

#include "proto/base/err.h"
#include "proto/base/ini.h"
#include "proto/base/text.h"

struct reader {
	struct catalogue c;
	bool mode, config; /* a mode was named; we stand in the group with secrets */
};

/* What is typed at a device is plain ASCII on one line, whatever the rest of the file may hold. */
static bool is_plain(const char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s > '~')
			return false;
	return true;
}

static int copy(const char *value, char *out, size_t max)
{
	size_t n = strlen(value);

	if (n == 0 || n > max || !is_plain(value))
		return AS_EBADMSG;
	memcpy(out, value, n + 1);
	return 0;
}

static int add_word(struct catalogue_words *w, const char *value)
{
	if (w->count == CATALOGUE_WORDS_MAX)
		return AS_E_TOO_BIG;

	int err = copy(value, w->at[w->count], CATALOGUE_WORD_LEN);
	w->count += err == 0;
	return err;
}

static int add_command(struct reader *r, const char *value)
{
	struct catalogue *c = &r->c;

	if (c->count == CATALOGUE_COMMANDS_MAX)
		return AS_E_TOO_BIG;

	struct catalogue_command *to = &c->commands[c->count];
	*to = (struct catalogue_command){
	    .time_s = CATALOGUE_TIME_S, .size_kib = CATALOGUE_SIZE_KIB, .config = r->config};
	int err = copy(value, to->text, CATALOGUE_COMMAND_LEN);
	c->count += err == 0;
	return err;
}

static int number(const char *value, uint32_t max, uint32_t *out)
{
	size_t n = strspn(value, "0123456789");
	uint32_t v = 0;

	if (n == 0 || n > 6 || value[n])
		return AS_EBADMSG;
	for (; *value; value++)
		v = v * 10 + (uint32_t)(*value - '0');
	if (v == 0 || v > max)
		return AS_EBADMSG;
	*out = v;
	return 0;
}

/* "time" and "size" belong to the command above them. */
static int set_limit(struct reader *r, bool time, const char *value)
{
	if (r->c.count == 0)
		return AS_EBADMSG;

	struct catalogue_command *last = &r->c.commands[r->c.count - 1];
	return time ? number(value, CATALOGUE_TIME_MAX_S, &last->time_s)
		    : number(value, CATALOGUE_SIZE_MAX, &last->size_kib);
}

static int set_mode(struct reader *r, const char *value)
{
	if (r->mode || (strcmp(value, "exec") != 0 && strcmp(value, "shell") != 0))
		return AS_EBADMSG;
	r->mode = true;
	r->c.shell = strcmp(value, "shell") == 0;
	return 0;
}

static int set_group(struct reader *r, const char *value)
{
	if (r->config || strcmp(value, "config") != 0)
		return AS_EBADMSG;
	r->config = true;
	return 0;
}

static int set_once(char *to, const char *value, size_t max)
{
	return to[0] ? AS_EBADMSG : copy(value, to, max);
}

static int on_entry(const char *key, const char *value, void *arg)
{
	struct reader *r = arg;
	struct catalogue *c = &r->c;

	if (strcmp(key, "command") == 0)
		return add_command(r, value);
	if (strcmp(key, "time") == 0 || strcmp(key, "size") == 0)
		return set_limit(r, key[0] == 't', value);
	if (strcmp(key, "group") == 0)
		return set_group(r, value);
	if (c->count > 0)
		return AS_EBADMSG; /* the rest stands above the commands */
	if (strcmp(key, "about") == 0)
		return set_once(c->about, value, CATALOGUE_ABOUT_LEN);
	if (strcmp(key, "prompt") == 0)
		return set_once(c->prompt, value, CATALOGUE_WORD_LEN);
	if (strcmp(key, "mode") == 0)
		return set_mode(r, value);
	if (strcmp(key, "banner") == 0)
		return add_word(&c->banner, value);
	if (strcmp(key, "more") == 0)
		return add_word(&c->more, value);
	if (strcmp(key, "refused") == 0)
		return add_word(&c->refused, value);
	if (strcmp(key, "setup") == 0)
		return add_word(&c->setup, value);
	return AS_EBADMSG;
}

/* A terminal cannot be used without knowing its prompt, and a channel has none. */
static bool is_whole(const struct reader *r)
{
	const struct catalogue *c = &r->c;
	bool terminal = c->prompt[0] || c->more.count > 0 || c->setup.count > 0;

	return c->about[0] && r->mode && c->count > 0 && (c->shell ? c->prompt[0] != 0 : !terminal);
}

int catalogue_parse(const char *text, size_t n, struct catalogue *out, int *line)
{
	struct reader r = {0};

	*line = 0;
	if (n > CATALOGUE_TEXT_MAX)
		return AS_E_TOO_BIG;

	int err = ini_parse(text, n, on_entry, &r, line);
	if (err < 0)
		return err;
	if (!is_whole(&r)) {
		*line = 0;
		return AS_EBADMSG;
	}
	*out = r.c;
	return 0;
}

static bool any_fits(const struct catalogue_words *w, const char *text)
{
	for (size_t i = 0; i < w->count; i++)
		if (text_glob(w->at[i], strlen(w->at[i]), text, false))
			return true;
	return false;
}

bool catalogue_fits(const struct catalogue *c, const char *banner)
{
	return any_fits(&c->banner, banner);
}

bool catalogue_refused(const struct catalogue *c, const char *line)
{
	return any_fits(&c->refused, line);
}

size_t catalogue_size(const struct catalogue *c, bool config)
{
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++)
		n += config || !c->commands[i].config;
	return n;
}
