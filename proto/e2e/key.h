/* SPDX-License-Identifier: Apache-2.0
 *
 * The two kinds of key that may appear anywhere in the end-to-end layer: P-256 as a named
 * curve, and Ed25519.
 */
#ifndef AS_E2E_KEY_H
#define AS_E2E_KEY_H

#include <stdbool.h>

typedef struct evp_pkey_st EVP_PKEY;

bool key_is_p256(const EVP_PKEY *key);
bool key_is_ours(const EVP_PKEY *key); /* P-256 or Ed25519; NULL is not */

#endif
