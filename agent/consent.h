/* SPDX-License-Identifier: Apache-2.0
 *
 * The question the customer is asked, as text. Pure: the same facts and ticks give the same
 * bytes, so that the hash in the grant says exactly what stood on the screen.
 *
 * Every word of it is ours, except what an engineer or a configuration supplied; that is
 * cleaned, kept on one line, cut, and (ticket, reason) put in quotes behind our own label, so
 * that no text can pass for a line of ours.
 */
#ifndef AS_AGENT_CONSENT_H
#define AS_AGENT_CONSENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire/scope.h"

#define CONSENT_COLUMNS	 78
#define CONSENT_TEXT_MAX 24576
#define CONSENT_SHA256	 32
#define CONSENT_REAL_MAX 512
#define CONSENT_ALL(n)	 ((uint32_t)((UINT64_C(1) << (n)) - 1)) /* every line ticked */

/* What would be run on a neighbouring device. */
struct consent_device {
	unsigned commands, config; /* 0: its type is not named, or not installed; with secrets */
	char about[65];
};

/* Plain values, so that the user interface can keep a copy. Texts come as they are; they are
 * cleaned here. */
struct consent {
	char engineer_name[129]; /* from the certificate that was verified */
	char engineer_id[129];
	char organisation[129]; /* from the same certificate */
	char phone[65];		/* from the configuration, never from the request */
	char ticket[65];
	char reason[201];
	char via_gateway[65]; /* "" = none */
	bool in_window; /* asked in a window, not on a terminal: other words say how to answer */
	bool config_trusted;  /* installed by an administrator */
	bool config_signed;   /* phone and relay are the organisation's own word */
	bool escalation;      /* more rights in a running session */
	uint32_t duration_s;  /* of the whole grant; for an escalation what is left of it */
	int64_t ends_at;      /* wall clock, seconds since 1970 */
	int32_t utc_offset_s; /* of the customer's clock, for ends_at */
	uint64_t max_bytes;   /* 0 = not limited by the request */
	struct scope asked[SCOPES_MAX];
	/* Where a folder that is asked for really lies when links lead there; "" = where it says */
	char real[SCOPES_MAX][CONSENT_REAL_MAX + 1];
	struct consent_device devices[SCOPES_MAX]; /* for SCOPE_DEVICE */
	size_t asked_count;
	uint32_t impossible; /* bit i: nothing on this computer serves asked[i] */
	char
	    folder[SCOPE_TARGET_MAX + 1]; /* that the customer named for SCOPE_PUT; "" = none yet */
	struct scope granted[SCOPES_MAX]; /* escalation: what is allowed already */
	size_t granted_count;
};

/* The whole text, lines ended by '\n', without the answer line. ticks: bit i = asked[i].
 * Length without the NUL, or AS_EFULL. */
int consent_text(const struct consent *c, uint32_t ticks, char *out, size_t cap);

/* The same words in pieces, for a window, which has a place for each. */
#define CONSENT_FACTS_MAX 8
#define CONSENT_VALUE_MAX 512
#define CONSENT_NOTES_MAX 1024
struct consent_page {
	const char *title;
	struct {
		const char *label;
		char value[CONSENT_VALUE_MAX]; /* other people's text, clean */
	} facts[CONSENT_FACTS_MAX];
	size_t fact_count;
	char rights_head[128];
	char rights[SCOPES_MAX][SCOPE_TARGET_MAX + CONSENT_REAL_MAX + 320];
	char granted[SCOPES_MAX * (SCOPE_TARGET_MAX + 168)]; /* what is allowed already, or "" */
	char notes[CONSENT_NOTES_MAX], warning[CONSENT_NOTES_MAX];
	const char *question;
};
void consent_page(const struct consent *c, struct consent_page *out);

/* Only the numbered lines, as they stand in the text: after a tick has changed. */
int consent_lines(const struct consent *c, uint32_t ticks, char *out, size_t cap);

/* SHA-256 of exactly what consent_text() makes. */
int consent_sha256(const struct consent *c, uint32_t ticks, uint8_t out[CONSENT_SHA256]);

/* One right as a plain sentence ("Read files below /srv/app"), cleaned. Returns out. */
#define CONSENT_RIGHT_MAX (SCOPE_TARGET_MAX + 160)
const char *consent_right(const struct scope *s, char out[CONSENT_RIGHT_MAX]);

/* Every line but those that cannot be allowed yet. */
uint32_t consent_first_ticks(const struct consent *c);

/* Does line i still need a folder? Can nothing on this computer serve it? One or the other, so that
 * it cannot be ticked? */
bool consent_lacks_folder(const struct consent *c, size_t i);
bool consent_is_impossible(const struct consent *c, size_t i);
bool consent_is_fixed(const struct consent *c, size_t i);
#define CONSENT_TYPES_FOLDER \
	"To allow this, start the program in a console window: there you can type the folder."
#define CONSENT_IMPOSSIBLE "This program cannot do that on this computer, so it stays off."

/* Seconds east of UTC of this computer's clock at that time: for consent.utc_offset_s. */
int32_t consent_utc_offset(int64_t wall_s);

/* "14:35"; out has CONSENT_CLOCK_MAX bytes. Returns out. */
#define CONSENT_CLOCK_MAX 6
const char *consent_clock(int64_t wall_s, int32_t utc_offset_s, char out[CONSENT_CLOCK_MAX]);

#endif
