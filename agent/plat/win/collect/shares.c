/* SPDX-License-Identifier: Apache-2.0
 *
 * Network shares: what this computer offers, and which of others it uses.
 */
#include "agent/plat/win/collect/facts.h"

#include <lmcons.h>
#include <lmshare.h>
#include <stdio.h>
#include <winnetwk.h>

#define DRIVES_MAX 256

static DWORD print_offered(struct sink *s)
{
	typedef DWORD WINAPI enum_shares(LMSTR server, DWORD level, LPBYTE * buf, DWORD most,
					 LPDWORD read, LPDWORD total, LPDWORD resume);
	typedef DWORD WINAPI free_buffer(void *p);
	enum_shares *ask = WIN_FIND(enum_shares *, "netapi32.dll", "NetShareEnum");
	free_buffer *release = WIN_FIND(free_buffer *, "netapi32.dll", "NetApiBufferFree");
	char name[256], remark[256];
	SHARE_INFO_1 *all = NULL;
	DWORD count = 0, total = 0;

	if (!ask || !release)
		return ERROR_PROC_NOT_FOUND;

	DWORD err = ask(NULL, 1, (LPBYTE *)&all, MAX_PREFERRED_LENGTH, &count, &total, NULL);
	for (DWORD i = 0; err == 0 && i < count; i++)
		sink_printf(
		    s, "%s; type 0x%lx; %s\n", win_text(all[i].shi1_netname, name, sizeof name),
		    all[i].shi1_type,
		    win_text(all[i].shi1_remark ? all[i].shi1_remark : L"", remark, sizeof remark));
	if (all)
		release(all);
	return err;
}

static DWORD print_used(struct sink *s)
{
	union {
		uint8_t bytes[16384];
		NETRESOURCEW all[1];
	} room;
	char local[64], remote[512];
	HANDLE list;
	DWORD err = WNetOpenEnumW(RESOURCE_CONNECTED, RESOURCETYPE_ANY, 0, NULL, &list);

	if (err != NO_ERROR)
		return err == ERROR_NO_NETWORK ? 0 : err;
	for (int i = 0; i < DRIVES_MAX; i++) {
		DWORD one = 1, n = sizeof room;

		if (WNetEnumResourceW(list, &one, &room, &n) != NO_ERROR || one == 0)
			break;
		sink_printf(s, "%s -> %s\n",
			    win_text(room.all[0].lpLocalName ? room.all[0].lpLocalName : L"-",
				     local, sizeof local),
			    win_text(room.all[0].lpRemoteName ? room.all[0].lpRemoteName : L"-",
				     remote, sizeof remote));
	}
	WNetCloseEnum(list);
	return 0;
}

int collect_shares(struct sink *s, const struct collect_args *args)
{
	(void)args;
	facts_begin(s, "windows/shares_offered", "NetShareEnum");
	facts_end(s, print_offered(s));
	facts_begin(s, "windows/shares_used", "WNetEnumResource");
	return facts_end(s, print_used(s));
}
