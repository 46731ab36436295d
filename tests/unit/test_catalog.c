/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "console/catalog.h"
#include "proto/base/err.h"

static as_Catalog catalog;
static struct selection s;
static char why[CATALOG_WHY_MAX];

static void fill(void)
{
	catalog.entries_count = 4;
	catalog.entries[0] =
	    (as_CatalogEntry){.op_id = 1, .name = "os", .scope = 1, .profiles = 1 | 2 | 8};
	catalog.entries[1] =
	    (as_CatalogEntry){.op_id = 2, .name = "journal", .scope = 3, .profiles = 8};
	catalog.entries[2] =
	    (as_CatalogEntry){.op_id = 3, .name = "routes", .scope = 2, .profiles = 4 | 8};
	catalog.entries[3] =
	    (as_CatalogEntry){.op_id = 4, .name = "rare", .scope = 1, .profiles = 0};
}
TestSuite(catalog, .init = fill);

static int choose(size_t n, const char *const words[])
{
	return catalog_select(&catalog, n, words, &s, why);
}
#define SELECT(...)                                                         \
	choose(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), \
	       (const char *const[]){__VA_ARGS__})

Test(catalog, no_name_is_the_profile_full)
{
	cr_assert_eq(choose(0, NULL), 0);
	cr_assert_eq(s.count, 3);
	cr_assert_not(s.by_name[0]);
	cr_assert_eq(SELECT("hours=5"), 0);
	cr_assert_eq(s.count, 3);
	cr_assert_eq(s.args.hours, 5);
}

Test(catalog, profiles_and_names_add_up_and_nothing_comes_twice)
{
	cr_assert_eq(SELECT("quick", "network", "os", "rare", "os"), 0);
	cr_assert_eq(s.count, 3);
	cr_assert_str_eq(s.entries[0]->name, "os");
	cr_assert(s.by_name[0]);
	cr_assert_str_eq(s.entries[1]->name, "routes");
	cr_assert_not(s.by_name[1]);
	cr_assert_str_eq(s.entries[2]->name, "rare");
}

Test(catalog, a_name_that_is_none_is_refused_in_words)
{
	cr_assert_eq(SELECT("os", "nope"), AS_E_OP_UNKNOWN);
	cr_assert(strstr(why, "nope"));
	cr_assert_eq(SELECT("o\033s"), AS_EBADMSG);
	cr_assert_null(strchr(why, '\033'));
}

Test(catalog, what_has_a_command_of_its_own_is_not_collected)
{
	catalog.entries[3].flags = CATALOG_OWN | CATALOG_LIVE;
	catalog.entries[3].profiles = 8;
	cr_assert_eq(SELECT("full"), 0);
	cr_assert_eq(s.count, 3);
	cr_assert_eq(SELECT("rare"), AS_E_OP_UNKNOWN);
	cr_assert(strstr(why, "command of its own"));
}

Test(catalog, settings_have_ranges)
{
	cr_assert_eq(SELECT("journal", "hours=24", "priority=3", "unit=ssh.service"), 0);
	cr_assert_eq(s.args.hours, 24);
	cr_assert_eq(s.args.priority, 4, "the wire has the priority plus one");
	cr_assert_str_eq(s.args.unit, "ssh.service");
	cr_assert_eq(SELECT("priority=warning"), 0);
	cr_assert_eq(s.args.priority, 5);
	cr_assert_eq(SELECT("priority=0"), 0);
	cr_assert_eq(s.args.priority, 1);
	cr_assert_eq(SELECT("priority=8"), AS_EBADMSG);
	cr_assert_eq(SELECT("hours=9999999"), AS_EBADMSG);
	cr_assert_eq(SELECT("hours="), AS_EBADMSG);
	cr_assert_eq(SELECT("hours=1x"), AS_EBADMSG);
	cr_assert_eq(SELECT("colour=red"), AS_EBADMSG);
	cr_assert_eq(SELECT("unit="), AS_EBADMSG);
}

Test(catalog, names_are_a_list_of_at_most_eight)
{

	cr_assert_eq(SELECT("names=a.example,192.0.2.1:443"), 0);
	cr_assert_eq(s.args.names_count, 2);
	cr_assert_str_eq(s.args.names[1], "192.0.2.1:443");
	cr_assert_eq(SELECT("names="), AS_EBADMSG);
	cr_assert_eq(SELECT("names=a,,b"), AS_EBADMSG);
	cr_assert_eq(SELECT("names=a,b,c,d,e,f,g,h"), 0);
	cr_assert_eq(SELECT("names=a,b,c,d,e,f,g,h,i"), AS_EBADMSG);

	char word[200] = "names=";
	memset(word + 6, 'x', 129);
	cr_assert_eq(SELECT(word), AS_EBADMSG);
	word[6 + 128] = '\0';
	cr_assert_eq(SELECT(word), 0);
}

Test(catalog, on_failure_the_selection_is_untouched)
{
	SELECT("os");
	cr_assert_eq(SELECT("quick", "nope"), AS_E_OP_UNKNOWN);
	cr_assert_eq(s.count, 1);
}

Test(catalog, a_full_catalog_fits)
{
	catalog.entries_count = CATALOG_MAX;
	for (size_t i = 0; i < CATALOG_MAX; i++)
		catalog.entries[i] =
		    (as_CatalogEntry){.op_id = 1, .name = "same", .scope = 1, .profiles = 15};
	cr_assert_eq(SELECT("quick", "full", "same"), 0);
	cr_assert_eq(s.count, CATALOG_MAX);
}
