/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "proto/base/err.h"

static const struct {
	int err;
	uint32_t number;
	const char *name;
} all[] = {
#define X(name, n, text) {AS_##name, n, #name},
    AS_ERR_MAP(X)
#undef X
};

#define COUNT (sizeof all / sizeof all[0])

Test(err, every_code_has_a_number_a_name_and_a_text_of_its_own)
{
	char a[100], b[100];

	for (size_t i = 0; i < COUNT; i++) {
		cr_assert_eq(all[i].err, AS_ERR_BASE - (int)all[i].number);
		cr_assert_str_eq(err_name(all[i].err), all[i].name);
		err_text(all[i].err, a, sizeof a);
		cr_assert_str_not_empty(a);
		for (size_t j = 0; j < i; j++) {
			cr_assert_neq(all[i].err, all[j].err);
			cr_assert_str_neq(a, err_text(all[j].err, b, sizeof b));
		}
	}
}

Test(err, codes_up_to_99_survive_the_wire)
{
	for (size_t i = 0; i < COUNT; i++) {
		if (all[i].number > AS_ERR_WIRE_MAX)
			continue;
		cr_assert_eq(err_to_wire(all[i].err), all[i].number);
		cr_assert_eq(err_from_wire(all[i].number), all[i].err);
	}
	cr_assert_eq(err_to_wire(0), 0);
	cr_assert_eq(err_from_wire(0), 0);
}

Test(err, local_codes_never_leave_the_program)
{
	uint32_t internal = err_to_wire(AS_E_INTERNAL);

	for (size_t i = 0; i < COUNT; i++)
		if (all[i].number > AS_ERR_WIRE_MAX)
			cr_assert_eq(err_to_wire(all[i].err), internal);
	cr_assert_eq(err_to_wire(-ENOENT), internal);
	cr_assert_eq(err_to_wire(-4095), internal);
	cr_assert_eq(err_to_wire(5), internal);
}

Test(err, unknown_numbers_from_the_wire_are_a_broken_protocol)
{
	static const uint32_t bad[] = {38, 99, 100, 108, 20000, 20001, INT32_MAX, UINT32_MAX};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(err_from_wire(bad[i]), AS_E_PROTOCOL, "%u", (unsigned)bad[i]);
}

Test(err, knows_the_systems_errors_and_success)
{
	char buf[100];

	cr_assert_str_eq(err_text(-ENOENT, buf, sizeof buf), strerror(ENOENT));
	cr_assert_str_eq(err_text(0, buf, sizeof buf), "success");
	cr_assert_null(err_name(-ENOENT));
	cr_assert_null(err_name(0));
}

Test(err, text_is_cut_to_its_buffer)
{
	char buf[8];

	cr_assert_eq(strlen(err_text(AS_E_PROTOCOL, buf, sizeof buf)), sizeof buf - 1);
}
