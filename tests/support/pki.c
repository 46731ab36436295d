/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/pki.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/e2e/cert.h"
#include "proto/wire/oid.h"

#define HOUR INT64_C(3600)
#define YEAR (INT64_C(365) * 24 * HOUR)

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "pki: %s\n", what);
	abort();
}

static struct pki_spec spec_of(const char *organisation, const char *name, int64_t from,
			       int64_t until)
{
	struct pki_spec s = {.key = PKI_P256, .not_before = from, .not_after = until};

	snprintf(s.organisation, sizeof s.organisation, "%s", organisation);
	snprintf(s.name, sizeof s.name, "%s", name);
	snprintf(s.basic, sizeof s.basic, "critical,CA:FALSE");
	snprintf(s.usage, sizeof s.usage, "critical,digitalSignature");
	return s;
}

struct pki_spec pki_intermediate_spec(const char *organisation, int64_t now)
{
	struct pki_spec s = spec_of(organisation, "Intermediate", now - YEAR, now + 5 * YEAR);

	snprintf(s.basic, sizeof s.basic, "critical,CA:TRUE");
	snprintf(s.usage, sizeof s.usage, "critical,keyCertSign");
	return s;
}

struct pki_spec pki_ca_spec(const char *organisation, int64_t now)
{
	struct pki_spec s = pki_intermediate_spec(organisation, now);
	char host[CERT_HOST_MAX];

	snprintf(s.name, sizeof s.name, "Assent CA");
	snprintf(s.constraints, sizeof s.constraints, "critical,permitted;URI:%s",
		 cert_org_host(organisation, host));
	return s;
}

struct pki_spec pki_engineer_spec(const char *organisation, const char *id, const char *name,
				  int64_t now)
{
	struct pki_spec s = spec_of(organisation, name, now - HOUR, now + 23 * HOUR);
	char uri[CERT_URI_MAX];

	must(cert_engineer_uri(organisation, id, uri) == 0, "engineer id");
	snprintf(s.extended_usage, sizeof s.extended_usage, "clientAuth," AS_OID_ENGINEER);
	snprintf(s.alt_name, sizeof s.alt_name, "URI:%s", uri);
	return s;
}

struct pki_spec pki_console_spec(const char *organisation, const char *id, int64_t now)
{
	struct pki_spec s = spec_of(organisation, id, now - HOUR, now + YEAR);
	char host[CERT_HOST_MAX];

	snprintf(s.extended_usage, sizeof s.extended_usage, "clientAuth," AS_OID_CONSOLE);
	snprintf(s.alt_name, sizeof s.alt_name, "URI:assent://%s/console/%s",
		 cert_org_host(organisation, host), id);
	return s;
}

struct pki_spec pki_relay_spec(const char *organisation, const char *host, int64_t now)
{
	struct pki_spec s = spec_of(organisation, host, now - HOUR, now + YEAR);
	ASN1_OCTET_STRING *ip = a2i_IPADDRESS(host);

	snprintf(s.extended_usage, sizeof s.extended_usage, "serverAuth");
	snprintf(s.alt_name, sizeof s.alt_name, "%s:%s", ip ? "IP" : "DNS", host);
	ASN1_OCTET_STRING_free(ip);
	return s;
}

static EVP_PKEY *key_of(enum pki_key kind)
{
	switch (kind) {
	case PKI_ED25519:
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	case PKI_P384:
		return EVP_EC_gen("P-384");
	case PKI_RSA:
		return EVP_RSA_gen(2048);
	case PKI_P256:
	default:
		return EVP_EC_gen("P-256");
	}
}

static void add_name(X509_NAME *name, const char *field, const char *value)
{
	if (value[0] != '\0')
		must(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
						(const unsigned char *)value, -1, -1, 0) == 1,
		     "name");
}

static void add_extension(X509V3_CTX *ctx, X509 *cert, int nid, const char *value)
{
	if (value[0] == '\0')
		return;

	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, ctx, nid, value);

	must(e && X509_add_ext(cert, e, -1) == 1, value);
	X509_EXTENSION_free(e);
}

static void add_extensions(const struct pki_spec *s, X509 *cert, X509 *issuer)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&ctx);
	add_extension(&ctx, cert, NID_basic_constraints, s->basic);
	add_extension(&ctx, cert, NID_key_usage, s->usage);
	add_extension(&ctx, cert, NID_ext_key_usage, s->extended_usage);
	add_extension(&ctx, cert, NID_subject_alt_name, s->alt_name);
	add_extension(&ctx, cert, NID_name_constraints, s->constraints);
	add_extension(&ctx, cert, NID_subject_key_identifier, "hash");
	add_extension(&ctx, cert, NID_authority_key_identifier, "keyid:always");
}

static size_t pem_text(BIO *bio, char out[PKI_PEM_MAX])
{
	char *data = NULL;
	long n = BIO_get_mem_data(bio, &data);

	must(n > 0 && n < PKI_PEM_MAX, "pem");
	memcpy(out, data, (size_t)n);
	out[n] = '\0';
	BIO_free(bio);
	return (size_t)n;
}

static void write_forms(struct pki *p)
{
	BIO *bio = BIO_new(BIO_s_mem());
	unsigned char *der = p->der;
	int n = i2d_X509(p->cert, NULL);

	must(n > 0 && n <= PKI_DER_MAX, "der");
	p->der_len = (size_t)i2d_X509(p->cert, &der);
	must(PEM_write_bio_X509(bio, p->cert) == 1, "pem");
	p->pem_len = pem_text(bio, p->pem);
	bio = BIO_new(BIO_s_mem());
	must(PEM_write_bio_PKCS8PrivateKey(bio, p->key, NULL, NULL, 0, NULL, NULL) == 1, "key pem");
	p->key_pem_len = pem_text(bio, p->key_pem);
}

void pki_make(const struct pki_spec *spec, const struct pki *issuer, struct pki *out)
{
	static long serial = 1000;
	struct pki p = {.cert = X509_new(), .key = key_of(spec->key)};
	X509 *parent = issuer ? issuer->cert : p.cert;
	EVP_PKEY *signer = issuer ? issuer->key : p.key;
	const EVP_MD *md = spec->sha384 ? EVP_sha384() : EVP_sha256();

	must(p.cert && p.key, "key");
	X509_set_version(p.cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(p.cert), serial++);
	ASN1_TIME_set(X509_getm_notBefore(p.cert), (time_t)spec->not_before);
	ASN1_TIME_set(X509_getm_notAfter(p.cert), (time_t)spec->not_after);
	add_name(X509_get_subject_name(p.cert), "O", spec->organisation);
	add_name(X509_get_subject_name(p.cert), "CN", spec->name);
	X509_set_issuer_name(p.cert, X509_get_subject_name(parent));
	X509_set_pubkey(p.cert, p.key);
	add_extensions(spec, p.cert, parent);
	must(X509_sign(p.cert, signer, EVP_PKEY_is_a(signer, "ED25519") ? NULL : md) > 0, "sign");
	write_forms(&p);
	*out = p;
}

void pki_done(struct pki *p)
{
	X509_free(p->cert);
	EVP_PKEY_free(p->key);
	*p = (struct pki){0};
}

size_t pki_chain(const struct pki *const certs[], size_t n, uint8_t *out, size_t cap)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		must(certs[i]->der_len <= cap - used, "chain");
		memcpy(out + used, certs[i]->der, certs[i]->der_len);
		used += certs[i]->der_len;
	}
	return used;
}
