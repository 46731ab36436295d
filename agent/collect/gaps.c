/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/gaps.h"

#include <string.h>

#include "agent/collect/below.h"
#include "agent/collect/sink.h"
#include "proto/base/text.h"

#define NAME_SHOWN 100 /* bytes of a name in a remark; of a longer one its end says more */
#define WORDS_MAX  80

int gaps_add(struct gaps *g, const char *path, const char *what)
{
	char name[4 * (COLLECT_REAL_LEN + OP_PATH_MAX + 2)];
	size_t n;

	if (g->count++ >= GAPS_TOLD)
		return 0;
	below_name(g->root, path, name, sizeof name);
	n = strlen(name);
	return sink_note(g->out, "%s%s: %s", n > NAME_SHOWN ? "..." : "",
			 n > NAME_SHOWN ? name + n - NAME_SHOWN : name, what);
}

int gaps_add_err(struct gaps *g, const char *path, int err)
{
	char words[WORDS_MAX];

	return gaps_add(g, path, below_why(err, words, sizeof words));
}

int gaps_sum(const struct gaps *g)
{
	if (g->count <= GAPS_TOLD)
		return 0;
	return sink_note(g->out, "and %u more that are missing or not whole", g->count - GAPS_TOLD);
}

int gaps_refuse(struct sink *out, const char *root, int err)
{
	char words[WORDS_MAX];
	int result = sink_note(out, "%s: %s", root, below_why(err, words, sizeof words));

	return result < 0 ? result : ITEM_UNAVAILABLE;
}
