/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probe/report.h"

#include <stdarg.h>
#include <string.h>

#include "proto/base/text.h"

void report_init(struct report *r)
{
	memset(r, 0, sizeof(*r));
	pthread_mutex_init(&r->lock, NULL);
}

void report_done(struct report *r)
{
	pthread_mutex_destroy(&r->lock);
}

void report_line(struct report *r, const char *fmt, ...)
{
	char raw[REPORT_LINE_MAX], line[REPORT_LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	size_t n = text_line(raw, strlen(raw), line, sizeof(line));

	pthread_mutex_lock(&r->lock);
	if (r->cut || n + 1 > REPORT_MAX - r->len) {
		r->cut = true;
	} else {
		memcpy(r->text + r->len, line, n);
		r->text[r->len + n] = '\n';
		r->len += n + 1;
	}
	pthread_mutex_unlock(&r->lock);
}

void report_step(struct report *r, const char *step)
{
	pthread_mutex_lock(&r->lock);
	snprintf(r->step, sizeof(r->step), "%s", step);
	pthread_mutex_unlock(&r->lock);
}

/* With the lock held. */
static void add_result(struct report *r, const char *text)
{
	size_t at = strlen(r->result);

	snprintf(r->result + at, sizeof(r->result) - at, "%s%s", at ? ", " : "", text);
}

void report_result(struct report *r, const char *fmt, ...)
{
	char raw[REPORT_RESULT_MAX], clean[REPORT_RESULT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	text_line(raw, strlen(raw), clean, sizeof(clean));

	pthread_mutex_lock(&r->lock);
	add_result(r, clean);
	pthread_mutex_unlock(&r->lock);
}

void report_abandon(struct report *r, int seconds)
{
	char text[REPORT_RESULT_MAX];

	pthread_mutex_lock(&r->lock);
	snprintf(text, sizeof(text), "not finished after %d s: %s", seconds, r->step);
	add_result(r, text);
	pthread_mutex_unlock(&r->lock);
}

void report_print(struct report *r, FILE *to)
{
	pthread_mutex_lock(&r->lock);
	fwrite(r->text, 1, r->len, to);
	if (r->cut)
		fputs("  more lines were left out\n", to);
	fprintf(to, "result: %s\n", r->result[0] ? r->result : "none");
	pthread_mutex_unlock(&r->lock);
}
