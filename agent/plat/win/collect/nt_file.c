/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/plat/win/collect/nt_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <winternl.h>

#define WITH_WAIT 0x020u
#define RENAME	  10 /* FileRenameInformation */
#define UNITS_MAX 256

static int from_status(LONG status)
{
	typedef ULONG WINAPI translate(LONG status);
	translate *dos = WIN_FIND(translate *, "ntdll.dll", "RtlNtStatusToDosError");

	switch ((ULONG)status) {
	case 0xC0000033: /* not a name */
	case 0xC0000034:
	case 0xC000003A:
	case 0xC0000056: /* about to go */
		return -ENOENT;
	case 0xC0000035:
		return -EEXIST;
	case 0xC0000103:
		return -ENOTDIR;
	case 0xC00000BA:
		return -EISDIR;
	case 0xC0000043:
		return -EBUSY;
	default:
		return dos ? win_err(dos(status)) : -EIO;
	}
}

int nt_file_open(const struct nt_file *f, HANDLE *out)
{
	typedef LONG NTAPI open_file(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *, IO_STATUS_BLOCK *,
				     LARGE_INTEGER *, ULONG, ULONG, ULONG, ULONG, void *, ULONG);
	open_file *create = WIN_FIND(open_file *, "ntdll.dll", "NtCreateFile");
	UNICODE_STRING text = {.Length = (USHORT)(f->units * sizeof *f->name),
			       .MaximumLength = (USHORT)(f->units * sizeof *f->name),
			       .Buffer = (wchar_t *)(uintptr_t)f->name};
	OBJECT_ATTRIBUTES what = {.Length = sizeof what,
				  .RootDirectory = f->folder,
				  .ObjectName = &text,
				  .Attributes = OBJ_CASE_INSENSITIVE,
				  .SecurityDescriptor = f->who};
	IO_STATUS_BLOCK io;
	LONG status =
	    create ? create(out, f->access | FILE_READ_ATTRIBUTES | SYNCHRONIZE, &what, &io, NULL,
			    f->attributes, f->share, f->what, f->options | WITH_WAIT, NULL, 0)
		   : -1;

	return status >= 0 ? 0 : from_status(status);
}

int nt_file_rename(HANDLE file, HANDLE folder, const wchar_t *name, size_t units)
{
	typedef LONG NTAPI set_info(HANDLE, IO_STATUS_BLOCK *, void *, ULONG, ULONG);
	set_info *set = WIN_FIND(set_info *, "ntdll.dll", "NtSetInformationFile");
	union {
		FILE_RENAME_INFO info;
		uint8_t bytes[sizeof(FILE_RENAME_INFO) + UNITS_MAX * sizeof(wchar_t)];
	} room = {.info = {.ReplaceIfExists = FALSE, .RootDirectory = folder}};
	IO_STATUS_BLOCK io;

	if (!set || units > UNITS_MAX)
		return -ENOTSUP;
	room.info.FileNameLength = (DWORD)(units * sizeof *name);
	memcpy(room.info.FileName, name, units * sizeof *name);

	LONG status = set(file, &io, &room, sizeof room, RENAME);
	return status >= 0 ? 0 : from_status(status);
}
