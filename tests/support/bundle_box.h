/* SPDX-License-Identifier: Apache-2.0
 *
 * One bundle of a session in a folder of its own: what a collector sends into it, and what the
 * customer has signed. What the tests of bundles share.
 */
#ifndef AS_TESTS_BUNDLE_BOX_H
#define AS_TESTS_BUNDLE_BOX_H

#include <stddef.h>
#include <stdint.h>

#include "console/bundle.h"

#define BUNDLE_BOX_NAME "assent-web1-20260921T141320Z-07070707" /* of PKI_NOW and session 7 */

extern struct bundle *bundle_box;

/* Into an empty folder, with the bundle in out/deep; output is kept from the terminal. */
void bundle_box_enter(void);
void bundle_box_leave(void);

/* ---- what a collector sends ---- */

int bundle_box_file(struct bundle_item *it, const char *name); /* its beginning */
int bundle_box_data(struct bundle_item *it, const void *p, size_t n);
int bundle_box_end_file(struct bundle_item *it, enum item_state state);
int bundle_box_end(struct bundle_item *it); /* of the stream */
void bundle_box_whole_file(struct bundle_item *it, const char *name, const char *text);
/* One collector with two files, as it should be. */
void bundle_box_collect(void);

/* ---- files ---- */

const char *bundle_box_at(const char *name); /* its path; until the next call */
size_t bundle_box_content(const char *path, char *out, size_t cap);
void bundle_box_put(const char *path, const char *text);

/* ---- the end ---- */

/* Request and grant, twice; session 7 is the bundle's. Each call is another customer. */
void bundle_box_agree(uint8_t session);
/* "assent-console bundle WHAT PATH": its exit code. */
int bundle_box_command(const char *what, const char *path);

#endif
