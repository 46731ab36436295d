/* SPDX-License-Identifier: Apache-2.0
 *
 * What collectors do with tools on every system: read a short answer, keep a long one under the
 * name that sos gives it.
 */
#include <string.h>

#include "agent/collect/name.h"
#include "agent/collect/sink.h"
#include "agent/collect/tool.h"
#include "proto/base/err.h"

struct text {
	char *at;
	size_t left;
};

static int on_text(void *arg, const char *p, size_t n)
{
	struct text *t = arg;

	if (n > t->left)
		n = t->left;
	memcpy(t->at, p, n);
	t->at += n;
	t->left -= n;
	return 0;
}

int tool_text(struct sink *s, const char *const argv[], char *out, size_t cap)
{
	struct text t = {out, cap - 1};
	struct tool_result r;

	int err = tool_run(s, argv, on_text, &t, &r);
	*t.at = '\0';
	if (err < 0)
		return err;
	if (r.timed_out)
		return AS_E_TIMEOUT;
	return r.status == 0 ? 0 : AS_E_OP_FAILED;
}

int tool_file(struct sink *s, const char *plugin, const char *const argv[])
{
	char name[ITEM_NAME_MAX + 1];

	item_name_command(plugin, argv, name);
	return sink_tool(s, name, argv);
}
