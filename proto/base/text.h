/* SPDX-License-Identifier: Apache-2.0
 *
 * Text from strangers, before a terminal, a log or a prompt shows it.
 *
 * What passes: printable, valid UTF-8; and in streams also \n and \t. What never
 * passes: C0 and C1 controls (also U+0080..U+009F as UTF-8), ESC and everything
 * it starts, DEL, the bidirectional controls U+061C, U+200E/F, U+202A..E and U+2066..9,
 * zero-width and other format characters (U+200B..D, U+2060..4, U+FEFF, tag
 * characters), line and paragraph separators, surrogates, noncharacters and
 * overlong forms. Each dropped byte sequence is shown as one '?', so that a hole is visible.
 */
#ifndef AS_BASE_TEXT_H
#define AS_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One line: copies at most cap-1 bytes of clean text, whole characters only, ends it
 * with NUL and returns its length. Newlines and tabs become a space. */
size_t text_line(const void *in, size_t n, char *out, size_t cap);

/* True when text_line() would change nothing: what names in messages must be. */
bool text_is_clean(const void *in, size_t n);

/* A stream, cut anywhere. Keeps an unfinished character until the next call. */
struct text_filter {
	uint8_t held[4];
	size_t held_len;
};

/* out has room for TEXT_FILTER_ROOM(n) bytes. Returns the bytes written. */
#define TEXT_FILTER_ROOM(n) ((n) + 4)
size_t text_filter(struct text_filter *f, const void *in, size_t n, char *out);
size_t text_filter_end(struct text_filter *f, char *out);

/* The name of a file, which may be any bytes, as text that can be read, and typed again: what is
 * not clean becomes \xNN, a backslash \\. At most cap-1 bytes, whole escapes and characters only;
 * ends with NUL. Returns its length. TEXT_ESCAPE_ROOM(n) is enough for n bytes. */
#define TEXT_ESCAPE_ROOM(n) (4 * (n) + 1)
size_t text_escape(const void *in, size_t n, char *out, size_t cap);

/* Back: \xNN and \\; any other backslash stays as it is. At most cap bytes; no NUL is added.
 * Returns the length, AS_E_TOO_BIG, or AS_EBADMSG for a NUL, which no name has. */
int text_unescape(const char *text, void *out, size_t cap);

/* Does the whole text fit the pattern of n bytes, in which "*" stands for any number of bytes? Each
 * star is tried from the left only: no exponential time, whatever the pattern. */
bool text_glob(const char *pattern, size_t n, const char *text, bool any_case);

/* "1.5 MB", "900 B": decimal units, one digit after the point below 10. Returns buf. */
#define TEXT_SIZE_MAX 16
const char *text_size(uint64_t bytes, char buf[TEXT_SIZE_MAX]);

#endif
