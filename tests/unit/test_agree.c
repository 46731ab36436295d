/* SPDX-License-Identifier: Apache-2.0
 *
 * The console's half of the agreement against an agent made of the other half's engines.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "console/agree.h"
#include "console/identity.h"
#include "proto/base/err.h"
#include "proto/e2e/mux.h"
#include "proto/wire/messages.h"
#include "tests/support/pki.h"

static struct pki ca, jane;
static struct identity id;
static struct agree a;
static struct secret right_code = {.len = 48, .bytes = {1, 2, 3}};

/* What the console sent, newest last, and what it was told. */
static struct {
	uint8_t types[8];
	uint8_t bytes[8][REQUEST_MAX];
	size_t len[8], count;
	int authed, pending, granted, refused;
} seen;

static int on_send(uint8_t type, const void *p, size_t n, void *owner)
{
	(void)owner;
	seen.types[seen.count] = type;
	memcpy(seen.bytes[seen.count], p, n);
	seen.len[seen.count++] = n;
	return 0;
}

static void on_authed(void *owner)
{
	(void)owner;
	seen.authed++;
}

static void on_pending(uint32_t s, void *owner)
{
	(void)owner;
	seen.pending = (int)s;
}

static void on_granted(const struct grant *g, const uint8_t *p, size_t n, void *owner)
{
	(void)g;
	(void)p;
	(void)n;
	(void)owner;
	seen.granted++;
}

static void on_refused(int err, void *owner)
{
	(void)owner;
	seen.refused = err;
}

static const struct agree_events ev = {on_send, on_authed, on_pending, on_granted, on_refused};

/* ---- the agent ---- */

static struct {
	struct spake2 *pake;
	uint8_t hello[512], aad[SPAKE2_AAD_LEN];
	size_t hello_len;
	EVP_PKEY *key;
	struct request_expect expect;
	struct request request;
	as_GrantBody grant;
	uint8_t prev[32];
} agent;

static struct scope scopes[] = {{.kind = SCOPE_SYSTEM}, {.kind = SCOPE_NETWORK}};

static void make(void)
{
	struct pki_spec ca_spec = pki_ca_spec("Acme", PKI_NOW);
	struct pki_spec jane_spec = pki_engineer_spec("Acme", "jane", "Jane Doe", PKI_NOW);
	struct agree_wish wish = {.id = &id,
				  .reason = "disk is full",
				  .ticket = "T-1",
				  .duration_s = 1800,
				  .scopes = scopes,
				  .scopes_count = 2,
				  .w = right_code};
	uint8_t binding[32], spki[32];

	pki_make(&ca_spec, NULL, &ca);
	pki_make(&jane_spec, &ca, &jane);
	memcpy(id.chain, jane.der, jane.der_len);
	id.chain_len = jane.der_len;
	id.key = jane.key;
	cr_assert_eq(
	    cert_check_engineer(id.chain, id.chain_len, ca.pem, ca.pem_len, PKI_NOW, &id.who), 0);
	memset(binding, 7, sizeof binding);
	memset(spki, 8, sizeof spki);
	memset(wish.session_id, 9, sizeof wish.session_id);
	agree_init(&a, &wish, &ev, NULL);
	cr_assert_eq(agree_open(&a, binding, spki), 0);
	cr_assert_eq(agree_open(&a, binding, spki), AS_ESTATE);
	agent.key = sign_key_new();
	memset(agent.expect.binding, 7, 32);
	memset(agent.expect.agent_spki_sha256, 8, 32);
	memset(agent.expect.broker_nonce, 5, 32);
	memcpy(agent.expect.peer_spki_sha256, id.who.spki_sha256, 32);
	agent.expect.ca_pem = ca.pem;
	agent.expect.ca_len = ca.pem_len;
	agent.expect.now = PKI_NOW;
}

static void clean(void)
{
	agree_done(&a);
	spake2_free(agent.pake);
	sign_key_free(agent.key);
	pki_done(&jane);
	pki_done(&ca);
}
TestSuite(agree, .init = make, .fini = clean);

static int tell(uint8_t type, enum msg m, const void *msg)
{
	static uint8_t buf[GRANT_MAX];
	int n = msg_encode(m, msg, buf, sizeof buf);

	cr_assert_geq(n, 0);
	return agree_take(&a, type, buf, (size_t)n, PKI_NOW);
}

static int say_hello(uint32_t ver_min)
{
	as_Hello h = {.ver_min = ver_min,
		      .ver_max = ver_min,
		      .has_limits = true,
		      .limits = {64, 1, 1, MUX_PAYLOAD_MAX},
		      .product = "agent"};

	memset(h.nonce, 5, sizeof h.nonce);
	agent.hello_len = (size_t)msg_encode(MSG_HELLO, &h, agent.hello, sizeof agent.hello);
	return agree_take(&a, MUX_HELLO, agent.hello, agent.hello_len, PKI_NOW);
}

/* Up to and with the agent's PAKE_B. */
static int start_pake(const struct secret *code)
{
	as_PakeShare theirs, own = {0};

	cr_assert_eq(seen.count, 2, "the console commits first, and waits for nothing");
	cr_assert_eq(say_hello(MSG_VERSION), 0);
	cr_assert_eq(seen.count, 2);
	cr_assert_eq(seen.types[0], MUX_HELLO);
	cr_assert_eq(seen.types[1], MUX_PAKE_A);
	cr_assert_eq(spake2_aad(agent.expect.binding, seen.bytes[0], seen.len[0], agent.hello,
				agent.hello_len, agent.aad),
		     0);
	memcpy(agent.expect.hello_hash, agent.aad + 32, 32);
	agent.pake = spake2_new(SPAKE2_AGENT, code, agent.aad);
	cr_assert_eq(msg_decode(MSG_PAKE_SHARE, seen.bytes[1], seen.len[1], &theirs), 0);
	cr_assert_eq(spake2_take(agent.pake, theirs.point, sizeof theirs.point), 0);
	spake2_share(agent.pake, own.point);
	return tell(MUX_PAKE_B, MSG_PAKE_SHARE, &own);
}

static int prove(void)
{
	as_PakeConfirm theirs, own = {0};

	cr_assert_eq(start_pake(&right_code), 0);
	cr_assert_eq(seen.types[2], MUX_PAKE_CA);
	cr_assert_eq(msg_decode(MSG_PAKE_CONFIRM, seen.bytes[2], seen.len[2], &theirs), 0);
	cr_assert_eq(spake2_check(agent.pake, theirs.mac, sizeof theirs.mac), 0);
	cr_assert_eq(spake2_mac(agent.pake, own.mac), 0);
	return tell(MUX_PAKE_CB, MSG_PAKE_CONFIRM, &own);
}

/* A grant for the newest request, as a good agent makes it. */
static void fill_grant(void)
{
	size_t at = seen.count - 1;
	as_GrantBody *g = &agent.grant;

	cr_assert_eq(request_verify(seen.bytes[at], seen.len[at], &agent.expect, &agent.request),
		     0);
	*g = (as_GrantBody){.version = MSG_BODY_VERSION,
			    .not_before = 1,
			    .expires = 1801,
			    .lifetime_s = 1800,
			    .has_consent = true,
			    .host = "sick"};
	memcpy(g->session_id, agent.request.body.session_id, 16);
	memcpy(g->request_sha256, agent.request.sha256, 32);
	memcpy(g->engineer_cert_sha256, agent.request.engineer.cert_sha256, 32);
	memcpy(g->agent_spki_sha256, agent.expect.agent_spki_sha256, 32);
	memcpy(g->binding0, agent.expect.binding, 32);
	g->scopes_count = agent.request.body.scopes_count;
	memcpy(g->scopes, agent.request.body.scopes, sizeof g->scopes);
}

static int grant(void)
{
	static uint8_t msg[GRANT_MAX];
	int n = grant_sign(&agent.grant, agent.key, msg, sizeof msg);
	struct grant check;

	cr_assert_gt(n, 0);
	cr_assert_eq(grant_verify(msg, (size_t)n, NULL, 0, &check), 0);
	memcpy(agent.prev, check.sha256, 32);
	return agree_take(&a, MUX_GRANT, msg, (size_t)n, PKI_NOW);
}

Test(agree, files_are_big_unless_the_engineer_says_how_much)
{
	static const struct scope files[] = {{.kind = SCOPE_SYSTEM},
					     {.kind = SCOPE_FILES, .target = "/srv"}};

	a.wish.scopes = files;
	cr_assert_eq(prove(), 0);
	fill_grant();
	cr_assert_eq(agent.request.body.max_bytes_total, UINT64_C(16) << 30);
}

Test(agree, what_the_engineer_says_is_asked_for)
{
	a.wish.max_bytes = 12345;
	cr_assert_eq(prove(), 0);
	fill_grant();
	cr_assert_eq(agent.request.body.max_bytes_total, 12345);
}

Test(agree, from_hello_to_grant)
{
	as_Pending pending = {.prompt_id = 1, .expires_in_s = 180};

	cr_assert_eq(prove(), 0);
	cr_assert_eq(seen.authed, 1);
	cr_assert_eq(seen.types[3], MUX_SESSION_REQ);
	cr_assert_eq(tell(MUX_PENDING, MSG_PENDING, &pending), 0);
	cr_assert_eq(seen.pending, 180);
	fill_grant();
	cr_assert_str_eq(agent.request.body.reason, "disk is full");
	cr_assert_str_eq(agent.request.body.ticket, "T-1");
	cr_assert_eq(agent.request.body.duration_s, 1800);
	cr_assert_eq(agent.request.body.requested_at, PKI_NOW);
	cr_assert_eq(agent.request.body.max_bytes_total, UINT64_C(2) << 30);
	cr_assert_eq(grant(), 0);
	cr_assert_eq(seen.granted, 1);
	cr_assert(agree_allows(&a, SCOPE_SYSTEM));
	cr_assert(agree_allows(&a, SCOPE_NETWORK));
	cr_assert_not(agree_allows(&a, SCOPE_LOGS));
}

Test(agree, nothing_is_asked_of_an_agent_that_does_not_know_the_code)
{
	struct secret wrong = {.len = 48, .bytes = {9}};
	as_PakeConfirm forged = {.mac = {1}};

	cr_assert_eq(start_pake(&wrong), 0);
	cr_assert_eq(tell(MUX_PAKE_CB, MSG_PAKE_CONFIRM, &forged), AS_E_CODE_WRONG);
	cr_assert_eq(seen.count, 3, "no request");
	cr_assert_eq(seen.authed, 0);
}

Test(agree, another_connection_is_another_proof)
{
	memset(agent.expect.binding, 6, 32); /* what a man in the middle would have */

	as_PakeConfirm theirs;

	cr_assert_eq(start_pake(&right_code), 0);
	msg_decode(MSG_PAKE_CONFIRM, seen.bytes[2], seen.len[2], &theirs);
	cr_assert_eq(spake2_check(agent.pake, theirs.mac, sizeof theirs.mac), AS_E_CODE_WRONG);
}

Test(agree, an_agent_of_another_version_is_told_apart)
{
	cr_assert_eq(say_hello(MSG_VERSION + 1), AS_E_VERSION);
	cr_assert_eq(seen.count, 2, "nothing more is said");
}

Test(agree, messages_out_of_turn_end_the_session)
{
	static const uint8_t early[] = {MUX_PAKE_B, MUX_PAKE_CB, MUX_PENDING, MUX_GRANT, MUX_DENY};

	for (size_t i = 0; i < sizeof early; i++)
		cr_assert_eq(agree_take(&a, early[i], NULL, 0, PKI_NOW), AS_E_PROTOCOL);
	cr_assert_eq(prove(), 0);
	cr_assert_eq(agree_take(&a, MUX_HELLO, agent.hello, agent.hello_len, PKI_NOW),
		     AS_E_PROTOCOL);
	cr_assert_eq(agree_take(&a, MUX_GRANT, (const uint8_t *)"x", 1, PKI_NOW), AS_E_PROTOCOL);
}

Test(agree, a_grant_for_anything_else_is_refused)
{
	cr_assert_eq(prove(), 0);
	for (int wrong = 0; wrong < 8; wrong++) {
		fill_grant();
		uint8_t *at[] = {agent.grant.session_id, agent.grant.request_sha256,
				 agent.grant.binding0, agent.grant.agent_spki_sha256,
				 agent.grant.engineer_cert_sha256};

		if (wrong < 5)
			at[wrong][0] ^= 1;
		else if (wrong == 5)
			agent.grant.lifetime_s++;
		else if (wrong == 6)
			agent.grant.scopes[1].kind = SCOPE_LOGS; /* never asked for */
		else
			agent.grant.scopes[agent.grant.scopes_count++] =
			    (as_Scope){.kind = SCOPE_LOGS};
		cr_assert_eq(grant(), AS_E_PROTOCOL, "%d", wrong);
		cr_assert_eq(seen.granted, 0);
	}
	fill_grant();
	cr_assert_eq(grant(), 0);
}

Test(agree, fewer_rights_than_asked_for_are_a_good_grant)
{
	cr_assert_eq(prove(), 0);
	fill_grant();
	agent.grant.scopes_count = 1;
	cr_assert_eq(grant(), 0);
	cr_assert(agree_allows(&a, SCOPE_SYSTEM));
	cr_assert_not(agree_allows(&a, SCOPE_NETWORK));
}

Test(agree, no_is_an_answer)
{
	as_Deny no = {.code = err_to_wire(AS_E_DENIED)};

	cr_assert_eq(prove(), 0);
	cr_assert_eq(tell(MUX_DENY, MSG_DENY, &no), 0);
	cr_assert_eq(seen.refused, AS_E_DENIED);
	cr_assert_eq(a.state, AGREE_REFUSED);
	fill_grant();
	cr_assert_eq(grant(), AS_E_PROTOCOL, "a no is final");
}

static void escalate_to_logs(void)
{
	struct scope logs = {.kind = SCOPE_LOGS};

	cr_assert_eq(prove(), 0);
	fill_grant();
	cr_assert_eq(grant(), 0);
	cr_assert_eq(agree_escalate(&a, &logs, 1, PKI_NOW), 0);
	cr_assert_eq(seen.types[4], MUX_SCOPE_REQ);
	cr_assert_eq(agree_escalate(&a, &logs, 1, PKI_NOW), AS_ESTATE, "one question at a time");
	fill_grant();
	cr_assert_eq(agent.request.body.scopes_count, 1, "only what is new is asked for");
	cr_assert_eq(agent.request.body.grant_id.size, 16);
	agent.grant.prev_grant_sha256.size = 32;
	memcpy(agent.grant.prev_grant_sha256.bytes, agent.prev, 32);
}

Test(agree, more_can_be_asked_for_and_the_earlier_grant_is_named)
{
	struct scope again = {.kind = SCOPE_SYSTEM};

	escalate_to_logs();
	agent.grant.scopes[agent.grant.scopes_count++] = (as_Scope){.kind = SCOPE_SYSTEM};
	cr_assert_eq(grant(), 0);
	cr_assert(agree_allows(&a, SCOPE_LOGS));
	cr_assert(agree_allows(&a, SCOPE_NETWORK), "what was granted stays");
	cr_assert_eq(agree_escalate(&a, &again, 1, PKI_NOW), AS_EEXISTS);
}

Test(agree, a_later_grant_of_another_key_or_another_chain_is_refused)
{
	escalate_to_logs();
	agent.grant.prev_grant_sha256.bytes[0] ^= 1;
	cr_assert_eq(grant(), AS_E_PROTOCOL);
	agent.grant.prev_grant_sha256.bytes[0] ^= 1;
	sign_key_free(agent.key);
	agent.key = sign_key_new();
	cr_assert_eq(grant(), AS_ESIGNATURE);
}

Test(agree, a_no_to_more_keeps_what_was_granted)
{
	as_Deny no = {.code = err_to_wire(AS_E_CONSENT_TIMEOUT)};

	escalate_to_logs();
	cr_assert_eq(tell(MUX_DENY, MSG_DENY, &no), 0);
	cr_assert_eq(seen.refused, AS_E_CONSENT_TIMEOUT);
	cr_assert_eq(a.state, AGREE_GRANTED);
	cr_assert(agree_allows(&a, SCOPE_SYSTEM));
}
