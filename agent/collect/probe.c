/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/probe.h"

#include <stdio.h>
#include <string.h>

#include "agent/collect/tool.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

bool probe_next(const char **at, struct probe_block *out)
{
	static const char mark[] = "result: ";
	struct probe_block b = {0};
	bool first = true;

	for (const char *p = *at, *end; (end = strchr(p, '\n')) != NULL; p = end + 1) {
		const char *value = strstr(p, ": ");

		if (first && value && value + 2 <= end)
			text_line(value + 2, (size_t)(end - value - 2), b.title, sizeof(b.title));
		first = false;
		if (strncmp(p, mark, sizeof(mark) - 1) != 0)
			continue;
		p += sizeof(mark) - 1;
		text_line(p, (size_t)(end - p), b.result, sizeof(b.result));
		*out = b;
		*at = end + 1;
		return true;
	}
	return false;
}

int probe_text(struct sink *s, const char *const args[], char *out, size_t cap)
{
	const char *argv[PROBE_ARGS_MAX + 2];
	size_t n = 0;

	out[0] = '\0';
	argv[n++] = "assent-probe";
	for (; args[n - 1]; n++) {
		if (n > PROBE_ARGS_MAX)
			return AS_E_TOO_BIG;
		argv[n] = args[n - 1];
	}
	argv[n] = NULL;
	return tool_text(s, argv, out, cap);
}

bool probe_name(const char *target, char *out, size_t cap)
{
	const char *scheme = strstr(target, "://");
	const char *host = scheme ? scheme + 3 : target;
	size_t n = strcspn(host, ":");

	if (n == 0 || host[0] == '[' || n >= cap || strchr(host + n, ':') != strrchr(host, ':'))
		return false;
	memcpy(out, host, n);
	out[n] = '\0';
	return strspn(out, "0123456789.") != n; /* no name is all digits */
}
