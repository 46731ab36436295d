/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates: what makes one a support engineer's, and the small conversions around them.
 * The agent asks cert_check_engineer() twice for every session: in the inner TLS handshake and
 * again in the broker for the signed request (PROTOCOL.md section 1). Time is an argument.
 *
 * What a certificate authority must issue, because X509_V_FLAG_X509_STRICT is on:
 *   CA        v3, subject O=<organisation>, CN=<organisation> Assent CA; basicConstraints critical
 *             CA:TRUE; keyUsage critical keyCertSign; subjectKeyIdentifier; nameConstraints
 *             critical, permitted URI: cert_org_host(<organisation>)
 *   engineer  v3, subject O=<organisation>, CN=<name>; keyUsage critical digitalSignature;
 *             extendedKeyUsage clientAuth, AS_OID_ENGINEER (wire/oid.h); subjectAltName one URI
 *             (cert_engineer_uri()); authorityKeyIdentifier and subjectKeyIdentifier;
 *             valid for at most 24 hours
 */
#ifndef AS_E2E_CERT_H
#define AS_E2E_CERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire/messages.h"

typedef struct x509_st X509;
typedef struct evp_pkey_st EVP_PKEY;

#define CERT_CHAIN_MAX	 MSG_CHAIN_MAX /* bytes of a DER chain */
#define CERT_COUNT_MAX	 3	       /* engineer, one intermediate, CA */
#define CERT_LIFE_MAX_S	 (24 * 3600)
#define CERT_TOLERANCE_S (15 * 60) /* customers' clocks are wrong */
#define CERT_TEXT_MAX	 128	   /* id, name, organisation; without the final NUL */
#define CERT_HOST_MAX	 80	   /* cert_org_host(), NUL included */
#define CERT_URI_MAX	 (CERT_HOST_MAX + CERT_TEXT_MAX + 32)
#define CERT_PEM_MAX	 32768 /* a file of certificates */
#define CERT_SHA256_LEN	 32

struct cert_engineer {
	char id[CERT_TEXT_MAX + 1];	      /* from the URI: "jane" */
	char name[CERT_TEXT_MAX + 1];	      /* subject CN, clean text */
	char organisation[CERT_TEXT_MAX + 1]; /* subject O of the pinned CA, clean text */
	uint8_t spki_sha256[CERT_SHA256_LEN]; /* of the engineer's key */
	uint8_t cert_sha256[CERT_SHA256_LEN]; /* of the engineer's whole certificate */
};

/* chain: DER certificates one after the other, the engineer's first; ca_pem: the pinned ones.
 *   AS_E_CERT          not signed by the CA, a wrong key or signature type, a wrong name, ...
 *   AS_E_CERT_EKU      a good certificate, but not one for support engineers
 *   AS_E_CERT_EXPIRED  over by more than CERT_TOLERANCE_S, or made for more than 24 hours
 *   AS_E_CLOCK         not valid yet by more than CERT_TOLERANCE_S
 *   AS_ECONFIG         ca_pem holds no certificate
 * AS_E_REVOKED_CERT is for the deny list and never comes from here. *out untouched on failure. */
int cert_check_engineer(const uint8_t *chain, size_t n, const char *ca_pem, size_t ca_len,
			int64_t now, struct cert_engineer *out);

/* Takes the first certificate off a DER chain: *der points into it. AS_ESHORT, AS_EBADMSG,
 * AS_E_TOO_BIG (longer than CERT_CHAIN_MAX). Nothing moves on failure. */
int cert_split(const uint8_t **chain, size_t *n, const uint8_t **der, size_t *der_len);

/* The certificates of a PEM file as a DER chain in the same order. Bytes written, AS_ECONFIG
 * when there is none or one is broken, AS_EFULL. */
int cert_chain_from_pem(const char *pem, size_t n, uint8_t *out, size_t cap);

/* The organisation a CA file speaks for: subject O of its first certificate. AS_ECONFIG. */
int cert_organisation(const char *ca_pem, size_t n, char out[CERT_TEXT_MAX + 1]);

/* The host part of an organisation's URIs: "Acme Support GmbH" gives
 * "acme-support-gmbh.assent.invalid". A full domain name, as RFC 5280 section 4.2.1.10 wants for
 * URI constraints, and one that can never exist in DNS. Returns out. */
const char *cert_org_host(const char *organisation, char out[CERT_HOST_MAX]);

/* "assent://HOST/engineer/ID". AS_EBADMSG for an id that is not 1..128 of [A-Za-z0-9._@+-]. */
int cert_engineer_uri(const char *organisation, const char *id, char out[CERT_URI_MAX]);

/* The public key of a DER chain's first certificate, which must have been checked before; free
 * with sign_key_free(). AS_E_CERT. */
int cert_key(const uint8_t *chain, size_t n, EVP_PKEY **out);

/* SHA-256 of the DER SubjectPublicKeyInfo. */
int cert_spki_sha256(const X509 *cert, uint8_t out[CERT_SHA256_LEN]);

#endif
