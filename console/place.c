/* SPDX-License-Identifier: Apache-2.0 */
#include "console/place.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/text.h"

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

int place_tidy(const char *typed, char out[PLACE_PATH_MAX + 1], char why[PLACE_WHY_MAX])
{
	int n = text_unescape(typed, out, PLACE_PATH_MAX);

	if (n == AS_E_TOO_BIG)
		return refuse(why, "that path is too long");
	if (n < 0)
		return refuse(why, "no path has a NUL in it");
	out[n] = '\0';
	if (out[0] != '/')
		return refuse(why, "a path begins with /, as on the customer's computer");
	if (tidy(out) < 0)
		return refuse(why, "a path has no \"..\" here: say where it leads");
	return 0;
}

/* What of path lies below folder; NULL when it does not. Both are tidy. */
static const char *below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	if (n == 1)
		return path + 1;
	if (strncmp(path, folder, n) != 0 || (path[n] && path[n] != '/'))
		return NULL;
	return path[n] ? path + n + 1 : path + n;
}

/* A right for it has to be clean text of so many bytes; the folders above it do, too. */
static int what_to_request(const char *path, char *why)
{
	char target[PLACE_PATH_MAX + 1];
	const char *quote;
	size_t n = strlen(path);

	memcpy(target, path, n + 1);
	while (n > 1 &&
	       (n > SCOPE_TARGET_MAX || !text_is_clean(target, n) || memchr(target, '"', n))) {
		while (n > 1 && target[n - 1] != '/')
			n--;
		n -= n > 1;
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
	return true;
}

static bool find_files(const struct scope *granted, size_t n, struct place *p)
{
	size_t longest = 0;

	for (size_t i = 0; i < n; i++) {
		char folder[SCOPE_TARGET_MAX + 1];

		if (granted[i].kind != SCOPE_FILES)
			continue;
		memcpy(folder, granted[i].target, sizeof folder);
		if (tidy(folder) == 0 && strlen(folder) > longest &&
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
