/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/plat/win/collect/facts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/clock.h"
#include "proto/base/text.h"

#define EPOCH_1601_S   INT64_C(11644473600)
#define REG_DATA_MAX   16384
#define REG_SHOWN_MAX  256 /* bytes of binary values */
#define COPY_CHUNK     65536
#define KEYS_MAX       4096
#define BYTE_ORDER_LEN 2

int facts_begin(struct sink *s, const char *name, const char *interface)
{
	return sink_file_begin(s, name, ITEM_FROM_API, interface);
}

const char *facts_error(DWORD err, char *out, size_t cap)
{
	wchar_t wide[FACTS_TEXT] = L"";
	char raw[FACTS_TEXT];
	/* In English where the system has it, else in its own language. */
	DWORD n = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
				     FORMAT_MESSAGE_MAX_WIDTH_MASK,
				 NULL, err, MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US), wide,
				 FACTS_TEXT, NULL);

	if (n == 0)
		n = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
				       FORMAT_MESSAGE_MAX_WIDTH_MASK,
				   NULL, err, 0, wide, FACTS_TEXT, NULL);
	if (n == 0) {
		snprintf(out, cap, "error %lu", err);
		return out;
	}
	while (n > 0 && wcschr(L" .\r\n", wide[n - 1]))
		wide[--n] = L'\0';
	win_text(wide, raw, sizeof raw);
	text_line(raw, strlen(raw), out, cap);
	return out;
}

static bool needs_rights(DWORD err)
{
	return err == ERROR_ACCESS_DENIED || err == ERROR_PRIVILEGE_NOT_HELD ||
	       err == (DWORD)E_ACCESSDENIED;
}

static bool is_missing(DWORD err)
{
	return err == ERROR_CALL_NOT_IMPLEMENTED || err == ERROR_NOT_SUPPORTED ||
	       err == ERROR_PROC_NOT_FOUND || err == ERROR_FILE_NOT_FOUND ||
	       err == ERROR_SERVICE_NOT_ACTIVE || err == ERROR_SERVICE_DOES_NOT_EXIST;
}

int facts_end(struct sink *s, DWORD err)
{
	char why[ITEM_WHY_MAX + 1];

	if (err == 0)
		return sink_file_end(s, ITEM_OK, false, "");
	if (needs_rights(err))
		return sink_file_end(s, ITEM_UNAVAILABLE, false, "needs administrator rights");
	facts_error(err, why, sizeof why);
	return sink_file_end(s, is_missing(err) ? ITEM_UNAVAILABLE : ITEM_FAILED, false, why);
}

int facts_gap(struct sink *s, const char *name, const char *interface, const char *why)
{
	int err = facts_begin(s, name, interface);

	return err < 0 ? err : sink_file_end(s, ITEM_UNAVAILABLE, false, why);
}

/* ---- the registry ---- */

static LSTATUS open_key(HKEY hive, const char *path, HKEY *out)
{
	wchar_t wide[FACTS_TEXT];

	if (win_wide(path, wide, FACTS_TEXT) < 0)
		return ERROR_FILE_NOT_FOUND;
	return RegOpenKeyExW(hive, wide, 0, KEY_READ | KEY_WOW64_64KEY, out);
}

static uint64_t number_of(DWORD type, const uint8_t *data)
{
	uint64_t q;
	uint32_t d;

	if (type == REG_QWORD) {
		memcpy(&q, data, sizeof q);
		return q;
	}
	memcpy(&d, data, sizeof d);
	return d;
}

/* One line, whatever the type. */
static void value_text(DWORD type, const uint8_t *data, DWORD n, char *out, size_t cap)
{
	size_t len = 0;

	out[0] = '\0';
	if ((type == REG_DWORD && n == 4) || (type == REG_QWORD && n == 8)) {
		snprintf(out, cap, "%" PRIu64, number_of(type, data));
	} else if (type == REG_SZ || type == REG_EXPAND_SZ) {
		win_text((const wchar_t *)(const void *)data, out, cap);
	} else if (type == REG_MULTI_SZ) {
		for (const wchar_t *w = (const wchar_t *)(const void *)data; *w && len + 4 < cap;
		     w += wcslen(w) + 1) {
			if (len > 0)
				len += (size_t)snprintf(out + len, cap - len, "; ");
			win_text(w, out + len, cap - len);
			len += strlen(out + len);
		}
	} else {
		for (DWORD i = 0; i < n && i < REG_SHOWN_MAX && len + 4 < cap; i++)
			len += (size_t)snprintf(out + len, cap - len, "%02x", data[i]);
		if (n > REG_SHOWN_MAX)
			snprintf(out + len, cap - len, "... (%lu bytes)", n);
	}
}

const char *facts_reg(HKEY hive, const char *path, const char *name, char *out, size_t cap)
{
	union {
		uint8_t bytes[REG_DATA_MAX];
		wchar_t chars[REG_DATA_MAX / 2];
	} data;
	wchar_t wname[FACTS_TEXT];
	DWORD type, n = sizeof data - 2 * sizeof data.chars[0];
	HKEY key;

	out[0] = '\0';
	if (win_wide(name, wname, FACTS_TEXT) < 0 || open_key(hive, path, &key) != ERROR_SUCCESS)
		return out;
	memset(&data, 0, sizeof data);
	if (RegQueryValueExW(key, wname, NULL, &type, data.bytes, &n) == ERROR_SUCCESS)
		value_text(type, data.bytes, n, out, cap);
	RegCloseKey(key);
	return out;
}

bool facts_reg_number(HKEY hive, const char *path, const char *name, uint64_t *out)
{
	char text[32];

	facts_reg(hive, path, name, text, sizeof text);
	if (!text[0] || strspn(text, "0123456789") != strlen(text))
		return false;
	*out = strtoull(text, NULL, 10);
	return true;
}

static bool is_listed(const char *name, const char *const list[])
{
	for (size_t i = 0; list && list[i]; i++)
		if (_stricmp(name, list[i]) == 0)
			return true;
	return false;
}

DWORD facts_reg_dump(struct sink *s, HKEY hive, const char *path, const char *const hide[])
{
	union {
		uint8_t bytes[REG_DATA_MAX];
		wchar_t chars[REG_DATA_MAX / 2];
	} data;
	char name[FACTS_TEXT], value[4 * FACTS_TEXT];
	wchar_t wname[FACTS_TEXT];
	HKEY key;
	LSTATUS err = open_key(hive, path, &key);

	for (DWORD i = 0; err == ERROR_SUCCESS; i++) {
		DWORD chars = FACTS_TEXT, n = sizeof data - 2 * sizeof data.chars[0], type;

		memset(&data, 0, sizeof data);
		err = RegEnumValueW(key, i, wname, &chars, NULL, &type, data.bytes, &n);
		if (err != ERROR_SUCCESS && err != ERROR_MORE_DATA)
			break;
		win_text(wname, name, sizeof name);
		if (is_listed(name, hide))
			snprintf(value, sizeof value, "(left out)");
		else if (err == ERROR_MORE_DATA)
			snprintf(value, sizeof value, "(%lu bytes)", n);
		else
			value_text(type, data.bytes, n, value, sizeof value);
		sink_printf(s, "%s = %s\n", name[0] ? name : "(default)", value);
		err = ERROR_SUCCESS;
	}
	if (err == ERROR_NO_MORE_ITEMS)
		RegCloseKey(key);
	return err == ERROR_NO_MORE_ITEMS ? 0 : (DWORD)err;
}

int facts_reg_keys(HKEY hive, const char *path, int (*on_key)(const char *path, void *arg),
		   void *arg)
{
	wchar_t wname[FACTS_TEXT];
	char name[FACTS_TEXT], full[2 * FACTS_TEXT];
	HKEY key;
	int err = 0;

	if (open_key(hive, path, &key) != ERROR_SUCCESS)
		return 0;
	for (DWORD i = 0; i < KEYS_MAX && err >= 0; i++) {
		DWORD chars = FACTS_TEXT;

		if (RegEnumKeyExW(key, i, wname, &chars, NULL, NULL, NULL, NULL) != ERROR_SUCCESS)
			break;
		win_text(wname, name, sizeof name);
		snprintf(full, sizeof full, "%s\\%s", path, name);
		err = on_key(full, arg);
	}
	RegCloseKey(key);
	return err;
}

/* ---- times ---- */

int64_t facts_unix_time(const FILETIME *t)
{
	uint64_t ticks = (uint64_t)t->dwHighDateTime << 32 | t->dwLowDateTime;

	return (int64_t)(ticks / 10000000) - EPOCH_1601_S;
}

const char *facts_time(const FILETIME *t, char out[FACTS_TIME])
{
	_Static_assert(FACTS_TIME == CLOCK_TEXT_MAX, "one form of times");
	return clock_utc_text(facts_unix_time(t), out);
}

/* ---- files ---- */

/* UTF-16 files, as Windows writes some, become UTF-8; others stay as they are. */
static int write_chunk(struct sink *s, const uint8_t *p, DWORD n, bool wide)
{
	if (!wide)
		return sink_write(s, p, n);

	char *utf8 = malloc(3 * (size_t)n + 1);
	int len = utf8 ? WideCharToMultiByte(CP_UTF8, 0, (const wchar_t *)(const void *)p,
					     (int)(n / 2), utf8, 3 * (int)n, NULL, NULL)
		       : 0;
	int err = sink_write(s, utf8, (size_t)len);
	free(utf8);
	return err;
}

static int copy_all(struct sink *s, HANDLE file, uint64_t max)
{
	uint8_t *chunk = malloc(COPY_CHUNK);
	bool first = true, wide = false;
	int err = chunk ? 0 : -1;
	DWORD n;

	while (err == 0 && max > 0 && ReadFile(file, chunk, COPY_CHUNK, &n, NULL) && n > 0) {
		uint8_t *from = chunk;

		if (first && n >= BYTE_ORDER_LEN && chunk[0] == 0xff && chunk[1] == 0xfe) {
			wide = true;
			from += BYTE_ORDER_LEN;
			n -= BYTE_ORDER_LEN;
		}
		first = false;
		if (n > max)
			n = (DWORD)max;
		max -= n;
		err = write_chunk(s, from, n, wide);
	}
	free(chunk);
	return err;
}

int facts_copy(struct sink *s, const wchar_t *path, const char *name, uint64_t max)
{
	char source[ITEM_SOURCE_MAX + 1];
	int err = sink_file_begin(s, name, ITEM_FROM_FILE, win_text(path, source, sizeof source));

	if (err < 0)
		return err;
	HANDLE file =
	    CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
			NULL, OPEN_EXISTING, 0, NULL);
	if (file == INVALID_HANDLE_VALUE || GetFileType(file) != FILE_TYPE_DISK) {
		DWORD why = file == INVALID_HANDLE_VALUE ? GetLastError() : ERROR_INVALID_NAME;
		if (file != INVALID_HANDLE_VALUE)
			CloseHandle(file);
		return facts_end(s, why == ERROR_PATH_NOT_FOUND ? ERROR_FILE_NOT_FOUND : why);
	}
	err = copy_all(s, file, max);
	CloseHandle(file);
	return err < 0 ? err : sink_file_end(s, ITEM_OK, false, "");
}
