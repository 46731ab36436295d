/* SPDX-License-Identifier: Apache-2.0
 *
 * Signatures over message bodies, and the keys that make them: ECDSA P-256 with SHA-256, or
 * Ed25519. What is signed is label || 0 || SHA-256(body): a signature made for one purpose is
 * worth nothing for another, and the body is the received bytes, never a second serialisation.
 */
#ifndef AS_E2E_SIGN_H
#define AS_E2E_SIGN_H

#include <stddef.h>
#include <stdint.h>

typedef struct evp_pkey_st EVP_PKEY;

#define SIGN_MAX	  72 /* PROTOCOL.md section 4 */
#define SIGN_LABEL_MAX	  64
#define SIGN_SPKI_MAX	  91   /* P-256; Ed25519 has 44 */
#define SIGN_PEM_MAX	  512  /* a private key as we write it */
#define SIGN_PEM_FILE_MAX 8192 /* a key file somebody else may have commented */
#define SIGN_REQUEST	  "assent/1 session-request"
#define SIGN_GRANT	  "assent/1 grant"
#define SIGN_SETTINGS	  "assent/1 agent-settings"

/* *sig_len bytes in sig. AS_E_INTERNAL, AS_ECONFIG for a key of another kind. */
int sign_make(EVP_PKEY *key, const char *label, const void *body, size_t n, uint8_t sig[SIGN_MAX],
	      size_t *sig_len);

/* AS_ESIGNATURE when it does not fit, or for a key of another kind. */
int sign_check(EVP_PKEY *key, const char *label, const void *body, size_t n, const uint8_t *sig,
	       size_t sig_len);
int sign_check_spki(const uint8_t *spki, size_t spki_len, const char *label, const void *body,
		    size_t n, const uint8_t *sig, size_t sig_len);

/* Keys are freed with sign_key_free() (NULL is fine). */
EVP_PKEY *sign_key_new(void); /* P-256; NULL when memory or the generator fails */
void sign_key_free(EVP_PKEY *key);

/* AS_ECONFIG for bytes that are no private key of ours, or one with a passphrase. */
int sign_key_load(const char *pem, size_t n, EVP_PKEY **out);
/* PKCS #8 without passphrase. Bytes written (no NUL) or an error; wipe them after use. */
int sign_key_save(EVP_PKEY *key, char pem[SIGN_PEM_MAX]);

/* DER SubjectPublicKeyInfo: bytes written. */
int sign_spki(EVP_PKEY *key, uint8_t out[SIGN_SPKI_MAX]);
int sign_spki_sha256(EVP_PKEY *key, uint8_t out[32]);

#endif
