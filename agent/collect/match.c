/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/match.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <errno.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/base/err.h"

/* Steps for one line: enough for every sensible pattern, a few milliseconds for a senseless one. */
#define STEPS_MAX 100000
#define DEPTH_MAX 1000
#define HEAP_KIB  1024

struct match {
	pcre2_code *code; /* NULL: everything matches */
	pcre2_match_data *data;
	pcre2_match_context *limits;
	uint64_t given_up;
};

void match_free(struct match *m)
{
	if (!m)
		return;
	pcre2_match_context_free(m->limits);
	pcre2_match_data_free(m->data);
	pcre2_code_free(m->code);
	free(m);
}

static int compile(struct match *m, const char *pattern, bool ignore_case, char *why)
{
	uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
			   (ignore_case ? PCRE2_CASELESS : 0);
	PCRE2_SIZE at;
	char text[100];
	int code;

	m->code =
	    pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &code, &at, NULL);
	if (!m->code) {
		pcre2_get_error_message(code, (PCRE2_UCHAR *)text, sizeof text);
		snprintf(why, MATCH_WHY_MAX, "the pattern is wrong at character %zu: %s", at + 1,
			 text);
		return AS_EBADMSG;
	}
	pcre2_jit_compile(m->code, PCRE2_JIT_COMPLETE); /* where there is none, it is slower */
	m->data = pcre2_match_data_create_from_pattern(m->code, NULL);
	m->limits = pcre2_match_context_create(NULL);
	if (!m->data || !m->limits)
		return -ENOMEM;
	pcre2_set_match_limit(m->limits, STEPS_MAX);
	pcre2_set_depth_limit(m->limits, DEPTH_MAX);
	pcre2_set_heap_limit(m->limits, HEAP_KIB);
	return 0;
}

int match_new(const char *pattern, bool ignore_case, struct match **out, char why[MATCH_WHY_MAX])
{
	struct match *m = calloc(1, sizeof *m);
	int err = m ? 0 : -ENOMEM;

	snprintf(why, MATCH_WHY_MAX, "memory is short");
	if (err == 0 && pattern[0])
		err = compile(m, pattern, ignore_case, why);
	if (err < 0) {
		match_free(m);
		return err;
	}
	*out = m;
	return 0;
}

bool match_line(struct match *m, const void *line, size_t n)
{
	int found;

	if (!m->code)
		return true;
	found = pcre2_match(m->code, line, n, 0, 0, m->data, m->limits);
	if (found < 0 && found != PCRE2_ERROR_NOMATCH)
		m->given_up++;
	return found >= 0;
}

uint64_t match_given_up(const struct match *m)
{
	return m->given_up;
}
