/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/e2e/cert.h"
#include "proto/wire/oid.h"
#include "tests/support/pki.h"

#define HOUR   INT64_C(3600)
#define MINUTE INT64_C(60)
#define ORG    "Acme Support GmbH"
#define URI    "assent://acme-support-gmbh.assent.invalid/engineer/jane"

static struct pki_spec ca_spec(void)
{
	return pki_ca_spec(ORG, PKI_NOW);
}

static struct pki_spec jane_spec(void)
{
	return pki_engineer_spec(ORG, "jane", "Jane Doe", PKI_NOW);
}

static int check_at(const struct pki_spec *ca_is, const struct pki_spec *jane_is, int64_t now,
		    struct cert_engineer *who)
{
	struct pki ca, jane;

	pki_make(ca_is, NULL, &ca);
	pki_make(jane_is, &ca, &jane);
	int err = cert_check_engineer(jane.der, jane.der_len, ca.pem, ca.pem_len, now, who);
	pki_done(&ca);
	pki_done(&jane);
	return err;
}

static int check(const struct pki_spec *ca_is, const struct pki_spec *jane_is)
{
	struct cert_engineer who;

	return check_at(ca_is, jane_is, PKI_NOW, &who);
}

static int check_jane(const struct pki_spec *jane_is)
{
	struct pki_spec ca = ca_spec();

	return check(&ca, jane_is);
}

Test(cert, an_engineer_is_accepted_and_described)
{
	struct pki_spec ca_is = ca_spec(), jane_is = jane_spec();
	struct pki ca, jane;
	struct cert_engineer who;
	uint8_t hash[32];

	pki_make(&ca_is, NULL, &ca);
	pki_make(&jane_is, &ca, &jane);
	cr_assert_eq(cert_check_engineer(jane.der, jane.der_len, ca.pem, ca.pem_len, PKI_NOW, &who),
		     0);
	cr_assert_str_eq(who.id, "jane");
	cr_assert_str_eq(who.name, "Jane Doe");
	cr_assert_str_eq(who.organisation, ORG);
	SHA256(jane.der, jane.der_len, hash);
	cr_assert_eq(memcmp(who.cert_sha256, hash, 32), 0);
	cr_assert_eq(cert_spki_sha256(jane.cert, hash), 0);
	cr_assert_eq(memcmp(who.spki_sha256, hash, 32), 0);
	pki_done(&ca);
	pki_done(&jane);
}

Test(cert, ed25519_is_accepted_for_both)
{
	struct pki_spec ca = ca_spec(), jane = jane_spec();

	ca.key = PKI_ED25519;
	jane.key = PKI_ED25519;
	cr_assert_eq(check(&ca, &jane), 0);
}

Test(cert, other_keys_and_hashes_are_refused)
{
	struct pki_spec ca = ca_spec(), jane = jane_spec();

	jane.key = PKI_P384;
	cr_assert_eq(check(&ca, &jane), AS_E_CERT);
	jane.key = PKI_RSA;
	cr_assert_eq(check(&ca, &jane), AS_E_CERT);
	jane = jane_spec();
	ca.key = PKI_P384;
	cr_assert_eq(check(&ca, &jane), AS_E_CERT);
	ca.key = PKI_RSA;
	cr_assert_eq(check(&ca, &jane), AS_E_CERT);
	jane.sha384 = true;
	cr_assert_eq(check_jane(&jane), AS_E_CERT);
}

Test(cert, another_ca_of_the_same_name_is_refused)
{
	struct pki_spec ca_is = ca_spec(), jane_is = jane_spec();
	struct pki ca, other, jane;
	struct cert_engineer who = {.id = "untouched"};

	pki_make(&ca_is, NULL, &ca);
	pki_make(&ca_is, NULL, &other);
	pki_make(&jane_is, &other, &jane);
	cr_assert_eq(cert_check_engineer(jane.der, jane.der_len, ca.pem, ca.pem_len, PKI_NOW, &who),
		     AS_E_CERT);
	cr_assert_str_eq(who.id, "untouched");

	/* Sending its own CA along does not help. */
	const struct pki *const both[] = {&jane, &other};
	uint8_t chain[CERT_CHAIN_MAX];
	size_t n = pki_chain(both, 2, chain, sizeof chain);
	cr_assert_eq(cert_check_engineer(chain, n, ca.pem, ca.pem_len, PKI_NOW, &who), AS_E_CERT);

	/* Two pinned CAs, as during a change: both count. */
	char two[2 * PKI_PEM_MAX];
	int len = snprintf(two, sizeof two, "%s%s", ca.pem, other.pem);
	cr_assert_eq(cert_check_engineer(jane.der, jane.der_len, two, (size_t)len, PKI_NOW, &who),
		     0);
	pki_done(&ca);
	pki_done(&other);
	pki_done(&jane);
}

Test(cert, only_engineers_pass)
{
	static const char *const usages[] = {"",
					     "clientAuth",
					     AS_OID_ENGINEER,
					     "clientAuth," AS_OID_CONSOLE,
					     "serverAuth," AS_OID_ENGINEER,
					     "anyExtendedKeyUsage"};
	struct pki_spec jane = jane_spec();

	for (size_t i = 0; i < sizeof usages / sizeof usages[0]; i++) {
		snprintf(jane.extended_usage, sizeof jane.extended_usage, "%s", usages[i]);
		cr_assert_eq(check_jane(&jane), AS_E_CERT_EKU, "'%s'", usages[i]);
	}

	struct pki_spec console = pki_console_spec(ORG, "jane", PKI_NOW);
	struct pki_spec relay = pki_relay_spec(ORG, "127.0.0.1", PKI_NOW);
	cr_assert_eq(check_jane(&console), AS_E_CERT_EKU);
	cr_assert_eq(check_jane(&relay), AS_E_CERT_EKU);
}

Test(cert, the_key_must_be_for_signing)
{
	static const char *const usages[] = {"", "critical,keyAgreement",
					     "critical,keyEncipherment"};
	struct pki_spec jane = jane_spec();

	for (size_t i = 0; i < sizeof usages / sizeof usages[0]; i++) {
		snprintf(jane.usage, sizeof jane.usage, "%s", usages[i]);
		cr_assert_eq(check_jane(&jane), AS_E_CERT_EKU, "'%s'", usages[i]);
	}
	snprintf(jane.usage, sizeof jane.usage, "critical,digitalSignature,keyCertSign");
	snprintf(jane.basic, sizeof jane.basic, "critical,CA:TRUE");
	cr_assert_eq(check_jane(&jane), AS_E_CERT_EKU, "a CA is no engineer");
}

Test(cert, exactly_one_uri_of_the_right_form_names_the_engineer)
{
	static const char *const names[] = {
	    "",
	    "DNS:acme-support-gmbh.assent.invalid",
	    "URI:" URI ",URI:assent://acme-support-gmbh.assent.invalid/engineer/joe",
	    "URI:" URI ",DNS:www.example.org",
	    "URI:" URI ",email:jane@example.org",
	    "URI:assent://other.assent.invalid/engineer/jane",
	    "URI:assent://acme-support-gmbh.assent.invalid/console/jane",
	    "URI:assent://acme-support-gmbh.assent.invalid/engineer/",
	    "URI:assent://acme-support-gmbh.assent.invalid/engineer/a/b",
	    "URI:assent://acme-support-gmbh.assent.invalid/engineer/a%20b",
	    "URI:assent://x@acme-support-gmbh.assent.invalid/engineer/jane",
	    "URI:assent://acme-support-gmbh.assent.invalid:1/engineer/jane",
	    "URI:http://acme-support-gmbh.assent.invalid/engineer/jane",
	    "URI:ASSENT://acme-support-gmbh.assent.invalid/engineer/jane",
	};
	struct pki_spec jane = jane_spec();

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		snprintf(jane.alt_name, sizeof jane.alt_name, "%s", names[i]);
		cr_assert_eq(check_jane(&jane), AS_E_CERT, "'%s'", names[i]);
	}
}

/* What OpenSSL does with the constraint, apart from our own comparison of the whole prefix. */
Test(cert, the_ca_must_be_limited_to_its_own_names)
{
	static const char *const constraints[] = {
	    "",
	    "permitted;URI:acme-support-gmbh.assent.invalid",
	    "critical,permitted;DNS:acme-support-gmbh.assent.invalid",
	    "critical,excluded;URI:evil.example",
	    "critical,permitted;URI:other.assent.invalid",
	    "critical,permitted;URI:assent.invalid",
	};
	struct pki_spec ca = ca_spec(), jane = jane_spec();

	for (size_t i = 0; i < sizeof constraints / sizeof constraints[0]; i++) {
		snprintf(ca.constraints, sizeof ca.constraints, "%s", constraints[i]);
		cr_assert_eq(check(&ca, &jane), AS_E_CERT, "'%s'", constraints[i]);
	}
	snprintf(ca.constraints, sizeof ca.constraints, "critical,permitted;URI:.assent.invalid");
	cr_assert_eq(check(&ca, &jane), 0);
}

Test(cert, the_names_a_customer_reads_come_from_the_ca_and_are_clean)
{
	struct pki_spec ca = ca_spec(), jane = jane_spec();

	snprintf(jane.organisation, sizeof jane.organisation, "Your Bank");
	cr_assert_eq(check(&ca, &jane), AS_E_CERT);
	jane.organisation[0] = '\0';
	cr_assert_eq(check(&ca, &jane), AS_E_CERT);
	jane = jane_spec();
	jane.name[0] = '\0';
	cr_assert_eq(check(&ca, &jane), AS_E_CERT);
	snprintf(jane.name, sizeof jane.name, "Jane\x1b[2J");
	cr_assert_eq(check(&ca, &jane), AS_E_CERT);
	jane = jane_spec();
	ca.organisation[0] = '\0';
	cr_assert_eq(check(&ca, &jane), AS_E_CERT);
}

Test(cert, time_has_a_tolerance_and_says_what_is_wrong)
{
	struct pki_spec ca = ca_spec(), jane = jane_spec();
	struct cert_engineer who;
	const struct {
		int64_t now;
		int want;
	} times[] = {
	    {jane.not_before, 0},
	    {jane.not_before - 15 * MINUTE, 0},
	    {jane.not_before - 15 * MINUTE - 1, AS_E_CLOCK},
	    {0, AS_E_CLOCK},
	    {jane.not_after, 0},
	    {jane.not_after + 15 * MINUTE, 0},
	    {jane.not_after + 15 * MINUTE + 1, AS_E_CERT_EXPIRED},
	    {INT64_C(4102444800), AS_E_CERT_EXPIRED},
	};

	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
		cr_assert_eq(check_at(&ca, &jane, times[i].now, &who), times[i].want, "%zu", i);
	ca.not_after = PKI_NOW - HOUR;
	cr_assert_eq(check(&ca, &jane), AS_E_CERT_EXPIRED, "the CA counts too");
}

Test(cert, a_life_of_more_than_a_day_is_refused)
{
	struct pki_spec jane = jane_spec();

	jane.not_after = jane.not_before + 24 * HOUR + 15 * MINUTE;
	cr_assert_eq(check_jane(&jane), 0);
	jane.not_after += 1;
	cr_assert_eq(check_jane(&jane), AS_E_CERT_EXPIRED);
}

Test(cert, one_intermediate_is_allowed_and_no_more)
{
	struct pki_spec ca_is = ca_spec(), mid_is = pki_intermediate_spec(ORG, PKI_NOW);
	struct pki_spec jane_is = jane_spec();
	struct pki ca, mid, low, jane, deep;
	struct cert_engineer who;
	uint8_t chain[CERT_CHAIN_MAX];

	pki_make(&ca_is, NULL, &ca);
	pki_make(&mid_is, &ca, &mid);
	snprintf(mid_is.name, sizeof mid_is.name, "Low");
	pki_make(&mid_is, &mid, &low);
	pki_make(&jane_is, &mid, &jane);
	pki_make(&jane_is, &low, &deep);

	const struct pki *const good[] = {&jane, &mid, &ca};
	size_t n = pki_chain(good, 2, chain, sizeof chain);
	cr_assert_eq(cert_check_engineer(chain, n, ca.pem, ca.pem_len, PKI_NOW, &who), 0);
	n = pki_chain(good, 3, chain, sizeof chain);
	cr_assert_eq(cert_check_engineer(chain, n, ca.pem, ca.pem_len, PKI_NOW, &who), 0);
	n = pki_chain(good, 1, chain, sizeof chain);
	cr_assert_eq(cert_check_engineer(chain, n, ca.pem, ca.pem_len, PKI_NOW, &who), AS_E_CERT);

	const struct pki *const bad[] = {&deep, &low, &mid, &ca};
	n = pki_chain(bad, 3, chain, sizeof chain);
	cr_assert_eq(cert_check_engineer(chain, n, ca.pem, ca.pem_len, PKI_NOW, &who), AS_E_CERT);
	n = pki_chain(bad, 4, chain, sizeof chain);
	cr_assert_eq(cert_check_engineer(chain, n, ca.pem, ca.pem_len, PKI_NOW, &who), AS_E_CERT);
	pki_done(&ca);
	pki_done(&mid);
	pki_done(&low);
	pki_done(&jane);
	pki_done(&deep);
}

/* An issuing CA may be pinned itself, without the root it hangs under. */
Test(cert, a_pinned_issuing_ca_is_enough)
{
	struct pki_spec root_is = pki_intermediate_spec("Root", PKI_NOW), ca_is = ca_spec();
	struct pki_spec jane_is = jane_spec();
	struct pki root, ca, jane;
	struct cert_engineer who;

	pki_make(&root_is, NULL, &root);
	pki_make(&ca_is, &root, &ca);
	pki_make(&jane_is, &ca, &jane);
	cr_assert_eq(cert_check_engineer(jane.der, jane.der_len, ca.pem, ca.pem_len, PKI_NOW, &who),
		     0);
	pki_done(&root);
	pki_done(&ca);
	pki_done(&jane);
}

Test(cert, a_chain_cut_or_with_something_behind_it_is_refused)
{
	struct pki_spec ca_is = ca_spec(), jane_is = jane_spec();
	struct pki ca, jane;
	struct cert_engineer who;
	uint8_t chain[CERT_CHAIN_MAX + 1] = {0};

	pki_make(&ca_is, NULL, &ca);
	pki_make(&jane_is, &ca, &jane);
	memcpy(chain, jane.der, jane.der_len);
	for (size_t n = 0; n < jane.der_len; n++)
		cr_assert_eq(cert_check_engineer(chain, n, ca.pem, ca.pem_len, PKI_NOW, &who),
			     AS_E_CERT);
	cr_assert_eq(
	    cert_check_engineer(chain, jane.der_len + 1, ca.pem, ca.pem_len, PKI_NOW, &who),
	    AS_E_CERT, "trailing");
	cr_assert_eq(cert_check_engineer(chain, sizeof chain, ca.pem, ca.pem_len, PKI_NOW, &who),
		     AS_E_CERT, "too long");
	cr_assert_eq(cert_check_engineer(jane.der, jane.der_len, "", 0, PKI_NOW, &who), AS_ECONFIG);
	cr_assert_eq(
	    cert_check_engineer(jane.der, jane.der_len, ca.pem, ca.pem_len / 2, PKI_NOW, &who),
	    AS_ECONFIG);
	pki_done(&ca);
	pki_done(&jane);
}

Test(cert, a_chain_is_split_into_its_certificates)
{
	const uint8_t two[] = {0x30, 1, 7, 0x30, 0x81, 2, 8, 9};
	const uint8_t *at = two, *der = NULL;
	size_t n = sizeof two, len = 0;

	cr_assert_eq(cert_split(&at, &n, &der, &len), 0);
	cr_assert(der == two && len == 3 && n == 5);
	cr_assert_eq(cert_split(&at, &n, &der, &len), 0);
	cr_assert(der == two + 3 && len == 5 && n == 0);
	cr_assert_eq(cert_split(&at, &n, &der, &len), AS_ESHORT);
}

Test(cert, a_broken_length_stops_the_split)
{
	static const struct {
		uint8_t bytes[6];
		size_t n;
		int want;
	} bad[] = {
	    {{0x30}, 1, AS_ESHORT},
	    {{0x30, 5, 0}, 3, AS_ESHORT},
	    {{0x30, 0x82, 1}, 3, AS_ESHORT},
	    {{0x31, 0}, 2, AS_EBADMSG},
	    {{0x30, 0x80, 0, 0}, 4, AS_EBADMSG},
	    {{0x30, 0x85, 0, 0, 0, 0}, 6, AS_EBADMSG},
	    {{0x30, 0x82, 0x20, 0}, 4, AS_E_TOO_BIG},
	    {{0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, 6, AS_E_TOO_BIG},
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		const uint8_t *at = bad[i].bytes, *der = NULL;
		size_t n = bad[i].n, len = 0;

		cr_assert_eq(cert_split(&at, &n, &der, &len), bad[i].want, "%zu", i);
		cr_assert(at == bad[i].bytes && n == bad[i].n && der == NULL);
	}
}

Test(cert, a_pem_file_becomes_a_chain_in_its_order)
{
	struct pki_spec ca_is = ca_spec(), jane_is = jane_spec();
	struct pki ca, jane;
	uint8_t want[CERT_CHAIN_MAX], got[CERT_CHAIN_MAX];
	char pem[2 * PKI_PEM_MAX + 16];

	pki_make(&ca_is, NULL, &ca);
	pki_make(&jane_is, &ca, &jane);

	const struct pki *const both[] = {&jane, &ca};
	size_t n = pki_chain(both, 2, want, sizeof want);
	int len = snprintf(pem, sizeof pem, "Jane:\n%s\nCA:\n%s", jane.pem, ca.pem);
	cr_assert_eq(cert_chain_from_pem(pem, (size_t)len, got, sizeof got), (int)n);
	cr_assert_eq(memcmp(want, got, n), 0);
	cr_assert_eq(cert_chain_from_pem(pem, (size_t)len, got, n - 1), AS_EFULL);
	cr_assert_eq(cert_chain_from_pem(pem, (size_t)len - 40, got, sizeof got), AS_ECONFIG);
	cr_assert_eq(cert_chain_from_pem("nothing", 7, got, sizeof got), AS_ECONFIG);
	pki_done(&ca);
	pki_done(&jane);
}

Test(cert, a_ca_file_says_whose_it_is)
{
	struct pki_spec ca_is = ca_spec();
	struct pki ca;
	char name[CERT_TEXT_MAX + 1];

	pki_make(&ca_is, NULL, &ca);
	cr_assert_eq(cert_organisation(ca.pem, ca.pem_len, name), 0);
	cr_assert_str_eq(name, ORG);
	cr_assert_eq(cert_organisation("x", 1, name), AS_ECONFIG);
	pki_done(&ca);
}

Test(cert, every_organisation_has_a_host)
{
	static const struct {
		const char *name, *host;
	} names[] = {
	    {"Acme", "acme.assent.invalid"},
	    {"  Acme,  Support & Co. KG ", "acme-support-co-kg.assent.invalid"},
	    {"M\xc3\xbcller GmbH", "m-ller-gmbh.assent.invalid"},
	    {"4711", "4711.assent.invalid"},
	    {"1234567890123456789012345678901234567890123456789012345678 and more",
	     "1234567890123456789012345678901234567890123456789012345678-a.assent.invalid"},
	};
	char host[CERT_HOST_MAX], other[CERT_HOST_MAX];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		cr_assert_str_eq(cert_org_host(names[i].name, host), names[i].host);
	cert_org_host("\xe6\xa0\xaa\xe5\xbc\x8f", host);
	cert_org_host("\xe4\xbc\x9a\xe7\xa4\xbe", other);
	cr_assert_eq(strncmp(host, "org-", 4), 0);
	cr_assert_str_neq(host, other);
}

Test(cert, an_id_has_only_plain_characters)
{
	char uri[CERT_URI_MAX], id[CERT_TEXT_MAX + 2];

	cr_assert_eq(cert_engineer_uri(ORG, "jane", uri), 0);
	cr_assert_str_eq(uri, URI);
	cr_assert_eq(cert_engineer_uri(ORG, "Jane.Doe+1@acme_x-y.example", uri), 0);
	cr_assert_eq(cert_engineer_uri(ORG, "", uri), AS_EBADMSG);
	cr_assert_eq(cert_engineer_uri(ORG, "a/b", uri), AS_EBADMSG);
	cr_assert_eq(cert_engineer_uri(ORG, "a:b", uri), AS_EBADMSG);
	memset(id, 'a', sizeof id);
	id[CERT_TEXT_MAX + 1] = '\0';
	cr_assert_eq(cert_engineer_uri(ORG, id, uri), AS_EBADMSG);
	id[CERT_TEXT_MAX] = '\0';
	cr_assert_eq(cert_engineer_uri(ORG, id, uri), 0);
}
