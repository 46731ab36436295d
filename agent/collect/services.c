/* SPDX-License-Identifier: Apache-2.0
 *
 * System services, and for each one that failed: its state and the last lines it wrote.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/collect.h"
#include "agent/collect/sink.h"
#include "agent/collect/tool.h"
#include "agent/collect/units.h"
#include "proto/base/err.h"

#define LIST_ROOM  65536
#define LINES_ROOM 16384

/* The last line a unit wrote, for the summary; empty when it cannot be had. */
static void last_line(struct sink *s, const char *unit, char *out, size_t cap)
{
	const char *const argv[] = {"journalctl", "--no-pager", "-q", "-n", "1",
				    "-o",	  "cat",	"-u", unit, NULL};
	char text[LINES_ROOM];

	out[0] = '\0';
	if (tool_text(s, argv, text, sizeof text) == 0)
		snprintf(out, cap, "%.*s", (int)strcspn(text, "\n"), text);
}

static int failed_unit(struct sink *s, unsigned number, const char *unit)
{
	const char *const status[] = {"systemctl", "--no-pager", "--full", "-n", "0",
				      "status",	   "--",	 unit,	   NULL};
	const char *const lines[] = {"journalctl", "--no-pager", "-q", "-n", "20",
				     "-o",	   "short-iso",	 "-u", unit, NULL};
	char key[32], last[200];

	last_line(s, unit, last, sizeof last);
	snprintf(key, sizeof key, "svc.failed.%u", number);

	int err = sink_fact(s, key, "%s%s%s", unit, last[0] ? ": " : "", last);
	if (err == 0)
		err = tool_file(s, "systemd", status);
	return err < 0 ? err : tool_file(s, "systemd", lines);
}

static int failed_units(struct sink *s, const char *list)
{
	char unit[UNIT_NAME_MAX + 1];
	unsigned n = 0;
	int err = 0;

	for (const char *at = list; err == 0 && (at = units_next(at, unit)) != NULL;) {
		if (++n <= UNITS_SHOWN)
			err = failed_unit(s, n, unit);
	}
	if (err == 0 && n > UNITS_SHOWN)
		err = sink_note(s, "details of the first %d of %u failed units", UNITS_SHOWN, n);
	return err < 0 ? err : sink_fact(s, "svc.failed_count", "%u", n);
}

static int no_systemd(struct sink *s)
{
	int err = sink_file_begin(s, "sos_commands/systemd/systemctl_list-units_--all",
				  ITEM_FROM_COMMAND, "systemctl list-units --all");

	if (err == 0)
		err =
		    sink_file_end(s, ITEM_UNAVAILABLE, false, "systemd does not run this computer");
	return err < 0 ? err : AS_EUNAVAIL;
}

int collect_services(struct sink *out, const struct collect_args *args)
{
	static const char *const list[] = {"systemctl", "--no-pager", "--plain",  "--no-legend",
					   "--full",	"list-units", "--failed", NULL};
	static const char *const shown[][6] = {
	    {"systemctl", "list-units", "--failed", "--no-pager"},
	    {"systemctl", "list-units", "--all", "--no-pager"},
	    {"systemctl", "list-unit-files", "--no-pager"},
	    {"systemctl", "list-timers", "--all", "--no-pager"},
	    {"systemctl", "list-jobs", "--no-pager"},
	};

	(void)args;
	if (access("/run/systemd/system", F_OK) < 0)
		return no_systemd(out);

	char *text = malloc(LIST_ROOM);
	if (!text)
		return -ENOMEM;

	int err = tool_text(out, list, text, LIST_ROOM);
	err = err < 0 ? sink_note(out, "the list of failed services could not be read")
		      : failed_units(out, text);
	free(text);
	for (size_t i = 0; i < sizeof shown / sizeof shown[0] && err == 0; i++)
		err = tool_file(out, "systemd", shown[i]);
	return err;
}
