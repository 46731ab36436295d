/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/netfile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/collect/copy.h"
#include "agent/collect/sink.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

const char *netfile_sysfs(const char *link, const char *attr, char *out, size_t cap)
{
	char path[128], raw[128];
	int n = -1;

	out[0] = '\0';
	if (snprintf(path, sizeof(path), "/sys/class/net/%s/%s", link, attr) < (int)sizeof(path))
		n = read_text(path, raw, sizeof(raw));
	if (n > 0)
		text_line(raw, strcspn(raw, "\n"), out, cap);
	return out;
}

int netfile_end(struct sink *s, int err)
{
	char text[100];

	if (err == 0)
		return sink_file_end(s, ITEM_OK, false, "");
	if (err == AS_E_TOO_BIG)
		return sink_file_end(s, ITEM_OK, true, "more than is worth reading");
	if (err == -EACCES || err == -EPERM)
		return sink_file_end(s, ITEM_UNAVAILABLE, false, "needs administrator rights");
	sink_printf(s, "%s\n", err_text(err, text, sizeof(text)));
	return sink_file_end(s, ITEM_UNAVAILABLE, false, "the kernel gives no answer over netlink");
}
