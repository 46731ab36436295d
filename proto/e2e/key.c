/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/e2e/key.h"

#include <openssl/evp.h>
#include <string.h>

bool key_is_p256(const EVP_PKEY *key)
{
	char group[32];

	return key && EVP_PKEY_is_a(key, "EC") &&
	       EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1 &&
	       strcmp(group, "prime256v1") == 0;
}

bool key_is_ours(const EVP_PKEY *key)
{
	return key && (EVP_PKEY_is_a(key, "ED25519") || key_is_p256(key));
}
