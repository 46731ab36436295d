/* SPDX-License-Identifier: Apache-2.0
 *
 * Promises of code_parse(): what it accepts is a code in range that code_format() writes in the
 * one canonical way, and that text is read back as the same code.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/e2e/code.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void must(int ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char text[2 * CODE_INPUT_MAX], canonical[CODE_TEXT_MAX];
	struct code c = {.id = UINT32_MAX, .secret = UINT32_MAX}, again;

	if (n >= sizeof text)
		return 0;
	memcpy(text, data, n);
	text[n] = '\0';

	int err = code_parse(text, &c);
	if (err < 0) {
		must(err == AS_ETYPO || err == AS_EBADMSG);
		must(c.id == UINT32_MAX && c.secret == UINT32_MAX);
		return 0;
	}
	must(c.id >> CODE_ID_BITS == 0 && c.secret >> CODE_SECRET_BITS == 0);
	must(strlen(code_format(&c, canonical)) == CODE_TEXT_MAX - 1);
	must(code_parse(canonical, &again) == 0);
	must(again.id == c.id && again.secret == c.secret);
	return 0;
}
