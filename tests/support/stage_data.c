/* SPDX-License-Identifier: Apache-2.0
 *
 * Files on the customer's computer for a flow test: what stage.h says of DIR/data and the record,
 * and what a test reads of what has come.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/stat.h>

#include "tests/support/stage.h"

#define NAME_PART 160

const char *stage_data(struct stage *s)
{
	static char right[STAGE_PATH_MAX + 8];
	char path[STAGE_PATH_MAX];

	cr_assert_eq(mkdir(stage_path(s, "data", path), 0755), 0);
	snprintf(right, sizeof right, "files:%s", path);
	return right;
}

const char *stage_in_data(const struct stage *s, const char *name)
{
	static char path[STAGE_PATH_MAX];
	char part[NAME_PART + 8];

	snprintf(part, sizeof part, "data/%.*s", NAME_PART, name);
	return stage_path(s, part, path);
}

void stage_append(const struct stage *s, const char *name, const char *text)
{
	FILE *f = fopen(stage_in_data(s, name), "ae");

	cr_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

void stage_noise(const struct stage *s, const char *name, size_t n)
{
	static uint64_t block[8192];
	uint64_t x = 88172645463325252u;
	FILE *f = fopen(stage_in_data(s, name), "we");

	cr_assert_neq(f, NULL);
	for (size_t at = 0; at < n; at += sizeof block) {
		for (size_t i = 0; i < sizeof block / sizeof block[0]; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			block[i] = x;
		}
		cr_assert_eq(fwrite(block, sizeof block, 1, f), 1);
	}
	cr_assert_eq(fclose(f), 0);
}

const char *stage_text(const char *folder, const char *name, size_t *len)
{
	static char text[2 << 20];
	char path[2 * STAGE_PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", folder, name);

	FILE *f = fopen(path, "re");
	cr_assert_neq(f, NULL, "%s", path);
	size_t n = fread(text, 1, sizeof text - 1, f);
	cr_assert_lt(n, sizeof text - 1, "%s is larger than a test reads", path);
	fclose(f);
	text[n] = '\0';
	if (len)
		*len = n;
	return text;
}

bool stage_holds(const char *folder, const char *text)
{
	return stage_run((const char *[]){"/bin/grep", "-rqF", "--", text, folder, NULL}, NULL,
			 0) == 0;
}

bool stage_record_has(const struct stage *s, const char *text)
{
	char command[STAGE_PATH_MAX + 128];

	snprintf(command, sizeof command, "grep -qF '%.80s' %.400s/state/assent/record/*", text,
		 s->dir);
	return stage_run((const char *[]){"/bin/sh", "-c", command, NULL}, NULL, 0) == 0;
}
