/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/transport/outer.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/text.h"
#include "proto/wire/oid.h"

#define URI_SCHEME  "assent://"
#define URI_CONSOLE "/console/"

/* ---- PEM in memory ---- */

static BIO *pem_bio(struct outer_pem pem)
{
	return pem.bytes && pem.len <= INT_MAX ? BIO_new_mem_buf(pem.bytes, (int)pem.len) : NULL;
}

/* No terminal may be asked for a pass phrase: an encrypted key is an unreadable one. */
static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)arg;
	return -1;
}

/* The first certificate is ours, those that follow lead to the CA. */
static bool use_cert(SSL_CTX *ctx, struct outer_pem pem)
{
	BIO *bio = pem_bio(pem);
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
	bool ok = cert && SSL_CTX_use_certificate(ctx, cert) == 1;
	X509 *next;

	X509_free(cert);
	while (ok && (next = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL))) {
		ok = SSL_CTX_add0_chain_cert(ctx, next) == 1;
		if (!ok)
			X509_free(next);
	}
	BIO_free(bio);
	return ok;
}

static bool use_key(SSL_CTX *ctx, struct outer_pem pem)
{
	BIO *bio = pem_bio(pem);
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
	bool ok =
	    key && SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1;

	EVP_PKEY_free(key);
	BIO_free(bio);
	return ok;
}

static bool trust(SSL_CTX *ctx, struct outer_pem pem)
{
	BIO *bio = pem_bio(pem);
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	X509 *ca;
	int count = 0;

	while (bio && (ca = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL))) {
		count += X509_STORE_add_cert(store, ca) == 1;
		X509_free(ca);
	}
	BIO_free(bio);
	X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_X509_STRICT);
	return count > 0;
}

/* ---- what a console's certificate must say ---- */

static bool has_console_usage(X509 *cert)
{
	EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(cert, NID_ext_key_usage, NULL, NULL);
	ASN1_OBJECT *want = OBJ_txt2obj(AS_OID_CONSOLE, 1);
	bool client = false, console = false;

	for (int i = 0; want && i < sk_ASN1_OBJECT_num(usage); i++) {
		const ASN1_OBJECT *o = sk_ASN1_OBJECT_value(usage, i);

		client |= OBJ_obj2nid(o) == NID_client_auth;
		console |= OBJ_cmp(o, want) == 0;
	}
	ASN1_OBJECT_free(want);
	EXTENDED_KEY_USAGE_free(usage);
	return client && console;
}

/* assent://ORG/console/ID, nothing empty, nothing more. */
static bool parse_uri(const char *uri, size_t n, char id[OUTER_ID_MAX + 1])
{
	const size_t scheme = strlen(URI_SCHEME), part = strlen(URI_CONSOLE);

	if (!text_is_clean(uri, n) || n < scheme || memcmp(uri, URI_SCHEME, scheme) != 0)
		return false;

	const char *end = uri + n, *org = uri + scheme;
	const char *slash = memchr(org, '/', (size_t)(end - org));
	if (!slash || slash == org || (size_t)(end - slash) <= part ||
	    memcmp(slash, URI_CONSOLE, part) != 0)
		return false;

	const char *at = slash + part;
	size_t len = (size_t)(end - at);
	if (len > OUTER_ID_MAX || memchr(at, '/', len))
		return false;
	memcpy(id, at, len);
	id[len] = '\0';
	return true;
}

static bool read_console_id(X509 *cert, char id[OUTER_ID_MAX + 1])
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	bool ok = false;
	int uris = 0;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type != GEN_URI)
			continue;
		const ASN1_IA5STRING *uri = name->d.uniformResourceIdentifier;
		ok = ++uris == 1 && parse_uri((const char *)ASN1_STRING_get0_data(uri),
					      (size_t)ASN1_STRING_length(uri), id);
	}
	GENERAL_NAMES_free(names);
	return ok;
}

/* OpenSSL has judged the chain; the certificate at its end must also be one for consoles. */
static int on_verify(int ok, X509_STORE_CTX *store)
{
	if (!ok || X509_STORE_CTX_get_error_depth(store) > 0)
		return ok;

	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls *t = SSL_get_app_data(ssl);
	X509 *cert = X509_STORE_CTX_get_current_cert(store);
	char id[OUTER_ID_MAX + 1];
	int err = !has_console_usage(cert)     ? AS_E_CERT_EKU
		  : !read_console_id(cert, id) ? AS_E_CERT
					       : 0;
	if (err == 0)
		return 1;
	X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	tls_set_error(t, err);
	return 0;
}

/* ---- contexts ---- */

/* Takes ctx: into *out, or to its end. */
static int finish_ctx(SSL_CTX *ctx, int err, SSL_CTX **out)
{
	ERR_clear_error();
	if (err < 0)
		SSL_CTX_free(ctx);
	else
		*out = ctx;
	return err;
}

static int use_identity(SSL_CTX *ctx, struct outer_pem cert, struct outer_pem key)
{
	if (!use_cert(ctx, cert))
		return AS_E_CERT;
	return use_key(ctx, key) ? 0 : AS_E_TLS;
}

int outer_server_ctx(struct outer_pem cert, struct outer_pem key, struct outer_pem console_ca,
		     SSL_CTX **out)
{
	SSL_CTX *ctx = tls_context(true, OUTER_ALPN);
	if (!ctx)
		return -ENOMEM;

	int err = use_identity(ctx, cert, key);
	if (err == 0 && !trust(ctx, console_ca))
		err = AS_ECONFIG;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_verify);
	return finish_ctx(ctx, err, out);
}

int outer_agent_ctx(struct outer_pem relay_ca, SSL_CTX **out)
{
	SSL_CTX *ctx = tls_context(false, OUTER_ALPN);
	if (!ctx)
		return -ENOMEM;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	return finish_ctx(ctx, trust(ctx, relay_ca) ? 0 : AS_ECONFIG, out);
}

int outer_console_ctx(struct outer_pem relay_ca, struct outer_pem cert, struct outer_pem key,
		      SSL_CTX **out)
{
	SSL_CTX *ctx = NULL;
	int err = outer_agent_ctx(relay_ca, &ctx);

	if (err < 0)
		return err;
	return finish_ctx(ctx, use_identity(ctx, cert, key), out);
}

void outer_ctx_free(SSL_CTX *ctx)
{
	SSL_CTX_free(ctx);
}

void outer_peer(struct tls *t, struct outer_peer *out)
{
	struct outer_peer peer = {0};
	X509 *cert = SSL_get0_peer_certificate(tls_ssl(t));
	unsigned char *spki = NULL;
	int n = cert ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &spki) : 0;

	peer.is_console =
	    n > 0 && SSL_get_verify_result(tls_ssl(t)) == X509_V_OK && has_console_usage(cert) &&
	    read_console_id(cert, peer.id) &&
	    EVP_Digest(spki, (size_t)n, peer.spki_sha256, NULL, EVP_sha256(), NULL) == 1;
	OPENSSL_free(spki);
	*out = peer.is_console ? peer : (struct outer_peer){0};
}
