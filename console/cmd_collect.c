/* SPDX-License-Identifier: Apache-2.0
 *
 * collect [PROFILE | NAME...] [hours=N] [priority=N] [names=HOST,HOST] [unit=UNIT]
 */
#include "console/session_priv.h"

int cmd_collect(struct session *s, int argc, const char *const argv[])
{
	struct selection wanted;
	char why[CATALOG_WHY_MAX];
	int err = catalog_select(&s->catalog, (size_t)argc - 1, argv + 1, &wanted, why);

	if (err < 0) {
		events_usage(s->ev, why);
		return err;
	}
	err = collect_start(&s->collect, &wanted, session_allows, s);
	if (err < 0) {
		events_error(s->ev, err, "");
		return err;
	}
	s->collecting = !collect_is_idle(&s->collect);
	return s->collecting ? SESSION_RUNS : SESSION_DONE;
}
