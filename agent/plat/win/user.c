/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is asked for consent, for the prompt and the record.
 */
#include "agent/plat/plat.h"
#include "agent/plat/win/win.h"

#include <errno.h>
#include <stdio.h>

#define NAME_ROOM 256

/* The last number of the SID: what tells the accounts of one computer or domain apart. */
static uint32_t relative_id(PSID sid)
{
	UCHAR n = *GetSidSubAuthorityCount(sid);

	return n ? *GetSidSubAuthority(sid, n - 1) : 0;
}

static int user_name(PSID sid, char *out, size_t cap)
{
	wchar_t name[NAME_ROOM], domain[NAME_ROOM], both[2 * NAME_ROOM];
	DWORD n = NAME_ROOM, d = NAME_ROOM;
	SID_NAME_USE use;

	if (!LookupAccountSidW(NULL, sid, name, &n, domain, &d, &use))
		return win_last();
	swprintf(both, 2 * NAME_ROOM, L"%ls%ls%ls", domain, domain[0] ? L"\\" : L"", name);
	win_text(both, out, cap);
	return 0;
}

int plat_user(struct plat_user *out)
{
	struct plat_user u = {0};
	wchar_t host[NAME_ROOM];
	DWORD n = NAME_ROOM, mode;
	TOKEN_USER *user = win_user_sid();

	if (!user)
		return -ENOMEM;
	u.uid = relative_id(user->User.Sid);
	if (user_name(user->User.Sid, u.name, sizeof u.name) < 0)
		snprintf(u.name, sizeof u.name, "%lu", (unsigned long)u.uid);
	LocalFree(user);
	if (!GetComputerNameExW(ComputerNameDnsHostname, host, &n))
		return win_last();
	win_text(host, u.host, sizeof u.host);
	if (GetConsoleMode(GetStdHandle(STD_INPUT_HANDLE), &mode))
		snprintf(u.tty, sizeof u.tty, "console");
	*out = u;
	return 0;
}
