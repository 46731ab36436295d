/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/e2e/request.h"

#include <openssl/sha.h>
#include <stdbool.h>
#include <string.h>

#include "proto/base/err.h"

int request_sign(const as_RequestBody *body, EVP_PKEY *key, const uint8_t *chain, size_t chain_len,
		 uint8_t *out, size_t cap)
{
	as_SignedRequest m = as_SignedRequest_init_zero;
	size_t sig_len = 0;

	if (chain_len > sizeof m.cert_chain.bytes)
		return AS_E_TOO_BIG;

	int n = msg_encode(MSG_REQUEST_BODY, body, m.body.bytes, sizeof m.body.bytes);
	if (n < 0)
		return n;
	m.body.size = (pb_size_t)n;
	memcpy(m.cert_chain.bytes, chain, chain_len);
	m.cert_chain.size = (pb_size_t)chain_len;

	int err = sign_make(key, SIGN_REQUEST, m.body.bytes, m.body.size, m.sig.bytes, &sig_len);
	if (err < 0)
		return err;
	m.sig.size = (pb_size_t)sig_len;
	return msg_encode(MSG_SIGNED_REQUEST, &m, out, cap);
}

/* The signature by the first certificate of the chain, which is an engineer's by now. */
static int check_signature(const as_SignedRequest *m)
{
	EVP_PKEY *key = NULL;
	int err = cert_key(m->cert_chain.bytes, m->cert_chain.size, &key);

	if (err < 0)
		return err;
	err = sign_check(key, SIGN_REQUEST, m->body.bytes, m->body.size, m->sig.bytes, m->sig.size);
	sign_key_free(key);
	return err < 0 ? AS_E_REQ_INVALID : 0;
}

static bool is_of_this_connection(const struct request *r, const struct request_expect *x)
{
	const as_RequestBody *b = &r->body;

	return memcmp(b->binding, x->binding, sizeof x->binding) == 0 &&
	       memcmp(b->broker_nonce, x->broker_nonce, sizeof x->broker_nonce) == 0 &&
	       memcmp(b->hello_hash, x->hello_hash, sizeof x->hello_hash) == 0 &&
	       memcmp(b->agent_spki_sha256, x->agent_spki_sha256, sizeof x->agent_spki_sha256) ==
		   0 &&
	       memcmp(r->engineer.spki_sha256, x->peer_spki_sha256, sizeof x->peer_spki_sha256) ==
		   0;
}

/* What the customer will read must be what the certificate says. */
static bool names_the_engineer(const struct request *r)
{
	return strcmp(r->body.engineer_id, r->engineer.id) == 0 &&
	       strcmp(r->body.engineer_name, r->engineer.name) == 0 &&
	       strcmp(r->body.organisation, r->engineer.organisation) == 0;
}

static bool is_recent(uint64_t requested_at, int64_t now)
{
	uint64_t here = now > 0 ? (uint64_t)now : 0;
	uint64_t apart = here > requested_at ? here - requested_at : requested_at - here;

	return apart <= REQUEST_CLOCK_MAX_S;
}

static int check_body(const struct request *r, const struct request_expect *expect)
{
	if (!is_of_this_connection(r, expect))
		return AS_E_REQ_BINDING;
	if (!names_the_engineer(r))
		return AS_E_REQ_INVALID;
	return is_recent(r->body.requested_at, expect->now) ? 0 : AS_E_CLOCK;
}

int request_verify(const uint8_t *msg, size_t n, const struct request_expect *expect,
		   struct request *out)
{
	as_SignedRequest m;
	struct request r;

	if (msg_decode(MSG_SIGNED_REQUEST, msg, n, &m) < 0)
		return AS_E_REQ_INVALID;

	int err = cert_check_engineer(m.cert_chain.bytes, m.cert_chain.size, expect->ca_pem,
				      expect->ca_len, expect->now, &r.engineer);
	if (err == 0)
		err = check_signature(&m);
	if (err < 0)
		return err;
	if (msg_decode(MSG_REQUEST_BODY, m.body.bytes, m.body.size, &r.body) < 0)
		return AS_E_REQ_INVALID;
	err = check_body(&r, expect);
	if (err < 0)
		return err;
	SHA256(m.body.bytes, m.body.size, r.sha256);
	*out = r;
	return 0;
}

int request_sha256(const uint8_t *msg, size_t n, uint8_t out[32])
{
	as_SignedRequest m;

	if (msg_decode(MSG_SIGNED_REQUEST, msg, n, &m) < 0)
		return AS_EBADMSG;
	SHA256(m.body.bytes, m.body.size, out);
	return 0;
}
