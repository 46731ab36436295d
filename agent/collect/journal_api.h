/* SPDX-License-Identifier: Apache-2.0
 *
 * The few functions of libsystemd that reading a journal takes. The library is opened when the
 * program runs, so that the agent starts on a computer without it; tests put their own in its
 * place. The types are those of sd-journal.h, which need not be installed to build.
 */
#ifndef AS_AGENT_COLLECT_JOURNAL_API_H
#define AS_AGENT_COLLECT_JOURNAL_API_H

#include <stddef.h>
#include <stdint.h>

struct sd_journal; /* theirs */

#define JOURNAL_LOCAL_ONLY 1

struct journal_api {
	int (*open)(struct sd_journal **out, int flags);
	void (*close)(struct sd_journal *j);
	int (*add_match)(struct sd_journal *j, const void *data, size_t n);
	int (*add_disjunction)(struct sd_journal *j);
	void (*flush_matches)(struct sd_journal *j);
	int (*seek_head)(struct sd_journal *j);
	int (*seek_tail)(struct sd_journal *j);
	int (*seek_realtime)(struct sd_journal *j, uint64_t usec);
	int (*next)(struct sd_journal *j);
	int (*previous)(struct sd_journal *j);
	int (*get_realtime)(struct sd_journal *j, uint64_t *usec);
	int (*get_data)(struct sd_journal *j, const char *field, const void **data, size_t *n);
	int (*set_data_threshold)(struct sd_journal *j, size_t n);
	/* for following it */
	int (*get_fd)(struct sd_journal *j);
	int (*get_events)(struct sd_journal *j);
	int (*get_timeout)(struct sd_journal *j, uint64_t *usec);
	int (*process)(struct sd_journal *j);
};

/* AS_EUNAVAIL when the library, or a function of it, is not there. It stays open. */
int journal_api_load(struct journal_api *out);

#endif
