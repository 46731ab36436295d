/* SPDX-License-Identifier: Apache-2.0
 *
 * `bundle show`: the session, the files, the remarks, then the summary. manifest_read() has let
 * only clean text pass, so it is printed as it is.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "console/bundle_cmd_priv.h"
#include "console/bundle_read.h"
#include "console/summary.h"
#include "proto/base/clock.h"
#include "proto/base/text.h"

static void print_grant(const struct manifest_grant *g)
{
	char from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX];

	printf("  engineer   %s (%s), %s\n", g->engineer, g->engineer_id, g->organisation);
	printf("  reason     \"%s\"%s%s\n", g->reason, g->ticket[0] ? ", ticket " : "", g->ticket);
	printf("  allowed   ");
	for (size_t i = 0; i < g->scopes_count; i++)
		printf(" %s", g->scopes[i]);
	printf(", by %s, %s to %s\n", g->user, clock_utc_text(g->not_before, from),
	       clock_utc_text(g->expires, to));
}

static void print_session(const struct manifest *m)
{
	char from[CLOCK_TEXT_MAX], to[CLOCK_TEXT_MAX];

	printf("Session %.8s with %s\n", m->session, m->host);
	printf("  time       %s to %s\n", clock_utc_text(m->started, from),
	       m->finished ? clock_utc_text(m->finished, to) : "?");
	printf("  programs   console %s, agent %s on %s\n", m->console_build, m->agent_build,
	       m->agent_os);
	for (size_t i = 0; i < m->grants_count; i++)
		print_grant(&m->grants[i]);
	if (!m->complete)
		printf("  The console was stopped before the end: what is here had arrived.\n");
}

static void print_items(const struct manifest *m)
{
	char size[TEXT_SIZE_MAX];

	printf("\nFiles\n");
	for (size_t i = 0; i < m->items_count; i++) {
		const struct manifest_item *it = &m->items[i];

		printf("  %-11s %8s  %s", item_state_name(it->state), text_size(it->bytes, size),
		       it->name);
		if (it->truncated)
			printf("  [cut]");
		if (it->redactions > 0)
			printf("  [%" PRIu32 " redacted]", it->redactions);
		printf("%s%s\n", it->why[0] ? "  - " : "", it->why);
	}
}

static void print_notes(const struct manifest *m)
{
	if (m->notes_count > 0)
		printf("\nRemarks\n");
	for (size_t i = 0; i < m->notes_count; i++)
		printf("  %s%s%s\n", m->notes[i].collector, m->notes[i].collector[0] ? ": " : "",
		       m->notes[i].text);
}

int bundle_cmd_show(const char *path)
{
	char why[BUNDLE_WHY_MAX];
	struct manifest m;

	if (bundle_load(path, &m, why) < 0)
		return bundle_cmd_fail(path, why);
	print_session(&m);
	print_items(&m);
	print_notes(&m);
	printf("\n");
	summary_print(stdout, &m);
	manifest_done(&m);
	return 0;
}
