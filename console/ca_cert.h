/* SPDX-License-Identifier: Apache-2.0
 *
 * Making certificates: one function, and per kind of certificate one that says what is in it.
 * What the other side demands stands in proto/e2e/cert.h and proto/transport/outer.h.
 */
#ifndef AS_CONSOLE_CA_CERT_H
#define AS_CONSOLE_CA_CERT_H

#include <stddef.h>
#include <stdint.h>

#include "console/ca_store.h"

#define CA_PEM_MAX 8192 /* one certificate */

/* A new key and its certificate, as files. */
struct ca_pair {
	char key[SIGN_PEM_MAX], cert[CA_PEM_MAX];
	size_t key_len, cert_len;
};
void ca_pair_done(struct ca_pair *p); /* wipes the key */

/* now: seconds since 1970. All return 0 or AS_E_INTERNAL, AS_EBADMSG for a name that does not fit
 * into a certificate. */

/* The authority: ten years, only leaves below it, and only URIs of this organisation. */
int ca_make_root(const char *organisation, int64_t now, struct ca_pair *out);

/* A relay: 397 days, for these host names and addresses. */
int ca_make_relay(const struct ca *ca, const char *const *hosts, size_t count, int64_t now,
		  struct ca_pair *out);

/* An engineer (inner channel) and the same person's console (connection to the relay): the
 * period is valid_s long in all and starts a little in the past, for clocks that are behind. */
int ca_make_engineer(const struct ca *ca, const char *id, const char *name, uint32_t valid_s,
		     int64_t now, struct ca_pair *out);
int ca_make_console(const struct ca *ca, const char *id, const char *name, uint32_t valid_s,
		    int64_t now, struct ca_pair *out);

#endif
