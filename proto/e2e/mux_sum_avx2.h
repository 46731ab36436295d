/* SPDX-License-Identifier: Apache-2.0
 *
 * What mux_sum.c uses where the processor has AVX2. A state is xxhash's, which is the same for
 * every width: one may begin and end it here or there.
 */
#ifndef AS_E2E_MUX_SUM_AVX2_H
#define AS_E2E_MUX_SUM_AVX2_H

#include <stdbool.h>
#include <stddef.h>

bool mux_sum_avx2_works(void);
bool mux_sum_avx2_add(void *state, const void *p, size_t n);

#endif
