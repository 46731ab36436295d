/* SPDX-License-Identifier: Apache-2.0
 *
 * device [USER@HOST[:PORT]... [--type TYPE] [--config] [--legacy]]: what neighbouring devices say,
 * into the bundle. Without a name: all that are granted. What the customer has not agreed to yet he
 * is asked for first. Who logs in is he; here nothing is typed and nothing is seen of it.
 */
#include <stdio.h>
#include <string.h>

#include "console/collect.h"
#include "console/session_priv.h"
#include "console/words.h"
#include "proto/base/err.h"

enum { OPT_TYPE, OPT_CONFIG, OPT_LEGACY };
static const struct word_option options[] = {
    {"type", 't', true}, {"config", 0, false}, {"legacy", 0, false}};

#define WHY_MAX 320

struct wish {
	const char *type;
	bool config, legacy;
	struct scope scopes[SCOPES_MAX]; /* one for each device that was named */
	size_t count;
};

static int bad(char *why, const char *text)
{
	snprintf(why, WHY_MAX, "%s", text);
	return AS_EBADMSG;
}

static int take_type(const char *value, struct wish *w, char *why)
{
	if (!device_type_is_plain(value))
		return bad(why, "--type: cisco-ios, generic, junos, linux, openwrt or routeros");
	w->type = value;
	return 0;
}

/* The right as the options make it: USER@HOST[:PORT][,TYPE][,config][,legacy]. */
static int add_device(struct wish *w, const char *word, char *why)
{
	char text[SCOPE_TEXT_MAX];
	struct device d;
	int n;

	if (strncmp(word, "device:", 7) == 0)
		word += 7;
	if (w->count == SCOPES_MAX)
		return bad(why, "at most 16 devices");
	if (device_parse(word, &d) < 0) {
		snprintf(why, WHY_MAX,
			 "%.80s: a device is named USER@HOST or USER@HOST:PORT, an IPv6 address as "
			 "USER@[ADDRESS]",
			 word);
		return AS_EBADMSG;
	}
	n = snprintf(text, sizeof text, "device:%.*s%s%s%s%s", (int)strcspn(word, ","), word,
		     d.type[0] || w->type ? "," : "", w->type ? w->type : d.type,
		     d.config || w->config ? ",config" : "",
		     d.legacy || w->legacy ? ",legacy" : "");
	if (n < 0 || (size_t)n >= sizeof text || scope_parse(text, &w->scopes[w->count]) < 0)
		return bad(why, "that name is too long");
	w->count++;
	return 0;
}

static int read_words(struct words *words, bool names, struct wish *w, char *why)
{
	const char *value;
	int got;

	while ((got = words_next(words, &value, why)) != WORDS_END) {
		int err = 0;

		if (got == WORDS_BAD)
			return AS_EBADMSG;
		w->config |= got == OPT_CONFIG;
		w->legacy |= got == OPT_LEGACY;
		if (got == OPT_TYPE)
			err = take_type(value, w, why);
		if (got == WORDS_PLAIN && names)
			err = add_device(w, value, why);
		if (err < 0)
			return err;
	}
	return 0;
}

static bool is_same_device(const struct device *a, const struct device *b)
{
	return strcmp(a->user, b->user) == 0 && strcmp(a->host, b->host) == 0 && a->port == b->port;
}

/* The right that covers it: word for word, or the same device with any type. */
static const struct scope *find_right(const struct session *s, const struct scope *wish)
{
	const struct scope *any = NULL;
	struct device want, have;

	device_parse(wish->target, &want);
	for (size_t i = 0; i < s->agree.scopes_count; i++) {
		const struct scope *g = &s->agree.scopes[i];

		if (scope_is_equal(g, wish))
			return g;
		if (g->kind == SCOPE_DEVICE && device_parse(g->target, &have) == 0 &&
		    is_same_device(&want, &have) && !have.type[0] && have.config == want.config &&
		    have.legacy == want.legacy)
			any = g;
	}
	return any;
}

static void all_granted(const struct session *s, struct wish *w)
{
	for (size_t i = 0; i < s->agree.scopes_count; i++)
		if (s->agree.scopes[i].kind == SCOPE_DEVICE)
			w->scopes[w->count++] = s->agree.scopes[i];
}

/* Those that he has not agreed to. */
static size_t missing(const struct session *s, const struct wish *w, struct scope *out)
{
	size_t n = 0;

	for (size_t i = 0; i < w->count; i++)
		if (!find_right(s, &w->scopes[i]))
			out[n++] = w->scopes[i];
	return n;
}

static int start(struct session *s, const struct wish *w, const as_CatalogEntry *entry)
{
	static struct selection_device devices[SCOPES_MAX];
	static struct selection selection;
	struct job *job;

	memset(&selection, 0, sizeof selection);
	selection.devices = devices;
	for (size_t i = 0; i < w->count; i++) {
		struct selection_device *d = &devices[selection.count];
		const struct scope *right = find_right(s, &w->scopes[i]);
		struct device want, have;

		if (!right)
			continue;
		device_parse(w->scopes[i].target, &want);
		device_parse(right->target, &have);
		memcpy(d->target, right->target, sizeof d->target);
		memcpy(d->type, have.type[0] ? "" : want.type, have.type[0] ? 1 : sizeof d->type);
		scope_text(right, d->label);
		selection.entries[selection.count] = entry;
		selection.by_name[selection.count++] = true;
	}

	int err = collect_start(&s->jobs, &selection, session_allows, s, s->line, &job);
	return err < 0 ? session_fault(s, err) : session_began(s, job);
}

int cmd_device(struct session *s, int argc, const char *const argv[])
{
	struct words w = {.argc = argc,
			  .argv = argv,
			  .options = options,
			  .options_count = sizeof options / sizeof options[0]};
	struct words again = w;
	struct wish wish = {0};
	struct scope more[SCOPES_MAX];
	char why[WHY_MAX] = "device needs a name: device admin@192.0.2.1 --type cisco-ios";
	const as_CatalogEntry *entry = catalog_find(&s->catalog, "device");

	int err = read_words(&w, false, &wish, why);
	if (err == 0)
		err = read_words(&again, true, &wish, why);
	if (err == 0 && wish.count == 0)
		all_granted(s, &wish);
	if (err < 0 || wish.count == 0)
		return session_refuse(s, why);
	if (!entry)
		return session_refuse(s, "this agent cannot collect from devices");

	size_t n = missing(s, &wish, more);
	if (n > 0 && !s->is_again)
		return session_after_grant(s, more, n);
	if (n == wish.count)
		return session_refuse(s, "the customer has not agreed to this");
	s->incomplete |= n > 0;
	return start(s, &wish, entry);
}
