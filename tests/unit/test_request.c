/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/e2e/request.h"
#include "tests/support/pki.h"

#define ORG "Acme"

struct world {
	struct pki ca, jane;
	as_RequestBody body;
	struct request_expect expect;
};

static void world_init(struct world *w)
{
	struct pki_spec ca = pki_ca_spec(ORG, PKI_NOW);
	struct pki_spec jane = pki_engineer_spec(ORG, "jane", "Jane Doe", PKI_NOW);
	as_RequestBody *b = &w->body;

	pki_make(&ca, NULL, &w->ca);
	pki_make(&jane, &w->ca, &w->jane);
	*b = (as_RequestBody)as_RequestBody_init_zero;
	b->version = MSG_BODY_VERSION;
	b->duration_s = 1800;
	b->requested_at = (uint64_t)PKI_NOW;
	b->scopes_count = 1;
	b->scopes[0].kind = SCOPE_SYSTEM;
	snprintf(b->engineer_id, sizeof b->engineer_id, "jane");
	snprintf(b->engineer_name, sizeof b->engineer_name, "Jane Doe");
	snprintf(b->organisation, sizeof b->organisation, ORG);
	snprintf(b->reason, sizeof b->reason, "the disk is full");
	memset(b->binding, 1, 32);
	memset(b->broker_nonce, 2, 32);
	memset(b->hello_hash, 3, 32);
	memset(b->agent_spki_sha256, 4, 32);

	w->expect =
	    (struct request_expect){.ca_pem = w->ca.pem, .ca_len = w->ca.pem_len, .now = PKI_NOW};
	memset(w->expect.binding, 1, 32);
	memset(w->expect.broker_nonce, 2, 32);
	memset(w->expect.hello_hash, 3, 32);
	memset(w->expect.agent_spki_sha256, 4, 32);
	cert_spki_sha256(w->jane.cert, w->expect.peer_spki_sha256);
}

static void world_done(struct world *w)
{
	pki_done(&w->ca);
	pki_done(&w->jane);
}

static int make(const struct world *w, uint8_t msg[REQUEST_MAX])
{
	return request_sign(&w->body, w->jane.key, w->jane.der, w->jane.der_len, msg, REQUEST_MAX);
}

static int verdict(const struct world *w)
{
	uint8_t msg[REQUEST_MAX];
	struct request r;
	int n = make(w, msg);

	cr_assert(n > 0);
	return request_verify(msg, (size_t)n, &w->expect, &r);
}

Test(request, what_the_console_signs_the_broker_accepts)
{
	struct world w;
	uint8_t msg[REQUEST_MAX], hash[32];
	struct request r;
	as_SignedRequest m;

	world_init(&w);
	int n = make(&w, msg);
	cr_assert(n > 0);
	cr_assert_eq(request_verify(msg, (size_t)n, &w.expect, &r), 0);
	cr_assert_str_eq(r.engineer.id, "jane");
	cr_assert_str_eq(r.body.reason, "the disk is full");
	cr_assert_eq(r.body.duration_s, 1800);

	cr_assert_eq(msg_decode(MSG_SIGNED_REQUEST, msg, (size_t)n, &m), 0);
	SHA256(m.body.bytes, m.body.size, hash);
	cr_assert_eq(memcmp(r.sha256, hash, 32), 0);
	memset(hash, 0, 32);
	cr_assert_eq(request_sha256(msg, (size_t)n, hash), 0);
	cr_assert_eq(memcmp(r.sha256, hash, 32), 0);
	world_done(&w);
}

Test(request, a_full_one_still_fits_its_frame)
{
	struct world w;
	uint8_t msg[REQUEST_MAX];
	struct request r;

	world_init(&w);
	w.body.scopes_count = SCOPES_MAX;
	for (size_t i = 0; i < SCOPES_MAX; i++) {
		as_Scope *s = &w.body.scopes[i];

		*s = (as_Scope){.kind = SCOPE_FILES, .flags = UINT32_MAX, .max_bytes = UINT64_MAX};
		memset(s->target, 'a', SCOPE_TARGET_MAX);
		s->target[0] = '/';
		s->target[1] = (char)('a' + i);
	}
	memset(w.body.reason, 'r', sizeof w.body.reason - 1);
	memset(w.body.ticket, 't', sizeof w.body.ticket - 1);
	memset(w.body.console_build, 'b', sizeof w.body.console_build - 1);

	int n = make(&w, msg);
	cr_assert(n > 0);
	cr_assert_eq(request_verify(msg, (size_t)n, &w.expect, &r), 0);
	world_done(&w);
}

Test(request, one_for_another_connection_is_refused)
{
	struct world w;

	world_init(&w);
	uint8_t *const fields[] = {w.expect.binding, w.expect.broker_nonce, w.expect.hello_hash,
				   w.expect.agent_spki_sha256, w.expect.peer_spki_sha256};

	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		for (size_t at = 0; at < 32; at += 31) {
			fields[i][at] ^= 1;
			cr_assert_eq(verdict(&w), AS_E_REQ_BINDING, "field %zu byte %zu", i, at);
			fields[i][at] ^= 1;
		}
	cr_assert_eq(verdict(&w), 0);
	world_done(&w);
}

Test(request, nobody_signs_in_anothers_name)
{
	struct world w;
	char *const fields[] = {w.body.engineer_id, w.body.engineer_name, w.body.organisation};

	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		world_init(&w);
		snprintf(fields[i], 16, "Somebody else");
		cr_assert_eq(verdict(&w), AS_E_REQ_INVALID, "field %zu", i);
		world_done(&w);
	}
}

Test(request, clocks_may_differ_by_a_quarter_of_an_hour)
{
	struct world w;
	static const struct {
		int64_t apart;
		int want;
	} cases[] = {{0, 0}, {900, 0}, {-900, 0}, {901, AS_E_CLOCK}, {-901, AS_E_CLOCK}};

	world_init(&w);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		w.body.requested_at = (uint64_t)(PKI_NOW + cases[i].apart);
		cr_assert_eq(verdict(&w), cases[i].want, "%zu", i);
	}
	w.body.requested_at = UINT64_MAX;
	cr_assert_eq(verdict(&w), AS_E_CLOCK);
	world_done(&w);
}

Test(request, the_certificate_is_checked_again)
{
	struct world w;

	world_init(&w);
	w.expect.now = PKI_NOW + 48 * 3600;
	cr_assert_eq(verdict(&w), AS_E_CERT_EXPIRED);
	w.expect.now = PKI_NOW;

	struct pki_spec other_is = pki_ca_spec(ORG, PKI_NOW);
	struct pki other;
	pki_make(&other_is, NULL, &other);
	w.expect.ca_pem = other.pem;
	w.expect.ca_len = other.pem_len;
	cr_assert_eq(verdict(&w), AS_E_CERT);
	pki_done(&other);
	world_done(&w);
}

Test(request, only_the_certificates_own_key_can_sign)
{
	struct world w;
	EVP_PKEY *other = sign_key_new();
	uint8_t msg[REQUEST_MAX];
	struct request r = {.sha256 = {9}};

	world_init(&w);
	int n = request_sign(&w.body, other, w.jane.der, w.jane.der_len, msg, sizeof msg);
	cr_assert(n > 0);
	cr_assert_eq(request_verify(msg, (size_t)n, &w.expect, &r), AS_E_REQ_INVALID);
	cr_assert_eq(r.sha256[0], 9, "untouched");
	sign_key_free(other);
	world_done(&w);
}

Test(request, every_changed_byte_is_noticed)
{
	struct world w;
	uint8_t msg[REQUEST_MAX + 1];
	struct request r;

	world_init(&w);
	int n = make(&w, msg);
	for (int at = 0; at < n; at += 3) {
		msg[at] ^= 0x10;
		cr_assert_lt(request_verify(msg, (size_t)n, &w.expect, &r), 0, "byte %d", at);
		msg[at] ^= 0x10;
	}
	world_done(&w);
}

Test(request, cut_short_or_with_something_behind_it_is_refused)
{
	struct world w;
	uint8_t msg[REQUEST_MAX + 1];
	uint8_t hash[32];
	struct request r;

	world_init(&w);
	int n = make(&w, msg);
	for (int cut = 0; cut < n; cut += 5)
		cr_assert_lt(request_verify(msg, (size_t)cut, &w.expect, &r), 0);
	msg[n] = 0;
	cr_assert_eq(request_verify(msg, (size_t)n + 1, &w.expect, &r), AS_E_REQ_INVALID);
	cr_assert_eq(request_sha256(msg, (size_t)n - 1, hash), AS_EBADMSG);
	world_done(&w);
}

Test(request, a_body_its_validator_refuses_is_not_signed)
{
	struct world w;
	uint8_t msg[REQUEST_MAX], chain[CERT_CHAIN_MAX + 1] = {0};

	world_init(&w);
	cr_assert_eq(request_sign(&w.body, w.jane.key, chain, sizeof chain, msg, sizeof msg),
		     AS_E_TOO_BIG);
	cr_assert_eq(request_sign(&w.body, w.jane.key, w.jane.der, w.jane.der_len, msg, 100),
		     AS_EFULL);
	w.body.reason[0] = '\0';
	cr_assert_eq(make(&w, msg), AS_EBADMSG);
	world_done(&w);
}
