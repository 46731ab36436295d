/* SPDX-License-Identifier: Apache-2.0
 *
 * Configuration files. Promises: keys and values are within their limits and clean, keys are not
 * empty, and the line told is one that exists.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/ini.h"
#include "proto/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static int on_entry(const char *key, const char *value, void *arg)
{
	int *count = arg;

	must(key[0] != '\0' && strlen(key) < INI_VALUE_MAX && strlen(value) < INI_VALUE_MAX);
	must(text_is_clean(key, strlen(key)) && text_is_clean(value, strlen(value)));
	must(!strchr(key, '=') && key[0] != '#' && key[0] != ';');
	++*count;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int count = 0, line = -1, lines = size > 0;

	for (size_t i = 0; i + 1 < size; i++)
		lines += data[i] == '\n';

	int err = ini_parse((const char *)data, size, on_entry, &count, &line);
	must(line >= 0 && line <= lines && count <= line);
	must(err == 0 ? line == lines : line > 0);
	return 0;
}
