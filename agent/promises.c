/* SPDX-License-Identifier: Apache-2.0
 *
 * The catalogue as the broker knows it: what each collector promises, none of its code.
 */
#include "agent/broker_priv.h"

#include "agent/collect/table.h"
#include "proto/wire/messages.h"

#define QUICK	PROFILE_QUICK
#define SYSTEM	PROFILE_SYSTEM
#define NETWORK PROFILE_NETWORK
#define FULL	PROFILE_FULL

#define BULK  CATALOG_BULK
#define LIVE  CATALOG_LIVE
#define INPUT CATALOG_INPUT

const struct promise promises[] = {
#define X(name, id, scope, profiles, deadline, cap, mem, asks) \
	{id, #name, SCOPE_##scope, CATALOG_BULK, profiles, deadline, cap, mem, asks},
    COLLECTOR_MAP(X)
#undef X
#define X(name, id, scope, flags, deadline, mem, asks) \
	{id, #name, SCOPE_##scope, (flags) | CATALOG_OWN, 0, deadline, UINT64_MAX, mem, asks},
	OPERATION_MAP(X) DEVICE_MAP(X)
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
