/* SPDX-License-Identifier: Apache-2.0
 *
 * The order of cert_check_engineer(): OpenSSL builds and checks the path without looking at the
 * time, then come the rules it does not know, and the time last: "expired" is said only of a
 * certificate that would be good otherwise.
 */
#include "proto/e2e/cert.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/e2e/cert_priv.h"
#include "proto/e2e/key.h"
#include "proto/wire/oid.h"

#define AUTH_LEVEL	  2 /* OpenSSL's: 112 bits and more */
#define INTERMEDIATES_MAX (CERT_COUNT_MAX - 2)

/* The path from the engineer to a pinned CA, or NULL with the reason in *err. */
static STACK_OF(X509) * build_path(STACK_OF(X509) * certs, STACK_OF(X509) * cas, int *err)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *path = NULL;
	bool ok = store && ctx;

	*err = AS_E_INTERNAL;
	for (int i = 0; ok && i < sk_X509_num(cas); i++)
		ok = X509_STORE_add_cert(store, sk_X509_value(cas, i)) == 1;
	if (ok && X509_STORE_CTX_init(ctx, store, sk_X509_value(certs, 0), certs) == 1) {
		X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);

		X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN |
						       X509_V_FLAG_X509_STRICT |
						       X509_V_FLAG_NO_CHECK_TIME);
		X509_VERIFY_PARAM_set_depth(param, INTERMEDIATES_MAX);
		X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
		X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_CLIENT);
		if (X509_verify_cert(ctx) == 1)
			path = X509_STORE_CTX_get1_chain(ctx);
		else
			*err = X509_STORE_CTX_get_error(ctx) == X509_V_ERR_INVALID_PURPOSE
				   ? AS_E_CERT_EKU
				   : AS_E_CERT;
	}
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return path;
}

/* Keys of every certificate; signatures of all but the pinned one, which nobody checks. */
static int check_algorithms(STACK_OF(X509) * path)
{
	int last = sk_X509_num(path) - 1;

	if (last < 1 || last >= CERT_COUNT_MAX)
		return AS_E_CERT;
	for (int i = 0; i <= last; i++) {
		const X509 *cert = sk_X509_value(path, i);
		int nid = X509_get_signature_nid(cert);

		if (!key_is_ours(X509_get0_pubkey(cert)))
			return AS_E_CERT;
		if (i < last && nid != NID_ecdsa_with_SHA256 && nid != NID_ED25519)
			return AS_E_CERT;
	}
	return 0;
}

static bool eku_has(const EXTENDED_KEY_USAGE *eku, const ASN1_OBJECT *what)
{
	for (int i = 0; i < sk_ASN1_OBJECT_num(eku); i++)
		if (OBJ_cmp(sk_ASN1_OBJECT_value(eku, i), what) == 0)
			return true;
	return false;
}

static int check_usage(X509 *leaf)
{
	EXTENDED_KEY_USAGE *eku = X509_get_ext_d2i(leaf, NID_ext_key_usage, NULL, NULL);
	ASN1_OBJECT *engineer = OBJ_txt2obj(AS_OID_ENGINEER, 1);
	uint32_t flags = X509_get_extension_flags(leaf);
	bool ok = eku && engineer && eku_has(eku, engineer) &&
		  eku_has(eku, OBJ_nid2obj(NID_client_auth)) && (flags & EXFLAG_KUSAGE) &&
		  !(flags & EXFLAG_CA) && (X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE);

	ASN1_OBJECT_free(engineer);
	EXTENDED_KEY_USAGE_free(eku);
	return ok ? 0 : AS_E_CERT_EKU;
}

/* OpenSSL has compared the names with the constraints; here only that there are any. */
static int check_constraints(const X509 *ca)
{
	int critical = 0;
	NAME_CONSTRAINTS *nc = X509_get_ext_d2i(ca, NID_name_constraints, &critical, NULL);
	bool ok = false;

	for (int i = 0; nc && i < sk_GENERAL_SUBTREE_num(nc->permittedSubtrees); i++)
		if (sk_GENERAL_SUBTREE_value(nc->permittedSubtrees, i)->base->type == GEN_URI)
			ok = true;
	NAME_CONSTRAINTS_free(nc);
	return ok && critical == 1 ? 0 : AS_E_CERT;
}

/* The id out of the one URI; everything before it must be the organisation's. */
static int read_id(const ASN1_IA5STRING *uri, const char *organisation, char *id)
{
	const char *text = (const char *)ASN1_STRING_get0_data(uri);
	size_t n = (size_t)ASN1_STRING_length(uri);
	char prefix[CERT_URI_MAX], host[CERT_HOST_MAX];

	int start = snprintf(prefix, sizeof prefix, "assent://%s/engineer/",
			     cert_org_host(organisation, host));
	if (n <= (size_t)start || n - (size_t)start > CERT_TEXT_MAX ||
	    memcmp(text, prefix, (size_t)start) != 0)
		return AS_E_CERT;
	n -= (size_t)start;
	memcpy(id, text + start, n);
	id[n] = '\0';
	return strspn(id, CERT_ID_CHARS) == n ? 0 : AS_E_CERT;
}

static int check_names(const X509 *leaf, const X509 *ca, struct cert_engineer *e)
{
	char organisation[CERT_TEXT_MAX + 1];

	if (!cert_read_subject(ca, NID_organizationName, e->organisation) ||
	    !cert_read_subject(leaf, NID_organizationName, organisation) ||
	    !cert_read_subject(leaf, NID_commonName, e->name) ||
	    strcmp(organisation, e->organisation) != 0)
		return AS_E_CERT;

	GENERAL_NAMES *san = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	int err = AS_E_CERT;

	if (san && sk_GENERAL_NAME_num(san) == 1) {
		const GENERAL_NAME *gn = sk_GENERAL_NAME_value(san, 0);

		if (gn->type == GEN_URI)
			err = read_id(gn->d.uniformResourceIdentifier, e->organisation, e->id);
	}
	GENERAL_NAMES_free(san);
	return err;
}

/* Seconds since 1970. */
static bool read_time(const ASN1_TIME *t, int64_t *out)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;
	bool ok = epoch && ASN1_TIME_diff(&days, &seconds, epoch, t) == 1;

	ASN1_TIME_free(epoch);
	*out = (int64_t)days * (24 * 3600) + seconds;
	return ok;
}

static int check_times(STACK_OF(X509) * path, int64_t now)
{
	for (int i = 0; i < sk_X509_num(path); i++) {
		const X509 *cert = sk_X509_value(path, i);
		int64_t from, until;

		if (!read_time(X509_get0_notBefore(cert), &from) ||
		    !read_time(X509_get0_notAfter(cert), &until))
			return AS_E_CERT;
		if (i == 0 && until - from > CERT_LIFE_MAX_S + CERT_TOLERANCE_S)
			return AS_E_CERT_EXPIRED;
		if (now < from - CERT_TOLERANCE_S)
			return AS_E_CLOCK;
		if (now > until + CERT_TOLERANCE_S)
			return AS_E_CERT_EXPIRED;
	}
	return 0;
}

static int check_path(STACK_OF(X509) * path, int64_t now, struct cert_engineer *e)
{
	X509 *leaf = sk_X509_value(path, 0);
	const X509 *ca = sk_X509_value(path, sk_X509_num(path) - 1);
	unsigned int len = 0;

	int err = check_algorithms(path);
	if (err == 0)
		err = check_usage(leaf);
	if (err == 0)
		err = check_constraints(ca);
	if (err == 0)
		err = check_names(leaf, ca, e);
	if (err == 0)
		err = check_times(path, now);
	if (err == 0)
		err = cert_spki_sha256(leaf, e->spki_sha256);
	if (err == 0 && X509_digest(leaf, EVP_sha256(), e->cert_sha256, &len) != 1)
		err = AS_E_INTERNAL;
	return err;
}

int cert_check_engineer(const uint8_t *chain, size_t n, const char *ca_pem, size_t ca_len,
			int64_t now, struct cert_engineer *out)
{
	struct cert_engineer e = {0};

	ERR_set_mark();
	STACK_OF(X509) *cas = cert_stack_from_pem(ca_pem, ca_len);
	STACK_OF(X509) *certs = cert_stack_from_der(chain, n);
	STACK_OF(X509) *path = NULL;
	int err = !cas ? AS_ECONFIG : AS_E_CERT;

	if (cas && certs)
		path = build_path(certs, cas, &err);
	if (path)
		err = check_path(path, now, &e);
	if (err == 0)
		*out = e;
	cert_stack_free(path);
	cert_stack_free(certs);
	cert_stack_free(cas);
	ERR_pop_to_mark();
	return err;
}
