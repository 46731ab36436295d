/* SPDX-License-Identifier: Apache-2.0 */
#include "console/place.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/text.h"
#include "proto/wire/host_path.h"

static int refuse(char *why, const char *what)
{
	snprintf(why, PLACE_WHY_MAX, "%s", what);
	return AS_EBADMSG;
}

/* Part by part, in place: what is written is never ahead of what is read. */
static int tidy(char *path)
{
	char *to = path, *at = path;

	while (*at) {
		size_t n;

		at += strspn(at, "/");
		n = strcspn(at, "/");
		if (n == 2 && at[0] == '.' && at[1] == '.')
			return AS_EBADMSG;
		if (n > 0 && !(n == 1 && at[0] == '.')) {
			*to++ = '/';
			memmove(to, at, n);
			to += n;
		}
		at += n;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
	return 0;
}

/* ---- paths with a drive letter ---- */

static int digits(const char *text)
{
	static const char all[] = "0123456789abcdef";
	const char *high = strchr(all, text[0]), *low = text[0] ? strchr(all, text[1]) : NULL;

	return text[0] && text[1] && high && low ? (int)(high - all) << 4 | (int)(low - all) : -1;
}

/* "\xed\xa0\x80" and its like: half a character of UTF-16, as text_escape() shows it. */
static bool is_half(const char *at, char out[3])
{
	for (int i = 0; i < 3; i++, at += 4) {
		int v = at[0] == '\\' && at[1] == 'x' ? digits(at + 2) : -1;

		if (v < (i == 0 ? 0xed : i == 1 ? 0xa0 : 0x80) || v > (i == 0 ? 0xed : 0xbf))
			return false;
		out[i] = (char)v;
	}
	return true;
}

/* A backslash stands between parts, so escapes can only be what no name on such a system is. */
static int read_drive(const char *typed, char *out)
{
	size_t n = 0;

	while (*typed && n + 3 < PLACE_PATH_MAX) {
		bool half = is_half(typed, out + n);

		if (!half)
			out[n] = *typed;
		n += half ? 3 : 1;
		typed += half ? 12 : 1;
	}
	out[n] = '\0';
	return *typed ? AS_E_TOO_BIG : 0;
}

/* "c:/logs//app.log" becomes "C:\logs\app.log". */
static int tidy_drive(char *path)
{
	int err;

	for (char *c = path; *c; c++)
		if (*c == '\\')
			*c = '/';
	err = tidy(path + 2);
	if (path[0] >= 'a')
		path[0] = (char)(path[0] & ~32);
	for (char *c = path; *c; c++)
		if (*c == '/')
			*c = '\\';
	return err;
}

static int place_tidy_drive(const char *typed, char out[PLACE_PATH_MAX + 1], char *why)
{
	if (read_drive(typed, out) < 0)
		return refuse(why, "that path is too long");
	if (tidy_drive(out) < 0)
		return refuse(why, "a path has no \"..\" here: say where it leads");
	for (const char *part = out + 3; *part;) {
		size_t n = strcspn(part, "\\");

		if (!host_path_is_windows_name(part, n))
			return refuse(why, "Windows has no such name for a file");
		part += n + (part[n] != '\0');
	}
	return 0;
}

int place_tidy(const char *typed, char out[PLACE_PATH_MAX + 1], char why[PLACE_WHY_MAX])
{
	if (host_path_is_drive(typed))
		return place_tidy_drive(typed, out, why);

	int n = text_unescape(typed, out, PLACE_PATH_MAX);

	if (n == AS_E_TOO_BIG)
		return refuse(why, "that path is too long");
	if (n < 0)
		return refuse(why, "no path has a NUL in it");
	out[n] = '\0';
	if (out[0] != '/')
		return refuse(why,
			      "a path begins with / or a drive, as on the customer's computer");
	if (tidy(out) < 0)
		return refuse(why, "a path has no \"..\" here: say where it leads");
	return 0;
}

/* As far as they are the same; with a drive letters are, too, in both cases. */
static size_t common(const char *path, const char *folder)
{
	bool drive = host_path_is_drive(folder);
	size_t n = 0;

	while (folder[n] &&
	       (path[n] == folder[n] ||
		(drive && tolower((unsigned char)path[n]) == tolower((unsigned char)folder[n]))))
		n++;
	return n;
}

/* What of path lies below folder; NULL when it does not. Both are tidy. */
static const char *below(const char *path, const char *folder)
{
	size_t n = common(path, folder);

	if (folder[n])
		return NULL;
	if (strchr("/\\", folder[n - 1])) /* all of a drive, or of everything */
		return path + n;
	if (!path[n])
		return path + n;
	return path[n] == (host_path_is_drive(path) ? '\\' : '/') ? path + n + 1 : NULL;
}

/* A right for it has to be clean text of so many bytes; the folders above it do, too. */
static int what_to_request(const char *path, char *why)
{
	char target[PLACE_PATH_MAX + 1], slash = host_path_is_drive(path) ? '\\' : '/';
	size_t n = strlen(path), least = slash == '/' ? 1 : 3;
	const char *quote;

	memcpy(target, path, n + 1);
	while (n > least &&
	       (n > SCOPE_TARGET_MAX || !text_is_clean(target, n) || memchr(target, '"', n))) {
		while (n > least && target[n - 1] != slash)
			n--;
		n -= n > least;
		target[n] = '\0';
	}
	quote = strpbrk(target, " \t#") ? "\"" : "";
	snprintf(why, PLACE_WHY_MAX,
		 "the customer has not agreed to that folder; ask with: request %sfiles:%.*s%s",
		 quote, SCOPE_TARGET_MAX, target, quote);
	return AS_E_SCOPE;
}

static bool try_folder(const struct scope *right, const char *folder, struct place *p)
{
	const char *rest = below(p->path, folder);

	if (!rest || strlen(rest) > MSG_PATH_MAX)
		return false;
	p->right = *right;
	memcpy(p->below, rest, strlen(rest) + 1);
	for (char *c = p->below; host_path_is_drive(p->path) && *c; c++)
		if (*c == '\\')
			*c = '/';
	return true;
}

static int tidy_any(char *path)
{
	return host_path_is_drive(path) ? tidy_drive(path) : tidy(path);
}

static bool find_files(const struct scope *granted, size_t n, struct place *p)
{
	size_t longest = 0;

	for (size_t i = 0; i < n; i++) {
		char folder[SCOPE_TARGET_MAX + 1];

		if (granted[i].kind != SCOPE_FILES)
			continue;
		memcpy(folder, granted[i].target, sizeof folder);
		if (tidy_any(folder) == 0 && strlen(folder) > longest &&
		    try_folder(&granted[i], folder, p))
			longest = strlen(folder);
	}
	return longest > 0;
}

int place_find(const char *typed, const struct scope *granted, size_t n, bool logs,
	       struct place *out, char why[PLACE_WHY_MAX])
{
	struct place p;
	bool is_log, has_logs = false;
	int err = place_tidy(typed, p.path, why);

	if (err < 0)
		return err;
	is_log = logs && below(p.path, PLACE_LOGS);
	for (size_t i = 0; i < n; i++)
		if (granted[i].kind == SCOPE_LOGS)
			has_logs = true;
	if ((is_log && has_logs &&
	     try_folder(&(struct scope){.kind = SCOPE_LOGS}, PLACE_LOGS, &p)) ||
	    find_files(granted, n, &p)) {
		*out = p;
		return 0;
	}
	if (!is_log)
		return what_to_request(p.path, why);
	snprintf(why, PLACE_WHY_MAX,
		 "the customer has not agreed to show logs; ask with: request logs");
	return AS_E_SCOPE;
}

int place_add(const struct place *p, as_OpenArgs *args)
{
	size_t n = strlen(p->below);

	if (args->paths_count == MSG_PATHS_MAX)
		return AS_EFULL;
	memcpy(args->paths[args->paths_count].bytes, p->below, n);
	args->paths[args->paths_count++].size = (pb_size_t)n;
	memcpy(args->root, p->right.target, sizeof args->root);
	return 0;
}
