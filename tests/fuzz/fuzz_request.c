/* SPDX-License-Identifier: Apache-2.0
 *
 * Promises of request_verify() about bytes from a stranger: a refusal is one of the documented
 * ones and changes nothing; what is accepted is for this connection and in the certificate's
 * names, and the same bytes are refused on every other connection.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/e2e/request.h"
#include "tests/fuzz/fuzz_ca.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Of the engineer in the seeds. */
static const uint8_t peer_spki[32] = {
    0xad, 0x0c, 0x72, 0x6b, 0x36, 0x74, 0x81, 0x07, 0xd3, 0xbf, 0x48, 0xae, 0x34, 0xfa, 0x77, 0x61,
    0xb2, 0x9b, 0x61, 0x01, 0xb1, 0x01, 0xb4, 0x3a, 0x2d, 0x77, 0xcb, 0x46, 0x97, 0xb7, 0xdc, 0xec,
};

static void must(int ok)
{
	if (!ok)
		abort();
}

static struct request_expect expectation(void)
{
	struct request_expect x = {
	    .ca_pem = fuzz_ca_pem,
	    .ca_len = sizeof fuzz_ca_pem - 1,
	    .now = FUZZ_NOW,
	};

	memset(x.binding, 1, sizeof x.binding);
	memset(x.broker_nonce, 2, sizeof x.broker_nonce);
	memset(x.hello_hash, 3, sizeof x.hello_hash);
	memset(x.agent_spki_sha256, 4, sizeof x.agent_spki_sha256);
	memcpy(x.peer_spki_sha256, peer_spki, sizeof peer_spki);
	return x;
}

static int is_documented(int err)
{
	return err == AS_E_CERT || err == AS_E_CERT_EKU || err == AS_E_CERT_EXPIRED ||
	       err == AS_E_CLOCK || err == AS_E_REQ_BINDING || err == AS_E_REQ_INVALID;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct request_expect x = expectation();
	struct request r;
	uint8_t hash[32];

	memset(&r, 0xa5, sizeof r);

	int err = request_verify(data, n, &x, &r);
	if (err < 0) {
		must(is_documented(err));
		must(r.sha256[0] == 0xa5 && r.sha256[31] == 0xa5);
		return 0;
	}
	must(memcmp(r.body.binding, x.binding, sizeof x.binding) == 0);
	must(strcmp(r.body.engineer_name, r.engineer.name) == 0);
	must(strcmp(r.engineer.organisation, "Acme") == 0);
	must(request_sha256(data, n, hash) == 0 && memcmp(hash, r.sha256, sizeof hash) == 0);
	x.broker_nonce[0] ^= 1;
	must(request_verify(data, n, &x, &r) == AS_E_REQ_BINDING);
	return 0;
}
