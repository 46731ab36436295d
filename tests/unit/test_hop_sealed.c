/* SPDX-License-Identifier: Apache-2.0
 *
 * Two hops that pass records of an inner TLS without encrypting them once more, and those that may
 * not. What a stranger may do with that stands in test_hop_raw.c.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "tests/support/ends.h"

static struct ends e;
static struct peer client, server;

#define BYTES (200u << 10)
static uint8_t records[BYTES];

static void open_pair(uint32_t clients, uint32_t servers, struct carrier *carrier)
{
	client = (struct peer){.role = RELAY_ROLE_AGENT, .features = clients};
	server = (struct peer){.role = RELAY_ROLE_RELAY, .features = servers};
	ends_records(records, sizeof records);
	ends_init(&e);
	ends_pair_in(&e, &client, &server, carrier);
	ENDS_UNTIL(&e, client.heard[RELAY_HELLO] && server.heard[RELAY_HELLO]);
}

static void close_pair(void)
{
	hop_close(client.hop, 0);
	ENDS_UNTIL(&e, client.gone && server.gone);
	cr_assert_eq(server.why, 0, "a proper end");
	ends_done(&e);
}

/* One frame, all records, one frame: in this order, at either end. */
static void send_all(struct peer *from, struct peer *to)
{
	uint32_t digest = ends_digest(0, "first", 5);

	cr_assert_eq(hop_send_data(from->hop, "first", 5), 0);
	cr_assert_eq(hop_send_records(from->hop, records, sizeof records), 0);
	cr_assert_eq(hop_send_data(from->hop, "last", 4), 0);
	ENDS_UNTIL(&e, to->bytes == 5 + sizeof records + 4);
	digest = ends_digest(digest, records, sizeof records);
	cr_assert_eq(to->digest, ends_digest(digest, "last", 4));
}

Test(hop_sealed, records_pass_between_two_who_take_them)
{
	open_pair(RELAY_TAKES_SEALED, RELAY_TAKES_SEALED, NULL);
	send_all(&client, &server);
	send_all(&server, &client);
	cr_assert(client.heard[RELAY_SEALED] > 0 && server.heard[RELAY_SEALED] > 0);
	cr_assert(client.heard[RELAY_DATA] == 2 && server.heard[RELAY_DATA] == 2);
	close_pair();
}

Test(hop_sealed, in_a_websocket_too)
{
	static const struct hostport at = {"relay.example", "443"};
	static const uint8_t key[16] = {7};

	open_pair(RELAY_TAKES_SEALED, RELAY_TAKES_SEALED, carrier_client(&at, "/", NULL, key));
	cr_assert(server.carried);
	send_all(&client, &server);
	send_all(&server, &client);
	cr_assert(client.heard[RELAY_DATA] == 2 && server.heard[RELAY_DATA] == 2);
	close_pair();
}

/* An agent behind an inspecting proxy must not: who opens the outer TLS would meet them. */
Test(hop_sealed, where_one_does_not_take_them_they_are_data)
{
	for (uint32_t who = 0; who < 3; who++) {
		open_pair(who & 1 ? RELAY_TAKES_SEALED : 0, who & 2 ? RELAY_TAKES_SEALED : 0, NULL);
		send_all(&client, &server);
		send_all(&server, &client);
		cr_assert(client.heard[RELAY_SEALED] == 0 && server.heard[RELAY_SEALED] == 0);
		close_pair();
	}
}

static void starts_with_a_record(struct peer *p, const struct relay_frame *f)
{
	if (f->type == RELAY_DATA && p->bytes > 5 && f->data.len > 4)
		cr_assert_eq(f->data.bytes[0], 0x17);
}

/* Who comes back tells records of the past from a handshake by the first byte. */
Test(hop_sealed, as_data_too_they_are_cut_between_records)
{
	open_pair(0, 0, NULL);
	server.on_frame = starts_with_a_record;
	send_all(&client, &server);
	cr_assert_geq(server.heard[RELAY_DATA], 2 + BYTES / RELAY_FRAME_PAYLOAD_MAX);
	close_pair();
}

Test(hop_sealed, a_handshake_never_leaves_the_outer_tls)
{
	open_pair(RELAY_TAKES_SEALED, RELAY_TAKES_SEALED, NULL);
	records[0] = 0x16;
	send_all(&client, &server);
	cr_assert_eq(server.heard[RELAY_SEALED], 0);
	close_pair();
}

Test(hop_sealed, little_is_encrypted_twice)
{
	open_pair(RELAY_TAKES_SEALED, RELAY_TAKES_SEALED, NULL);
	ends_records(records, 4000);
	cr_assert_eq(hop_send_records(client.hop, records, 4000), 0);
	ENDS_UNTIL(&e, server.bytes == 4000);
	cr_assert_eq(server.heard[RELAY_SEALED], 0);
	close_pair();
}

#define MUCH  (64u << 20)
#define FRAME 12345

static uint64_t sent;
static uint32_t sent_digest;

static void pour(struct peer *p)
{
	while (sent < MUCH && hop_queued(p->hop) < HOP_HIGH) {
		size_t n = sent % 3 ? sizeof records : sizeof records / 2 + (size_t)(sent % 997);

		ends_records(records, n);
		hop_batch_begin(p->hop); /* the frames wait for the run */
		for (int i = 0; i < 5; i++) {
			cr_assert_eq(hop_send_data(p->hop, records, FRAME), 0);
			sent_digest = ends_digest(sent_digest, records, FRAME);
			sent += FRAME;
		}
		cr_assert_eq(hop_send_records(p->hop, records, n), 0);
		hop_batch_end(p->hop);
		sent_digest = ends_digest(sent_digest, records, n);
		sent += n;
	}
}

/* Half of a run is in the kernel and the rest waits, again and again. */
Test(hop_sealed, a_slow_reader_gets_all_of_it_in_order)
{
	open_pair(RELAY_TAKES_SEALED, RELAY_TAKES_SEALED, NULL);
	client.on_low = pour;
	hop_pause(server.hop);
	pour(&client);
	for (int i = 0; i < 100; i++)
		uv_run(&e.loop, UV_RUN_NOWAIT);
	cr_assert_lt(sent, MUCH);
	hop_resume(server.hop);
	ENDS_UNTIL(&e, sent >= MUCH && server.bytes == sent);
	cr_assert_eq(server.digest, sent_digest);
	close_pair();
}

Test(hop_sealed, what_does_not_fit_any_more_is_refused_whole)
{
	int err = 0;
	uint64_t accepted = 0;

	open_pair(RELAY_TAKES_SEALED, RELAY_TAKES_SEALED, NULL);
	hop_pause(server.hop);
	for (int i = 0; i < 1000 && err == 0; i++) {
		err = hop_send_records(client.hop, records, sizeof records);
		accepted += err == 0 ? sizeof records : 0;
		cr_assert_leq(hop_queued(client.hop), TLS_OUT_MAX + (64u << 10));
	}
	cr_assert_eq(err, AS_EFULL);
	hop_resume(server.hop);
	ENDS_UNTIL(&e, server.bytes == accepted);
	close_pair();
}

static void close_now(struct peer *p, const struct relay_frame *f)
{
	if (f->type == RELAY_SEALED)
		hop_close(p->hop, AS_E_INTERNAL);
}

Test(hop_sealed, may_be_closed_in_the_middle_of_a_run)
{
	open_pair(RELAY_TAKES_SEALED, RELAY_TAKES_SEALED, NULL);
	server.on_frame = close_now;
	for (int i = 0; i < 5; i++)
		cr_assert_eq(hop_send_records(client.hop, records, sizeof records), 0);
	ENDS_UNTIL(&e, client.gone && server.gone);
	cr_assert_eq(server.heard[RELAY_SEALED], 1, "nothing comes after hop_close()");
	cr_assert_eq(server.why, AS_E_INTERNAL);
	ends_done(&e);
}

Test(hop_sealed, nothing_is_sent_before_it_is_open_or_when_it_closes)
{
	open_pair(RELAY_TAKES_SEALED, RELAY_TAKES_SEALED, NULL);
	hop_close(client.hop, 0);
	cr_assert_eq(hop_send_records(client.hop, records, sizeof records), AS_ESTATE);
	ENDS_UNTIL(&e, client.gone && server.gone);
	cr_assert_eq(server.bytes, 0);
	ends_done(&e);
}
