/* SPDX-License-Identifier: Apache-2.0
 *
 * What could not be looked at, or was not whole, in a list, a search or an archive: the first few
 * are said one by one, the others counted. Whoever has gaps is partial.
 */
#ifndef AS_AGENT_COLLECT_GAPS_H
#define AS_AGENT_COLLECT_GAPS_H

struct below;
struct sink;

#define GAPS_TOLD 20

struct gaps {
	struct sink *out;
	const struct below *root;
	unsigned count;
};

/* path: below the root. All return 0 or what the sink says. */
int gaps_add(struct gaps *g, const char *path, const char *what);
int gaps_add_err(struct gaps *g, const char *path, int err); /* -errno */

/* How many more there were than were said. */
int gaps_sum(const struct gaps *g);

/* The whole of it cannot be opened: a remark, and ITEM_UNAVAILABLE. */
int gaps_refuse(struct sink *out, const char *root, int err);

#endif
