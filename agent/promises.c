/* SPDX-License-Identifier: Apache-2.0
 *
 * The catalogue as the broker knows it: what each collector promises, none of its code.
 */
#include "agent/broker_priv.h"

#include "agent/collect/table.h"

#define QUICK	PROFILE_QUICK
#define SYSTEM	PROFILE_SYSTEM
#define NETWORK PROFILE_NETWORK
#define FULL	PROFILE_FULL

const struct promise promises[] = {
#define X(name, id, scope, profiles, deadline, cap, mem, asks) \
	{id, #name, SCOPE_##scope, profiles, deadline, cap, mem, asks},
    COLLECTOR_MAP(X)
#undef X
};

const size_t promise_count = sizeof promises / sizeof promises[0];

const struct promise *promise_find(uint32_t op_id)
{
	for (size_t i = 0; i < promise_count; i++)
		if (promises[i].op_id == op_id)
			return &promises[i];
	return NULL;
}
