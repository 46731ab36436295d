/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a fuzz target over every file of the folders given, each twice: what was once found
 * stays found, without libFuzzer. A folder that is missing or has no file is a failure, so
 * that a lost corpus cannot look like a passed test.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_MAX (1u << 20)
#define PATH_LEN  4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In a heap block of exactly its size, so that the sanitizer sees one byte too far. */
static int run_bytes(const uint8_t *p, size_t n)
{
	uint8_t *exact = malloc(n > 0 ? n : 1);
	if (!exact)
		return -1;

	if (n > 0)
		memcpy(exact, p, n);
	for (int i = 0; i < 2; i++)
		LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	return 0;
}

static int run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *p = malloc(INPUT_MAX);
	int err = -1;

	if (f && p) {
		size_t n = fread(p, 1, INPUT_MAX, f);

		if (!ferror(f))
			err = run_bytes(p, n);
	}
	if (f)
		fclose(f);
	free(p);
	return err;
}

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* How many files were run, or -1. */
static int run_folder(const char *folder)
{
	DIR *d = opendir(folder);
	int count = 0;

	if (!d)
		return -1;
	for (struct dirent *e; (e = readdir(d)) && count >= 0;) {
		char path[PATH_LEN];
		int n = snprintf(path, sizeof path, "%s/%s", folder, e->d_name);

		if (n < 0 || (size_t)n >= sizeof path || !is_file(path))
			continue;
		count = run_file(path) < 0 ? -1 : count + 1;
	}
	closedir(d);
	return count;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int count = run_folder(argv[i]);

		if (count <= 0) {
			fprintf(stderr, "%s: no corpus\n", argv[i]);
			return 1;
		}
		printf("%s: %d files, each twice\n", argv[i], count);
	}
	return argc > 1 ? 0 : 1;
}
