/* SPDX-License-Identifier: Apache-2.0
 *
 * manifest.json in memory: what a bundle holds, where each file came from, how it went and what
 * is missing. The writer of a bundle fills it and writes it; show, pack and verify read one that
 * anybody may have made, so reading checks every type, limit and name.
 *
 * All strings are clean text (text_line()) on both ways.
 */
#ifndef AS_CONSOLE_MANIFEST_H
#define AS_CONSOLE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/wire/item.h"

#define MANIFEST_FORMAT	     "assent-bundle/1"
#define MANIFEST_MAX	     (64u << 20) /* bytes of the JSON text */
#define MANIFEST_ITEMS_MAX   200000u
#define MANIFEST_RUNS_MAX    4096u /* collectors that ran */
#define MANIFEST_FACTS_MAX   4096u
#define MANIFEST_NOTES_MAX   4096u
#define MANIFEST_GRANTS_MAX  16u
#define MANIFEST_SCOPES_MAX  16u
#define MANIFEST_SIGNED_MAX  8192u /* bytes of a SignedGrant */
#define MANIFEST_TEXT_MAX    256   /* host, builds, names of people, ... */
#define MANIFEST_SHA256_LEN  32
#define MANIFEST_SESSION_LEN 32 /* hex digits */

/* One file of the bundle. */
struct manifest_item {
	char *name;	 /* relative path; passes item_name_check() */
	char *collector; /* "os" */
	char *source;	 /* command line or path */
	char *why;	 /* "" when there is nothing to say */
	enum item_source kind;
	enum item_state state;
	uint64_t bytes;
	int64_t start; /* seconds since 1970 */
	uint32_t duration_ms;
	uint32_t redactions;
	bool truncated;
	bool hashed; /* sha256 is set: the file was finished */
	uint8_t sha256[MANIFEST_SHA256_LEN];
};

/* One collector that was asked for. */
struct manifest_run {
	char *collector, *why;
	enum item_state state;
	int64_t start;
	uint32_t duration_ms;
	uint32_t files;
	uint64_t bytes;
	bool open; /* still running when the manifest was written */
};

struct manifest_fact {
	char *key, *value;
};

struct manifest_note {
	char *collector; /* "" for the session itself */
	char *text;
};

/* A grant of the customer's and the request it answers, decoded for people. The bytes that were
 * signed lie beside the manifest, in the files named here. */
struct manifest_grant {
	char *file, *request_file;
	char *engineer, *engineer_id, *organisation, *ticket, *reason;
	char *scopes[MANIFEST_SCOPES_MAX]; /* text form */
	size_t scopes_count;
	char *user, *tty; /* who agreed, and where */
	char *redaction;  /* profile */
	char *signed_hex; /* the SignedGrant message, the bytes of file */
	uint64_t bytes_max;
	int64_t not_before, expires;
	uint8_t sha256[MANIFEST_SHA256_LEN];	     /* of file */
	uint8_t request_sha256[MANIFEST_SHA256_LEN]; /* of request_file */
};

struct manifest {
	char *host, *console_build, *agent_build, *agent_os;
	char session[MANIFEST_SESSION_LEN + 1];
	int64_t started, finished; /* finished: 0 while the session runs */
	bool complete;		   /* the console ended in an orderly way */
	struct manifest_item *items;
	struct manifest_run *runs;
	struct manifest_fact *facts; /* in the order they came */
	struct manifest_note *notes;
	struct manifest_grant *grants;
	size_t items_count, runs_count, facts_count, notes_count, grants_count;
	size_t text_bytes; /* upper bound of what manifest_write() makes */
};

void manifest_init(struct manifest *m);
void manifest_done(struct manifest *m);

/* Each adds one, all zeros but the strings, which are copied and cleaned. The pointer handed out
 * holds until the next one of its kind is added; keep the index. AS_E_QUOTA over a limit (also
 * when the text would pass MANIFEST_MAX), -ENOMEM. */
int manifest_add_item(struct manifest *m, const char *name, const char *collector,
		      const char *source, struct manifest_item **out);
int manifest_add_run(struct manifest *m, const char *collector, struct manifest_run **out);
int manifest_add_grant(struct manifest *m, struct manifest_grant **out); /* no strings yet */
void manifest_drop_grant(struct manifest *m);				 /* the last one */
void manifest_drop_item(struct manifest *m, size_t index); /* those behind it move up */
int manifest_add_note(struct manifest *m, const char *collector, const char *text);

/* A key that is there already gets the new value. */
int manifest_put_fact(struct manifest *m, const char *key, const char *value);

/* NULL when there is none. */
const char *manifest_fact(const struct manifest *m, const char *key);

/* Replaces a string with a cleaned copy of at most MANIFEST_TEXT_MAX bytes. "" when the manifest's
 * text is full. */
int manifest_text(struct manifest *m, char **at, const char *text);

/* JSON, one line per item so that grep finds it. 0 or -errno. */
int manifest_write(const struct manifest *m, FILE *out);

/* Text of at most MANIFEST_MAX bytes. AS_EBADMSG (why says where), AS_E_TOO_BIG, -ENOMEM. *out is
 * untouched on failure. */
#define MANIFEST_WHY_MAX 160
int manifest_read(const char *text, size_t n, struct manifest *out, char why[MANIFEST_WHY_MAX]);

#endif
