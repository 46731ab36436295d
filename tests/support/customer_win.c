/* SPDX-License-Identifier: Apache-2.0
 *
 * The customer of the Windows flow tests: looks at the agent's windows and clicks, with the
 * messages that a mouse makes, from a process of its own. It can do nothing that a person cannot.
 *
 *   code            waits for the code and prints it
 *   question        waits for the question and prints every text of it
 *   click CONTROL   allow-now (locked or not), allow (waits until it is unlocked), deny, stop, or
 *                   the number of a right's line
 *   list            prints the live list and the messages
 *   wait TEXT       waits until the messages hold it
 *   remember HOST USER PASSWORD   keeps a password for a server, as cmdkey does
 *   farewell        waits for the last message, prints it and closes it
 *
 * Several in a row are done one after the other, without a pause. The first that fails is the last.
 * Exit: 0; 1 when what it waited for did not come.
 */
#include <windows.h>
/* after windows.h */
#include <commctrl.h>
#include <wincred.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_MS  55000
#define LOOK_MS	  50
#define TEXT_ROOM 40000
#define COLUMNS	  4

/* As in agent/plat/win/loop/window_priv.h. */
#define MAIN_CLASS    "AssentMain"
#define ASK_CLASS     "AssentAsk"
#define CONTROL_CODE  101
#define CONTROL_LIST  102
#define CONTROL_LOG   103
#define CONTROL_STOP  104
#define CONTROL_ALLOW 201
#define CONTROL_DENY  IDCANCEL
#define CONTROL_RIGHT 300

static char text[TEXT_ROOM];

static const char *text_of(HWND h)
{
	text[0] = '\0';
	SendMessageA(h, WM_GETTEXT, TEXT_ROOM, (LPARAM)text);
	return text;
}

static HWND wait_for(const char *class, const char *title)
{
	HWND h = NULL;

	for (int ms = 0; !h && ms < LIMIT_MS; ms += LOOK_MS) {
		h = FindWindowA(class, title);
		if (h && !IsWindowVisible(h))
			h = NULL;
		if (!h)
			Sleep(LOOK_MS);
	}
	return h;
}

static int code(void)
{
	HWND h = wait_for(MAIN_CLASS, NULL);

	for (int ms = 0; h && ms < LIMIT_MS; ms += LOOK_MS) {
		if (strchr(text_of(GetDlgItem(h, CONTROL_CODE)), '-')) {
			puts(text);
			return 0;
		}
		Sleep(LOOK_MS);
	}
	return 1;
}

static BOOL CALLBACK print_child(HWND h, LPARAM arg)
{
	char class[32];

	(void)arg;
	GetClassNameA(h, class, sizeof class);
	if (_stricmp(class, "Button") == 0 && GetDlgCtrlID(h) >= CONTROL_RIGHT)
		printf("[%c] ", SendMessageA(h, BM_GETCHECK, 0, 0) == BST_CHECKED ? 'x' : ' ');
	else if (_stricmp(class, "Button") == 0)
		printf("(%s) ", IsWindowEnabled(h) ? "button" : "locked");
	if (strcmp(class, "AssentPanel") != 0)
		printf("%s\n", text_of(h));
	return TRUE;
}

static int question(void)
{
	HWND h = wait_for(ASK_CLASS, NULL);

	if (h)
		EnumChildWindows(h, print_child, 0);
	return h ? 0 : 1;
}

static BOOL CALLBACK find_child(HWND h, LPARAM arg)
{
	HWND *found = (HWND *)arg;

	if ((LONG_PTR)GetDlgCtrlID(h) != (LONG_PTR)*found)
		return TRUE;
	*found = h;
	return FALSE;
}

static HWND control(HWND parent, int id)
{
	HWND found = (HWND)(LONG_PTR)id;

	return parent && !EnumChildWindows(parent, find_child, (LPARAM)&found) ? found : NULL;
}

static int click_on(HWND button, bool wait)
{
	for (int ms = 0; button && wait && !IsWindowEnabled(button); ms += LOOK_MS) {
		if (ms >= LIMIT_MS)
			return 1;
		Sleep(LOOK_MS);
	}
	if (!button)
		return 1;
	printf("%s\n", IsWindowEnabled(button) ? "open" : "locked");
	SendMessageTimeoutA(button, BM_CLICK, 0, 0, SMTO_NORMAL, LIMIT_MS, NULL);
	return 0;
}

static int click(const char *what)
{
	if (strcmp(what, "stop") == 0)
		return click_on(control(wait_for(MAIN_CLASS, NULL), CONTROL_STOP), true);

	HWND h = wait_for(ASK_CLASS, NULL);
	if (strcmp(what, "allow-now") == 0)
		return click_on(control(h, CONTROL_ALLOW), false);
	if (strcmp(what, "allow") == 0)
		return click_on(control(h, CONTROL_ALLOW), true);
	if (strcmp(what, "deny") == 0)
		return click_on(control(h, CONTROL_DENY), false);
	return click_on(control(h, CONTROL_RIGHT + atoi(what) - 1), false);
}

/* A cell's text lies in the other process, so its room must lie there, too. */
static void print_cell(HWND list, HANDLE process, void *room, int row, int column)
{
	char *there = (char *)room + sizeof(LVITEMA);
	LVITEMA item = {.iSubItem = column, .pszText = there, .cchTextMax = 512};
	char cell[512] = "";

	WriteProcessMemory(process, room, &item, sizeof item, NULL);
	SendMessageA(list, LVM_GETITEMTEXTA, (WPARAM)row, (LPARAM)room);
	ReadProcessMemory(process, there, cell, sizeof cell - 1, NULL);
	printf("%s%s", cell, column == COLUMNS - 1 ? "\n" : " | ");
}

static void print_list(HWND main)
{
	HWND list = control(main, CONTROL_LIST);
	DWORD pid = 0;

	GetWindowThreadProcessId(list, &pid);
	HANDLE process =
	    OpenProcess(PROCESS_VM_OPERATION | PROCESS_VM_READ | PROCESS_VM_WRITE, FALSE, pid);
	void *room =
	    process ? VirtualAllocEx(process, NULL, 4096, MEM_COMMIT, PAGE_READWRITE) : NULL;
	int rows = room ? (int)SendMessageA(list, LVM_GETITEMCOUNT, 0, 0) : 0;

	for (int row = 0; row < rows; row++)
		for (int column = 0; column < COLUMNS; column++)
			print_cell(list, process, room, row, column);
	if (room)
		VirtualFreeEx(process, room, 0, MEM_RELEASE);
	if (process)
		CloseHandle(process);
}

static int list(void)
{
	HWND h = wait_for(MAIN_CLASS, NULL);

	if (!h)
		return 1;
	print_list(h);
	puts(text_of(control(h, CONTROL_LOG)));
	return 0;
}

static int wait_text(const char *what)
{
	for (int ms = 0; ms < LIMIT_MS; ms += LOOK_MS) {
		HWND h = FindWindowA(MAIN_CLASS, NULL);

		if (h && strstr(text_of(control(h, CONTROL_LOG)), what))
			return 0;
		Sleep(LOOK_MS);
	}
	return 1;
}

static int farewell(void)
{
	HWND h = wait_for("#32770", "Assent");

	if (!h)
		return 1;
	EnumChildWindows(h, print_child, 0);
	PostMessageA(h, WM_CLOSE, 0, 0);
	return 0;
}

static int remember(const char *host, const char *user, const char *password)
{
	wchar_t target[128], name[128], secret[128];
	CREDENTIALW c = {.Type = CRED_TYPE_DOMAIN_PASSWORD,
			 .Persist = CRED_PERSIST_LOCAL_MACHINE,
			 .TargetName = target,
			 .UserName = name,
			 .CredentialBlob = (BYTE *)secret};

	MultiByteToWideChar(CP_UTF8, 0, host, -1, target, 128);
	MultiByteToWideChar(CP_UTF8, 0, user, -1, name, 128);
	MultiByteToWideChar(CP_UTF8, 0, password, -1, secret, 128);
	c.CredentialBlobSize = (DWORD)(wcslen(secret) * sizeof secret[0]);
	return CredWriteW(&c, 0) ? 0 : 1;
}

/* The one command at words; how many words it was, or 0 when it is none. */
static int play(const char *const words[], int *result)
{
	const char *command = words[0], *what = words[1];

	if (strcmp(command, "code") == 0)
		*result = code();
	else if (strcmp(command, "question") == 0)
		*result = question();
	else if (strcmp(command, "list") == 0)
		*result = list();
	else if (strcmp(command, "farewell") == 0)
		*result = farewell();
	else if (what && strcmp(command, "click") == 0)
		*result = click(what);
	else if (what && strcmp(command, "wait") == 0)
		*result = wait_text(what);
	else if (what && words[2] && words[3] && strcmp(command, "remember") == 0)
		*result = remember(what, words[2], words[3]);
	else
		return 0;
	return strcmp(command, "remember") == 0				       ? 4
	       : strcmp(command, "click") == 0 || strcmp(command, "wait") == 0 ? 2
									       : 1;
}

int main(int argc, char **argv)
{
	const char *const *words = (const char *const *)argv + 1;
	int result = 2;

	setvbuf(stdout, NULL, _IOFBF, TEXT_ROOM);
	for (int n; argc > 1 && *words; words += n) {
		n = play(words, &result);
		if (n == 0)
			result = 2;
		if (result != 0)
			break;
	}
	if (result == 2)
		fputs("usage: customer [code|question|click CONTROL|list|wait "
		      "TEXT|farewell|remember ...]...\n",
		      stderr);
	return result;
}
