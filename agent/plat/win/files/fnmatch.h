/* SPDX-License-Identifier: Apache-2.0
 *
 * Patterns of names, which the run-time lacks: * ? [a-z] [!a-z] and backslash, byte by byte.
 */
#ifndef AS_WIN_FILES_FNMATCH_H
#define AS_WIN_FILES_FNMATCH_H

#define FNM_CASEFOLD 1
#define FNM_NOMATCH  1

/* 0 when it matches. Time: at most the product of both lengths. */
int fnmatch(const char *pattern, const char *text, int flags);

#endif
