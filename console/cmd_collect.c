/* SPDX-License-Identifier: Apache-2.0
 *
 * collect [PROFILE | NAME...] [hours=N] [priority=N] [names=HOST,HOST] [unit=UNIT]
 */
#include "console/collect.h"
#include "console/session_priv.h"

int cmd_collect(struct session *s, int argc, const char *const argv[])
{
	struct selection wanted;
	char why[CATALOG_WHY_MAX];
	struct job *job;
	int err = catalog_select(&s->catalog, (size_t)argc - 1, argv + 1, &wanted, why);

	if (err < 0)
		return session_refuse(s, why);
	err = collect_start(&s->jobs, &wanted, session_allows, s, s->line, &job);
	return err < 0 ? session_fault(s, err) : session_began(s, job);
}
