/* SPDX-License-Identifier: Apache-2.0
 *
 * One file that is followed as it grows, whatever happens to it: it is rotated away (renamed, or
 * deleted and made again), truncated in place, replaced by a link, or not there yet.
 *
 * Lines come out whole, in order and once. A file that was rotated is left when the new one has
 * its first byte: until then programs write on in the old one. What cannot be known is not guessed:
 * a file that was truncated and has grown beyond its old length between two looks reads on at the
 * old place.
 */
#ifndef AS_AGENT_COLLECT_FOLLOW_H
#define AS_AGENT_COLLECT_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/collect/below.h"

#define FOLLOW_READ_MAX (64u << 10)

/* What a look at the file has found, for a remark; FOLLOW_SAME most of the time. */
enum follow_news {
	FOLLOW_SAME,
	FOLLOW_FOUND,	  /* it is there now */
	FOLLOW_ROTATED,	  /* another file has its name; the old one was read to its end */
	FOLLOW_TRUNCATED, /* it is read from its beginning */
	FOLLOW_GONE,	  /* nothing has its name; we read on in what we have, and wait */
	FOLLOW_REFUSED,	  /* what has its name now is not read: follow_why() */
	FOLLOW_MORE,	  /* read on, and look again */
};

struct follow {
	const struct below *root;
	const char *path; /* below it; the caller's */
	int fd;		  /* -1 while there is none */
	int next;	  /* what has its name now and is still empty; -1 */
	dev_t dev;
	ino_t ino;
	uint64_t at;	/* read so far */
	int err;	/* why the name cannot be opened; 0: it could */
	bool at_end;	/* the last read found nothing more */
	bool last_read; /* it has another name: since we know, all of it was read */

	char buf[FOLLOW_READ_MAX];
	size_t from, len; /* what of buf is not handed out yet */
	bool skipping;	  /* the rest of a line that was longer than buf */
};

/* Opens it, when it is there, at the last `lines` lines. */
void follow_open(struct follow *f, const struct below *root, const char *path, unsigned lines);
void follow_close(struct follow *f);

/* Looks at the name once more. Call it when the folder or the file has changed, and when
 * follow_line() found nothing. After any news fd and next may be others. */
enum follow_news follow_look(struct follow *f);
const char *follow_why(const struct follow *f, char *out, size_t cap);

/* The next whole line, without its end; points into the struct until the next call. False when
 * there is none now; or none yet: at_end tells. A line longer than the buffer is handed out in its
 * first part. */
bool follow_line(struct follow *f, const char **line, size_t *n);

/* What is more than `most` bytes away from the end is passed over, up to the end of a line. How
 * many lines that were; *bytes of them. Call it when follow_line() has nothing handed out. */
uint64_t follow_skip(struct follow *f, uint64_t most, uint64_t *bytes);

#endif
