/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder of its own for a test, and operations of assent-collect on it, with the records that
 * they sent. Whatever cannot be made stops the test.
 */
#ifndef AS_TESTS_BOX_H
#define AS_TESTS_BOX_H

#include <limits.h>

#include "agent/collect/run.h"
#include "tests/support/capture.h"

#define BOX_SEEN 256
#define BOX_TEXT 600

struct box {
	char path[PATH_MAX - 512]; /* without links */
	char name[PATH_MAX];	   /* what box_name() has made last */
};

void box_open(struct box *b);
void box_done(struct box *b); /* with everything in it */

/* The whole name of something in it; valid until the next call. */
const char *box_name(struct box *b, const char *name);

void box_folder(struct box *b, const char *name);
void box_file(struct box *b, const char *name, const char *text);
void box_bytes(struct box *b, const char *name, const void *p, size_t n);
void box_append(struct box *b, const char *name, const char *text);
void box_link(struct box *b, const char *name, const char *target);

/* As the broker would say it: the box, or something in it, is the root; paths end with NULL. */
void box_args(struct box *b, uint32_t op_id, const char *root, const char *const paths[],
	      struct collect_args *out);

/* The records of a stream that are none of files. */
struct seen {
	struct item it; /* its bytes are in text and target */
	char text[BOX_TEXT], target[BOX_TEXT];
};
struct took {
	struct capture capture;
	struct seen seen[BOX_SEEN]; /* the first of them */
	size_t count;		    /* of all */
	int state;		    /* what run_collector() said */
};

/* Runs it to its end and reads back. */
void box_run(const struct collect_args *args, struct took *out);
void box_run_done(struct took *t);

/* The entry of that name, or NULL. */
const struct item *took_entry(const struct took *t, const char *name);
size_t took_count(const struct took *t, enum item_type type);

/* From here on this process has a kernel without openat2(2), or a filter before it. */
void box_without_openat2(int err);

#endif
