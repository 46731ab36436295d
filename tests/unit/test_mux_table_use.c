/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of a resume is the peer's word: one that cannot be true is refused, for good, and
 * changes nothing (PROTOCOL.md section 9).
 */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/mux_table.h"
#include "tests/support/mux_cut.h"

static struct cut_world w;

static void start(void)
{
	cut_start(&w);
}

static void stop(void)
{
	cut_stop(&w);
}

TestSuite(mux_table_use, .init = start, .fini = stop);

static struct mux *mux_of(int end)
{
	return w.end[end].mux;
}

static size_t table_of(int end, uint8_t *buf)
{
	int n = mux_resume_table(mux_of(end), buf, MUX_TABLE_LEN_MAX);

	cr_assert_gt(n, 0);
	return (size_t)n;
}

static struct mux_table hostile;
static uint8_t bytes[MUX_TABLE_LEN_MAX];

/* Stream 1: the agent has sent 40,000, the console has 16,320. Stream 3: ended and arrived. Stream
 * 5: ended and not arrived. Stream 7: nothing. The agent's next message was lost. */
static void make_history(void)
{
	for (int i = 0; i < 4; i++)
		cut_open(&w);
	cut_settle(&w);
	w.end[CUT_CONSOLE].hoards = true;
	cut_write(&w, CUT_AGENT, 3, 100);
	cut_finish(&w, CUT_AGENT, 3);
	cut_write(&w, CUT_AGENT, 1, 40000);
	cut_produce(&w, CUT_AGENT, 3);
	while (cut_deliver(&w, CUT_AGENT, SIZE_MAX) > 0)
		;
	while (w.end[CUT_CONSOLE].streams[0].got < MUX_PAYLOAD_MAX ||
	       !w.end[CUT_CONSOLE].streams[1].got_fin) {
		cut_produce(&w, CUT_AGENT, 1);
		cut_deliver(&w, CUT_AGENT, SIZE_MAX);
	}
	cut_write(&w, CUT_AGENT, 5, 200);
	cut_finish(&w, CUT_AGENT, 5);
	cut_say(&w, CUT_AGENT, 10);
	while (cut_produce(&w, CUT_AGENT, 100) > 0)
		;
	cut_lose(&w, CUT_AGENT);
	cut_lose(&w, CUT_CONSOLE);
	cr_assert_eq(mux_table_decode(bytes, table_of(CUT_CONSOLE, bytes), &hostile), 0);
	cr_assert_eq(hostile.n, 4);
	cr_assert_eq(hostile.entries[0].stream, 1);
	cr_assert(hostile.entries[1].flags == MUX_TABLE_FIN && hostile.entries[2].flags == 0);
}

static int use(void)
{
	int n = mux_table_encode(&hostile, bytes, sizeof bytes);

	cr_assert_gt(n, 0);
	return mux_resume(mux_of(CUT_AGENT), bytes, (size_t)n);
}

static void refuses(void)
{
	struct mux *m = mux_of(CUT_AGENT);
	struct mux_stat before, after;

	cr_assert(mux_stream_stat(m, 1, &before));
	cr_assert_eq(use(), AS_E_RESUME);
	cr_assert(mux_is_suspended(m));
	mux_suspend(m);
	cr_assert_eq(mux_error(m), AS_E_RESUME, "for good");
	cr_assert_neq(mux_why(m)[0], '\0');
	cr_assert(mux_stream_stat(m, 1, &after));
	cr_assert_eq(before.sent, after.sent);
	cr_assert_eq(before.kept, after.kept);
	cr_assert_eq(before.may_send, after.may_send);
}

#define REFUSED(name, change)     \
	Test(mux_table_use, name) \
	{                         \
		make_history();   \
		change;           \
		refuses();        \
	}

REFUSED(more_messages_than_were_sent, hostile.controls += 20)
REFUSED(fewer_messages_than_were_acknowledged, hostile.controls = 0)
REFUSED(more_data_than_was_sent, hostile.entries[0].received = hostile.entries[0].max)
REFUSED(more_session_data_than_was_sent, hostile.session_received += 50000)
REFUSED(less_session_credit_than_was_given, hostile.session_max -= 1)
REFUSED(more_session_credit_than_a_window, hostile.session_max += MUX_SESSION_WINDOW)
REFUSED(less_credit_than_was_given, hostile.entries[0].max -= 1)
REFUSED(more_credit_than_a_window, hostile.entries[0].max += MUX_WINDOW_MAX)
REFUSED(an_end_that_was_not_counted, hostile.entries[0].flags = MUX_TABLE_FIN)
REFUSED(a_counted_end_that_is_denied, hostile.entries[1].flags = 0)
REFUSED(a_whole_stream_with_a_hole, hostile.entries[1].received--; hostile.entries[1].consumed = 0)
REFUSED(an_end_without_its_data, hostile.controls++; hostile.entries[2].flags = MUX_TABLE_FIN;
	hostile.entries[2].received = 199)
REFUSED(data_of_a_stream_that_never_was, hostile.entries[3].stream = 99;
	hostile.entries[3].received = 1)

Test(mux_table_use, the_true_one_is_taken)
{
	make_history();
	cr_assert_eq(use(), 0);
}

Test(mux_table_use, data_below_what_was_acknowledged_cannot_be_asked_for)
{
	make_history();
	cr_assert_eq(use(), 0); /* it says that 16,320 have arrived */
	cr_assert_eq(mux_send(mux_of(CUT_AGENT), MUX_RESUMED, "x", 1), 0);
	cut_lose(&w, CUT_AGENT);
	hostile.entries[0].received--;
	hostile.entries[0].consumed = 0;
	cr_assert_eq(use(), AS_E_RESUME);
}

Test(mux_table_use, a_stream_the_console_never_opened_is_refused_by_it)
{
	make_history();
	cr_assert_eq(mux_table_decode(bytes, table_of(CUT_AGENT, bytes), &hostile), 0);
	hostile.entries[hostile.n++] = (struct mux_table_entry){.stream = 99};
	int n = mux_table_encode(&hostile, bytes, sizeof bytes);
	cr_assert_eq(mux_resume(mux_of(CUT_CONSOLE), bytes, (size_t)n), AS_E_RESUME);
}

Test(mux_table_use, a_stream_that_the_peer_has_forgotten_is_not_sent_any_more)
{
	uint8_t buf[MUX_FRAME_MAX];
	int n;

	make_history();
	memmove(&hostile.entries[0], &hostile.entries[1], 3 * sizeof hostile.entries[0]);
	hostile.n = 3;
	cut_write(&w, CUT_AGENT, 1, 500);
	cut_finish(&w, CUT_AGENT, 1);
	cr_assert_eq(use(), 0);
	cr_assert_eq(mux_send(mux_of(CUT_AGENT), MUX_RESUMED, "x", 1), 0);
	while ((n = mux_next(mux_of(CUT_AGENT), buf, sizeof buf)) > 0)
		cr_assert((buf[3] != MUX_DATA && buf[3] != MUX_FIN) || buf[7] != 1);
	cr_assert_eq(n, 0);
}

Test(mux_table_use, bytes_that_are_no_table_are_refused)
{
	make_history();
	cr_assert_eq(mux_resume(mux_of(CUT_AGENT), bytes, 3), AS_E_RESUME);
	cr_assert_eq(mux_resume(mux_of(CUT_AGENT), bytes, table_of(CUT_CONSOLE, bytes)),
		     AS_E_RESUME, "for good");
}
