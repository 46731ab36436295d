/* SPDX-License-Identifier: Apache-2.0
 *
 * The one place that every collected text passes on its way out: whole lines of a file, a record
 * at a time (sink.c), and single lines of a live view (live.c). The rules come with their own
 * issue; today nothing is changed, and the count of redactions in the manifest is an honest 0.
 *
 * What a customer sends as a file of his own choice (`get`) does not pass here: it arrives as it
 * is, and its hash says so.
 */
#ifndef AS_AGENT_COLLECT_REDACT_H
#define AS_AGENT_COLLECT_REDACT_H

#include <stddef.h>
#include <stdint.h>

/* Changes the text in place, without changing its length. How many places were changed. */
uint32_t redact_text(uint8_t *text, size_t n);

#endif
