/* SPDX-License-Identifier: Apache-2.0
 *
 * catalog: what this agent can collect, and whether the customer allows it.
 */
#include <jansson.h>
#include <stdio.h>

#include "console/session_priv.h"
#include "proto/wire/scope.h"

#define PROFILES_TEXT 40

/* "quick,system,full" */
static const char *profiles_text(uint32_t bits, char buf[PROFILES_TEXT])
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < CATALOG_PROFILES; i++)
		if (bits & (1u << i))
			used += (size_t)snprintf(buf + used, PROFILES_TEXT - used, "%s%s",
						 used ? "," : "", catalog_profile_name(i));
	return buf;
}

static void as_table(struct session *s)
{
	FILE *out = s->ev->out;
	char profiles[PROFILES_TEXT];

	screen_begin(&s->ev->screen);
	fprintf(out, "%-16s %-8s %-8s %-26s %s\n", "NAME", "SCOPE", "ALLOWED", "PROFILES",
		"WHAT IT READS");
	for (size_t i = 0; i < s->catalog.entries_count; i++) {
		const as_CatalogEntry *e = &s->catalog.entries[i];

		/* names and sentences were checked to be clean when the message was decoded */
		fprintf(out, "%-16s %-8s %-8s %-26s %s\n", e->name,
			scope_kind_name((enum scope_kind)e->scope),
			session_allows((enum scope_kind)e->scope, s) ? "yes" : "no",
			profiles_text(e->profiles, profiles), e->asks);
	}
	screen_end(&s->ev->screen);
}

static void as_json(struct session *s)
{
	json_t *items = json_array();
	char profiles[PROFILES_TEXT];

	for (size_t i = 0; i < s->catalog.entries_count; i++) {
		const as_CatalogEntry *e = &s->catalog.entries[i];

		json_array_append_new(
		    items, json_pack("{s:s,s:s,s:b,s:s,s:s}", "name", e->name, "scope",
				     scope_kind_name((enum scope_kind)e->scope), "allowed",
				     session_allows((enum scope_kind)e->scope, s), "profiles",
				     profiles_text(e->profiles, profiles), "asks", e->asks));
	}
	events_json(s->ev, json_pack("{s:s,s:o}", "event", "catalog", "items", items));
}

int cmd_catalog(struct session *s, int argc, const char *const argv[])
{
	(void)argc;
	(void)argv;
	if (s->ev->json)
		as_json(s);
	else
		as_table(s);
	return SESSION_DONE;
}
