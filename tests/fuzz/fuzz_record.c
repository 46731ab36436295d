/* SPDX-License-Identifier: Apache-2.0
 *
 * The reader of records, on bytes that anybody may have written. Promises checked: texts are
 * clean and inside the store, counts within their limits, and no file passes as whole unless
 * it ends with a signed end.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/record_read.h"
#include "proto/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const struct record_line *l, const char *text)
{
	if (*text && (text < l->store || text >= l->store + sizeof l->store))
		abort();
	if (!text_is_clean(text, strlen(text)))
		abort();
}

static void on_line(const struct record_line *l, void *arg)
{
	size_t *lines = arg;

	++*lines;
	if (l->seq != *lines || l->count > RECORD_FIELDS_MAX + 1 || l->sig_len > SIGN_MAX)
		abort();
	check_text(l, l->time);
	check_text(l, l->event);
	for (size_t i = 0; i < l->count; i++) {
		check_text(l, l->fields[i].name);
		if (l->fields[i].text)
			check_text(l, l->fields[i].text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record_line *l = malloc(sizeof *l);
	struct record_report r;
	size_t lines = 0;

	if (!l)
		return 0;
	if (record_line_decode((const char *)data, size, l) == 0 && l->signed_len > size)
		abort();
	free(l);

	record_check((const char *)data, size, on_line, &lines, &r);
	if (r.lines != lines || (r.bad_line > 0 && !r.why))
		abort();
	if (record_is_whole(&r) && (lines == 0 || r.spki_len == 0 || data[size - 1] != '\n'))
		abort();
	return 0;
}
