/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/collect.h"

const struct collector *collector_find(uint32_t op_id)
{
	static const struct collector all[] = {
#define X(name, id, scope, profiles, deadline, cap, mem, asks) {#name, id, collect_##name, mem},
	    COLLECTOR_MAP(X)
#undef X
#define X(name, id, scope, flags, deadline, mem, asks) {#name, id, collect_##name, mem},
		OPERATION_MAP(X)
#undef X
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		if (all[i].op_id == op_id)
			return &all[i];
	}
	return 0;
}
