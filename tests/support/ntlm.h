/* SPDX-License-Identifier: Apache-2.0
 *
 * A proxy's side of NTLM (MS-NLMP), for tests: a challenge, and whether the answer proves the
 * password. Only NTLMv2 is taken.
 */
#ifndef AS_TESTS_NTLM_H
#define AS_TESTS_NTLM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NTLM_CHALLENGE	       8
#define NTLM_HASH	       16 /* MD4 of the password in UTF-16 */
#define NTLM_TEXT_MAX	       1024
#define NTLM_IS_GREETING(text) (strncmp(text, "TlRMTVNTUAABAAAA", 16) == 0)

/* The message that follows the client's first one, in base64. */
void ntlm_challenge(const uint8_t challenge[NTLM_CHALLENGE], char out[NTLM_TEXT_MAX]);

/* Does the client's last message, in base64, prove that it is this user with this password? */
bool ntlm_proves(const char *text, const uint8_t challenge[NTLM_CHALLENGE], const char *user,
		 const uint8_t hash[NTLM_HASH]);

#endif
