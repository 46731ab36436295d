/* SPDX-License-Identifier: Apache-2.0
 *
 * Promises of cert.h about a chain from a stranger: the split walks it without gap or overlap;
 * a refusal is one of the documented ones and changes nothing; what is accepted has names that
 * may be shown and was not accepted by accident (it is refused a day later).
 */
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/text.h"
#include "proto/e2e/cert.h"
#include "tests/fuzz/fuzz_ca.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(int ok)
{
	if (!ok)
		abort();
}

static void check_split(const uint8_t *data, size_t n)
{
	const uint8_t *at = data, *der = NULL;
	size_t left = n, len = 0;

	while (cert_split(&at, &left, &der, &len) == 0) {
		must(len >= 2 && len <= CERT_CHAIN_MAX);
		must(der + len == at && at + left == data + n);
	}
	must(at + left == data + n);
}

static void check_name(const char *name)
{
	must(name[0] != '\0' && strlen(name) <= CERT_TEXT_MAX && text_is_clean(name, strlen(name)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct cert_engineer who = {.id = "untouched"};

	check_split(data, n);

	int err = cert_check_engineer(data, n, fuzz_ca_pem, sizeof fuzz_ca_pem - 1, FUZZ_NOW, &who);
	if (err < 0) {
		must(err == AS_E_CERT || err == AS_E_CERT_EKU || err == AS_E_CERT_EXPIRED ||
		     err == AS_E_CLOCK);
		must(strcmp(who.id, "untouched") == 0);
		return 0;
	}
	check_name(who.id);
	check_name(who.name);
	must(strcmp(who.organisation, "Acme") == 0);
	must(cert_check_engineer(data, n, fuzz_ca_pem, sizeof fuzz_ca_pem - 1,
				 FUZZ_NOW + CERT_LIFE_MAX_S + 3 * CERT_TOLERANCE_S,
				 &who) == AS_E_CERT_EXPIRED);
	return 0;
}
