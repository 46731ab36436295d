/* SPDX-License-Identifier: Apache-2.0
 *
 * What the Windows collectors share. They ask the system's own interfaces, not its tools, where
 * there is one; what is missing on this computer, or needs an administrator, is listed as a gap
 * with the reason.
 */
#ifndef AS_WIN_FACTS_H
#define AS_WIN_FACTS_H

#include "agent/plat/win/win.h"

#include "agent/collect/collect.h"
#include "agent/collect/sink.h"

#define FACTS_TEXT 1024 /* most texts of the system fit; longer ones are cut */

/* A file of the bundle that an interface of the system fills. */
int facts_begin(struct sink *s, const char *name, const char *interface);

/* Ends it: 0, or an error of GetLastError(): the gap's reason in words. */
int facts_end(struct sink *s, DWORD err);

/* The same for a file that was not begun: it is listed, empty, as unavailable. */
int facts_gap(struct sink *s, const char *name, const char *interface, const char *why);

/* The system's words for an error, in one line. Returns out. */
const char *facts_error(DWORD err, char *out, size_t cap);

/* ---- the registry; hive: HKEY_LOCAL_MACHINE... ---- */

/* "" when there is none. Numbers come as text. Returns out. */
const char *facts_reg(HKEY hive, const char *path, const char *name, char *out, size_t cap);
bool facts_reg_number(HKEY hive, const char *path, const char *name, uint64_t *out);

/* Writes every value of a key as "NAME = VALUE" lines, sorted by the system; no subkeys. The names
 * in `hide` (NULL at the end) are listed without their value. */
DWORD facts_reg_dump(struct sink *s, HKEY hive, const char *path, const char *const hide[]);

/* Calls back with the full path of every subkey until it returns a negative value. */
int facts_reg_keys(HKEY hive, const char *path, int (*on_key)(const char *path, void *arg),
		   void *arg);

/* ---- times ---- */

#define FACTS_TIME 21
const char *facts_time(const FILETIME *t, char out[FACTS_TIME]); /* "2026-11-01T12:00:00Z" */
int64_t facts_unix_time(const FILETIME *t);

/* Copies a file of the system as "its" name in the bundle, at most max bytes. */
int facts_copy(struct sink *s, const wchar_t *path, const char *name, uint64_t max);

#endif
