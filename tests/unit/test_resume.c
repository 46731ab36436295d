/* SPDX-License-Identifier: Apache-2.0
 *
 * The proof of RESUME and RESUMED. The last vector is computed a second time by hand here, from
 * HMAC and HKDF alone.
 */
#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/e2e/hkdf.h"
#include "proto/e2e/resume.h"
#include "proto/wire/mux_table.h"

static struct resume console, agent;
static uint8_t exporter[RESUME_EXPORTER_LEN], id[RESUME_ID_LEN], mac[RESUME_MAC_LEN];
static const uint8_t table[] = "what has arrived", answer[] = "and here";

static void start(void)
{
	struct secret key = {.len = 32};

	memset(key.bytes, 0x5a, 32);
	memset(exporter, 1, sizeof exporter);
	memset(id, 2, sizeof id);
	resume_init(&console, &key);
	resume_init(&agent, &key);
}

static void stop(void)
{
	resume_done(&console);
	resume_done(&agent);
}

TestSuite(resume, .init = start, .fini = stop);

static void new_connection(void)
{
	exporter[0]++;
}

static int console_proves(void)
{
	cr_assert_eq(resume_mac(&console, RESUME_CONSOLE, exporter, id, table, sizeof table, mac),
		     0);
	return resume_check(&agent, RESUME_CONSOLE, exporter, id, console.n, table, sizeof table,
			    mac);
}

static int agent_proves(void)
{
	uint32_t n = agent.n;

	cr_assert_eq(resume_mac(&agent, RESUME_AGENT, exporter, id, answer, sizeof answer, mac), 0);
	cr_assert_eq(resume_next(&agent, exporter), 0);
	return resume_check(&console, RESUME_AGENT, exporter, id, n, answer, sizeof answer, mac);
}

static void resume_once(void)
{
	new_connection();
	cr_assert_eq(console_proves(), 0);
	cr_assert_eq(agent_proves(), 0);
	cr_assert_eq(resume_next(&console, exporter), 0);
}

Test(resume, goes_on_for_as_many_connections_as_it_takes)
{
	for (uint32_t i = 0; i < 50; i++) {
		cr_assert(console.n == i && agent.n == i);
		resume_once();
	}
	cr_assert_arr_eq(console.key.bytes, agent.key.bytes, 32);
}

Test(resume, each_connection_has_a_key_of_its_own)
{
	struct secret first = console.key;

	resume_once();
	cr_assert_neq(memcmp(first.bytes, console.key.bytes, 32), 0);
	first = console.key;
	resume_once();
	cr_assert_neq(memcmp(first.bytes, console.key.bytes, 32), 0);
}

Test(resume, every_part_of_it_counts)
{
	uint8_t other[sizeof table];

	cr_assert_eq(resume_mac(&console, RESUME_CONSOLE, exporter, id, table, sizeof table, mac),
		     0);
	for (size_t i = 0; i < sizeof mac; i++) {
		mac[i] ^= 0x80;
		cr_assert_eq(
		    resume_check(&agent, RESUME_CONSOLE, exporter, id, 0, table, sizeof table, mac),
		    AS_E_RESUME);
		mac[i] ^= 0x80;
	}
	for (size_t i = 0; i < sizeof exporter; i++) {
		exporter[i] ^= 1;
		cr_assert_eq(
		    resume_check(&agent, RESUME_CONSOLE, exporter, id, 0, table, sizeof table, mac),
		    AS_E_RESUME);
		exporter[i] ^= 1;
	}
	for (size_t i = 0; i < sizeof id; i++) {
		id[i] ^= 1;
		cr_assert_eq(
		    resume_check(&agent, RESUME_CONSOLE, exporter, id, 0, table, sizeof table, mac),
		    AS_E_RESUME);
		id[i] ^= 1;
	}
	memcpy(other, table, sizeof other);
	other[3] ^= 1;
	cr_assert_eq(
	    resume_check(&agent, RESUME_CONSOLE, exporter, id, 0, other, sizeof other, mac),
	    AS_E_RESUME);
	cr_assert_eq(
	    resume_check(&agent, RESUME_CONSOLE, exporter, id, 0, table, sizeof table - 1, mac),
	    AS_E_RESUME);
	cr_assert_eq(
	    resume_check(&agent, RESUME_CONSOLE, exporter, id, 1, table, sizeof table, mac),
	    AS_E_RESUME);
	cr_assert_eq(resume_check(&agent, RESUME_AGENT, exporter, id, 0, table, sizeof table, mac),
		     AS_E_RESUME, "nobody can be answered with his own proof");
	cr_assert_eq(agent.n, 0);
	cr_assert_eq(
	    resume_check(&agent, RESUME_CONSOLE, exporter, id, 0, table, sizeof table, mac), 0);
}

Test(resume, a_proof_is_worth_nothing_in_another_connection)
{
	cr_assert_eq(resume_mac(&console, RESUME_CONSOLE, exporter, id, table, sizeof table, mac),
		     0);
	new_connection();
	cr_assert_eq(
	    resume_check(&agent, RESUME_CONSOLE, exporter, id, 0, table, sizeof table, mac),
	    AS_E_RESUME);
}

Test(resume, a_lost_resumed_does_not_part_the_two)
{
	resume_once();
	for (int lost = 0; lost < 5; lost++) {
		new_connection();
		cr_assert_eq(console_proves(), 0);
		cr_assert_eq(agent.n, 1);
		cr_assert_eq(agent_proves(), 0);
		cr_assert_eq(agent.n, 2); /* and the console never gets it */
	}
	resume_once();
	cr_assert(console.n == 2 && agent.n == 2);
	cr_assert_arr_eq(console.key.bytes, agent.key.bytes, 32);
	resume_once();
}

Test(resume, a_lost_resume_costs_nothing)
{
	for (int lost = 0; lost < 5; lost++) {
		new_connection();
		cr_assert_eq(console_proves(), 0); /* the agent did not get as far as to answer */
	}
	resume_once();
	cr_assert_eq(agent.n, 1);
}

Test(resume, who_is_two_steps_behind_is_refused)
{
	struct resume old = console;

	resume_once();
	resume_once();
	new_connection();
	cr_assert_eq(resume_mac(&old, RESUME_CONSOLE, exporter, id, table, sizeof table, mac), 0);
	cr_assert_eq(
	    resume_check(&agent, RESUME_CONSOLE, exporter, id, 0, table, sizeof table, mac),
	    AS_E_RESUME);
	old.n = 1; /* the right number with the wrong key */
	cr_assert_eq(resume_mac(&old, RESUME_CONSOLE, exporter, id, table, sizeof table, mac), 0);
	cr_assert_eq(
	    resume_check(&agent, RESUME_CONSOLE, exporter, id, 1, table, sizeof table, mac),
	    AS_E_RESUME);
	cr_assert_eq(agent.n, 2);
	resume_once();
}

Test(resume, the_console_takes_no_old_answer)
{
	struct resume old = agent;

	resume_once();
	new_connection();
	cr_assert_eq(console_proves(), 0);
	cr_assert_eq(resume_mac(&old, RESUME_AGENT, exporter, id, answer, sizeof answer, mac), 0);
	cr_assert_eq(
	    resume_check(&console, RESUME_AGENT, exporter, id, 0, answer, sizeof answer, mac),
	    AS_E_RESUME);
}

Test(resume, nothing_goes_without_a_key)
{
	resume_done(&console);
	resume_done(&console);
	cr_assert_eq(resume_mac(&console, RESUME_CONSOLE, exporter, id, table, sizeof table, mac),
		     AS_ESTATE);
	cr_assert_eq(resume_next(&console, exporter), AS_ESTATE);
	cr_assert_eq(
	    resume_check(&console, RESUME_AGENT, exporter, id, 0, table, sizeof table, mac),
	    AS_E_RESUME);
}

Test(resume, a_table_that_is_too_long_is_refused)
{
	static const uint8_t zeros[MUX_TABLE_LEN_MAX + 1];

	cr_assert_eq(
	    resume_mac(&console, RESUME_CONSOLE, exporter, id, zeros, MUX_TABLE_LEN_MAX, mac), 0);
	cr_assert_eq(
	    resume_check(&agent, RESUME_CONSOLE, exporter, id, 0, zeros, MUX_TABLE_LEN_MAX, mac),
	    0);
	cr_assert_eq(resume_mac(&console, RESUME_CONSOLE, exporter, id, zeros, sizeof zeros, mac),
		     AS_E_TOO_BIG);
	cr_assert_eq(
	    resume_check(&agent, RESUME_CONSOLE, exporter, id, 0, zeros, sizeof zeros, mac),
	    AS_E_RESUME);
}

Test(resume, is_what_the_protocol_says)
{
	uint8_t key[32], want[32], info[18 + 32] = "assent resume next";
	uint8_t message[5 + 32 + 16 + 4 + sizeof table] = "agent";

	memset(key, 0x5a, sizeof key);
	memcpy(info + 18, exporter, 32);
	resume_once();
	info[18]++; /* as new_connection() did */
	cr_assert_eq(hkdf(key, sizeof key, info, sizeof info, key, sizeof key), 0);
	memcpy(message + 5, exporter, 32);
	memcpy(message + 5 + 32, id, 16);
	message[5 + 32 + 16 + 3] = 1; /* n */
	memcpy(message + 5 + 32 + 16 + 4, table, sizeof table);
	cr_assert(HMAC(EVP_sha256(), key, 32, message, sizeof message, want, NULL));
	cr_assert_eq(resume_mac(&agent, RESUME_AGENT, exporter, id, table, sizeof table, mac), 0);
	cr_assert_arr_eq(mac, want, sizeof mac);
}
