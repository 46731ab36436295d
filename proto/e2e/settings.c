/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/e2e/settings.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/hex.h"
#include "proto/e2e/cert.h"

#define BODY_MAX 2048

/* One way to write it; a line end cannot be part of a value. */
static int make_body(const struct settings *s, char out[BODY_MAX])
{
	const char *const values[] = {s->relay, s->organisation, s->phone};

	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		if (strchr(values[i], '\n'))
			return AS_EBADMSG;

	int n = snprintf(out, BODY_MAX, "relay=%s\norganisation=%s\nphone=%s\n", s->relay,
			 s->organisation, s->phone);
	return n < BODY_MAX ? n : AS_E_TOO_BIG;
}

int settings_sign(EVP_PKEY *ca_key, const struct settings *s, char hex[SETTINGS_HEX_MAX])
{
	char body[BODY_MAX];
	uint8_t sig[SIGN_MAX];
	size_t sig_len = 0;
	int n = make_body(s, body);
	int err = n < 0 ? n : sign_make(ca_key, SIGN_SETTINGS, body, (size_t)n, sig, &sig_len);

	if (err == 0)
		hex_encode(sig, sig_len, hex);
	return err;
}

static int check_one(const uint8_t *der, size_t der_len, const char *body, size_t n,
		     const uint8_t *sig, size_t sig_len)
{
	EVP_PKEY *key = NULL;
	int err = cert_key(der, der_len, &key);

	if (err == 0)
		err = sign_check(key, SIGN_SETTINGS, body, n, sig, sig_len);
	sign_key_free(key);
	return err;
}

int settings_check(const char *ca_pem, size_t n, const struct settings *s, const char *hex)
{
	char body[BODY_MAX];
	uint8_t chain[CERT_CHAIN_MAX], sig[SIGN_MAX];
	const uint8_t *at = chain, *der;
	size_t sig_len = strlen(hex) / 2, der_len;
	int len = cert_chain_from_pem(ca_pem, n, chain, sizeof chain);
	int body_len = make_body(s, body), err = AS_ESIGNATURE;

	if (len < 0)
		return AS_ECONFIG;
	if (body_len < 0 || sig_len == 0 || sig_len > sizeof sig ||
	    hex_decode(hex, sig, sig_len) < 0)
		return AS_ESIGNATURE;
	for (size_t left = (size_t)len; err < 0 && left > 0;) {
		if (cert_split(&at, &left, &der, &der_len) < 0)
			return AS_ECONFIG;
		err = check_one(der, der_len, body, (size_t)body_len, sig, sig_len);
	}
	return err < 0 ? AS_ESIGNATURE : 0;
}
