/* SPDX-License-Identifier: Apache-2.0
 *
 * Last and first words: on the console that started us, or in a message window when there is none.
 */
#include "agent/plat/plat.h"
#include "agent/plat/win/win.h"

#include <io.h>
#include <stdio.h>
#include <string.h>

#define SAY_MAX 4096

static bool in_windows;

void win_speak_in_windows(void)
{
	in_windows = true;
}

/* A pipe or a file is somebody who reads; a console counts only when it is somebody else's, too. */
static bool is_read(FILE *stream)
{
	HANDLE h = (HANDLE)_get_osfhandle(_fileno(stream));
	DWORD mode;

	if (h == INVALID_HANDLE_VALUE || GetFileType(h) == FILE_TYPE_UNKNOWN)
		return false;
	return GetConsoleMode(h, &mode) ? !win_is_console_ours() : true;
}

void plat_say(const char *text, bool error)
{
	FILE *stream = error ? stderr : stdout;
	wchar_t wide[SAY_MAX];

	fputs(text, stream);
	fflush(stream);
	if ((is_read(stream) && !in_windows) || win_wide(text, wide, SAY_MAX) <= 0)
		return;
	MessageBoxW(NULL, wide, L"Assent",
		    MB_OK | MB_SETFOREGROUND | (error ? MB_ICONWARNING : MB_ICONINFORMATION));
}
