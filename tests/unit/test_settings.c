/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/e2e/settings.h"
#include "tests/support/pki.h"

static const struct settings acme = {
    .relay = "relay.acme.example:443", .organisation = "Acme Support", .phone = "+49 30 1234567"};
static struct pki ca, other;
static char hex[SETTINGS_HEX_MAX];

static void setup(void)
{
	struct pki_spec spec = pki_ca_spec("Acme Support", PKI_NOW);

	pki_make(&spec, NULL, &ca);
	pki_make(&spec, NULL, &other);
	cr_assert_eq(settings_sign(ca.key, &acme, hex), 0);
}

static void teardown(void)
{
	pki_done(&ca);
	pki_done(&other);
}

TestSuite(settings, .init = setup, .fini = teardown);

static int check(const struct settings *s, const char *text)
{
	return settings_check(ca.pem, ca.pem_len, s, text);
}

Test(settings, what_the_authority_signed_is_believed)
{
	cr_assert_eq(check(&acme, hex), 0);
}

Test(settings, each_of_the_three_counts)
{
	struct settings s = acme;

	s.relay = "relay.evil.example:443";
	cr_assert_eq(check(&s, hex), AS_ESIGNATURE);
	s = acme;
	s.organisation = "Acme Support GmbH";
	cr_assert_eq(check(&s, hex), AS_ESIGNATURE);
	s = acme;
	s.phone = "+49 30 7654321";
	cr_assert_eq(check(&s, hex), AS_ESIGNATURE);
}

/* "a\nb=c" in one value must not read like two settings. */
Test(settings, a_line_end_cannot_move_text_from_one_value_to_the_next)
{
	struct settings s = acme;

	s.relay = "relay.acme.example:443\norganisation=Acme Support";
	cr_assert_eq(check(&s, hex), AS_ESIGNATURE);
	cr_assert_eq(settings_sign(ca.key, &s, hex), AS_EBADMSG);
}

Test(settings, another_authority_of_the_same_name_is_another_authority)
{
	cr_assert_eq(settings_check(other.pem, other.pem_len, &acme, hex), AS_ESIGNATURE);
}

Test(settings, any_of_several_authorities_may_have_signed)
{
	char both[2 * PKI_PEM_MAX];
	int n = snprintf(both, sizeof both, "%s%s", other.pem, ca.pem);

	cr_assert_eq(settings_check(both, (size_t)n, &acme, hex), 0);
}

Test(settings, no_changed_cut_or_prolonged_signature_is_accepted)
{
	char text[SETTINGS_HEX_MAX + 8];

	for (size_t i = 0; i < strlen(hex); i++) {
		snprintf(text, sizeof text, "%s", hex);
		text[i] = text[i] == '0' ? '1' : '0';
		cr_assert_eq(check(&acme, text), AS_ESIGNATURE, "%zu", i);
		text[i] = '\0';
		cr_assert_eq(check(&acme, text), AS_ESIGNATURE, "%zu", i);
	}
	snprintf(text, sizeof text, "%s00", hex);
	cr_assert_eq(check(&acme, text), AS_ESIGNATURE);
	cr_assert_eq(check(&acme, "xyz"), AS_ESIGNATURE);
}

Test(settings, a_signature_for_another_purpose_is_worth_nothing)
{
	static const char body[] = "relay=relay.acme.example:443\norganisation=Acme Support\n"
				   "phone=+49 30 1234567\n";
	uint8_t sig[SIGN_MAX];
	size_t n = 0;

	cr_assert_eq(sign_make(ca.key, SIGN_SETTINGS, body, sizeof body - 1, sig, &n), 0);
	for (size_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", sig[i]);
	cr_assert_eq(check(&acme, hex), 0, "this is what is signed");
	cr_assert_eq(sign_make(ca.key, SIGN_REQUEST, body, sizeof body - 1, sig, &n), 0);
	for (size_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", sig[i]);
	cr_assert_eq(check(&acme, hex), AS_ESIGNATURE);
}

Test(settings, without_a_certificate_nothing_is_known)
{
	cr_assert_eq(settings_check("", 0, &acme, hex), AS_ECONFIG);
	cr_assert_eq(settings_check("nonsense", 8, &acme, hex), AS_ECONFIG);
}
