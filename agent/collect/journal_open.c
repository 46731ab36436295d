/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/journal_open.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/journal_read.h"
#include "proto/base/err.h"

struct access_count {
	unsigned files, readable;
};

static void count_in(const char *folder, struct access_count *n)
{
	DIR *d = opendir(folder);

	if (!d)
		return;
	for (const struct dirent *e; (e = readdir(d)) != NULL;) {
		char path[512];

		if (strncmp(e->d_name, "system", 6) != 0 || !strstr(e->d_name, ".journal"))
			continue;
		snprintf(path, sizeof path, "%.200s/%.255s", folder, e->d_name);
		n->files++;
		n->readable += access(path, R_OK) == 0;
	}
	closedir(d);
}

/* One folder per machine below each of these. */
static struct access_count count_journals(void)
{
	static const char *const roots[] = {"/var/log/journal", "/run/log/journal"};
	struct access_count n = {0, 0};

	for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
		DIR *d = opendir(roots[i]);

		if (!d)
			continue;
		for (const struct dirent *e; (e = readdir(d)) != NULL;) {
			char path[300];

			if (e->d_name[0] == '.')
				continue;
			snprintf(path, sizeof path, "%s/%.255s", roots[i], e->d_name);
			count_in(path, &n);
		}
		closedir(d);
	}
	return n;
}

static int fail(struct journal *out, const char *why)
{
	snprintf(out->why, sizeof out->why, "%s", why);
	return AS_EUNAVAIL;
}

int journal_open(struct journal *out)
{
	struct access_count n = count_journals();

	*out = (struct journal){.files = n.files, .readable = n.readable};
	if (n.files == 0)
		return fail(out, "this computer keeps no journal");
	if (n.readable == 0)
		return fail(out, "needs administrator rights, or membership of systemd-journal");
	if (journal_api_load(&out->api) < 0)
		return fail(out, "libsystemd is not installed");

	int err = out->api.open(&out->j, JOURNAL_LOCAL_ONLY);
	if (err < 0)
		return fail(out, strerror(-err));
	out->api.set_data_threshold(out->j, JOURNAL_MESSAGE_MAX + 64);
	return 0;
}
