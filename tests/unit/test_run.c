/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/run.h"
#include "proto/base/err.h"
#include "tests/support/capture.h"

static struct collect_args good(void)
{
	return (struct collect_args){.magic = COLLECT_ARGS_MAGIC,
				     .size = sizeof(struct collect_args),
				     .op_id = 1,
				     .comp = 1,
				     .deadline_ms = 60000,
				     .output_max = 1u << 20};
}

static int read_back(const void *p, size_t n, struct collect_args *out)
{
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(write(ends[1], p, n), (ssize_t)n);
	close(ends[1]);

	int err = run_read_args(ends[0], out);
	close(ends[0]);
	return err;
}

Test(run, takes_arguments_as_the_broker_sends_them)
{
	struct collect_args a = good(), b;

	a.op.names_count = OP_NAMES_MAX;
	memset(a.op.names[7], 'x', OP_NAME_MAX);
	cr_assert_eq(read_back(&a, sizeof a, &b), 0);
	cr_assert_eq(memcmp(&a, &b, sizeof a), 0);
}

Test(run, refuses_arguments_that_are_cut_short)
{
	struct collect_args a = good(), b = {.op_id = 77};

	cr_assert_eq(read_back(&a, 0, &b), AS_ESHORT);
	cr_assert_eq(read_back(&a, sizeof a - 1, &b), AS_ESHORT);
	cr_assert_eq(b.op_id, 77);
}

static void spoil(int way, struct collect_args *a)
{
	switch (way) {
	case 0:
		a->magic++;
		break;
	case 1:
		a->size--;
		break;
	case 2:
		a->comp = 2;
		break;
	case 3:
		a->op.names_count = OP_NAMES_MAX + 1;
		break;
	case 4:
		a->op.priority = 9;
		break;
	case 5:
		a->op.flags = OPEN_FLAGS + 1;
		break;
	case 6:
		a->output_max = 0;
		break;
	case 7:
		memset(a->op.names[3], 'x', sizeof a->op.names[3]);
		break;
	case 8:
		memset(a->op.unit, 'x', sizeof a->op.unit);
		break;
	default:
		memset(a->relay, 'x', sizeof a->relay);
		break;
	}
}

Test(run, refuses_arguments_that_are_not_ours)
{
	for (int way = 0; way < 10; way++) {
		struct collect_args a = good(), b;

		spoil(way, &a);
		cr_expect_eq(read_back(&a, sizeof a, &b), AS_EBADMSG, "way %d", way);
	}
}

static int fake_result;

static int fake_run(struct sink *out, const struct collect_args *args)
{
	(void)args;
	sink_file_begin(out, "a", ITEM_FROM_API, "x");
	sink_printf(out, "bytes\n");
	return fake_result;
}

static const struct collector fake = {"fake", 999, fake_run, 64};

static enum item_state state_for(int result)
{
	struct collect_args a = good();
	struct capture c;

	capture_open(&c, true, a.output_max, a.deadline_ms);
	fake_result = result;

	int code = run_collector(&fake, &a, c.fd);

	sink_free(c.sink);
	c.sink = NULL;
	capture_read(&c);

	enum item_state state = c.end.end.state;
	cr_assert_eq(code, (int)state, "the exit code says the same");
	cr_assert_str_eq(c.files[0].text, "bytes\n");
	capture_done(&c);
	return state;
}

Test(run, ends_the_stream_with_what_the_collector_returned)
{
	cr_assert_eq(state_for(0), ITEM_OK);
	cr_assert_eq(state_for(AS_EUNAVAIL), ITEM_UNAVAILABLE);
	cr_assert_eq(state_for(AS_E_OP_FAILED), ITEM_FAILED);
	cr_assert_eq(state_for(-12), ITEM_FAILED);
}

Test(run, finds_every_collector_of_the_table_and_no_other)
{
#define X(item, id, scope, profiles, deadline, cap, mib, asks) \
	cr_assert_not_null(collector_find(id));                \
	cr_assert_str_eq(collector_find(id)->name, #item);     \
	cr_assert_eq(collector_find(id)->mem_mib, mib);
	COLLECTOR_MAP(X)
#undef X
	cr_assert_null(collector_find(0));
	cr_assert_null(collector_find(UINT32_MAX));
}
