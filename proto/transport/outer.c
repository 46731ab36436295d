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

/* ---- who a client is shown ---- */

/* The common name; else the organisation; else what there is. */
static void name_text(X509_NAME *name, char out[TLS_PEER_TEXT + 1])
{
	static const int kinds[] = {NID_commonName, NID_organizationName,
				    NID_organizationalUnitName};
	unsigned char *text = NULL;
	int n = -1;

	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && n < 0; i++) {
		int at = X509_NAME_get_index_by_NID(name, kinds[i], -1);

		if (at >= 0)
			n = ASN1_STRING_to_UTF8(
			    &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	}
	text_line(n > 0 ? (const char *)text : "", n > 0 ? (size_t)n : 0, out, TLS_PEER_TEXT + 1);
	OPENSSL_free(text);
}

/* A server's name today stands in its alternative names; many have nothing else. */
static void alt_name_text(X509 *cert, char out[TLS_PEER_TEXT + 1])
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && !out[0]; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		if (name->type == GEN_DNS)
			text_line(ASN1_STRING_get0_data(name->d.dNSName),
				  (size_t)ASN1_STRING_length(name->d.dNSName), out,
				  TLS_PEER_TEXT + 1);
	}
	GENERAL_NAMES_free(names);
}

static bool is_for_our_name(X509 *cert, X509_VERIFY_PARAM *param)
{
	const char *host = X509_VERIFY_PARAM_get0_host(param, 0);
	char *ip = host ? NULL : X509_VERIFY_PARAM_get1_ip_asc(param);
	bool yes = host ? X509_check_host(cert, host, 0, 0, NULL) == 1
			: ip && X509_check_ip_asc(cert, ip, 0) == 1;

	OPENSSL_free(ip);
	return yes;
}

static void note_cert(struct tls *t, X509 *cert, X509_VERIFY_PARAM *param)
{
	struct tls_peer p = {{0}, {0}, false};

	name_text(X509_get_subject_name(cert), p.subject);
	if (!p.subject[0])
		alt_name_text(cert, p.subject);
	name_text(X509_get_issuer_name(cert), p.issuer);
	p.has_our_name = is_for_our_name(cert, param);
	tls_note_peer(t, &p);
	ERR_clear_error();
}

/* The library keeps no certificate that it has refused: it is noted now or never. */
static int on_relay_verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	X509 *cert = X509_STORE_CTX_get0_cert(store);

	if (!ok && cert)
		note_cert(SSL_get_app_data(ssl), cert, SSL_get0_param(ssl));
	return ok;
}

void outer_note_peer(struct tls *t)
{
	SSL *ssl = tls_ssl(t);
	X509 *cert = SSL_get0_peer_certificate(ssl);

	if (cert)
		note_cert(t, cert, SSL_get0_param(ssl));
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
	tls_context_any_alpn(ctx); /* an inspecting proxy does not know ours */
	return finish_ctx(ctx, err, out);
}

int outer_agent_ctx(struct outer_pem relay_ca, SSL_CTX **out)
{
	SSL_CTX *ctx = tls_context(false, OUTER_ALPN);
	if (!ctx)
		return -ENOMEM;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_relay_verify);
	return finish_ctx(ctx, trust(ctx, relay_ca) ? 0 : AS_ECONFIG, out);
}

int outer_inspected_ctx(struct outer_pem cas, SSL_CTX **out)
{
	SSL_CTX *ctx = tls_context_open(OUTER_ALPN);
	if (!ctx)
		return -ENOMEM;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, on_relay_verify);

	int err = trust(ctx, cas) ? 0 : AS_ECONFIG;
	/* the CAs of inspecting proxies are often no model of form */
	X509_VERIFY_PARAM_clear_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_X509_STRICT);
	X509_VERIFY_PARAM_clear_flags(X509_STORE_get0_param(SSL_CTX_get_cert_store(ctx)),
				      X509_V_FLAG_X509_STRICT);
	return finish_ctx(ctx, err, out);
}

int outer_carrier_ctx(SSL_CTX **out)
{
	SSL_CTX *ctx = tls_context_open("http/1.1");
	if (!ctx)
		return -ENOMEM;
	SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
	return finish_ctx(ctx, 0, out);
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
