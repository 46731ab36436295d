/* SPDX-License-Identifier: Apache-2.0
 *
 * The sentences of the question, for its two forms: the text (consent.c) and the pieces for a
 * window (consent_page.c). Both say the same, so that one hash stands for what was shown.
 */
#ifndef AS_AGENT_CONSENT_PRIV_H
#define AS_AGENT_CONSENT_PRIV_H

#include "agent/consent.h"

/* Clean, one line, no double blanks, no double quotes: nothing that could leave its place. */
void consent_flatten(const char *in, char *out, size_t cap);

/* A right as it is asked for, with the folder that the customer chose. */
struct scope consent_asked(const struct consent *c, size_t i);

/* What to think of before saying yes, or NULL. */
const char *consent_careful(const struct scope *s);

const char *consent_title(const struct consent *c);
const char *consent_checked(const struct consent *c);
const char *consent_question(const struct consent *c);

/* "If you allow it, until 14:35 (30 minutes):" */
void consent_rights_head(const struct consent *c, char *out, size_t cap);

/* Whole lines; cap is CONSENT_NOTES_MAX. */
void consent_notes(const struct consent *c, char *out, size_t cap);
void consent_warning(const struct consent *c, char *out, size_t cap); /* "" when there is none */

#endif
