/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/run.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/sink_priv.h"
#include "proto/base/err.h"

#define CPU_FACTOR 4

static bool is_ended(const char *text, size_t n)
{
	return memchr(text, '\0', n) != NULL;
}

static bool is_usable(const struct collect_args *a)
{
	return a->magic == COLLECT_ARGS_MAGIC && a->size == sizeof *a && a->comp <= 1 &&
	       a->output_max > 0 && op_args_check(&a->op) && is_ended(a->relay, sizeof a->relay) &&
	       is_ended(a->real, sizeof a->real);
}

int run_read_args(int fd, struct collect_args *out)
{
	struct collect_args a;
	size_t have = 0;

	while (have < sizeof a) {
		ssize_t n = read(fd, (char *)&a + have, sizeof a - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return AS_ESHORT;
		have += (size_t)n;
	}
	if (!is_usable(&a))
		return AS_EBADMSG;
	*out = a;
	return 0;
}

uint32_t run_cpu_s(const struct collect_args *args)
{
	return args->deadline_ms == 0 ? 0 : CPU_FACTOR * (args->deadline_ms / 1000 + 1);
}

/* What the collector returned, as the state of its stream. */
static int finish(struct sink *s, int err)
{
	char why[ITEM_WHY_MAX + 1];

	if (s->handed_over) { /* END has been said, or its reader is gone */
		s->end_state = err >= 0 ? (enum item_state)err : ITEM_FAILED;
		return err < 0 ? err : 0;
	}
	if (err == 0 || err == AS_E_TOO_BIG) /* the sink knows about its cap */
		return sink_finish(s, ITEM_OK, "");
	if (err > 0) /* it says itself how it ended */
		return sink_finish(
		    s, (enum item_state)err,
		    err == ITEM_PARTIAL ? "not all of it; the notes say what is missing" : s->said);
	err_text(err, why, sizeof why);
	return sink_finish(s, err == AS_EUNAVAIL ? ITEM_UNAVAILABLE : ITEM_FAILED, why);
}

int run_collector(const struct collector *c, const struct collect_args *args, int fd)
{
	const struct sink_options o = {
	    .fd = fd,
	    .comp = args->comp == 1,
	    .deadline_ms = args->deadline_ms,
	    .output_max = args->output_max,
	};
	struct sink *s;

	int err = sink_new(&s, &o);
	if (err < 0)
		return err;
	if (args->deadline_ms > 0)
		err = watchdog_start(s);
	if (err == 0)
		err = c->run(s, args);
	err = finish(s, err);
	watchdog_stop(s);
	if (err == 0)
		err = (int)s->end_state;
	sink_free(s);
	return err;
}
