/* SPDX-License-Identifier: Apache-2.0
 *
 * What a collector's stream carries: a sequence of records, u8 type | u24 length |
 * payload. One stream is one collector; it yields one or more files of the bundle.
 *
 *   FILE name, source    a new file begins; DATA goes to it until the next FILE or END
 *   DATA bytes           at most ITEM_DATA_MAX
 *   FILE_END state, truncated, redactions, why      the file is finished
 *   FACT key, value      one fact for the summary ("os.name", "Debian GNU/Linux 12")
 *   NOTE text            a gap or remark for the manifest ("needs root")
 *   END state, duration, why    last; a stream without it is partial
 *
 * In a file that was asked for, before its data:
 *   SIZE bytes           what the file had when it was opened; no promise
 *   OFFSET at            the data begins there; what stands before it was compared by its hash
 *   HOLE bytes           zeros that are not sent; as often as there are holes
 *   PACKED bytes         as DATA, as one zstd frame of its own; unpacked at most ITEM_DATA_MAX
 *                        (only where both sides have FEATURE_ZSTD)
 *
 * Outside of files, live and in lists:
 *   SOURCE id, name      where the lines with that id come from
 *   LINE source, time, bytes    one line of a log, without its end; in answers of `find`
 *                        a line that matched, its time being the line's number
 *   DROPPED lines, bytes so many were thrown away here because the reader was too slow
 *   ROW kind, id, name, detail, values   one line of a table of numbers (item_row.h)
 *   ENTRY ...            one file of a folder
 *   PAD bytes            nothing: rounds what is sent live up to ITEM_BATCH
 *
 * The decoder is pure and takes bytes cut anywhere. All text is checked here: valid,
 * printable UTF-8, limits; names by item_name_check(). What is any bytes says so: a line, the
 * name of an entry, where a link points.
 */
#ifndef AS_WIRE_ITEM_H
#define AS_WIRE_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ITEM_HEADER	4
#define ITEM_DATA_MAX	(1u << 20)
#define ITEM_NAME_MAX	255 /* whole relative path */
#define ITEM_SOURCE_MAX 512 /* command line or path that it came from */
#define ITEM_WHY_MAX	200
#define ITEM_KEY_MAX	64
#define ITEM_VALUE_MAX	256
#define ITEM_DEPTH_MAX	16

#define ITEM_BATCH	    2048 /* live output comes in multiples of this: PROTOCOL.md section 6 */
#define ITEM_LINE_MAX	    8192 /* bytes of a line; what is longer is cut */
#define ITEM_PATH_MAX	    4095 /* name of an entry, bytes */
#define ITEM_LINK_MAX	    3900 /* where it points, if it is a link */
#define ITEM_OWNER_MAX	    32
#define ITEM_ROW_NAME_MAX   128
#define ITEM_ROW_DETAIL_MAX 64
#define ITEM_ROW_VALUES_MAX 16

enum item_type {
	ITEM_FILE = 1,
	ITEM_DATA = 2,
	ITEM_FILE_END = 3,
	ITEM_FACT = 4,
	ITEM_NOTE = 5,
	ITEM_END = 6,
	ITEM_SOURCE = 7,
	ITEM_LINE = 8,
	ITEM_DROPPED = 9,
	ITEM_PAD = 10,
	ITEM_ROW = 11,
	ITEM_ENTRY = 12,
	ITEM_SIZE = 13,
	ITEM_OFFSET = 14,
	ITEM_HOLE = 15,
	ITEM_PACKED = 16,
};

/* What an entry is, as `find -type` says it. */
#define ITEM_ENTRY_TYPES "fdlpscb"

/* The states of the bundle's manifest. */
#define ITEM_STATE_MAP(X)        \
	X(OK, 0, "ok")           \
	X(PARTIAL, 1, "partial") \
	X(TIMEOUT, 2, "timeout") \
	X(FAILED, 3, "failed")   \
	X(DENIED, 4, "denied")   \
	X(UNAVAILABLE, 5, "unavailable")

enum item_state {
#define X(name, n, text) ITEM_##name = n,
	ITEM_STATE_MAP(X)
#undef X
};
const char *item_state_name(enum item_state s); /* "?" for none of ours */

enum item_source { ITEM_FROM_COMMAND = 1, ITEM_FROM_FILE = 2, ITEM_FROM_API = 3 };

struct item {
	enum item_type type;
	union {
		struct {
			char name[ITEM_NAME_MAX + 1]; /* "sos_commands/networking/ip_-d_address" */
			enum item_source source_kind;
			char source[ITEM_SOURCE_MAX + 1]; /* "ip -d address", "/proc/meminfo" */
		} file;
		struct {
			const uint8_t *bytes; /* points into the decoder's or the caller's buffer;
						 valid in the call */
			size_t len;
		} data;
		struct {
			enum item_state state;
			bool truncated;
			uint32_t redactions;
			char why[ITEM_WHY_MAX + 1];
		} file_end;
		struct {
			char key[ITEM_KEY_MAX + 1]; /* [a-z0-9._-] */
			char value[ITEM_VALUE_MAX + 1];
		} fact;
		struct {
			char text[ITEM_WHY_MAX + 1];
		} note;
		struct {
			enum item_state state;
			uint32_t duration_ms;
			char why[ITEM_WHY_MAX + 1]; /* "" when ok */
		} end;
		struct {
			uint8_t id;
			char name[ITEM_SOURCE_MAX + 1];
		} source;
		struct {
			uint8_t source;
			bool cut;	     /* it was longer than ITEM_LINE_MAX */
			uint64_t time;	     /* microseconds since 1970; 0: not known */
			const uint8_t *text; /* any bytes; as data.bytes; not ours */
			size_t len;	     /* 0..ITEM_LINE_MAX */
		} line;
		struct {
			uint64_t lines, bytes;
		} dropped;
		struct {
			size_t len; /* 0..ITEM_BATCH */
		} pad;
		struct {
			uint8_t kind; /* enum item_row_kind, or a newer one */
			uint32_t id;
			char name[ITEM_ROW_NAME_MAX + 1], detail[ITEM_ROW_DETAIL_MAX + 1];
			uint8_t count;
			uint64_t values[ITEM_ROW_VALUES_MAX];
		} row;
		struct {
			char type; /* one of ITEM_ENTRY_TYPES */
			uint32_t mode, uid, gid, links;
			uint64_t size, stored; /* stored: what it takes on the disk */
			int64_t mtime_ns;
			char owner[ITEM_OWNER_MAX + 1], group[ITEM_OWNER_MAX + 1];
			const uint8_t *name, *target; /* any bytes but NUL; as data.bytes */
			size_t name_len;	      /* 1..ITEM_PATH_MAX */
			size_t target_len;	      /* 0..ITEM_LINK_MAX */
		} entry;
		struct {
			const uint8_t *bytes; /* a piece of the frame; as data.bytes */
			size_t len;	      /* at least 1 */
			bool first, last;     /* of this frame's pieces */
		} packed;
		uint64_t size, offset; /* bytes */
		uint64_t hole;	       /* bytes, at least 1 */
	};
};

/* A relative path a bundle may hold: 1..ITEM_NAME_MAX bytes of clean UTF-8, parts separated by
 * single '/', at most ITEM_DEPTH_MAX of them, none empty, "." or "..", none beginning with
 * '-' or '~', no backslash or colon, no part ending in ' ' or '.'. */
int item_name_check(const char *name);

/* Encodes one record of any type but DATA. Bytes written; AS_EFULL; AS_E_TOO_BIG for bytes past
 * their limit. Text that is not clean is cleaned with text_line() first, so encoding never
 * fails for it. */
#define ITEM_RECORD_MAX (ITEM_HEADER + 4 + ITEM_NAME_MAX + ITEM_SOURCE_MAX + 16)
/* The same with LINE, PAD and ENTRY. */
#define ITEM_LONG_MAX	 (ITEM_HEADER + 128 + ITEM_PATH_MAX + ITEM_LINK_MAX + 256)
#define ITEM_LINE_HEADER (ITEM_HEADER + 10) /* of a LINE, before its bytes */
int item_encode(const struct item *it, uint8_t *buf, size_t cap);
/* type: ITEM_DATA or ITEM_PACKED; len in 1..ITEM_DATA_MAX */
void item_bytes_header(enum item_type type, size_t len, uint8_t out[ITEM_HEADER]);
static inline void item_data_header(size_t len, uint8_t out[ITEM_HEADER])
{
	item_bytes_header(ITEM_DATA, len, out);
}

/* Streaming decoder. DATA is handed on in pieces as it comes, without waiting for the
 * whole record, and so is PACKED; everything else only when it is whole. Returns 0, or a negative
 * error: the stream is then malformed and must be given up. A callback's negative value stops and
 * is handed back. */
struct item_decoder {
	uint8_t held[ITEM_LONG_MAX];
	size_t held_len;
	size_t data_left;   /* bytes still missing of the DATA or PACKED record being read */
	bool packed, first; /* it is PACKED; none of it was handed on */
	bool in_file, ended;
};
typedef int (*item_on)(const struct item *it, void *arg);
int item_decode(struct item_decoder *d, const uint8_t *p, size_t n, item_on on, void *arg);

/* True once END has been read: a stream that stops before that is partial. */
static inline bool item_is_ended(const struct item_decoder *d)
{
	return d->ended;
}

#endif
