/* SPDX-License-Identifier: Apache-2.0 */
#include "console/ca_cert.h"

#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "proto/base/err.h"
#include "proto/base/secret.h"
#include "proto/wire/oid.h"

#define DAY	     (24 * 3600)
#define ROOT_LIFE_S  (INT64_C(3652) * DAY) /* ten years */
#define RELAY_LIFE_S (INT64_C(397) * DAY)
#define BACK_LONG_S  DAY /* root and relay: customers' clocks are wrong by much */
#define BACK_SHORT_S 300 /* engineers: the period counts from here */
#define SERIAL_BITS  128
#define EXTENSIONS   8
#define VALUE_MAX    8192 /* one extension in OpenSSL's configuration syntax */

struct extension {
	int nid;
	const char *value;
};

struct spec {
	const char *organisation, *name;
	int64_t from, until;
	struct extension ext[EXTENSIONS]; /* ends with nid 0 */
};

void ca_pair_done(struct ca_pair *p)
{
	secret_wipe(p, sizeof *p);
}

/* Random, so that nobody can foretell what is signed. The top bit is set: always as long. */
static bool set_serial(X509 *cert)
{
	BIGNUM *n = BN_new();
	bool ok = n && BN_rand(n, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
		  BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert)) != NULL;

	BN_free(n);
	return ok;
}

static bool set_field(X509_NAME *name, const char *field, const char *text)
{
	return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, (const unsigned char *)text,
					  -1, -1, 0) == 1;
}

static bool set_times(X509 *cert, const struct spec *s)
{
	return ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)s->from) != NULL &&
	       ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)s->until) != NULL;
}

static bool add_extensions(X509 *cert, X509 *issuer, const struct spec *s)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	for (const struct extension *e = s->ext; e->nid != 0; e++) {
		X509_EXTENSION *x = X509V3_EXT_conf_nid(NULL, &ctx, e->nid, e->value);
		bool ok = x && X509_add_ext(cert, x, -1) == 1;

		X509_EXTENSION_free(x);
		if (!ok)
			return false;
	}
	return true;
}

/* ca NULL: signs itself. NULL when anything failed. */
static X509 *build(const struct spec *s, EVP_PKEY *key, const struct ca *ca)
{
	X509 *cert = X509_new();
	X509_NAME *name = cert ? X509_get_subject_name(cert) : NULL;
	bool ok = cert && X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
		  set_field(name, "O", s->organisation) && set_field(name, "CN", s->name) &&
		  set_times(cert, s) && X509_set_pubkey(cert, key) == 1 &&
		  X509_set_issuer_name(cert, ca ? X509_get_subject_name(ca->cert) : name) == 1 &&
		  add_extensions(cert, ca ? ca->cert : cert, s) &&
		  X509_sign(cert, ca ? ca->key : key, EVP_sha256()) > 0;

	if (ok)
		return cert;
	X509_free(cert);
	return NULL;
}

static int save_cert(X509 *cert, struct ca_pair *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long n = 0;

	if (bio && PEM_write_bio_X509(bio, cert) == 1)
		n = BIO_get_mem_data(bio, &text);

	bool ok = n > 0 && (size_t)n < sizeof out->cert;
	if (ok) {
		memcpy(out->cert, text, (size_t)n);
		out->cert_len = (size_t)n;
	}
	BIO_free(bio);
	return ok ? 0 : AS_E_INTERNAL;
}

static int make(const struct spec *s, const struct ca *ca, struct ca_pair *out)
{
	EVP_PKEY *key = sign_key_new();
	X509 *cert = key ? build(s, key, ca) : NULL;
	int err = cert ? save_cert(cert, out) : AS_E_INTERNAL;

	if (err == 0) {
		int n = sign_key_save(key, out->key);

		err = n < 0 ? n : 0;
		out->key_len = n < 0 ? 0 : (size_t)n;
	}
	if (err < 0)
		ca_pair_done(out);
	X509_free(cert);
	sign_key_free(key);
	ERR_clear_error();
	return err;
}

/* ---- the kinds ---- */

int ca_make_root(const char *organisation, int64_t now, struct ca_pair *out)
{
	char name[CERT_TEXT_MAX + 16], host[CERT_HOST_MAX], constraints[CERT_HOST_MAX + 32];
	struct spec s = {
	    .organisation = organisation,
	    .name = name,
	    .from = now - BACK_LONG_S,
	    .until = now + ROOT_LIFE_S,
	    .ext = {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
		    {NID_key_usage, "critical,keyCertSign,cRLSign"},
		    {NID_name_constraints, constraints},
		    {NID_subject_key_identifier, "hash"}},
	};

	snprintf(name, sizeof name, "%s Assent CA", organisation);
	snprintf(constraints, sizeof constraints, "critical,permitted;URI:%s",
		 cert_org_host(organisation, host));
	return make(&s, NULL, out);
}

/* "DNS:relay.example.com,IP:192.0.2.1". The hosts have passed ca_is_host_name() or
 * ca_is_address(), so none can smuggle in a comma. */
static int list_hosts(const char *const *hosts, size_t count, char out[VALUE_MAX])
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		bool address = ca_is_address(hosts[i]);

		if (!address && !ca_is_host_name(hosts[i]))
			return AS_EBADMSG;

		int n = snprintf(out + len, VALUE_MAX - len, "%s%s:%s", i > 0 ? "," : "",
				 address ? "IP" : "DNS", hosts[i]);
		len += (size_t)n;
		if (len >= VALUE_MAX)
			return AS_EBADMSG;
	}
	return count > 0 ? 0 : AS_EBADMSG;
}

int ca_make_relay(const struct ca *ca, const char *const *hosts, size_t count, int64_t now,
		  struct ca_pair *out)
{
	char names[VALUE_MAX];
	int err = list_hosts(hosts, count, names);

	if (err < 0)
		return err;

	struct spec s = {
	    .organisation = ca->organisation,
	    .name = "Assent relay", /* what counts are the alternative names */
	    .from = now - BACK_LONG_S,
	    .until = now - BACK_LONG_S + RELAY_LIFE_S,
	    .ext = {{NID_basic_constraints, "critical,CA:FALSE"},
		    {NID_key_usage, "critical,digitalSignature"},
		    {NID_ext_key_usage, "serverAuth"},
		    {NID_subject_alt_name, names},
		    {NID_subject_key_identifier, "hash"},
		    {NID_authority_key_identifier, "keyid:always"}},
	};
	return make(&s, ca, out);
}

/* What the two certificates of a person have in common. */
static int make_personal(const struct ca *ca, const char *uri, const char *usage, const char *name,
			 uint32_t valid_s, int64_t now, struct ca_pair *out)
{
	char alt[CERT_URI_MAX + 8];
	struct spec s = {
	    .organisation = ca->organisation,
	    .name = name,
	    .from = now - BACK_SHORT_S,
	    .until = now - BACK_SHORT_S + valid_s,
	    .ext = {{NID_basic_constraints, "critical,CA:FALSE"},
		    {NID_key_usage, "critical,digitalSignature"},
		    {NID_ext_key_usage, usage},
		    {NID_subject_alt_name, alt},
		    {NID_subject_key_identifier, "hash"},
		    {NID_authority_key_identifier, "keyid:always"}},
	};

	snprintf(alt, sizeof alt, "URI:%s", uri);
	return make(&s, ca, out);
}

int ca_make_engineer(const struct ca *ca, const char *id, const char *name, uint32_t valid_s,
		     int64_t now, struct ca_pair *out)
{
	char uri[CERT_URI_MAX];
	int err = cert_engineer_uri(ca->organisation, id, uri);

	return err < 0
		   ? err
		   : make_personal(ca, uri, "clientAuth," AS_OID_ENGINEER, name, valid_s, now, out);
}

int ca_make_console(const struct ca *ca, const char *id, const char *name, uint32_t valid_s,
		    int64_t now, struct ca_pair *out)
{
	char uri[CERT_URI_MAX], host[CERT_HOST_MAX];
	int err = cert_engineer_uri(ca->organisation, id, uri); /* the same rules for the id */

	if (err < 0)
		return err;
	snprintf(uri, sizeof uri, "assent://%s/console/%s", cert_org_host(ca->organisation, host),
		 id);
	return make_personal(ca, uri, "clientAuth," AS_OID_CONSOLE, name, valid_s, now, out);
}
