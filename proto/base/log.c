/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/base/log.h"

#include <stdarg.h>
#include <stdio.h>

#define LOG_LINE_MAX 1024

static enum log_level log_level = LOG_AT_INFO; /* the tree's only global state */

void log_set_level(enum log_level level)
{
	log_level = level;
}

/* One fprintf, so that lines of several processes do not mix. The numbers are
 * the syslog priorities, which journald reads from a unit's stderr. */
static void emit(enum log_level level, const char *area, const char *fmt, va_list ap)
    AS_PRINTF(3, 0);
static void emit(enum log_level level, const char *area, const char *fmt, va_list ap)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	char line[LOG_LINE_MAX];

	if (level > log_level)
		return;
	vsnprintf(line, sizeof line, fmt, ap);
	fprintf(stderr, "%s: %s: %s\n", names[level], area, line);
}

#define LOG_FUNCTION(name, level)                         \
	void name(const char *area, const char *fmt, ...) \
	{                                                 \
		va_list ap;                               \
		va_start(ap, fmt);                        \
		emit(level, area, fmt, ap);               \
		va_end(ap);                               \
	}

LOG_FUNCTION(log_error, LOG_AT_ERROR)
LOG_FUNCTION(log_warn, LOG_AT_WARN)
LOG_FUNCTION(log_info, LOG_AT_INFO)
LOG_FUNCTION(log_debug, LOG_AT_DEBUG)
