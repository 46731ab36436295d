/* SPDX-License-Identifier: Apache-2.0
 *
 * The certificates that Windows trusts for servers: its ROOT store, of the computer and the user.
 */
#include "agent/plat/plat.h"
#include "agent/plat/win/win.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <wincrypt.h>

/* One certificate as PEM behind what is there; how many bytes, -E2BIG. */
static int add(const CERT_CONTEXT *c, char *out, size_t cap)
{
	DWORD n = (DWORD)(cap < INT32_MAX ? cap : INT32_MAX);

	if (!CryptBinaryToStringA(c->pbCertEncoded, c->cbCertEncoded,
				  CRYPT_STRING_BASE64HEADER | CRYPT_STRING_NOCR, out, &n))
		return -E2BIG;
	return (int)n;
}

int plat_system_trust(char *out, size_t cap)
{
	HCERTSTORE store = CertOpenSystemStoreW(0, L"ROOT");
	const CERT_CONTEXT *c = NULL;
	size_t len = 0;
	int err = store ? 0 : -ENOENT;

	while (err == 0 && (c = CertEnumCertificatesInStore(store, c)) != NULL) {
		int n = add(c, out + len, cap - len);

		if (n < 0)
			err = n;
		else
			len += (size_t)n;
	}
	if (c)
		CertFreeCertificateContext(c);
	if (store)
		CertCloseStore(store, 0);
	return err < 0 ? err : len == 0 ? -ENOENT : (int)len;
}
