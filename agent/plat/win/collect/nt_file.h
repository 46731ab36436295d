/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernel's own calls for files, which take a name in an open folder.
 */
#ifndef AS_WIN_NT_FILE_H
#define AS_WIN_NT_FILE_H

#include "agent/plat/win/win.h"

#define NT_FILE_FOLDER	   0x001u /* options */
#define NT_FILE_NOT_FOLDER 0x040u
#define NT_FILE_LINK	   0x200000u /* a link itself */
#define NT_FILE_EXISTING   1	     /* what is done */
#define NT_FILE_NEW	   2	     /* -EEXIST when it is there */

struct nt_file {
	HANDLE folder;	     /* NULL: the name is the kernel's whole one */
	const wchar_t *name; /* "" with 0 units: the folder's handle is the file that is meant */
	size_t units;
	ACCESS_MASK access;
	ULONG share, what, options, attributes;
	void *who; /* a security descriptor; NULL: what the folder hands on */
};

/* A handle whose reads and writes wait. 0 or -errno. */
int nt_file_open(const struct nt_file *f, HANDLE *out);

/* Into a folder, under a name that nothing has: -EEXIST. */
int nt_file_rename(HANDLE file, HANDLE folder, const wchar_t *name, size_t units);

#endif
