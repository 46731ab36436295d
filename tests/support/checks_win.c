/* SPDX-License-Identifier: Apache-2.0
 *
 * What can only be checked where it runs: plat/win, and a tool's life. Run under wine by
 * tests/flow/flow_windows.c; prints one line per check and ends with the number that failed.
 */
#include "agent/plat/plat.h"
#include "agent/plat/win/win.h"

#include <errno.h>
#include <io.h>
#include <shellapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/collect/collect.h"
#include "agent/plat/win/collect/tool_win.h"

static int failed;

#define CHECK(what, yes)                                         \
	do {                                                     \
		bool good = (yes);                               \
		printf("%s %s\n", good ? "ok  " : "FAIL", what); \
		failed += !good;                                 \
	} while (0)

/* What CommandLineToArgvW() makes of our line must be what we began with. */
static bool survives(const char *const argv[])
{
	char line[1024], back[512];
	wchar_t wide[1024];
	int n = 0;

	if (tool_command_line(argv, line, sizeof line) != 0)
		return false;
	win_wide(line, wide, 1024);

	wchar_t **words = CommandLineToArgvW(wide, &n);
	bool same = words != NULL;
	for (int i = 0; same && i < n; i++)
		same = argv[i] && strcmp(win_text(words[i], back, sizeof back), argv[i]) == 0;
	same = same && !argv[n];
	LocalFree(words);
	return same;
}

static void check_command_lines(void)
{
	static const char *const plain[] = {"assent-probe", "dns", "1.2.3.4", NULL};
	static const char *const hard[] = {"p",	       "",	   "two words",	 "a\"b",
					   "end\\",    "\\\\s\\s", "a\\\"b\\\\", "tab\there",
					   "--x=\"\\", NULL};
	const char *const long_one[] = {"p", "0123456789", NULL};
	char small_room[12];

	CHECK("a plain command line", survives(plain));
	CHECK("quotes and backslashes arrive as they are", survives(hard));
	CHECK("one that does not fit is refused",
	      tool_command_line(long_one, small_room, sizeof small_room) < 0);
}

static void check_paths(void)
{
	CHECK("a drive is absolute",
	      plat_path_is_absolute("C:\\x") && plat_path_is_absolute("c:/x"));
	CHECK("a share is absolute", plat_path_is_absolute("\\\\server\\x"));
	CHECK("a name is not", !plat_path_is_absolute("x\\y") && !plat_path_is_absolute("C:x"));
	CHECK("the name behind any slash",
	      strcmp(plat_path_name("C:\\a/b\\c.conf"), "c.conf") == 0);
	CHECK("a folder is no administrator's file", !plat_is_admins_file("C:\\windows"));
	CHECK("nor is what is not there", !plat_is_admins_file("C:\\no\\such\\file"));
}

static bool returns(const wchar_t *name, size_t n, const char *bytes)
{
	wchar_t wide[16];
	char back[48];

	return win_name(name, n, back, sizeof back) == (int)strlen(bytes) &&
	       strcmp(back, bytes) == 0 &&
	       win_name_wide(bytes, strlen(bytes), wide, 16) == (int)n &&
	       memcmp(wide, name, n * sizeof *name) == 0;
}

static void check_names(void)
{
	wchar_t wide[16];
	char back[4];

	CHECK("a name comes back as it was",
	      returns(L"K\u00e4se \u2615", 6, "K\xc3\xa4se \xe2\x98\x95"));
	CHECK("a character of two units", returns(L"\xd83d\xde00", 2, "\xf0\x9f\x98\x80"));
	CHECK("half of one alone", returns(L"a\xd83d", 2, "a\xed\xa0\xbd"));
	CHECK("bytes that are no name", win_name_wide("\xff", 1, wide, 16) == -ENOENT &&
					    win_name_wide("\xc0\x80", 2, wide, 16) == -ENOENT &&
					    win_name_wide("\xe2\x98", 2, wide, 16) == -ENOENT);
	CHECK("names stay in their room", win_name_wide("abcd", 4, wide, 4) == -ENAMETOOLONG &&
					      win_name(L"abc", 3, back, 4) == -ENAMETOOLONG);
}

static void check_folders(void)
{
	char real[1024];

	/* not C:\windows: in a test's prefix that is a link, which is followed to where it leads */
	CHECK("where a folder is", plat_real_path("c:/USERS/", 5000, real, sizeof real) == 0 &&
				       _stricmp(real, "C:\\users") == 0);
	CHECK("what is not there yet keeps its name",
	      plat_real_path("C:\\users\\no\\such.log", 5000, real, sizeof real) == 0 &&
		  _stricmp(real, "C:\\users\\no\\such.log") == 0);
	CHECK("another computer's folder is none",
	      plat_real_path("\\\\server\\x", 5000, real, sizeof real) == -EINVAL);
	CHECK("nothing is put among programs",
	      plat_writable_folder("C:\\windows", real, sizeof real) == -EPERM &&
		  plat_writable_folder("C:\\", real, sizeof real) == -EPERM);
}

static void check_sha256(const char *dir)
{
	static const uint8_t abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea};
	char path[1024];
	uint8_t out[32];
	uint64_t size;
	int fd;

	snprintf(path, sizeof path, "%s\\abc", dir);
	fd = plat_file_new(path);
	_write(fd, "abcd", 4);
	_close(fd);
	fd = plat_file_read(path, &size);
	CHECK("the SHA-256 of a file's beginning",
	      plat_sha256_file(fd, 3, out) == 0 && memcmp(out, abc, sizeof abc) == 0);
	CHECK("a file that is shorter has none", plat_sha256_file(fd, 5, out) < 0);
	_close(fd);
	DeleteFileA(path);
}

static bool wanted(const char *name)
{
	return strstr(name, ".jsonl") != NULL;
}

static int make(const char *dir, const char *name)
{
	char path[1024];

	snprintf(path, sizeof path, "%s\\%s", dir, name);
	int fd = plat_file_new(path);
	if (fd >= 0) {
		_write(fd, "one\ntwo\n", 8);
		plat_file_sync(fd);
		_close(fd);
	}
	return fd;
}

static void forget(const char *dir)
{
	static const char *const names[] = {"a.jsonl", "b.jsonl", "c.jsonl", "d.txt"};
	char path[1024];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(path, sizeof path, "%s\\%s", dir, names[i]);
		DeleteFileA(path);
	}
	RemoveDirectoryA(dir);
}

static void check_files(void)
{
	char dir[900], from[1024], to[1024], **names = NULL;
	uint64_t size = 0;

	snprintf(dir, sizeof dir, "%s\\assent-checks", getenv("TEMP"));
	forget(dir); /* what an earlier run left */
	CHECK("a folder is made", plat_folder_new(dir) == 0);
	CHECK("twice is fine", plat_folder_new(dir) == 0);
	CHECK("a file is made", make(dir, "b.jsonl") >= 0);
	CHECK("and not again", make(dir, "b.jsonl") == -EEXIST);
	make(dir, "a.jsonl");
	make(dir, "c.jsonl");
	make(dir, "d.txt");
	CHECK("of four files two are wanted", plat_folder_list(dir, wanted, 2, &names) == 2);
	CHECK("the last ones, in order",
	      names && strcmp(names[0], "b.jsonl") == 0 && strcmp(names[1], "c.jsonl") == 0);
	snprintf(from, sizeof from, "%s\\a.jsonl", dir);
	snprintf(to, sizeof to, "%s\\b.jsonl", dir);
	CHECK("nothing is published over another", plat_file_publish(from, to) == -EEXIST);
	int fd = plat_file_read(from, &size);
	CHECK("bytes stay as they are", fd >= 0 && size == 8);
	_close(fd);
	check_sha256(dir);
	CHECK("a folder is no file", plat_file_read(dir, &size) < 0);
	fd = plat_file_private(from);
	CHECK("what we made is ours alone", fd >= 0);
	_close(fd);
	forget(dir);
	CHECK("what is not there is not", plat_file_private("C:\\nowhere") == -ENOENT);
}

/* A parent in a job of its own starts a child; with the parent's end the job goes, and the child.
 */
static int play_parent(const char *self)
{
	STARTUPINFOA s = {.cb = sizeof s};
	PROCESS_INFORMATION p;
	char line[1200];

	if (plat_confine_collector(256, 60) < 0)
		return 3;
	snprintf(line, sizeof line, "\"%s\" child", self);
	if (!CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &s, &p))
		return 4;
	printf("%lu\n", p.dwProcessId);
	fflush(stdout);
	Sleep(INFINITE);
	return 0;
}

static void check_tree(const char *self)
{
	SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
	HANDLE out, in;
	PROCESS_INFORMATION p;
	char line[1200], text[32] = "";
	DWORD n = 0;

	CreatePipe(&out, &in, &inherited, 0);
	STARTUPINFOA s = {.cb = sizeof s, .dwFlags = STARTF_USESTDHANDLES, .hStdOutput = in};
	snprintf(line, sizeof line, "\"%s\" parent", self);
	CHECK("a parent starts",
	      CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &s, &p));
	CloseHandle(in);
	ReadFile(out, text, sizeof text - 1, &n, NULL);

	HANDLE child = OpenProcess(SYNCHRONIZE, FALSE, (DWORD)strtoul(text, NULL, 10));
	CHECK("its child lives", child && WaitForSingleObject(child, 0) == WAIT_TIMEOUT);
	CHECK("the parent is killed", plat_kill_group((int)p.dwProcessId) == 0);
	CHECK("the child goes with it",
	      child && WaitForSingleObject(child, 20000) == WAIT_OBJECT_0);
	CHECK("killing once more is fine", plat_kill_group((int)p.dwProcessId) == 0);
	CHECK("nobody is not everybody", plat_kill_group(0) == -EINVAL);
}

static DWORD run(const char *self, const char *what)
{
	STARTUPINFOA s = {.cb = sizeof s};
	PROCESS_INFORMATION p;
	char line[1200];
	DWORD code = 99;

	snprintf(line, sizeof line, "\"%s\" %s", self, what);
	if (!CreateProcessA(NULL, line, NULL, NULL, FALSE, 0, NULL, NULL, &s, &p))
		return code;
	if (WaitForSingleObject(p.hProcess, 30000) == WAIT_OBJECT_0)
		GetExitCodeProcess(p.hProcess, &code);
	return code;
}

/* A network process: no privilege but the harmless one is left, so none can be switched on again.
 */
static int play_powerless(void)
{
	union {
		uint8_t bytes[2048];
		TOKEN_PRIVILEGES all;
	} room;
	wchar_t name[64];
	HANDLE token;
	DWORD n;

	if (plat_drop_rights() < 0)
		return 3;
	if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token) ||
	    !GetTokenInformation(token, TokenPrivileges, &room, sizeof room, &n))
		return 4;
	for (DWORD i = 0; i < room.all.PrivilegeCount; i++) {
		DWORD chars = 64;

		if (!LookupPrivilegeNameW(NULL, &room.all.Privileges[i].Luid, name, &chars) ||
		    wcscmp(name, L"SeChangeNotifyPrivilege") != 0)
			return 1;
	}
	return 0;
}

static void check_user(void)
{
	struct plat_user u;

	CHECK("somebody is asked", plat_user(&u) == 0 && u.name[0] && u.host[0]);
}

int main(int argc, char **argv)
{
	char self[1024];

	GetModuleFileNameA(NULL, self, sizeof self);
	if (argc > 1 && strcmp(argv[1], "parent") == 0)
		return play_parent(self);
	if (argc > 1 && strcmp(argv[1], "child") == 0)
		Sleep(INFINITE);
	if (argc > 1 && strcmp(argv[1], "powerless") == 0)
		return play_powerless();
	plat_begin();
	check_command_lines();
	check_paths();
	check_names();
	check_folders();
	check_files();
	check_user();
	check_tree(self);
	CHECK("the network's processes have no privilege left", run(self, "powerless") == 0);
	printf("%d failed\n", failed);
	return failed ? 1 : 0;
}
