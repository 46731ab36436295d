/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/e2e/grant.h"

#include <openssl/sha.h>
#include <string.h>

#include "proto/base/err.h"

int grant_sign(const as_GrantBody *body, EVP_PKEY *install_key, uint8_t *out, size_t cap)
{
	as_SignedGrant m = as_SignedGrant_init_zero;
	size_t sig_len = 0;

	int n = msg_encode(MSG_GRANT_BODY, body, m.body.bytes, sizeof m.body.bytes);
	if (n < 0)
		return n;
	m.body.size = (pb_size_t)n;
	n = sign_spki(install_key, m.broker_spki.bytes);
	if (n < 0)
		return n;
	m.broker_spki.size = (pb_size_t)n;

	int err =
	    sign_make(install_key, SIGN_GRANT, m.body.bytes, m.body.size, m.sig.bytes, &sig_len);
	if (err < 0)
		return err;
	m.sig.size = (pb_size_t)sig_len;
	return msg_encode(MSG_SIGNED_GRANT, &m, out, cap);
}

int grant_verify(const uint8_t *msg, size_t n, const uint8_t *spki, size_t spki_len,
		 struct grant *out)
{
	as_SignedGrant m;
	struct grant g = {0};

	if (msg_decode(MSG_SIGNED_GRANT, msg, n, &m) < 0)
		return AS_EBADMSG;
	if (spki &&
	    (spki_len != m.broker_spki.size || memcmp(spki, m.broker_spki.bytes, spki_len) != 0))
		return AS_ESIGNATURE;

	int err = sign_check_spki(m.broker_spki.bytes, m.broker_spki.size, SIGN_GRANT, m.body.bytes,
				  m.body.size, m.sig.bytes, m.sig.size);
	if (err < 0)
		return err;
	if (msg_decode(MSG_GRANT_BODY, m.body.bytes, m.body.size, &g.body) < 0)
		return AS_EBADMSG;
	memcpy(g.spki, m.broker_spki.bytes, m.broker_spki.size);
	g.spki_len = m.broker_spki.size;
	SHA256(m.body.bytes, m.body.size, g.sha256);
	*out = g;
	return 0;
}
