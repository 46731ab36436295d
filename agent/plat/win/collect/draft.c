/* SPDX-License-Identifier: Apache-2.0
 *
 * A file that comes into being: until it is whole it goes with our handle, whatever ends us. Its
 * list of rights lets nobody execute it, and names that make a program or a script are refused:
 * those are read, not executed.
 */
#include "agent/plat/win/win.h"

#include <sddl.h>

#include "agent/plat/win/collect/nt_file.h"

/* after the system's headers */
#include "agent/collect/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/below.h"
#include "proto/wire/host_path.h"

#define LEAVE_MIN (100u << 20) /* bytes that the customer's disk keeps in any case */

static HANDLE of(int fd)
{
	return (HANDLE)_get_osfhandle(fd);
}

int draft_open(const struct collect_args *args, struct draft *out)
{
	struct below root;
	int err = below_open(args, &root);

	*out = (struct draft){.folder = -1, .fd = -1};
	if (err < 0)
		return err;
	snprintf(out->name, sizeof out->name, "%.*s", NAME_MAX, args->op.paths[0]);
	out->folder = root.only[0] ? -ENOTDIR : below_reopen(root.dir, O_RDONLY | O_DIRECTORY);
	below_close(&root);
	return out->folder < 0 ? out->folder : 0;
}

void draft_close(struct draft *d)
{
	if (d->fd >= 0)
		close(d->fd);
	close(d->folder);
}

/* A tenth of a small disk, and LEAVE_MIN of a large one, stay the customer's. */
bool draft_has_room(const struct draft *d, uint64_t size)
{
	ULARGE_INTEGER available, whole;
	wchar_t path[WIN_PATH];

	if (win_final_path(of(d->folder), path, WIN_PATH) < 0 ||
	    !GetDiskFreeSpaceExW(path, &available, &whole, NULL))
		return false;
	uint64_t keep = whole.QuadPart / 10 < LEAVE_MIN ? whole.QuadPart / 10 : LEAVE_MIN;
	return available.QuadPart > keep && available.QuadPart - keep >= size;
}

/* ---- never executable ---- */

/* What a double click, or the system by itself, would run or obey. */
static bool is_program(const char *name)
{
	static const char *const endings[] = {
	    "appref-ms", "appx", "bat",	       "chm", "cmd", "com",  "cpl",  "dll",
	    "drv",	 "exe",	 "gadget",     "hta", "inf", "ini",  "iso",  "jar",
	    "js",	 "jse",	 "library-ms", "lnk", "mht", "msc",  "msi",  "msp",
	    "mst",	 "msix", "ocx",	       "pif", "ps1", "psd1", "psm1", "reg",
	    "scf",	 "scr",	 "sct",	       "sys", "url", "vb",   "vbe",  "vbs",
	    "vhd",	 "vhdx", "website",    "ws",  "wsc", "wsf",  "wsh",  "xll"};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof endings / sizeof endings[0]; i++)
		if (_stricmp(dot + 1, endings[i]) == 0)
			return true;
	return false;
}

/* For the user, the system and the administrators: all but to execute it. */
static int no_execution(PSECURITY_DESCRIPTOR *out)
{
	TOKEN_USER *user = win_user_sid();
	char *sid = NULL, text[512];
	int err;

	if (!user)
		return -ENOMEM;
	err = ConvertSidToStringSidA(user->User.Sid, &sid) ? 0 : win_last();
	LocalFree(user);
	if (err < 0)
		return err;
	snprintf(text, sizeof text,
		 "D:P(A;;FRFWSDRCWDWO;;;%s)(A;;FRFWSDRCWDWO;;;SY)(A;;FRFWSDRCWDWO;;;BA)", sid);
	LocalFree(sid);
	return ConvertStringSecurityDescriptorToSecurityDescriptorA(text, SDDL_REVISION_1, out,
								    NULL)
		   ? 0
		   : win_last();
}

/* ---- a file that nobody looks for ---- */

/* With our handle it goes, or stays. */
static int set_going(HANDLE file, bool goes)
{
	FILE_DISPOSITION_INFO info = {.DeleteFile = goes};

	return SetFileInformationByHandle(file, FileDispositionInfo, &info, sizeof info)
		   ? 0
		   : win_last();
}

static int is_taken(const struct draft *d)
{
	int fd = below_entry(d->folder, d->name, O_PATH);

	if (fd == -ENOENT)
		return 0;
	if (fd >= 0)
		close(fd);
	return -EEXIST;
}

int draft_make(struct draft *d)
{
	wchar_t name[NAME_MAX + 1];
	struct nt_file f = {.folder = of(d->folder),
			    .name = name,
			    .access = FILE_WRITE_DATA | FILE_WRITE_ATTRIBUTES | DELETE,
			    .what = NT_FILE_NEW,
			    .attributes = FILE_ATTRIBUTE_NORMAL,
			    .options = NT_FILE_NOT_FOLDER | NT_FILE_LINK};
	PSECURITY_DESCRIPTOR who = NULL;
	HANDLE file;
	int err = is_program(d->name) || !host_path_is_windows_name(d->name, strlen(d->name))
		      ? -ENOEXEC
		      : is_taken(d);

	if (err < 0)
		return err;
	snprintf(d->part, sizeof d->part, ".%.60s.part-%lu", d->name, GetCurrentProcessId());
	err = win_name_wide(d->part, strlen(d->part), name, NAME_MAX);
	if (err < 0) { /* a character was cut */
		snprintf(d->part, sizeof d->part, ".part-%lu", GetCurrentProcessId());
		err = win_name_wide(d->part, strlen(d->part), name, NAME_MAX);
	}
	f.units = err > 0 ? (size_t)err : 0;
	err = err < 0 ? err : no_execution(&who);
	f.who = who;
	if (err == 0)
		err = nt_file_open(&f, &file);
	LocalFree(who);
	if (err < 0)
		return err;
	d->fd = _open_osfhandle((intptr_t)file, _O_WRONLY | _O_BINARY | _O_NOINHERIT);
	if (d->fd >= 0)
		return set_going(file, true);
	set_going(file, true);
	CloseHandle(file);
	return -EMFILE;
}

int draft_publish(struct draft *d)
{
	wchar_t name[NAME_MAX + 1];
	int n = win_name_wide(d->name, strlen(d->name), name, NAME_MAX);
	int err = n < 0 ? n : FlushFileBuffers(of(d->fd)) ? 0 : win_last();

	if (err == 0)
		err = set_going(of(d->fd), false);
	if (err == 0)
		err = nt_file_rename(of(d->fd), of(d->folder), name, (size_t)n);
	if (err < 0)
		set_going(of(d->fd), true);
	return err;
}

void draft_discard(struct draft *d)
{
	if (d->fd >= 0)
		set_going(of(d->fd), true);
}
