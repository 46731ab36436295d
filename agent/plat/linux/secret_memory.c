/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory for secrets: never on a disk, whether by swapping or in a core dump.
 */
#include "agent/plat/plat.h"

#include <errno.h>
#include <sys/mman.h>

#include "proto/base/secret.h"

void *plat_secret_new(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (mlock(p, n) == 0 && madvise(p, n, MADV_DONTDUMP) == 0)
		return p;
	munmap(p, n);
	return NULL;
}

void plat_secret_free(void *p, size_t n)
{
	if (!p)
		return;
	secret_wipe(p, n);
	munmap(p, n);
}
