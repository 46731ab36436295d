/* SPDX-License-Identifier: Apache-2.0 */
#include "console/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "console/manifest_priv.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

/* What the JSON of one entry takes beside its strings: keys, numbers, hash, punctuation. */
#define ENTRY_TEXT 260
/* Kept free of items, for what is said about them later. */
#define WHY_RESERVE (4u << 20)

void manifest_init(struct manifest *m)
{
	*m = (struct manifest){.text_bytes = 4096};
}

static void item_done(struct manifest_item *it)
{
	free(it->name);
	free(it->collector);
	free(it->source);
	free(it->why);
}

static void grant_done(struct manifest_grant *g)
{
	char *all[] = {g->file,		g->request_file, g->engineer,  g->engineer_id,
		       g->organisation, g->ticket,	 g->reason,    g->user,
		       g->tty,		g->redaction,	 g->signed_hex};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		free(all[i]);
	for (size_t i = 0; i < g->scopes_count; i++)
		free(g->scopes[i]);
}

void manifest_done(struct manifest *m)
{
	for (size_t i = 0; i < m->items_count; i++)
		item_done(&m->items[i]);
	for (size_t i = 0; i < m->runs_count; i++) {
		free(m->runs[i].collector);
		free(m->runs[i].why);
	}
	for (size_t i = 0; i < m->facts_count; i++) {
		free(m->facts[i].key);
		free(m->facts[i].value);
	}
	for (size_t i = 0; i < m->notes_count; i++) {
		free(m->notes[i].collector);
		free(m->notes[i].text);
	}
	for (size_t i = 0; i < m->grants_count; i++)
		grant_done(&m->grants[i]);
	free(m->items);
	free(m->runs);
	free(m->facts);
	free(m->notes);
	free(m->grants);
	free(m->host);
	free(m->console_build);
	free(m->agent_build);
	free(m->agent_os);
	manifest_init(m);
}

/* ---- strings ---- */

/* Length inside JSON quotes: clean text has nothing else to escape. */
static size_t json_len(const char *s)
{
	size_t n = 2;

	for (; *s; s++)
		n += *s == '"' || *s == '\\' ? 2 : 1;
	return n;
}

int manifest_text(struct manifest *m, char **at, const char *text)
{
	char clean[MANIFEST_TEXT_MAX + 1];

	text_line(text, strlen(text), clean, sizeof clean);

	size_t n = json_len(clean);
	if (m->text_bytes + n > MANIFEST_MAX) {
		clean[0] = '\0';
		n = 0;
	}

	char *copy = strdup(clean);
	if (!copy)
		return -ENOMEM;
	m->text_bytes += n;
	free(*at);
	*at = copy;
	return 0;
}

int manifest_signed(struct manifest *m, struct manifest_grant *g, const char *hex)
{
	char *copy = strdup(hex);

	if (!copy)
		return -ENOMEM;
	free(g->signed_hex);
	g->signed_hex = copy;
	m->text_bytes += strlen(hex);
	return 0;
}

/* ---- lists ---- */

/* Room for one more in a list that doubles; the new one is zeros. NULL when memory is short. */
static void *grow(void **list, size_t count, size_t size)
{
	if (count == 0 || (count & (count - 1)) == 0) {
		size_t room = count == 0 ? 1 : count * 2;
		void *bigger = reallocarray(*list, room, size);

		if (!bigger)
			return NULL;
		*list = bigger;
	}

	void *entry = (char *)*list + count * size;
	memset(entry, 0, size);
	return entry;
}

int manifest_add_item(struct manifest *m, const char *name, const char *collector,
		      const char *source, struct manifest_item **out)
{
	size_t cost = ENTRY_TEXT + json_len(name) + json_len(collector) + json_len(source);

	if (m->items_count == MANIFEST_ITEMS_MAX ||
	    m->text_bytes + cost > MANIFEST_MAX - WHY_RESERVE)
		return AS_E_QUOTA;

	void *list = m->items;
	struct manifest_item *it = grow(&list, m->items_count, sizeof *it);
	m->items = list;
	if (!it)
		return -ENOMEM;
	it->kind = ITEM_FROM_API;
	m->text_bytes += ENTRY_TEXT;
	if (manifest_text(m, &it->name, name) < 0 ||
	    manifest_text(m, &it->collector, collector) < 0 ||
	    manifest_text(m, &it->source, source) < 0 || manifest_text(m, &it->why, "") < 0) {
		item_done(it);
		return -ENOMEM;
	}
	m->items_count++;
	*out = it;
	return 0;
}

int manifest_add_run(struct manifest *m, const char *collector, struct manifest_run **out)
{
	if (m->runs_count == MANIFEST_RUNS_MAX)
		return AS_E_QUOTA;

	void *list = m->runs;
	struct manifest_run *r = grow(&list, m->runs_count, sizeof *r);
	m->runs = list;
	if (!r)
		return -ENOMEM;
	m->text_bytes += ENTRY_TEXT;
	if (manifest_text(m, &r->collector, collector) < 0 || manifest_text(m, &r->why, "") < 0) {
		free(r->collector);
		return -ENOMEM;
	}
	m->runs_count++;
	*out = r;
	return 0;
}

int manifest_add_grant(struct manifest *m, struct manifest_grant **out)
{
	if (m->grants_count == MANIFEST_GRANTS_MAX)
		return AS_E_QUOTA;

	void *list = m->grants;
	struct manifest_grant *g = grow(&list, m->grants_count, sizeof *g);
	m->grants = list;
	if (!g)
		return -ENOMEM;
	m->text_bytes += 2 * ENTRY_TEXT;
	m->grants_count++;
	*out = g;
	return 0;
}

void manifest_drop_grant(struct manifest *m)
{
	grant_done(&m->grants[--m->grants_count]);
}

void manifest_drop_item(struct manifest *m, size_t index)
{
	item_done(&m->items[index]);
	m->items_count--;
	memmove(&m->items[index], &m->items[index + 1],
		(m->items_count - index) * sizeof m->items[0]);
}

int manifest_add_note(struct manifest *m, const char *collector, const char *text)
{
	if (m->notes_count == MANIFEST_NOTES_MAX)
		return AS_E_QUOTA;

	void *list = m->notes;
	struct manifest_note *n = grow(&list, m->notes_count, sizeof *n);
	m->notes = list;
	if (!n)
		return -ENOMEM;
	m->text_bytes += 64;
	if (manifest_text(m, &n->collector, collector) < 0 ||
	    manifest_text(m, &n->text, text) < 0) {
		free(n->collector);
		return -ENOMEM;
	}
	m->notes_count++;
	return 0;
}

/* ---- facts ---- */

static struct manifest_fact *find_fact(const struct manifest *m, const char *key)
{
	for (size_t i = 0; i < m->facts_count; i++)
		if (strcmp(m->facts[i].key, key) == 0)
			return &m->facts[i];
	return NULL;
}

int manifest_put_fact(struct manifest *m, const char *key, const char *value)
{
	struct manifest_fact *f = find_fact(m, key);

	if (f)
		return manifest_text(m, &f->value, value);
	if (m->facts_count == MANIFEST_FACTS_MAX)
		return AS_E_QUOTA;

	void *list = m->facts;
	f = grow(&list, m->facts_count, sizeof *f);
	m->facts = list;
	if (!f)
		return -ENOMEM;
	m->text_bytes += 16;
	if (manifest_text(m, &f->key, key) < 0 || manifest_text(m, &f->value, value) < 0) {
		free(f->key);
		return -ENOMEM;
	}
	m->facts_count++;
	return 0;
}

const char *manifest_fact(const struct manifest *m, const char *key)
{
	const struct manifest_fact *f = find_fact(m, key);

	return f ? f->value : NULL;
}
