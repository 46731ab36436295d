/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/e2e/inner.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/e2e/key.h"
#include "proto/e2e/sign.h"

#define BINDING_LABEL "EXPORTER-assent-binding-v1"
#define AGENT_LIFE_S  (24 * 3600) /* before and after now; the console does not look */
#define AGENT_NAME    "assent agent"

/* ---- what both sides share ---- */

/* len counts the record's type byte too, so a full unit on the wire is 512 + 16 (tag) + 5. */
static size_t on_padding(SSL *ssl, int type, size_t len, void *arg)
{
	(void)ssl;
	(void)type;
	(void)arg;
	if (len >= INNER_PAD_BELOW)
		return 0;
	return (INNER_PAD_UNIT - len % INNER_PAD_UNIT) % INNER_PAD_UNIT;
}

static SSL_CTX *inner_context(bool server)
{
	SSL_CTX *ctx = tls_context(server, INNER_ALPN);
	if (ctx)
		SSL_CTX_set_record_padding_callback(ctx, on_padding);
	return ctx;
}

/* The engine behind a verification: proto/tls keeps it as the SSL's app data. */
static void refuse(X509_STORE_CTX *store, int err)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls *t = ssl ? SSL_get_app_data(ssl) : NULL;

	if (t)
		tls_set_error(t, err);
	/* Chooses the alert, so that the other side can tell its user the same. */
	switch (err) {
	case AS_E_CERT_EXPIRED:
		X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_HAS_EXPIRED);
		break;
	case AS_E_CLOCK:
		X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_NOT_YET_VALID);
		break;
	case AS_E_CERT_EKU:
		X509_STORE_CTX_set_error(store, X509_V_ERR_INVALID_PURPOSE);
		break;
	default:
		X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_UNTRUSTED);
	}
}

static int append_der(const X509 *cert, uint8_t *out, size_t cap, size_t *used)
{
	int len = i2d_X509(cert, NULL);
	unsigned char *p = out + *used;

	if (len <= 0)
		return AS_E_INTERNAL;
	if ((size_t)len > cap - *used)
		return AS_E_TOO_BIG;
	*used += (size_t)i2d_X509(cert, &p);
	return 0;
}

/* leaf and the others as one DER chain; OpenSSL repeats the leaf among them on one side only. */
static int chain_der(const X509 *leaf, const STACK_OF(X509) * others, uint8_t *out, size_t cap)
{
	size_t used = 0;
	int err = append_der(leaf, out, cap, &used);

	for (int i = 0; err == 0 && others && i < sk_X509_num(others); i++) {
		const X509 *cert = sk_X509_value(others, i);

		if (i > 0 || X509_cmp(cert, leaf) != 0)
			err = append_der(cert, out, cap, &used);
	}
	return err < 0 ? err : (int)used;
}

/* ---- the agent ---- */

/* In place of OpenSSL's own check; cert_check_engineer() does all of it and more. */
static int on_engineer(X509_STORE_CTX *store, void *arg)
{
	const struct inner_agent *a = arg;
	uint8_t chain[CERT_CHAIN_MAX];
	struct cert_engineer who;

	int n = chain_der(X509_STORE_CTX_get0_cert(store), X509_STORE_CTX_get0_untrusted(store),
			  chain, sizeof chain);
	int err = n < 0
		      ? AS_E_CERT
		      : cert_check_engineer(chain, (size_t)n, a->ca_pem, a->ca_len, a->now(), &who);
	if (err == 0) {
		X509_STORE_CTX_set_error(store, X509_V_OK);
		return 1;
	}
	refuse(store, err);
	return 0;
}

static X509 *self_signed(EVP_PKEY *key, int64_t now)
{
	X509 *cert = X509_new();
	X509_NAME *name = cert ? X509_get_subject_name(cert) : NULL;
	time_t at = (time_t)now;

	if (cert && X509_set_version(cert, X509_VERSION_3) == 1 &&
	    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) == 1 &&
	    X509_time_adj_ex(X509_getm_notBefore(cert), 0, -AGENT_LIFE_S, &at) &&
	    X509_time_adj_ex(X509_getm_notAfter(cert), 0, AGENT_LIFE_S, &at) &&
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)AGENT_NAME,
				       -1, -1, 0) == 1 &&
	    X509_set_issuer_name(cert, name) == 1 && X509_set_pubkey(cert, key) == 1 &&
	    X509_sign(cert, key, EVP_sha256()) > 0)
		return cert;
	X509_free(cert);
	return NULL;
}

static bool use_fresh_key(SSL_CTX *ctx, int64_t now, uint8_t spki_sha256[CERT_SHA256_LEN])
{
	EVP_PKEY *key = sign_key_new();
	X509 *cert = key ? self_signed(key, now) : NULL;
	bool ok = cert && SSL_CTX_use_certificate(ctx, cert) == 1 &&
		  SSL_CTX_use_PrivateKey(ctx, key) == 1 && cert_spki_sha256(cert, spki_sha256) == 0;

	X509_free(cert);
	sign_key_free(key);
	return ok;
}

int inner_agent_init(struct inner_agent *a, const char *ca_pem, size_t ca_len, int64_t (*now)(void))
{
	struct inner_agent made = {.ca_pem = ca_pem, .ca_len = ca_len, .now = now};
	char organisation[CERT_TEXT_MAX + 1];

	int err = cert_organisation(ca_pem, ca_len, organisation);
	if (err < 0)
		return err;
	made.ctx = inner_context(true);
	if (!made.ctx || !use_fresh_key(made.ctx, now(), made.spki_sha256)) {
		SSL_CTX_free(made.ctx);
		return AS_E_INTERNAL;
	}
	SSL_CTX_set_verify(made.ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(made.ctx, on_engineer, a);
	*a = made;
	return 0;
}

void inner_agent_done(struct inner_agent *a)
{
	SSL_CTX_free(a->ctx);
	*a = (struct inner_agent){0};
}

/* ---- the console ---- */

/* One self-signed P-256 certificate and nothing else: who it is, SPAKE2 says. */
static int on_agent(X509_STORE_CTX *store, void *arg)
{
	X509 *cert = X509_STORE_CTX_get0_cert(store);
	EVP_PKEY *key = X509_get0_pubkey(cert);

	(void)arg;
	ERR_set_mark();
	bool ok = sk_X509_num(X509_STORE_CTX_get0_untrusted(store)) == 1 && key_is_p256(key) &&
		  X509_get_signature_nid(cert) == NID_ecdsa_with_SHA256 &&
		  X509_verify(cert, key) == 1;
	ERR_pop_to_mark();
	if (ok) {
		X509_STORE_CTX_set_error(store, X509_V_OK);
		return 1;
	}
	refuse(store, AS_E_CERT);
	return 0;
}

/* The engineer's certificate, then what stands between it and the CA. */
static bool use_chain(SSL_CTX *ctx, const uint8_t *chain, size_t n)
{
	const uint8_t *der;
	size_t len;

	for (bool first = true; n > 0; first = false) {
		if (cert_split(&chain, &n, &der, &len) < 0)
			return false;

		const unsigned char *p = der;
		X509 *cert = d2i_X509(NULL, &p, (long)len);
		bool ok = cert && (first ? SSL_CTX_use_certificate(ctx, cert)
					 : SSL_CTX_add1_chain_cert(ctx, cert)) == 1;

		X509_free(cert);
		if (!ok)
			return false;
	}
	return true;
}

int inner_console_new(const char *cert_pem, size_t cert_len, const char *key_pem, size_t key_len,
		      SSL_CTX **out)
{
	uint8_t chain[CERT_CHAIN_MAX];
	EVP_PKEY *key = NULL;

	int n = cert_chain_from_pem(cert_pem, cert_len, chain, sizeof chain);
	if (n < 0)
		return AS_ECONFIG;

	int err = sign_key_load(key_pem, key_len, &key);
	if (err < 0)
		return err;

	SSL_CTX *ctx = inner_context(false);
	if (!ctx)
		err = AS_E_INTERNAL;
	else if (!use_chain(ctx, chain, (size_t)n) || SSL_CTX_use_PrivateKey(ctx, key) != 1)
		err = AS_ECONFIG;
	sign_key_free(key);
	if (err < 0) {
		SSL_CTX_free(ctx);
		return err;
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, on_agent, NULL);
	*out = ctx;
	return 0;
}

void inner_console_free(SSL_CTX *ctx)
{
	SSL_CTX_free(ctx);
}

/* ---- after the handshake ---- */

int inner_binding(struct tls *t, uint8_t out[INNER_BINDING_LEN])
{
	if (!tls_is_open(t))
		return AS_ESTATE;
	return SSL_export_keying_material(tls_ssl(t), out, INNER_BINDING_LEN, BINDING_LABEL,
					  sizeof BINDING_LABEL - 1, NULL, 0, 0) == 1
		   ? 0
		   : AS_E_INTERNAL;
}

int inner_peer_spki_sha256(struct tls *t, uint8_t out[CERT_SHA256_LEN])
{
	const X509 *cert = tls_is_open(t) ? SSL_get0_peer_certificate(tls_ssl(t)) : NULL;

	return cert ? cert_spki_sha256(cert, out) : AS_ESTATE;
}

int inner_peer_chain(struct tls *t, uint8_t *out, size_t cap)
{
	const X509 *cert = tls_is_open(t) ? SSL_get0_peer_certificate(tls_ssl(t)) : NULL;

	return cert ? chain_der(cert, SSL_get_peer_cert_chain(tls_ssl(t)), out, cap) : AS_ESTATE;
}
