/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/plat/win/collect/nt.h"

#include <stdlib.h>

#include "agent/plat/win/win.h"

#define FIRST (64u << 10)
#define MOST  (64u << 20)

void *nt_query(int what, uint32_t *length, long *status)
{
	typedef LONG WINAPI query(int what, void *out, ULONG n, ULONG *need);
	query *ask = WIN_FIND(query *, "ntdll.dll", "NtQuerySystemInformation");

	*status = NT_LENGTH_WRONG;
	for (ULONG n = FIRST; ask && n <= MOST && *status == NT_LENGTH_WRONG; n *= 2) {
		void *out = calloc(1, n);
		ULONG need = 0;

		*status = out ? ask(what, out, n, &need) : -1;
		if (*status >= 0) {
			*length = need && need < n ? need : n;
			return out;
		}
		free(out);
	}
	return NULL;
}
