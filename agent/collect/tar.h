/* SPDX-License-Identifier: Apache-2.0
 *
 * Headers of a tar archive as POSIX.1-2001 describes it (pax): what does not fit the old header
 * (long names, other bytes than ASCII, large files, precise times) stands in an extended one before
 * it. Pure: bytes into the caller's buffer.
 */
#ifndef AS_AGENT_COLLECT_TAR_H
#define AS_AGENT_COLLECT_TAR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#define TAR_BLOCK 512
/* The extended header with its data, and the header itself, for the longest names. */
#define TAR_HEADER_MAX (TAR_BLOCK + 20 * TAR_BLOCK + TAR_BLOCK)

struct tar_entry {
	const char *name;	   /* any bytes, at most 4095; no '/' in front */
	const char *target;	   /* of a link; "" for others */
	const struct stat *st;	   /* a regular file, a folder or a link; nothing else */
	const char *owner, *group; /* "" when not known */
};

/* Bytes written, a multiple of TAR_BLOCK; AS_E_TOO_BIG. */
int tar_header(const struct tar_entry *e, uint8_t out[TAR_HEADER_MAX]);

/* Zeros behind a file's bytes, up to the next block. */
size_t tar_padding(uint64_t size);

#endif
