/* SPDX-License-Identifier: Apache-2.0
 *
 * Collectors have no cryptography and link none: the one of them that has to compare the beginning
 * of a file opens OpenSSL's digest when it needs it. The functions are declared here as its manual
 * has them, so that no header of that library comes with them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "agent/plat/plat.h"
#include "proto/base/err.h"

struct digest {
	void *(*ctx_new)(void);
	void (*ctx_free)(void *ctx);
	const void *(*sha256)(void);
	int (*init)(void *ctx, const void *type, void *engine);
	int (*update)(void *ctx, const void *p, size_t n);
	int (*final)(void *ctx, unsigned char *out, unsigned int *n);
};

static int load(struct digest *out)
{
	static const char *const names[] = {"EVP_MD_CTX_new",	"EVP_MD_CTX_free",
					    "EVP_sha256",	"EVP_DigestInit_ex",
					    "EVP_DigestUpdate", "EVP_DigestFinal_ex"};
	void *lib = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);
	void *at[sizeof names / sizeof names[0]];

	_Static_assert(sizeof at == sizeof *out, "one pointer for each");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		at[i] = lib ? dlsym(lib, names[i]) : NULL;
		if (!at[i])
			return AS_EUNAVAIL;
	}
	memcpy(out, at, sizeof at);
	return 0;
}

static int add(const struct digest *d, void *ctx, int fd, uint64_t n)
{
	static uint8_t chunk[256u << 10];
	uint64_t at = 0;

	while (at < n) {
		size_t want = n - at < sizeof chunk ? (size_t)(n - at) : sizeof chunk;
		ssize_t got = pread(fd, chunk, want, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : AS_ESHORT;
		if (d->update(ctx, chunk, (size_t)got) != 1)
			return AS_E_INTERNAL;
		at += (uint64_t)got;
	}
	return 0;
}

int plat_sha256_file(int fd, uint64_t n, uint8_t out[32])
{
	unsigned int len = 0;
	struct digest d;
	int err = load(&d);
	void *ctx = err == 0 ? d.ctx_new() : NULL;

	if (err < 0)
		return err;
	err = ctx && d.init(ctx, d.sha256(), NULL) == 1 ? add(&d, ctx, fd, n) : AS_E_INTERNAL;
	if (err == 0 && (d.final(ctx, out, &len) != 1 || len != 32))
		err = AS_E_INTERNAL;
	if (ctx)
		d.ctx_free(ctx);
	return err;
}
