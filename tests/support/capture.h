/* SPDX-License-Identifier: Apache-2.0
 *
 * A sink whose output is read back with the real decoder, for the tests of collectors. A stream
 * that the decoder refuses fails the test.
 */
#ifndef AS_TESTS_CAPTURE_H
#define AS_TESTS_CAPTURE_H

#include "agent/collect/sink_priv.h"

#define CAPTURE_FILES 64
#define CAPTURE_FACTS 64
#define CAPTURE_NOTES 32

struct capture_file {
	struct item begin, end; /* FILE and FILE_END */
	char *text;		/* with a NUL at its end; holes are zeros in it */
	size_t n;
	bool sized;
	uint64_t size, offset, holes; /* holes: bytes of them */
};

struct capture {
	int fd; /* a file in memory */
	bool comp;
	struct sink *sink;
	struct capture_file files[CAPTURE_FILES];
	size_t files_count;
	struct item facts[CAPTURE_FACTS];
	size_t facts_count;
	unsigned notes;
	char note[CAPTURE_NOTES][ITEM_WHY_MAX + 1]; /* the first of them */
	/* Every other record, in order. May be NULL; it is ours until the call ends. */
	void (*on_other)(const struct item *it, void *owner);
	void *owner;
	struct item end; /* END; its type is 0 while there is none */
	size_t bytes;	 /* of the stream, after unpacking */
};

void capture_open(struct capture *c, bool comp, uint64_t output_max, uint32_t deadline_ms);

/* Without a sink, for what writes its whole stream to c->fd itself. */
void capture_bare(struct capture *c);

/* Finishes the sink, when it is still there, and reads everything back. */
void capture_read(struct capture *c);
void capture_done(struct capture *c);

/* Whether a remark holds these words. */
bool capture_noted(const struct capture *c, const char *words);

/* NULL when there is none. */
const struct capture_file *capture_file(const struct capture *c, const char *name);
const char *capture_fact(const struct capture *c, const char *key);

#endif
