/* SPDX-License-Identifier: Apache-2.0
 *
 * The customer's record of one session: $STATE/record/ID.jsonl, one flat JSON object a line,
 *
 *   {"seq":3,"time":"2026-11-01T12:00:00Z","event":"granted","rights":"system","prev":"HEX"}
 *
 * "prev" is the SHA-256 of the line before (without its newline; zeros in the first), so a line
 * cannot be changed, taken out or put in unnoticed. The first line, the important ones and the
 * last also end with "sig": the install key's signature over that line as it stands before
 * ',"sig"'. Important lines are on the disk (fsync) before record_add() returns.
 *
 * No record, no session: every failure here is AS_E_AUDIT, and stays.
 */
#ifndef AS_AGENT_RECORD_H
#define AS_AGENT_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "proto/e2e/sign.h"
#include "proto/wire/scope.h"

struct record;

#define RECORD_ID_MAX	  48 /* letters, digits and '-' */
#define RECORD_LINE_MAX	  16384
#define RECORD_FILE_MAX	  (16u << 20) /* the last 64 KiB are kept for important lines */
#define RECORD_VALUE_MAX  6144
#define RECORD_FIELDS_MAX 16
#define RECORD_SHA256	  32
#define RECORD_LABEL	  "assent/1 record" /* of the signatures, as sign_make() */

/* event, name in the file, important (signed and on the disk at once) */
#define RECORD_EVENT_MAP(X)                                                                       \
	X(STARTED, "started", 1)       /* key, version, host, user, tty */                        \
	X(CONNECTED, "connected", 0)   /* way, address, inspected_by ("" = nobody) */             \
	X(CODE, "code", 0)	       /* a code was shown; never the code itself */              \
	X(CALLED, "called", 0)	       /* a console connected: group */                           \
	X(WRONG_CODE, "wrong-code", 0) /* tries_left */                                           \
	X(REQUESTED, "requested", 1)   /* session, engineer, engineer_id, organisation, ticket,   \
					* reason, rights, duration_s, request_sha256 */           \
	X(GRANTED, "granted", 1)       /* rights, until, prompt_sha256, shown_ms, grant_sha256 */ \
	X(DENIED, "denied", 1)	       /* why */                                                  \
	X(OPENED, "opened", 0)	       /* item, name, right, chosen (names, unit) */              \
	X(ITEM, "item", 0)	       /* item, name, bytes, state, device, stopped_by */         \
	X(DEVICE, "device", 0)	       /* item, device, what, list, key: of another computer */   \
	X(REFUSED, "refused", 0)       /* name, why */                                            \
	X(IGNORED, "ignored", 0)       /* state, message */                                       \
	X(SUSPENDED, "suspended", 0)   /* for_s: how long it may take to come back */             \
	X(RESUMED, "resumed", 0)       /* away_ms */                                              \
	X(PEER_HEAD, "peer-head", 0)   /* seq, head of the console's record */                    \
	X(REVOKED, "revoked", 1)       /* by */                                                   \
	X(ENDED, "ended", 1)	       /* why ("" = normal end), items, bytes */

enum record_event {
#define X(name, text, important) RECORD_##name,
	RECORD_EVENT_MAP(X)
#undef X
	    RECORD_EVENTS
};
const char *record_event_name(enum record_event ev);

/* text NULL: the number. Names are ours: [a-z0-9_]; values are cleaned and cut. */
struct record_field {
	const char *name;
	const char *text;
	uint64_t number;
};

/* "system, files:/srv/app": for the field "rights". out has RECORD_VALUE_MAX bytes. Returns out. */
const char *record_rights(const struct scope *scopes, size_t count, char *out);

/* "20261101T120000Z-1a2b3c4d": sorts by time. random: 4 bytes. Returns out. */
const char *record_make_id(int64_t wall_s, const uint8_t random[4], char out[RECORD_ID_MAX + 1]);

/* The key of this installation, STATE/install.key, made on first use. AS_E_AUDIT. */
int record_key(const char *state_dir, EVP_PKEY **out);

/* Makes STATE/record/ID.jsonl (0600, must not exist). key stays the caller's and must outlive
 * the record. The first record_add() must be RECORD_STARTED; "key" is put in by itself. */
int record_open(const char *state_dir, const char *id, EVP_PKEY *key, struct record **out);

int record_add(struct record *r, int64_t wall_s, enum record_event ev,
	       const struct record_field *fields, size_t count);

/* Number of lines so far and the hash of the last: for AUDIT_MARK. */
uint64_t record_head(const struct record *r, uint8_t head[RECORD_SHA256]);

/* Writes nothing: RECORD_ENDED is the caller's to add. NULL is fine. */
void record_close(struct record *r);

#endif
