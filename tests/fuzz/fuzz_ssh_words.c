/* SPDX-License-Identifier: Apache-2.0
 *
 * What the library says went wrong, whose text may be the device's own. Promises: every line that
 * comes out is clean and within its limits, and there is always a reason.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/ssh/version.h"
#include "agent/ssh/words.h"
#include "proto/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ALL 8192

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void must_be_line(const char *text)
{
	size_t n = strlen(text);

	must(n <= ITEM_WHY_MAX && text_is_clean((const uint8_t *)text, n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char error[ALL + 1];
	struct words w;

	if (size == 0 || size > ALL)
		return 0;
	memcpy(error, data, size);
	error[size] = '\0';
	words_of_error(error, data[0] & 1, &w);
	must(w.why[0] != '\0' && (w.theirs[0] == '\0') == (w.ours[0] == '\0'));
	must_be_line(w.why);
	must_be_line(w.theirs);
	must_be_line(w.ours);
	if (size < VERSION_MAX) {
		(void)version_is_fixed(error);
		must(!version_is_mended(error, "") && version_compare(error, error) == 0);
	}
	return 0;
}
