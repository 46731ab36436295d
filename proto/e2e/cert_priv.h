/* SPDX-License-Identifier: Apache-2.0
 *
 * What cert.c (the rules) and cert_read.c (the forms) share.
 */
#ifndef AS_E2E_CERT_PRIV_H
#define AS_E2E_CERT_PRIV_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "proto/e2e/cert.h"

#define CERT_LOWER    "abcdefghijklmnopqrstuvwxyz"
#define CERT_UPPER    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define CERT_DIGITS   "0123456789"
#define CERT_ID_CHARS CERT_LOWER CERT_UPPER CERT_DIGITS "._@+-"

/* 1..CERT_COUNT_MAX certificates and nothing else, or NULL. */
STACK_OF(X509) * cert_stack_from_der(const uint8_t *chain, size_t n);

/* All certificates of a PEM file, at least one, or NULL. */
STACK_OF(X509) * cert_stack_from_pem(const char *pem, size_t n);

void cert_stack_free(STACK_OF(X509) * certs);

/* The one value of a subject's field as clean text; false for none, several or a strange one. */
bool cert_read_subject(const X509 *cert, int nid, char out[CERT_TEXT_MAX + 1]);

#endif
