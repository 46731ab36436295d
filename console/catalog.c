/* SPDX-License-Identifier: Apache-2.0 */
#include "console/catalog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/text.h"

#define HOURS_MAX 8784 /* a year */

static const char *const profiles[CATALOG_PROFILES] = {"quick", "system", "network", "full"};
static const char *const priorities[] = {"emerg",   "alert",  "crit", "err",
					 "warning", "notice", "info", "debug"};

const char *catalog_profile_name(size_t i)
{
	return i < CATALOG_PROFILES ? profiles[i] : NULL;
}

const as_CatalogEntry *catalog_find(const as_Catalog *c, const char *name)
{
	for (size_t i = 0; i < c->entries_count; i++)
		if (strcmp(c->entries[i].name, name) == 0)
			return &c->entries[i];
	return NULL;
}

static void add(struct selection *s, const as_CatalogEntry *e, bool by_name)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->entries[i] == e) {
			s->by_name[i] |= by_name;
			return;
		}
	}
	s->entries[s->count] = e;
	s->by_name[s->count++] = by_name;
}

static bool add_profile(const as_Catalog *c, const char *name, struct selection *s)
{
	for (size_t bit = 0; bit < CATALOG_PROFILES; bit++) {
		if (strcmp(profiles[bit], name) != 0)
			continue;
		for (size_t i = 0; i < c->entries_count; i++)
			if (c->entries[i].profiles & (1u << bit) &&
			    !(c->entries[i].flags & CATALOG_OWN))
				add(s, &c->entries[i], false);
		return true;
	}
	return false;
}

static int take_number(const char *text, uint32_t max, uint32_t *out)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 6 || text[digits])
		return AS_EBADMSG;

	unsigned long v = strtoul(text, NULL, 10);
	if (v > max)
		return AS_EBADMSG;
	*out = (uint32_t)v;
	return 0;
}

int catalog_priority(const char *text, uint32_t *out)
{
	uint32_t v = 0;

	for (uint32_t i = 0; i < sizeof priorities / sizeof priorities[0]; i++) {
		if (strcmp(priorities[i], text) == 0) {
			*out = i + 1;
			return 0;
		}
	}

	int err = take_number(text, 7, &v);
	if (err == 0)
		*out = v + 1; /* 0 on the wire is the collector's default */
	return err;
}

static int take_names(const char *text, as_OpenArgs *out)
{
	size_t max = sizeof out->names / sizeof out->names[0];

	while (*text) {
		size_t n = strcspn(text, ",");

		if (n == 0 || n >= sizeof out->names[0] || out->names_count == max)
			return AS_EBADMSG;
		memcpy(out->names[out->names_count], text, n);
		out->names[out->names_count++][n] = '\0';
		text += n + (text[n] == ',');
	}
	return out->names_count ? 0 : AS_EBADMSG;
}

static int take_setting(const char *word, const char *value, as_OpenArgs *out, char *why)
{
	size_t n = (size_t)(value - word) - 1;
	const char *hint;
	int err;

	if (n == 5 && memcmp(word, "hours", n) == 0) {
		err = take_number(value, HOURS_MAX, &out->hours);
		hint = "a number of hours, like hours=24";
	} else if (n == 8 && memcmp(word, "priority", n) == 0) {
		err = catalog_priority(value, &out->priority);
		hint = "0 to 7, or emerg ... debug, like priority=err";
	} else if (n == 5 && memcmp(word, "names", n) == 0) {
		err = take_names(value, out);
		hint = "at most 8 hosts, like names=www.example.org,192.0.2.1:443";
	} else if (n == 4 && memcmp(word, "unit", n) == 0) {
		err = !*value || strlen(value) >= sizeof out->unit ? AS_EBADMSG : 0;
		if (err == 0)
			memcpy(out->unit, value, strlen(value) + 1);
		hint = "a systemd unit, like unit=ssh.service";
	} else {
		err = AS_EBADMSG;
		hint = "known settings are hours, priority, names, unit";
	}
	if (err < 0)
		snprintf(why, CATALOG_WHY_MAX, "%.60s: %s", word, hint);
	return err;
}

int catalog_select(const as_Catalog *c, size_t n, const char *const words[], struct selection *out,
		   char why[CATALOG_WHY_MAX])
{
	struct selection s = {0};
	bool named = false;

	for (size_t i = 0; i < n; i++) {
		const char *equals = strchr(words[i], '=');
		const as_CatalogEntry *e;
		int err = 0;

		if (!text_is_clean(words[i], strlen(words[i]))) {
			snprintf(why, CATALOG_WHY_MAX, "only printable text, please");
			return AS_EBADMSG;
		}
		if (equals) {
			err = take_setting(words[i], equals + 1, &s.args, why);
		} else if (add_profile(c, words[i], &s)) {
			named = true;
		} else if ((e = catalog_find(c, words[i])) != NULL && (e->flags & CATALOG_OWN)) {
			snprintf(why, CATALOG_WHY_MAX,
				 "%.60s: this has a command of its own; 'help' lists them",
				 words[i]);
			err = AS_E_OP_UNKNOWN;
		} else if (e) {
			add(&s, e, true);
			named = true;
		} else {
			snprintf(why, CATALOG_WHY_MAX,
				 "%.60s: neither an item nor a profile; 'catalog' lists them",
				 words[i]);
			err = AS_E_OP_UNKNOWN;
		}
		if (err < 0)
			return err;
	}
	if (!named)
		add_profile(c, "full", &s);
	*out = s;
	return 0;
}
