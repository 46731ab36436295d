/* SPDX-License-Identifier: Apache-2.0
 *
 * Packed bundles that a stranger made: none of them leads elsewhere or grows without end.
 */
#include <archive.h>
#include <archive_entry.h>
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "console/bundle_read.h"
#include "proto/base/err.h"

static int on_file(struct bundle_file *f, void *arg)
{
	size_t *n = arg;
	char block[4096];
	long got;

	while ((got = bundle_file_read(f, block, sizeof block)) > 0)
		*n += (size_t)got;
	return (int)got;
}

/* One entry of this name and type with n zeros in it, gzip. */
static int walk_one(const char *name, unsigned type, const char *link_to, size_t n, size_t cut,
		    size_t *seen, char why[BUNDLE_WHY_MAX])
{
	static char out[1 << 20], block[65536];
	struct archive *a = archive_write_new();
	struct archive_entry *e = archive_entry_new();
	size_t used = 0;

	archive_write_add_filter_gzip(a);
	archive_write_set_format_pax_restricted(a);
	archive_write_open_memory(a, out, sizeof out, &used);
	archive_entry_set_pathname(e, name);
	archive_entry_set_filetype(e, type);
	if (link_to && type == AE_IFLNK)
		archive_entry_set_symlink(e, link_to);
	else if (link_to)
		archive_entry_set_hardlink(e, link_to);
	archive_entry_set_size(e, (la_int64_t)n);
	archive_entry_set_perm(e, 0600);
	cr_assert_eq(archive_write_header(a, e), ARCHIVE_OK);
	for (size_t left = n; left > 0;) {
		size_t piece = left < sizeof block ? left : sizeof block;

		archive_write_data(a, block, piece);
		left -= piece;
	}
	archive_write_close(a);
	archive_write_free(a);
	archive_entry_free(e);
	*seen = 0;
	return bundle_walk_packed(out, used - cut, on_file, seen, why);
}

struct strange {
	char name[64], link_to[16];
	unsigned type;
	size_t size, cut;
	int err;
};

ParameterizedTestParameters(bundle_strange, takes_no_strange_archive)
{
	static struct strange all[] = {
	    {"b/proc/x", "", AE_IFREG, 1000, 0, 0},
	    {"./b/proc/x", "", AE_IFREG, 0, 0, 0},
	    {"b/proc", "", AE_IFDIR, 0, 0, 0},
	    {"b/../x", "", AE_IFREG, 0, 0, AS_EBADMSG},
	    {"/b/x", "", AE_IFREG, 0, 0, AS_EBADMSG},
	    {"x", "", AE_IFREG, 0, 0, AS_EBADMSG},
	    {"b/a\x1b[2J", "", AE_IFREG, 0, 0, AS_EBADMSG},
	    {"b/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", "", AE_IFREG, 0, 0, AS_EBADMSG},
	    {"b/x", "y", AE_IFLNK, 0, 0, AS_EBADMSG},
	    {"b/x", "b/y", AE_IFREG, 0, 0, AS_EBADMSG},
	    {"b/x", "", AE_IFIFO, 0, 0, AS_EBADMSG},
	    {"b/x", "", AE_IFREG, 100000, 10, AS_E_TRUNCATED},
	    {"b/x", "", AE_IFREG, 900000, 0, 0}, /* small enough to grow as it likes */
	    {"b/x", "", AE_IFREG, 100000000, 0, AS_E_TOO_BIG},
	};

	return cr_make_param_array(struct strange, all, sizeof all / sizeof all[0]);
}

ParameterizedTest(struct strange *s, bundle_strange, takes_no_strange_archive)
{
	char why[BUNDLE_WHY_MAX];
	size_t seen;
	int err = walk_one(s->name, s->type, s->link_to[0] ? s->link_to : NULL, s->size, s->cut,
			   &seen, why);

	cr_assert_eq(err, s->err, "%s: %d", s->name, err);
	if (err == 0)
		cr_assert_eq(seen, s->size);
	cr_assert_lt(seen, 10000000);
}

Test(bundle_strange, says_of_which_file_a_reason_is)
{
	char why[BUNDLE_WHY_MAX];
	size_t seen;

	cr_assert_eq(walk_one("b/proc/x", AE_IFREG, NULL, 100000000, 0, &seen, why), AS_E_TOO_BIG);
	cr_assert_str_eq(why, "proc/x: it grows more than 200 times when it is unpacked");
}
