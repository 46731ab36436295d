/* SPDX-License-Identifier: Apache-2.0
 *
 * One line per event on stderr, area first: log_warn("relay", "%s: %s", peer, text).
 * Text from outside goes through text_quote() (text.h) before it gets here; keys,
 * codes, tickets and collected content never do.
 */
#ifndef AS_BASE_LOG_H
#define AS_BASE_LOG_H

#if defined(__MINGW32__)
#define AS_PRINTF(f, a) __attribute__((format(gnu_printf, f, a)))
#elif defined(__GNUC__)
#define AS_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define AS_PRINTF(f, a)
#endif

enum log_level { LOG_AT_ERROR, LOG_AT_WARN, LOG_AT_INFO, LOG_AT_DEBUG };

/* What is above `level` is dropped; the default is LOG_AT_INFO. */
void log_set_level(enum log_level level);

void log_error(const char *area, const char *fmt, ...) AS_PRINTF(2, 3);
void log_warn(const char *area, const char *fmt, ...) AS_PRINTF(2, 3);
void log_info(const char *area, const char *fmt, ...) AS_PRINTF(2, 3);
void log_debug(const char *area, const char *fmt, ...) AS_PRINTF(2, 3);

#endif
