/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is trusted on this computer: whose certificates, and who can read a file.
 */
#include "agent/plat/plat.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

bool plat_is_open_to_all(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_mode & S_IROTH);
}

/* Each family of distributions has its own place. */
static const char *const lists[] = {
    "/etc/ssl/certs/ca-certificates.crt",		 /* Debian, Arch */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Fedora, RHEL */
    "/etc/ssl/ca-bundle.pem",				 /* openSUSE */
    "/etc/ssl/cert.pem",				 /* Alpine */
};

static int read_all(FILE *f, char *out, size_t cap)
{
	size_t n = fread(out, 1, cap, f);

	if (ferror(f))
		return -EIO;
	return n == cap && fgetc(f) != EOF ? -E2BIG : (int)n;
}

int plat_system_trust(char *out, size_t cap)
{
	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		FILE *f = fopen(lists[i], "rbe");
		if (!f)
			continue;

		int n = read_all(f, out, cap);
		fclose(f);
		return n;
	}
	return -ENOENT;
}
