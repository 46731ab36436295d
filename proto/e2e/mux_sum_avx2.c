/* SPDX-License-Identifier: Apache-2.0
 *
 * The same sum by the wide registers of processors that have them. This file alone is compiled for
 * those (proto/CMakeLists.txt), so that nothing else can need them by accident.
 */
#include "proto/e2e/mux_sum_avx2.h"

#ifdef __AVX2__
#define XXH_INLINE_ALL
#include <xxhash.h>

bool mux_sum_avx2_works(void)
{
	return __builtin_cpu_supports("avx2");
}

bool mux_sum_avx2_add(void *state, const void *p, size_t n)
{
	return XXH3_128bits_update(state, p, n) == XXH_OK;
}
#else
bool mux_sum_avx2_works(void)
{
	return false;
}

bool mux_sum_avx2_add(void *state, const void *p, size_t n)
{
	(void)state;
	(void)p;
	(void)n;
	return false;
}
#endif
