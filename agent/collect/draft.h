/* SPDX-License-Identifier: Apache-2.0
 *
 * A file that comes into being in the customer's folder. It has no name, or none that anybody looks
 * for, until it is whole; then it gets one that nothing else has. It is never executable, belongs
 * to the customer alone, and a disk that fills up costs only itself.
 */
#ifndef AS_AGENT_COLLECT_DRAFT_H
#define AS_AGENT_COLLECT_DRAFT_H

#include <limits.h>

#include "agent/collect/collect.h"

struct draft {
	int folder, fd;
	char name[NAME_MAX + 1];
	char part[NAME_MAX + 1]; /* its name meanwhile, where files without one are not known */
};

/* The folder of args->real, and the name of args->op.paths[0]. */
int draft_open(const struct collect_args *args, struct draft *out);
void draft_close(struct draft *d);

/* So many bytes, and what the customer's disk keeps in any case. */
bool draft_has_room(const struct draft *d, uint64_t size);

/* fd is for writing then. -EEXIST when the name is taken, which is asked again at the end; -ENOEXEC
 * for a name that alone would make it a program. */
int draft_make(struct draft *d);
/* On the disk, and under its name. -EEXIST. */
int draft_publish(struct draft *d);
void draft_discard(struct draft *d);

#endif
