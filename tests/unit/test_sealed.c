/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs of records that pass a hop as they are: where they may be cut, and what is none.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/transport/sealed.h"
#include "proto/wire/tls_record.h"

static struct sealed s;

/* Three records: 10, 5000 and 1 bytes long. */
static const size_t sizes[] = {10, 5000, 1};
#define RECORDS 3
#define RUN	(3 * TLS_RECORD_HEADER + 5011)
static uint8_t run[RUN + 1];

static void make_run(void)
{
	uint8_t *at = run;

	for (size_t i = 0; i < RECORDS; i++) {
		const uint8_t header[] = {TLS_RECORD_SEALED, 3, 3, (uint8_t)(sizes[i] >> 8),
					  (uint8_t)sizes[i]};

		memcpy(at, header, sizeof header);
		memset(at + sizeof header, (int)i + 1, sizes[i]);
		at += sizeof header + sizes[i];
	}
}

/* Feeds n bytes of the run, `step` at a time, each from memory of its own; what comes out must be
 * whole records in the same order. Gives the first error, or how many bytes came out. */
static int feed(size_t n, size_t step)
{
	size_t came = 0;
	int err = 0;

	for (size_t at = 0; at < n && err == 0; at += step) {
		size_t part = n - at < step ? n - at : step, left = part, len;
		uint8_t *copy = malloc(part);
		const uint8_t *p = copy, *out;

		memcpy(copy, run + at, part);
		while (left > 0 && (err = sealed_feed(&s, &p, &left, &out, &len)) == 0) {
			cr_assert(len == 0 || tls_record_sealed_whole(out, len) == (int)len);
			cr_assert(len == 0 || memcmp(out, run + came, len) == 0);
			came += len;
		}
		free(copy);
		sealed_tidy(&s);
	}
	return err < 0 ? err : (int)came;
}

TestSuite(sealed, .init = make_run);

Test(sealed, records_come_out_whole_however_they_are_cut)
{
	for (size_t step = 1; step <= RUN; step += step < 40 ? 1 : 997) {
		sealed_begin(&s, RUN);
		cr_assert_eq(feed(RUN, step), RUN, "%zu at a time", step);
		cr_assert_eq(s.left, 0);
		cr_assert_null(s.part, "nothing is kept behind a run");
	}
}

Test(sealed, what_is_whole_is_not_copied)
{
	const uint8_t *p = run, *out;
	size_t n = RUN, len;

	sealed_begin(&s, RUN);
	cr_assert_eq(sealed_feed(&s, &p, &n, &out, &len), 0);
	cr_assert(out == run && len == RUN && n == 0);
	cr_assert_null(s.part);
}

Test(sealed, a_run_that_ends_within_a_record_is_refused)
{
	for (size_t len = 1; len < RUN; len += len < 40 ? 1 : 997) {
		if (len == 10 + TLS_RECORD_HEADER)
			continue; /* the end of the first */
		for (size_t step = 1; step <= RUN; step += 501) {
			sealed_begin(&s, len);
			cr_assert_eq(feed(len, step), AS_EBADMSG, "%zu, %zu at a time", len, step);
			sealed_done(&s);
		}
	}
}

/* Each byte of a header in turn, in the first record and behind it. */
Test(sealed, what_is_no_encrypted_record_is_refused)
{
	static const struct {
		size_t at;
		uint8_t value;
		int err;
	} bad[] = {
	    {0, 0x16, AS_EBADMSG}, {0, 0x14, AS_EBADMSG}, {0, 0x18, AS_EBADMSG},
	    {1, 2, AS_EBADMSG},	   {2, 1, AS_EBADMSG},	  {3, 0x41, AS_E_TOO_BIG},
	};

	for (size_t i = 0; i < 2 * sizeof bad / sizeof bad[0]; i++) {
		size_t b = i / 2, from = i % 2 ? sizes[0] + TLS_RECORD_HEADER : 0;

		for (size_t step = 1; step <= RUN; step += 501) {
			make_run();
			run[from + bad[b].at] = bad[b].value;
			if (bad[b].err == AS_E_TOO_BIG)
				run[from + 4] = 1;
			sealed_begin(&s, RUN);
			cr_assert_eq(feed(RUN, step), bad[b].err, "%zu, %zu at a time", i, step);
			sealed_done(&s);
		}
	}
}

Test(sealed, an_empty_record_is_refused)
{
	run[3] = run[4] = 0;
	sealed_begin(&s, RUN);
	cr_assert_eq(feed(RUN, 7), AS_EBADMSG);
	sealed_done(&s);
}

Test(sealed, only_a_first_hello_may_name_another_version)
{
	const uint8_t hello[] = {0x16, 3, 1, 0, 9}, none[] = {0x16, 2, 1, 0, 9},
		      longest[] = {0x17, 3, 3, 0x41, 0}, longer[] = {0x17, 3, 3, 0x41, 1};

	cr_assert_eq(tls_record_size(hello, sizeof hello), 14);
	cr_assert_eq(tls_record_sealed_size(hello, sizeof hello), AS_EBADMSG);
	cr_assert_eq(tls_record_size(hello, 4), 0);
	cr_assert_eq(tls_record_size(none, sizeof none), AS_EBADMSG);
	cr_assert_eq(tls_record_size(longest, sizeof longest), TLS_RECORD_WIRE_MAX);
	cr_assert_eq(tls_record_size(longer, sizeof longer), AS_E_TOO_BIG);
}
