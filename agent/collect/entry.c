/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/entry.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/owner_name.h"
#include "agent/collect/sink.h"

char entry_type(mode_t mode)
{
	return S_ISREG(mode)	? 'f'
	       : S_ISDIR(mode)	? 'd'
	       : S_ISLNK(mode)	? 'l'
	       : S_ISFIFO(mode) ? 'p'
	       : S_ISSOCK(mode) ? 's'
	       : S_ISCHR(mode)	? 'c'
				: 'b';
}

/* Clocks of file systems reach further than ours: what is beyond is as far as it goes. */
static int64_t mtime_ns(const struct stat *st)
{
	const int64_t second = 1000000000, s = st->st_mtim.tv_sec;

	if (s >= INT64_MAX / second)
		return INT64_MAX;
	return s <= INT64_MIN / second ? INT64_MIN : s * second + st->st_mtim.tv_nsec;
}

int entry_put(struct sink *s, const char *name, const struct stat *st, int folder, const char *part)
{
	char target[ITEM_LINK_MAX + 1];
	struct item it = {
	    .type = ITEM_ENTRY,
	    .entry = {.type = entry_type(st->st_mode),
		      .mode = st->st_mode,
		      .uid = st->st_uid,
		      .gid = st->st_gid,
		      .links = (uint32_t)st->st_nlink,
		      .size = (uint64_t)st->st_size,
		      .stored = (uint64_t)st->st_blocks * 512,
		      .mtime_ns = mtime_ns(st),
		      .name = (const uint8_t *)name,
		      .target = (const uint8_t *)target,
		      .name_len = strlen(name)},
	};

	if (S_ISLNK(st->st_mode)) {
		ssize_t n = readlinkat(folder, part, target, ITEM_LINK_MAX);
		it.entry.target_len = n > 0 ? (size_t)n : 0;
	}
	snprintf(it.entry.owner, sizeof it.entry.owner, "%s", owner_user(st->st_uid));
	snprintf(it.entry.group, sizeof it.entry.group, "%s", owner_group(st->st_gid));
	return sink_record(s, &it);
}
