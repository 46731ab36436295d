/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of this folder share. Windows speaks UTF-16 and its own error numbers; the rest of
 * the tree speaks UTF-8 and negative errno values, so both are translated at this wall.
 */
#ifndef AS_AGENT_PLAT_WIN_H
#define AS_AGENT_PLAT_WIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winsock2.h>
/* winsock2.h must come first */
#include <windows.h>

#define WIN_PATH 4096 /* wide characters; longer paths are refused */

/* Both end the text and return its length, or -ENAMETOOLONG; *out is then "". */
int win_wide(const char *utf8, wchar_t *out, size_t cap);
int win_utf8(const wchar_t *wide, char *out, size_t cap);

/* The same, cut when it does not fit. Returns out. */
const char *win_text(const wchar_t *wide, char *out, size_t cap);

/* Names of files, n bytes or units of them: any, not only text (name.c). The same results; -ENOENT
 * for bytes that are no name. */
int win_name_wide(const char *name, size_t n, wchar_t *out, size_t cap);
int win_name(const wchar_t *wide, size_t n, char *out, size_t cap);

/* A file by its handle: where it really is, as "\\?\C:\...". Its length, or negative. */
int win_final_path(HANDLE file, wchar_t *out, size_t cap);

/* An error of GetLastError() and its kind; 0 becomes -EIO. */
int win_err(DWORD err);
int win_last(void);

/* A function that older systems, or wine, may lack; NULL then. dll must be one of the system's. */
FARPROC win_find(const char *dll, const char *name);
/* The pointer's type is the caller's business. */
#define WIN_FIND(type, dll, name) ((type)(void *)win_find(dll, name))

/* Is it a user that may change everything anyway: SYSTEM, administrators, TrustedInstaller? */
bool win_is_admin_sid(PSID sid);

/* This process's user; to be freed with LocalFree(). NULL when memory is short. */
TOKEN_USER *win_user_sid(void);

/* A private file that is there, to write behind its end; -ENOENT. */
int win_file_more(const char *path);

/* A job whose processes end with its last handle. process may be NULL. */
struct win_job {
	SIZE_T process_memory, job_memory; /* bytes, 0: not limited */
	DWORD processes;		   /* at once, 0: not limited */
	uint64_t cpu_s;			   /* of all of them, 0: not limited */
	bool no_desktop; /* no clipboard, no other windows, no switch of desktop */
	bool keep;	 /* the processes outlive the handle */
};
int win_job_new(const struct win_job *how, HANDLE *out);

/* Was the program started with the mouse, so that its console, if any, shows nothing to anybody? */
bool win_is_console_ours(void);

/* From now on what is said stands in windows: that is where the customer looks. */
void win_speak_in_windows(void);

#endif
