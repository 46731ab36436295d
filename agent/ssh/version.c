/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ssh/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_LEN 512

/* In order: the release from which on a branch is fixed. */
static const unsigned fixed[][3] = {{0, 11, 5}, {0, 12, 1}};

/* Releases that a distribution mended under their old number: from this version on. */
static const struct {
	const char *release, *package;
} mended[] = {
    {"0.10.6", "0.10.6-0+deb12u3"}, /* Debian 12 */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool version_is_fixed(const char *release)
{
	unsigned v[3];

	if (!is_digit(release[0]) || sscanf(release, "%3u.%3u.%3u", &v[0], &v[1], &v[2]) != 3)
		return false;
	for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
		if (v[0] == fixed[i][0] && v[1] == fixed[i][1])
			return v[2] >= fixed[i][2];
	return v[0] > 0 || v[1] > 12;
}

/* ---- Debian's order: '~' before the end, letters before signs, runs of digits as numbers ---- */

static int rank(char c)
{
	if (c == '~')
		return -1;
	if (c == '\0' || (c >= '0' && c <= '9'))
		return 0;
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? c : c + 256;
}

static int compare_numbers(const char **a, const char **b)
{
	int first = 0;

	*a += strspn(*a, "0");
	*b += strspn(*b, "0");
	for (; is_digit(**a) && is_digit(**b); ++*a, ++*b)
		if (first == 0)
			first = **a - **b;
	return is_digit(**a) ? 1 : is_digit(**b) ? -1 : first;
}

static int compare_part(const char *a, const char *b)
{
	while (*a || *b) {
		while ((*a && !is_digit(*a)) || (*b && !is_digit(*b))) {
			if (rank(*a) != rank(*b))
				return rank(*a) - rank(*b);
			a++;
			b++;
		}

		int order = compare_numbers(&a, &b);
		if (order != 0)
			return order;
	}
	return 0;
}

int version_compare(const char *a, const char *b)
{
	char upstream[2][VERSION_MAX];
	const char *revision[2];
	const char *const whole[2] = {a, b};

	for (int i = 0; i < 2; i++) {
		const char *dash = strrchr(whole[i], '-');
		size_t n = dash ? (size_t)(dash - whole[i]) : strlen(whole[i]);

		snprintf(upstream[i], VERSION_MAX, "%.*s", (int)n, whole[i]);
		revision[i] = dash ? dash + 1 : "";
	}

	int order = compare_part(upstream[0], upstream[1]);
	return order != 0 ? order : compare_part(revision[0], revision[1]);
}

bool version_is_mended(const char *release, const char *package)
{
	size_t n = strcspn(release, "/");

	for (size_t i = 0; package && *package && i < sizeof mended / sizeof mended[0]; i++)
		if (strlen(mended[i].release) == n && memcmp(mended[i].release, release, n) == 0 &&
		    strncmp(package, release, n) == 0 && strstr(package, "+deb12u") &&
		    version_compare(package, mended[i].package) >= 0)
			return true;
	return false;
}

/* What stands behind "Key: " on this line, or NULL. */
static const char *field(const char *line, const char *key)
{
	size_t n = strlen(key);

	return strncmp(line, key, n) == 0 && line[n] == ':' && line[n + 1] == ' ' ? line + n + 2
										  : NULL;
}

bool version_of_package(const char *status_path, const char *package, char out[VERSION_MAX])
{
	FILE *f = fopen(status_path, "re");
	char line[LINE_LEN], version[VERSION_MAX] = "";
	bool ours = false, installed = false, found = false;

	while (f && !found && fgets(line, sizeof line, f)) {
		const char *value;

		line[strcspn(line, "\r\n")] = '\0';
		if ((value = field(line, "Package")) != NULL) {
			ours = strcmp(value, package) == 0;
			installed = false;
		} else if (ours && (value = field(line, "Status")) != NULL) {
			installed = strcmp(value, "install ok installed") == 0;
		} else if (ours && (value = field(line, "Version")) != NULL) {
			snprintf(version, sizeof version, "%.*s", VERSION_MAX - 1, value);
			found = installed;
		}
	}
	if (f)
		fclose(f);
	if (found)
		memcpy(out, version, sizeof version);
	return found;
}
