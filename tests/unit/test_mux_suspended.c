/* SPDX-License-Identifier: Apache-2.0
 *
 * Between two connections: what passes before a resume and what does not, whoever sends it, and
 * what a goodbye or an error means there (PROTOCOL.md section 9).
 */
#include <criterion/criterion.h>

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

TestSuite(mux_suspended, .init = start, .fini = stop);

static struct mux *mux_of(int end)
{
	return w.end[end].mux;
}

static int feed_frame(struct mux *m, uint8_t type, uint32_t on, size_t n)
{
	uint8_t buf[MUX_FRAME_MAX] = {0};

	mux_frame_header(type, on, n, buf);
	return mux_feed(m, buf, MUX_HEADER + n, 1000000);
}

Test(mux_suspended, nothing_but_the_handshake_passes_before_it)
{
	static const struct {
		uint8_t type;
		uint32_t stream;
		size_t n;
	} bad[] = {{MUX_AUDIT_MARK, 0, 8}, {MUX_OPEN, 0, 4},  {MUX_DATA, 1, 4},
		   {MUX_CREDIT, 0, 20},	   {MUX_ACK, 0, 8},   {MUX_PING, 0, 8},
		   {MUX_RESET, 1, 4},	   {MUX_FIN, 1, 40},  {0x90, 0, 1},
		   {MUX_RESUMED, 0, 1},	   {MUX_PAKE_A, 0, 1}};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		stop();
		start();
		cut_open(&w);
		cut_settle(&w);
		cut_lose(&w, CUT_AGENT);
		cr_assert_eq(feed_frame(mux_of(CUT_AGENT), bad[i].type, bad[i].stream, bad[i].n),
			     AS_E_PROTOCOL, "type 0x%02x", bad[i].type);
	}
}

Test(mux_suspended, not_more_than_a_few_frames_pass_before_it)
{
	int i = 0;

	cut_lose(&w, CUT_AGENT);
	while (feed_frame(mux_of(CUT_AGENT), MUX_HELLO, 0, 4) == 0)
		i++;
	cr_assert_eq(i, MUX_UNAUTHED_FRAMES);
}

Test(mux_suspended, what_a_stranger_does_before_the_proof_costs_only_the_connection)
{
	struct mux *m = mux_of(CUT_AGENT);

	cut_say(&w, CUT_CONSOLE, 10);
	cut_lose(&w, CUT_AGENT);
	cr_assert_eq(feed_frame(m, MUX_OPEN, 0, 4), AS_E_PROTOCOL);
	cr_assert_eq(feed_frame(m, MUX_HELLO, 0, 4), AS_E_PROTOCOL);
	cut_lose(&w, CUT_AGENT);
	cr_assert_eq(mux_error(m), 0);
	cr_assert_eq(feed_frame(m, MUX_END, 0, 0), 0);
	cut_finale(&w);
}

Test(mux_suspended, who_lost_nothing_takes_no_resume)
{
	cr_assert_eq(feed_frame(mux_of(CUT_AGENT), MUX_RESUME, 0, 1), AS_E_PROTOCOL);
	cr_assert_eq(feed_frame(mux_of(CUT_CONSOLE), MUX_RESUMED, 0, 1), AS_E_PROTOCOL);
	cr_assert_eq(mux_send(mux_of(CUT_AGENT), MUX_RESUMED, "x", 1), AS_ESTATE);
	cr_assert_eq(mux_send(mux_of(CUT_CONSOLE), MUX_RESUME, "x", 1), AS_ESTATE);
}

Test(mux_suspended, is_not_for_who_never_proved_the_code)
{
	struct mux_events none = {0};
	struct mux *m = mux_new(MUX_AGENT, &none, NULL);
	uint8_t table[MUX_TABLE_LEN_MAX];

	mux_suspend(m);
	int n = mux_resume_table(m, table, sizeof table);
	cr_assert_eq(mux_resume(m, table, (size_t)n), AS_ESTATE);
	cr_assert_eq(mux_send(m, MUX_RESUMED, "x", 1), AS_ESTATE);
	cr_assert_eq(feed_frame(m, MUX_RESUME, 0, 1), AS_E_PROTOCOL);
	mux_free(m);
}

static size_t table_of(int end, uint8_t *buf)
{
	int n = mux_resume_table(mux_of(end), buf, MUX_TABLE_LEN_MAX);

	cr_assert_gt(n, 0);
	return (size_t)n;
}

Test(mux_suspended, the_agent_says_nothing_before_resumed)
{
	uint8_t table[MUX_TABLE_LEN_MAX], buf[MUX_FRAME_MAX];

	cut_say(&w, CUT_AGENT, 10);
	cut_lose(&w, CUT_AGENT);
	cut_lose(&w, CUT_CONSOLE);
	cr_assert_eq(mux_resume(mux_of(CUT_AGENT), table, table_of(CUT_CONSOLE, table)), 0);
	cr_assert_not(mux_has_output(mux_of(CUT_AGENT)));
	cr_assert_eq(mux_next(mux_of(CUT_AGENT), buf, sizeof buf), 0);
	cr_assert_eq(mux_resume(mux_of(CUT_AGENT), table, table_of(CUT_CONSOLE, table)), AS_ESTATE);
	cr_assert_eq(mux_send(mux_of(CUT_AGENT), MUX_RESUMED, "x", 1), 0);
	cr_assert_eq(mux_send(mux_of(CUT_AGENT), MUX_RESUMED, "x", 1), AS_ESTATE);
	cr_assert_gt(mux_next(mux_of(CUT_AGENT), buf, sizeof buf), 0);
	cr_assert_eq(buf[3], MUX_RESUMED);
	cr_assert_gt(mux_next(mux_of(CUT_AGENT), buf, sizeof buf), 0);
	cr_assert_eq(buf[3], MUX_AUDIT_MARK);
}

Test(mux_suspended, what_waits_again_cannot_be_acknowledged)
{
	uint8_t table[MUX_TABLE_LEN_MAX], ack[MUX_HEADER + 8] = {[MUX_HEADER + 7] = 3};

	for (int i = 0; i < 3; i++)
		cut_say(&w, CUT_AGENT, 10);
	cut_produce(&w, CUT_AGENT, 100);
	cut_lose(&w, CUT_AGENT);
	cr_assert_eq(mux_resume(mux_of(CUT_AGENT), table, table_of(CUT_CONSOLE, table)), 0);
	mux_frame_header(MUX_ACK, 0, 8, ack);
	cr_assert_eq(mux_feed(mux_of(CUT_AGENT), ack, sizeof ack, 0), AS_E_PROTOCOL);
}

Test(mux_suspended, what_the_table_has_said_is_not_acknowledged_again)
{
	uint8_t table[MUX_TABLE_LEN_MAX], buf[MUX_FRAME_MAX];

	for (int i = 0; i < MUX_ACK_MESSAGES; i++)
		cut_say(&w, CUT_CONSOLE, 10);
	cut_produce(&w, CUT_CONSOLE, 100);
	cut_deliver(&w, CUT_CONSOLE, SIZE_MAX);
	cr_assert(mux_has_output(mux_of(CUT_AGENT)), "an ACK");
	cut_lose(&w, CUT_AGENT);
	cr_assert_eq(mux_resume(mux_of(CUT_AGENT), table, table_of(CUT_CONSOLE, table)), 0);
	cr_assert_eq(mux_send(mux_of(CUT_AGENT), MUX_RESUMED, "x", 1), 0);
	cr_assert_gt(mux_next(mux_of(CUT_AGENT), buf, sizeof buf), 0);
	cr_assert_not(mux_has_output(mux_of(CUT_AGENT)));
	cut_say(&w, CUT_CONSOLE, 10);
	cr_assert_eq(feed_frame(mux_of(CUT_AGENT), 0x90, 0, 1), 0);
	cr_assert_not(mux_has_output(mux_of(CUT_AGENT)), "counting begins anew");
}

Test(mux_suspended, a_goodbye_does_not_wait_for_it)
{
	uint8_t buf[MUX_FRAME_MAX], table[MUX_TABLE_LEN_MAX];

	cut_say(&w, CUT_AGENT, 10);
	cut_lose(&w, CUT_AGENT);
	cr_assert_eq(mux_send(mux_of(CUT_AGENT), MUX_END, NULL, 0), 0);
	cr_assert_gt(mux_next(mux_of(CUT_AGENT), buf, sizeof buf), 0);
	cr_assert_eq(buf[3], MUX_END);
	cr_assert_not(mux_has_output(mux_of(CUT_AGENT)));
	cr_assert_eq(mux_resume(mux_of(CUT_AGENT), table, table_of(CUT_CONSOLE, table)), AS_ESTATE,
		     "nothing leads back");
}

Test(mux_suspended, a_full_queue_of_messages_does_not_stand_in_its_way)
{
	static const uint8_t zeros[1000];

	for (int end = 0; end < 2; end++)
		while (mux_send(mux_of(end), MUX_AUDIT_MARK, zeros, sizeof zeros) == 0)
			;
	cut_reconnect(&w);
	while (w.resumes == 0) {
		for (int end = 0; end < 2; end++) {
			cut_produce(&w, end, 1);
			if (w.resumes == 0) /* the messages themselves are not the world's */
				cut_deliver(&w, end, SIZE_MAX);
		}
	}
}

Test(mux_suspended, a_goodbye_that_did_not_get_out_is_one_all_the_same)
{
	uint8_t table[MUX_TABLE_LEN_MAX];

	cut_lose(&w, CUT_AGENT);
	cr_assert_eq(mux_send(mux_of(CUT_AGENT), MUX_END, NULL, 0), 0);
	cut_lose(&w, CUT_AGENT);
	cr_assert_not(mux_has_output(mux_of(CUT_AGENT)));
	cr_assert_eq(mux_resume(mux_of(CUT_AGENT), table, table_of(CUT_CONSOLE, table)), AS_ESTATE);
}

Test(mux_suspended, messages_of_a_handshake_have_a_limit_of_their_own)
{
	static const uint8_t zeros[1000];
	int err, n = 0;

	while ((err = mux_send(mux_of(CUT_AGENT), MUX_HELLO, zeros, sizeof zeros)) == 0)
		n++;
	cr_assert_eq(err, AS_EFULL);
	cr_assert_eq(n, MUX_UNAUTHED_BYTES / (MUX_HEADER + sizeof zeros));
	cr_assert_eq(mux_send(mux_of(CUT_AGENT), MUX_AUDIT_MARK, zeros, sizeof zeros), 0);
}

Test(mux_suspended, half_a_frame_is_forgotten)
{
	uint8_t half[] = {0, 0, 100, MUX_AUDIT_MARK, 0, 0, 0, 0, 1, 2};

	cr_assert_eq(mux_feed(mux_of(CUT_AGENT), half, sizeof half, 0), 0);
	cut_reconnect(&w);
	cut_say(&w, CUT_CONSOLE, 10);
	cut_finale(&w);
}

Test(mux_suspended, an_error_is_final)
{
	uint8_t table[MUX_TABLE_LEN_MAX];

	cr_assert_eq(feed_frame(mux_of(CUT_AGENT), MUX_GRANT, 0, 1), AS_E_PROTOCOL);
	cut_lose(&w, CUT_AGENT);
	cr_assert_eq(mux_resume(mux_of(CUT_AGENT), table, table_of(CUT_CONSOLE, table)),
		     AS_E_PROTOCOL);
}
