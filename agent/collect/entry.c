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
		      .mtime_ns = st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec,
		      .name = (const uint8_t *)name,
		      .target = (const uint8_t *)target,
		      .name_len = strlen(name)},
	};

	if (it.entry.name_len == 0 || it.entry.name_len > ITEM_PATH_MAX)
		return 0; /* nothing we could say */
	if (S_ISLNK(st->st_mode) && folder >= 0) {
		ssize_t n = readlinkat(folder, part, target, ITEM_LINK_MAX);
		it.entry.target_len = n > 0 ? (size_t)n : 0;
	}
	snprintf(it.entry.owner, sizeof it.entry.owner, "%s", owner_user(st->st_uid));
	snprintf(it.entry.group, sizeof it.entry.group, "%s", owner_group(st->st_gid));
	return sink_record(s, &it);
}
