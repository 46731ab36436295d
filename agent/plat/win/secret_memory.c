/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory for secrets: never in the page file, and, where Windows offers it, in no crash report.
 */
#include "agent/plat/plat.h"
#include "agent/plat/win/win.h"

#include "proto/base/secret.h"

typedef HRESULT WINAPI exclude(const void *p, DWORD n);
typedef HRESULT WINAPI include(const void *p);

void *plat_secret_new(size_t n)
{
	exclude *leave_out = WIN_FIND(exclude *, "kernel32.dll", "WerRegisterExcludedMemoryBlock");
	void *p = VirtualAlloc(NULL, n, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

	if (!p)
		return NULL;
	if (!VirtualLock(p, n)) {
		VirtualFree(p, 0, MEM_RELEASE);
		return NULL;
	}
	if (leave_out) /* a second wall: reports go without the heap anyway (confine.c) */
		leave_out(p, (DWORD)n);
	return p;
}

void plat_secret_free(void *p, size_t n)
{
	include *take_back =
	    WIN_FIND(include *, "kernel32.dll", "WerUnregisterExcludedMemoryBlock");

	if (!p)
		return;
	if (take_back)
		take_back(p);
	secret_wipe(p, n);
	VirtualUnlock(p, n);
	VirtualFree(p, 0, MEM_RELEASE);
}
