/* SPDX-License-Identifier: Apache-2.0
 *
 * Throw-away certificates for tests, with a knob for everything that can be wrong. The presets
 * make good ones; a test changes one field of the spec and looks what happens.
 *
 *   struct pki ca, jane;
 *   struct pki_spec s = pki_engineer_spec("Acme", "jane", "Jane Doe", now);
 *   s.not_after = now - 3600;
 *   pki_make(&s, &ca, &jane);
 *
 * Nothing here returns errors: a test that cannot make its certificates is aborted.
 */
#ifndef AS_TESTS_PKI_H
#define AS_TESTS_PKI_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PKI_TEXT_MAX 256
#define PKI_PEM_MAX  4096
#define PKI_DER_MAX  2048
#define PKI_NOW	     INT64_C(1790000000) /* what tests call now, in 2026 */

enum pki_key { PKI_P256, PKI_ED25519, PKI_P384, PKI_RSA };

/* Extensions in OpenSSL's configuration syntax; "" leaves one out. */
struct pki_spec {
	enum pki_key key;
	char organisation[PKI_TEXT_MAX]; /* O; "" for none */
	char name[PKI_TEXT_MAX];	 /* CN; "" for none */
	char basic[PKI_TEXT_MAX];	 /* "critical,CA:TRUE" */
	char usage[PKI_TEXT_MAX];
	char extended_usage[PKI_TEXT_MAX];
	char alt_name[PKI_TEXT_MAX + PKI_TEXT_MAX];
	char constraints[PKI_TEXT_MAX];
	bool sha384; /* sign with SHA-384 instead of SHA-256 */
	int64_t not_before, not_after;
};

struct pki {
	X509 *cert;
	EVP_PKEY *key;
	char pem[PKI_PEM_MAX]; /* the certificate, ends with NUL */
	size_t pem_len;
	char key_pem[PKI_PEM_MAX];
	size_t key_pem_len;
	uint8_t der[PKI_DER_MAX];
	size_t der_len;
};

struct pki_spec pki_ca_spec(const char *organisation, int64_t now);
struct pki_spec pki_intermediate_spec(const char *organisation, int64_t now);
struct pki_spec pki_engineer_spec(const char *organisation, const char *id, const char *name,
				  int64_t now);
struct pki_spec pki_console_spec(const char *organisation, const char *id, int64_t now);
/* host: a name or an address in text form. */
struct pki_spec pki_relay_spec(const char *organisation, const char *host, int64_t now);

/* issuer NULL: self-signed. */
void pki_make(const struct pki_spec *spec, const struct pki *issuer, struct pki *out);
void pki_done(struct pki *p);

/* The certificates' DER one after the other. Returns the length. */
size_t pki_chain(const struct pki *const certs[], size_t n, uint8_t *out, size_t cap);

#endif
