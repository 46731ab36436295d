/* SPDX-License-Identifier: Apache-2.0
 *
 * tail of the right "logs": the same below a folder that below.c knows.
 */
#include "agent/collect/collect.h"

int collect_tail(struct sink *out, const struct collect_args *args)
{
	return collect_tail_files(out, args);
}
