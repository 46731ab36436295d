/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/base64.h"

static uint8_t out[8];

static int decode(const char *text)
{
	return base64_decode(text, strlen(text), out, sizeof out);
}

Test(base64, whole_groups_and_padding)
{
	cr_assert_eq(decode(""), 0);
	cr_assert_eq(decode("Zg=="), 1);
	cr_assert_eq(decode("Zm8="), 2);
	cr_assert_eq(decode("Zm9vYmFy"), 6);
	cr_assert_eq(memcmp(out, "foobar", 6), 0);
	cr_assert_eq(decode("+/+/"), 3);
	cr_assert_eq(memcmp(out, "\xfb\xff\xbf", 3), 0);
}

Test(base64, everything_else_is_refused)
{
	static const char *const bad[] = {"Z",	  "Zg",	  "Zg=",  "Zg==Zg==", "Z===", "====",
					  "Zh==", "Zm9=", "Zm 9", "Zm9\n",    "Zm-_", "Zg==\n"};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(decode(bad[i]), AS_EBADMSG, "%s", bad[i]);
	cr_assert_eq(decode("Zm9vYmFyZm9v"), AS_E_TOO_BIG);
}
