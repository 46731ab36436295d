/* SPDX-License-Identifier: Apache-2.0
 *
 * A bundle from a stranger: what begins with '{' is a manifest.json, all else an archive.
 * Promises: a manifest that is accepted is written again without loss, holds nothing but clean
 * text and names that stay inside, and its summary has no control characters; an archive shows
 * only such names and never grows beyond its limits.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/bundle_read.h"
#include "console/manifest.h"
#include "console/summary.h"
#include "proto/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static char *written(const struct manifest *m, size_t *n)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, n);

	must(f && manifest_write(m, f) == 0);
	must(fclose(f) == 0);
	return text;
}

static void check_summary(const struct manifest *m)
{
	char *text = NULL;
	size_t n, line;
	FILE *f = open_memstream(&text, &n);

	must(f != NULL);
	summary_print(f, m);
	fclose(f);
	for (size_t at = 0; at < n; at += line + 1) {
		line = strcspn(text + at, "\n");
		must(text_is_clean(text + at, line));
	}
	free(text);
}

static void on_manifest(const char *text, size_t size)
{
	struct manifest m, again;
	char why[MANIFEST_WHY_MAX];
	size_t n, n2;

	if (manifest_read(text, size, &m, why) < 0) {
		must(why[0] != '\0' && text_is_clean(why, strlen(why)));
		return;
	}
	for (size_t i = 0; i < m.items_count; i++)
		must(item_name_check(m.items[i].name) == 0);
	check_summary(&m);

	char *once = written(&m, &n);
	must(n <= m.text_bytes);
	must(manifest_read(once, n, &again, why) == 0);
	char *twice = written(&again, &n2);
	must(n == n2 && memcmp(once, twice, n) == 0);
	free(once);
	free(twice);
	manifest_done(&m);
	manifest_done(&again);
}

static int on_file(struct bundle_file *f, void *arg)
{
	uint64_t *bytes = arg;
	char block[4096];
	long got;

	must(item_name_check(f->name) == 0);
	while ((got = bundle_file_read(f, block, sizeof block)) > 0)
		*bytes += (uint64_t)got;
	return (int)got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[BUNDLE_WHY_MAX];
	uint64_t bytes = 0;

	if (size > 0 && data[0] == '{') {
		on_manifest((const char *)data, size);
		return 0;
	}
	if (bundle_walk_packed(data, size, on_file, &bytes, why) < 0)
		must(text_is_clean(why, strlen(why)));
	must(bytes <= (uint64_t)BUNDLE_READ_RATIO_FROM + BUNDLE_READ_RATIO_MAX * (size + 65536));
	return 0;
}
