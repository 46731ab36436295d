/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/consent_priv.h"

#include <stdio.h>
#include <string.h>

static void add(struct consent_page *p, const char *label, const char *value, const char *quote)
{
	char clean[CONSENT_VALUE_MAX - 2];

	consent_flatten(value, clean, sizeof clean);
	p->facts[p->fact_count].label = label;
	snprintf(p->facts[p->fact_count++].value, CONSENT_VALUE_MAX, "%s%s%s",
		 clean[0] ? quote : "", clean[0] ? clean : "(nothing)", clean[0] ? quote : "");
}

static void add_facts(struct consent_page *p, const struct consent *c)
{
	char name[300];

	snprintf(name, sizeof name, "%s (%s)", c->engineer_name, c->engineer_id);
	add(p, "Engineer:", name, "");
	add(p, "Organisation:", c->organisation, "");
	add(p, "", consent_checked(c), "");
	add(p, "Call back:", c->phone, "");
	if (c->ticket[0])
		add(p, "Ticket:", c->ticket, "\"");
	add(p, "Reason:", c->reason, "\"");
	if (c->via_gateway[0])
		add(p, "Through:", c->via_gateway, "\"");
}

static void add_granted(struct consent_page *p, const struct consent *c)
{
	char right[CONSENT_RIGHT_MAX];
	size_t n = (size_t)snprintf(p->granted, sizeof p->granted, "Allowed already:\n");

	for (size_t i = 0; i < c->granted_count && n < sizeof p->granted; i++)
		n += (size_t)snprintf(p->granted + n, sizeof p->granted - n, "- %s\n",
				      consent_right(&c->granted[i], right));
}

static void add_right(char *out, size_t cap, const struct consent *c, size_t i)
{
	char right[CONSENT_RIGHT_MAX], clean[CONSENT_REAL_MAX + 1];
	struct scope s = consent_asked(c, i);
	const char *careful = consent_is_impossible(c, i)  ? CONSENT_IMPOSSIBLE
			      : consent_lacks_folder(c, i) ? CONSENT_TYPES_FOLDER
							   : consent_careful(&s);
	size_t n = (size_t)snprintf(out, cap, "%s", consent_right(&s, right));

	if (c->real[i][0] && n < cap) {
		consent_flatten(c->real[i], clean, sizeof clean);
		n += (size_t)snprintf(out + n, cap - n, "\nIt really lies at \"%s\"", clean);
	}
	if (careful && n < cap)
		snprintf(out + n, cap - n, "\n%s", careful);
}

void consent_page(const struct consent *c, struct consent_page *out)
{
	memset(out, 0, sizeof *out);
	out->title = consent_title(c);
	add_facts(out, c);
	if (c->escalation)
		add_granted(out, c);
	consent_rights_head(c, out->rights_head, sizeof out->rights_head);
	for (size_t i = 0; i < c->asked_count && i < SCOPES_MAX; i++)
		add_right(out->rights[i], sizeof out->rights[i], c, i);
	consent_notes(c, out->notes, sizeof out->notes);
	consent_warning(c, out->warning, sizeof out->warning);
	for (char *n; (n = strchr(out->warning, '\n')) != NULL && n[1];)
		*n = ' '; /* one sentence after the other: a window breaks its lines itself */
	out->question = consent_question(c);
}
