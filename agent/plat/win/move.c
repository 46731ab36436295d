/* SPDX-License-Identifier: Apache-2.0
 *
 * Windows copies what goes from one pipe into another, so it is read and written like all else.
 */
#include <errno.h>

#include "agent/plat/plat.h"

void plat_widen_pipe(intptr_t pipe)
{
	(void)pipe; /* its size is fixed when it is made */
}

int64_t plat_pipe_holds(intptr_t pipe)
{
	(void)pipe;
	return -ENOTSUP;
}

int64_t plat_move(intptr_t pipe, intptr_t to, size_t n)
{
	(void)pipe;
	(void)to;
	(void)n;
	return -ENOTSUP;
}

int plat_pipe_read(intptr_t pipe, void *out, size_t n)
{
	(void)pipe;
	(void)out;
	(void)n;
	return -ENOTSUP;
}
