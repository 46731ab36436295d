/* SPDX-License-Identifier: Apache-2.0
 *
 * A run of records that are sealed end to end already and pass a hop as they are, behind the
 * RELAY_SEALED that announces them (PROTOCOL.md section 3). It comes cut anywhere; what goes on is
 * cut between records only, so that each part of it is again a run.
 */
#ifndef AS_TRANSPORT_SEALED_H
#define AS_TRANSPORT_SEALED_H

#include <stddef.h>
#include <stdint.h>

struct sealed {
	size_t left;	 /* bytes of the run that have not come */
	uint8_t *part;	 /* ours: a record whose end had not come; NULL: none */
	size_t part_len; /* 0: it was given out with the last call */
};

/* A run of n bytes begins. The one before must be over. */
void sealed_begin(struct sealed *s, size_t n);

/* Takes from *p, of which at most s->left may be given, and moves *p and *n on. 0 with *len bytes
 * of whole records at *out, until the next call: either where they were, or in a buffer of ours;
 * *len == 0: more is needed. AS_EBADMSG, AS_E_TOO_BIG: something else than encrypted records, or a
 * run that ends within one. -ENOMEM. */
int sealed_feed(struct sealed *s, const uint8_t **p, size_t *n, const uint8_t **out, size_t *len);

/* Frees what is kept, unless it is needed for what comes. */
void sealed_tidy(struct sealed *s);
void sealed_done(struct sealed *s);

#endif
