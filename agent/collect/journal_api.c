/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/journal_api.h"

#include <dlfcn.h>
#include <string.h>

#include "proto/base/err.h"

/* POSIX, not ISO C, says that a function's address fits a pointer; memcpy says it silently. */
static int find(void *lib, const char *name, void *out)
{
	void *at = dlsym(lib, name);

	if (!at)
		return AS_EUNAVAIL;
	memcpy(out, &at, sizeof at);
	return 0;
}

int journal_api_load(struct journal_api *out)
{
	struct journal_api a;
	const struct {
		const char *name;
		void *at;
	} functions[] = {
	    {"sd_journal_open", &a.open},
	    {"sd_journal_close", &a.close},
	    {"sd_journal_add_match", &a.add_match},
	    {"sd_journal_add_disjunction", &a.add_disjunction},
	    {"sd_journal_flush_matches", &a.flush_matches},
	    {"sd_journal_seek_head", &a.seek_head},
	    {"sd_journal_seek_tail", &a.seek_tail},
	    {"sd_journal_seek_realtime_usec", &a.seek_realtime},
	    {"sd_journal_next", &a.next},
	    {"sd_journal_previous", &a.previous},
	    {"sd_journal_get_realtime_usec", &a.get_realtime},
	    {"sd_journal_get_data", &a.get_data},
	    {"sd_journal_set_data_threshold", &a.set_data_threshold},
	    {"sd_journal_get_fd", &a.get_fd},
	    {"sd_journal_get_events", &a.get_events},
	    {"sd_journal_get_timeout", &a.get_timeout},
	    {"sd_journal_process", &a.process},
	};
	void *lib = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);

	if (!lib)
		return AS_EUNAVAIL;
	for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
		if (find(lib, functions[i].name, functions[i].at) < 0) {
			dlclose(lib);
			return AS_EUNAVAIL;
		}
	}
	*out = a;
	return 0;
}
