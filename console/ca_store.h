/* SPDX-License-Identifier: Apache-2.0
 *
 * The files of the certificate authority. A set of files is made whole or not at all, and
 * nothing that exists is ever overwritten.
 */
#ifndef AS_CONSOLE_CA_STORE_H
#define AS_CONSOLE_CA_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "console/ca_args.h"
#include "proto/e2e/cert.h"
#include "proto/e2e/sign.h"

#define CA_FILES_MAX 8
#define CA_FILE_MAX  16384

struct ca_file {
	const char *name;  /* in the folder */
	const char *bytes; /* not ours */
	size_t len;
	bool secret; /* mode 0600; other files 0644 */
	bool shared; /* fine when it is there already with the same content (ca.crt) */
};

/* Makes the folder when it is missing (0700, or 0755 for files that are all public) and all files
 * in it. AS_EEXISTS, -errno; why says which file and what to do. */
int ca_store(const char *dir, const struct ca_file *files, size_t count, char why[CA_WHY_MAX]);

/* The authority itself, as `ca init` made it. */
struct ca {
	X509 *cert;
	EVP_PKEY *key;
	char organisation[CERT_TEXT_MAX + 1];
	char pem[CA_FILE_MAX]; /* ca.crt */
	size_t pem_len;
};

/* with_key: ca.key is read, too; it must not be readable by others and must fit ca.crt. */
int ca_load(const char *dir, bool with_key, struct ca *out, char why[CA_WHY_MAX]);
void ca_done(struct ca *ca);

#endif
