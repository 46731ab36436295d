/* SPDX-License-Identifier: Apache-2.0
 *
 * The folder that `assent-console ca engineer` made: two keys with their certificates, the
 * organisation's CA and the relay's address. It is read whole before anything is sent, and
 * what the agent would refuse is refused here, in words.
 */
#ifndef AS_CONSOLE_IDENTITY_H
#define AS_CONSOLE_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

#include "proto/e2e/cert.h"
#include "proto/e2e/sign.h"
#include "proto/route/route.h"

#define IDENTITY_WHY_MAX   512
#define IDENTITY_RELAY_MAX 260 /* HOST:PORT */

struct pem_file {
	char *bytes; /* ours; wiped before it is freed */
	size_t len;
};

struct identity {
	struct pem_file ca, engineer_crt, engineer_key, console_crt, console_key;
	char relay[IDENTITY_RELAY_MAX]; /* "" when console.conf names none */
	struct route_config route;	/* console.conf's: how the relay is reached */
	uint8_t chain[CERT_CHAIN_MAX];	/* DER, the engineer's certificate first */
	size_t chain_len;
	struct cert_engineer who;
	EVP_PKEY *key; /* the engineer's */
};

/* AS_ECONFIG: a file is missing, unreadable or open to others. AS_E_CERT*, AS_E_CLOCK: the
 * engineer's certificate would be refused. why: one line. Nothing to undo on failure. */
int identity_load(const char *dir, int64_t now, struct identity *out, char why[IDENTITY_WHY_MAX]);
void identity_done(struct identity *id);

#endif
