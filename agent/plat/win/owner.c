/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a file is really an administrator's: nobody else can change it, nor put another one in
 * its place.
 */
#include "agent/plat/plat.h"
#include "agent/plat/win/win.h"

#include <aclapi.h>
#include <sddl.h>
#include <stdlib.h>
#include <string.h>

/* What lets its holder change a file, and what lets him replace what a folder holds. Making other
 * files beside it, as every user may below C:\ProgramData, does not. */
#define CHANGES_FILE   (FILE_WRITE_DATA | FILE_APPEND_DATA | DELETE | WRITE_DAC | WRITE_OWNER)
#define CHANGES_FOLDER (FILE_DELETE_CHILD | DELETE | WRITE_DAC | WRITE_OWNER)

static bool is_one_of(PSID sid, const char *const texts[], size_t n)
{
	bool found = false;

	for (size_t i = 0; i < n && !found; i++) {
		PSID other = NULL;

		if (ConvertStringSidToSidA(texts[i], &other))
			found = EqualSid(sid, other);
		LocalFree(other);
	}
	return found;
}

bool win_is_admin_sid(PSID sid)
{
	static const char *const admins[] = {
	    "S-1-5-18",							      /* SYSTEM */
	    "S-1-5-32-544",						      /* administrators */
	    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464", /* TrustedInstaller */
	};

	return is_one_of(sid, admins, sizeof admins / sizeof admins[0]);
}

TOKEN_USER *win_user_sid(void)
{
	HANDLE token;
	DWORD n = 0;

	if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
		return NULL;
	GetTokenInformation(token, TokenUser, NULL, 0, &n);

	TOKEN_USER *user = LocalAlloc(LMEM_FIXED, n);
	if (user && !GetTokenInformation(token, TokenUser, user, n, &n)) {
		LocalFree(user);
		user = NULL;
	}
	CloseHandle(token);
	return user;
}

static bool gives_away(const ACL *dacl, DWORD what)
{
	GENERIC_MAPPING all = {FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE,
			       FILE_ALL_ACCESS};

	for (DWORD i = 0; i < dacl->AceCount; i++) {
		ACCESS_ALLOWED_ACE *ace;

		if (!GetAce((PACL)(uintptr_t)dacl, i, (void **)&ace))
			return true;
		if (ace->Header.AceFlags & INHERIT_ONLY_ACE ||
		    ace->Header.AceType == ACCESS_DENIED_ACE_TYPE)
			continue;
		if (ace->Header.AceType != ACCESS_ALLOWED_ACE_TYPE)
			return true; /* a kind that we do not read */

		DWORD mask = ace->Mask;
		MapGenericMask(&mask, &all);
		if ((mask & what) && !win_is_admin_sid(&ace->SidStart))
			return true;
	}
	return false;
}

static bool is_admins(const wchar_t *path, DWORD what)
{
	PSECURITY_DESCRIPTOR sd = NULL;
	PSID owner = NULL;
	PACL dacl = NULL;
	DWORD kind = GetFileAttributesW(path);

	if (kind == INVALID_FILE_ATTRIBUTES || (kind & FILE_ATTRIBUTE_REPARSE_POINT))
		return false;

	DWORD err = GetNamedSecurityInfoW((wchar_t *)(uintptr_t)path, SE_FILE_OBJECT,
					  OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION,
					  &owner, NULL, &dacl, NULL, &sd);
	bool good = err == ERROR_SUCCESS && owner && dacl && win_is_admin_sid(owner) &&
		    !gives_away(dacl, what);
	LocalFree(sd);
	return good;
}

bool plat_is_admins_file(const char *path)
{
	wchar_t wide[WIN_PATH], full[WIN_PATH];

	if (win_wide(path, wide, WIN_PATH) < 0)
		return false;

	DWORD n = GetFullPathNameW(wide, WIN_PATH, full, NULL);
	if (n == 0 || n >= WIN_PATH || wcsncmp(full, L"\\\\", 2) == 0)
		return false; /* a server's file is its administrator's, not this computer's */

	DWORD kind = GetFileAttributesW(full);
	if (kind == INVALID_FILE_ATTRIBUTES || (kind & FILE_ATTRIBUTE_DIRECTORY))
		return false;
	if (!is_admins(full, CHANGES_FILE))
		return false;
	/* and every folder above it, without the drive's root, which cannot be renamed */
	for (wchar_t *slash; (slash = wcsrchr(full, L'\\')) != NULL && slash > full + 2;) {
		*slash = L'\0';
		if (!is_admins(full, CHANGES_FOLDER))
			return false;
	}
	return true;
}

/* Everyone, users, authenticated users: whom "everybody on this computer" means. */
static bool is_everybody(PSID sid)
{
	static const char *const all[] = {"S-1-1-0", "S-1-5-32-545", "S-1-5-11"};

	return is_one_of(sid, all, sizeof all / sizeof all[0]);
}

bool plat_is_open_to_all(const char *path)
{
	GENERIC_MAPPING map = {FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE,
			       FILE_ALL_ACCESS};
	PSECURITY_DESCRIPTOR sd = NULL;
	wchar_t wide[WIN_PATH];
	PACL dacl = NULL;
	bool open = true; /* what cannot be looked at is not trusted */

	if (win_wide(path, wide, WIN_PATH) >= 0 &&
	    GetNamedSecurityInfoW(wide, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL,
				  &dacl, NULL, &sd) == ERROR_SUCCESS &&
	    dacl) {
		open = false;
		for (DWORD i = 0; !open && i < dacl->AceCount; i++) {
			ACCESS_ALLOWED_ACE *ace;

			if (!GetAce(dacl, i, (void **)&ace) ||
			    ace->Header.AceType != ACCESS_ALLOWED_ACE_TYPE)
				continue;
			DWORD mask = ace->Mask;
			MapGenericMask(&mask, &map);
			open = (mask & FILE_READ_DATA) && is_everybody(&ace->SidStart);
		}
	}
	LocalFree(sd);
	return open;
}
