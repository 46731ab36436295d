/* SPDX-License-Identifier: Apache-2.0
 *
 * What a slow reader does not take, the relay does not take from the writer; and what becomes of a
 * writer that was stopped.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/support/relay_stage.h"

#define STREAM_BYTES (24u << 20)

static void pour(struct peer *p)
{
	static uint8_t block[RELAY_FRAME_PAYLOAD_MAX];
	uint64_t *sent = p->arg;

	while (*sent < STREAM_BYTES && hop_queued(p->hop) < HOP_HIGH) {
		memset(block, (int)(*sent >> 14 & 0xff), sizeof block);
		cr_assert_eq(hop_send_data(p->hop, block, sizeof block), 0);
		*sent += sizeof block;
	}
}

static void pour_records(struct peer *p)
{
	static uint8_t records[96u << 10];
	uint64_t *sent = p->arg;

	while (*sent < STREAM_BYTES && hop_queued(p->hop) < HOP_HIGH) {
		ends_records(records, sizeof records);
		cr_assert_eq(hop_send_records(p->hop, records, sizeof records), 0);
		*sent += sizeof records;
	}
}

/* The relay and the kernel take so much and then no more: the loop has nothing to do but the
 * relay's own clock. */
static void until_stuck(struct relay_stage *s, const uint64_t *sent)
{
	for (uint64_t before = 0, quiet = 0; quiet < 50; quiet = *sent == before ? quiet + 1 : 0) {
		before = *sent;
		uv_run(&s->e.loop, UV_RUN_NOWAIT);
	}
}

static void stop_writer(uint32_t features, void (*write)(struct peer *p))
{
	struct relay_stage s;
	struct peer agent, console;
	uint64_t sent = 0;

	relay_stage_start(&s);
	s.features[0] = s.features[1] = features;
	client_pair(&s, &agent, &console);
	agent.arg = &sent;
	agent.on_low = write;
	hop_pause(console.hop);
	write(&agent);
	until_stuck(&s, &sent);
	cr_assert_lt(sent, STREAM_BYTES, "the agent was stopped");
	cr_assert_eq(console.bytes, 0);
	hop_resume(console.hop);
	ENDS_UNTIL(&s.e, sent >= STREAM_BYTES && console.bytes == sent);
	client_leave(&s, &agent);
	client_leave(&s, &console);
	relay_stage_stop(&s);
}

Test(relay_back_pressure, a_slow_reader_stops_the_other_sides_writer)
{
	stop_writer(0, pour);
}

Test(relay_back_pressure, also_when_it_writes_sealed_records)
{
	stop_writer(RELAY_TAKES_SEALED, pour_records);
}

Test(relay_back_pressure, a_writer_that_was_stopped_goes_on_when_the_slow_reader_is_gone)
{
	struct relay_stage s;
	struct peer agent, console, next;
	uint64_t sent = 0;

	relay_stage_start(&s);
	client_pair(&s, &agent, &console);
	agent.arg = &sent;
	agent.on_low = pour;
	hop_pause(console.hop);
	pour(&agent);
	until_stuck(&s, &sent);
	client_leave(&s, &console);
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PEER_LOST] && sent >= STREAM_BYTES &&
			     hop_queued(agent.hop) == 0);
	client_console(&s, &next, client_id(&agent));
	cr_assert_eq(next.heard[RELAY_PAIRED], 1);
	client_leave(&s, &agent);
	client_leave(&s, &next);
	relay_stage_stop(&s);
}

Test(relay_back_pressure, what_was_refused_to_a_writer_does_not_stop_the_next_connection)
{
	struct relay_stage s;
	struct client_session x;
	struct peer console;
	uint64_t sent = 0;

	relay_stage_start(&s);
	client_session_begin(&s, &x);
	x.agent.arg = &sent;
	x.agent.on_low = pour;
	hop_pause(x.console.hop);
	pour(&x.agent);
	until_stuck(&s, &sent);
	client_arrive(&s, &console, RELAY_ROLE_CONSOLE, x.handle[1]);
	hop_resume(x.console.hop);
	ENDS_UNTIL(&s.e, x.console.gone && x.agent.heard[RELAY_PEER_BACK] &&
			     console.heard[RELAY_PEER_BACK]);
	cr_assert_lt(console.bytes, STREAM_BYTES);
	client_leave(&s, &x.agent);
	client_leave(&s, &console);
	relay_stage_stop(&s);
}
