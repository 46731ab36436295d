/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/host_path.h"

#include <string.h>

#include "proto/base/text.h"

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool host_path_is_drive(const char *path)
{
	return is_letter(path[0]) && path[1] == ':' && (path[2] == '\\' || path[2] == '/');
}

/* ---- names ---- */

/* As Windows compares them: without regard to case. */
static bool is_word(const char *name, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (!word[i] || (is_letter(name[i]) ? name[i] & ~32 : name[i]) != word[i])
			return false;
	return word[n] == '\0';
}

/* Whatever stands behind the first dot, and in every folder. The digits are 0 to 9, and three that
 * the system takes for some. */
static bool is_device(const char *name, size_t n)
{
	static const char *const plain[] = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"};
	static const char *const raised[] = {"\xc2\xb9", "\xc2\xb2", "\xc2\xb3"};
	const char *dot = memchr(name, '.', n);
	size_t len = dot ? (size_t)(dot - name) : n;

	while (len > 0 && name[len - 1] == ' ')
		len--;
	for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
		if (is_word(name, len, plain[i]))
			return true;
	if (len < 4 || (!is_word(name, 3, "COM") && !is_word(name, 3, "LPT")))
		return false;
	for (size_t i = 0; len == 5 && i < 3; i++)
		if (memcmp(name + 3, raised[i], 2) == 0)
			return true;
	return len == 4 && name[3] >= '0' && name[3] <= '9';
}

bool host_path_is_windows_name(const char *name, size_t n)
{
	if (n == 0 || name[n - 1] == '.' || name[n - 1] == ' ' || is_device(name, n))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)name[i] < 0x20 || strchr("\\/:*?\"<>|", name[i]))
			return false;
	return true;
}

/* ---- paths ---- */

static bool drive_is_plain(const char *path)
{
	for (const char *at = path + 3; *at;) {
		size_t n = strcspn(at, "\\/");

		if (!host_path_is_windows_name(at, n))
			return false;
		at += n;
		at += *at != '\0';
	}
	return true;
}

bool host_path_is_plain(const char *path)
{
	if (host_path_is_drive(path))
		return drive_is_plain(path);
	if (path[0] != '/')
		return false;
	for (const char *at = path; (at = strstr(at, "..")); at += 2)
		if (at[-1] == '/' && (at[2] == '/' || at[2] == '\0'))
			return false;
	return true;
}

char *host_path_join(const char *root, const void *below, size_t n, char *out, size_t cap)
{
	bool drive = host_path_is_drive(root);
	size_t at = strlen(root);
	char slash = drive ? '\\' : '/';

	while (at > 1 && (root[at - 1] == '/' || (drive && root[at - 1] == '\\')))
		at--;
	if (at >= cap)
		at = cap - 1;
	memcpy(out, root, at);
	if ((n > 0 || (drive && at == 2)) && at + 1 < cap && (at == 0 || out[at - 1] != '/'))
		out[at++] = slash;
	if (n > cap - 1 - at)
		n = cap - 1 - at;
	memcpy(out + at, below, n);
	out[at + n] = '\0';
	for (char *c = out; drive && *c; c++)
		if (*c == '/')
			*c = slash;
	return out;
}

size_t host_path_escape(const char *path, char *out, size_t cap)
{
	size_t len = 0, n;

	if (!host_path_is_drive(path))
		return text_escape(path, strlen(path), out, cap);
	for (; *path; path += n) {
		n = strcspn(path, "\\");
		if (n == 0 && len + 1 < cap)
			out[len++] = '\\';
		else if (n > 0)
			len += text_escape(path, n, out + len, cap - len);
		n += n == 0;
	}
	out[len] = '\0';
	return len;
}
