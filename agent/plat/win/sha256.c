/* SPDX-License-Identifier: Apache-2.0
 *
 * Collectors have no cryptography of ours; the system's own compares the beginnings of files.
 */
#include "agent/plat/plat.h"
#include "agent/plat/win/win.h"

#include <bcrypt.h>

#include "proto/base/err.h"

static int add(BCRYPT_HASH_HANDLE hash, int fd, uint64_t n)
{
	static uint8_t chunk[256u << 10];
	uint64_t at = 0;

	while (at < n) {
		size_t want = n - at < sizeof chunk ? (size_t)(n - at) : sizeof chunk;
		int64_t got = plat_read_file(fd, at, chunk, want);

		if (got <= 0)
			return got < 0 ? (int)got : AS_ESHORT;
		if (BCryptHashData(hash, chunk, (ULONG)got, 0) < 0)
			return AS_E_INTERNAL;
		at += (uint64_t)got;
	}
	return 0;
}

int plat_sha256_file(int fd, uint64_t n, uint8_t out[32])
{
	BCRYPT_ALG_HANDLE kind;
	BCRYPT_HASH_HANDLE hash = NULL;
	int err = AS_EUNAVAIL;

	if (BCryptOpenAlgorithmProvider(&kind, BCRYPT_SHA256_ALGORITHM, NULL, 0) < 0)
		return err;
	if (BCryptCreateHash(kind, &hash, NULL, 0, NULL, 0, 0) >= 0)
		err = add(hash, fd, n);
	if (err == 0 && BCryptFinishHash(hash, out, 32, 0) < 0)
		err = AS_E_INTERNAL;
	if (hash)
		BCryptDestroyHash(hash);
	BCryptCloseAlgorithmProvider(kind, 0);
	return err;
}
