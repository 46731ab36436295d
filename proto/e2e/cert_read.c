/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates in and out: DER chains, PEM files, names, hosts. No judgement here.
 */
#include "proto/e2e/cert.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/hex.h"
#include "proto/base/text.h"
#include "proto/e2e/cert_priv.h"

#define DER_SEQUENCE  0x30
#define ORG_LABEL_MAX 60 /* a DNS label has at most 63 */
#define ORG_SUFFIX    ".assent.invalid"
#define ORG_HASH_LEN  8
#define LOWER_ALNUM   CERT_LOWER CERT_DIGITS

/* ---- reading ---- */

/* The whole length of the DER sequence at p, or an error. */
static int der_size(const uint8_t *p, size_t n)
{
	size_t len, header = 2;

	if (n < header)
		return AS_ESHORT;
	if (p[0] != DER_SEQUENCE)
		return AS_EBADMSG;
	len = p[1];
	if (len & 0x80) {
		size_t bytes = len & 0x7f;

		if (bytes == 0 || bytes > 4)
			return AS_EBADMSG;
		header += bytes;
		if (n < header)
			return AS_ESHORT;
		len = 0;
		for (size_t i = 0; i < bytes; i++)
			len = len << 8 | p[2 + i];
	}
	return len > CERT_CHAIN_MAX - header ? AS_E_TOO_BIG : (int)(header + len);
}

int cert_split(const uint8_t **chain, size_t *n, const uint8_t **der, size_t *der_len)
{
	int size = der_size(*chain, *n);

	if (size < 0)
		return size;
	if ((size_t)size > *n)
		return AS_ESHORT;
	*der = *chain;
	*der_len = (size_t)size;
	*chain += size;
	*n -= (size_t)size;
	return 0;
}

static X509 *take_cert(const uint8_t **chain, size_t *n)
{
	const uint8_t *der;
	size_t len;

	if (cert_split(chain, n, &der, &len) < 0)
		return NULL;

	const unsigned char *p = der;
	X509 *cert = d2i_X509(NULL, &p, (long)len);

	if (cert && p == der + len)
		return cert;
	X509_free(cert);
	return NULL;
}

void cert_stack_free(STACK_OF(X509) * certs)
{
	sk_X509_pop_free(certs, X509_free);
}

/* Takes cert. */
static bool push_cert(STACK_OF(X509) * certs, X509 *cert)
{
	if (cert && certs && sk_X509_push(certs, cert) > 0)
		return true;
	X509_free(cert);
	return false;
}

STACK_OF(X509) * cert_stack_from_der(const uint8_t *chain, size_t n)
{
	STACK_OF(X509) *certs = sk_X509_new_null();
	bool ok = certs && n > 0 && n <= CERT_CHAIN_MAX;

	while (ok && n > 0)
		ok = sk_X509_num(certs) < CERT_COUNT_MAX && push_cert(certs, take_cert(&chain, &n));
	if (ok)
		return certs;
	cert_stack_free(certs);
	return NULL;
}

STACK_OF(X509) * cert_stack_from_pem(const char *pem, size_t n)
{
	BIO *bio = n <= CERT_PEM_MAX ? BIO_new_mem_buf(pem, (int)n) : NULL;
	STACK_OF(X509) *certs = sk_X509_new_null();
	bool ok = bio && certs;
	X509 *cert;

	ERR_set_mark();
	while (ok && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		ok = push_cert(certs, cert);
	/* The end looks like a failure to find the next one; anything else is a broken file. */
	ok = ok && sk_X509_num(certs) > 0 &&
	     ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	ERR_pop_to_mark();
	BIO_free(bio);
	if (ok)
		return certs;
	cert_stack_free(certs);
	return NULL;
}

bool cert_read_subject(const X509 *cert, int nid, char out[CERT_TEXT_MAX + 1])
{
	const X509_NAME *name = X509_get_subject_name(cert);
	int at = X509_NAME_get_index_by_NID(name, nid, -1);

	if (at < 0 || X509_NAME_get_index_by_NID(name, nid, at) >= 0)
		return false;

	unsigned char *utf8 = NULL;
	int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	bool ok = n > 0 && n <= CERT_TEXT_MAX && text_is_clean(utf8, (size_t)n);

	if (ok) {
		memcpy(out, utf8, (size_t)n);
		out[n] = '\0';
	}
	OPENSSL_free(utf8);
	return ok;
}

/* ---- conversions ---- */

int cert_chain_from_pem(const char *pem, size_t n, uint8_t *out, size_t cap)
{
	STACK_OF(X509) *certs = cert_stack_from_pem(pem, n);
	size_t used = 0;
	int err = certs ? 0 : AS_ECONFIG;

	for (int i = 0; err == 0 && i < sk_X509_num(certs); i++) {
		const X509 *cert = sk_X509_value(certs, i);
		int len = i2d_X509(cert, NULL);
		unsigned char *p = out + used;

		if (len <= 0)
			err = AS_ECONFIG;
		else if ((size_t)len > cap - used)
			err = AS_EFULL;
		else
			used += (size_t)i2d_X509(cert, &p);
	}
	cert_stack_free(certs);
	return err < 0 ? err : (int)used;
}

int cert_organisation(const char *ca_pem, size_t n, char out[CERT_TEXT_MAX + 1])
{
	STACK_OF(X509) *certs = cert_stack_from_pem(ca_pem, n);
	bool ok = certs && cert_read_subject(sk_X509_value(certs, 0), NID_organizationName, out);

	cert_stack_free(certs);
	return ok ? 0 : AS_ECONFIG;
}

int cert_key(const uint8_t *chain, size_t n, EVP_PKEY **out)
{
	X509 *cert = take_cert(&chain, &n);
	EVP_PKEY *key = cert ? X509_get_pubkey(cert) : NULL;

	X509_free(cert);
	if (!key)
		return AS_E_CERT;
	*out = key;
	return 0;
}

int cert_spki_sha256(const X509 *cert, uint8_t out[CERT_SHA256_LEN])
{
	unsigned char *der = NULL;
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);

	if (n <= 0)
		return AS_E_INTERNAL;
	SHA256(der, (size_t)n, out);
	OPENSSL_free(der);
	return 0;
}

/* A name without one ASCII letter or digit still needs a host of its own. */
static void label_from_hash(const char *organisation, char *label)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];

	SHA256((const uint8_t *)organisation, strlen(organisation), hash);
	memcpy(label, "org-", 4);
	hex_encode(hash, ORG_HASH_LEN, label + 4);
}

const char *cert_org_host(const char *organisation, char out[CERT_HOST_MAX])
{
	char label[ORG_LABEL_MAX + 1];
	size_t n = 0;
	bool gap = false;

	for (const char *p = organisation; *p && n + 1 < ORG_LABEL_MAX; p++) {
		char c = strchr(CERT_UPPER, *p) ? (char)(*p - 'A' + 'a') : *p;

		if (!strchr(LOWER_ALNUM, c)) {
			gap = n > 0;
			continue;
		}
		if (gap)
			label[n++] = '-';
		gap = false;
		label[n++] = c;
	}
	label[n] = '\0';
	if (n == 0)
		label_from_hash(organisation, label);
	snprintf(out, CERT_HOST_MAX, "%s%s", label, ORG_SUFFIX);
	return out;
}

int cert_engineer_uri(const char *organisation, const char *id, char out[CERT_URI_MAX])
{
	char host[CERT_HOST_MAX];
	size_t n = strlen(id);

	if (n == 0 || n > CERT_TEXT_MAX || strspn(id, CERT_ID_CHARS) != n)
		return AS_EBADMSG;
	snprintf(out, CERT_URI_MAX, "assent://%s/engineer/%s", cert_org_host(organisation, host),
		 id);
	return 0;
}
