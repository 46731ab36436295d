/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/ssh/version.h"

Test(ssh_version, releases_with_all_fixes_are_taken)
{
	static const char *const good[] = {
	    "0.11.5", "0.11.6/openssl/zlib", "0.12.1", "0.12.2", "0.13.0", "1.0.0"};
	static const char *const bad[] = {
	    "0.10.6/openssl/zlib", "0.11.4", "0.12.0", "0.9.8", "", "x", "0.11", "-1.0.0"};

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		cr_assert(version_is_fixed(good[i]), "%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_not(version_is_fixed(bad[i]), "%s", bad[i]);
}

Test(ssh_version, a_distribution_may_have_mended_an_older_one)
{
	cr_assert(version_is_mended("0.10.6/openssl/zlib", "0.10.6-0+deb12u3"));
	cr_assert(version_is_mended("0.10.6", "0.10.6-0+deb12u10"));
	cr_assert_not(version_is_mended("0.10.6", "0.10.6-0+deb12u2"));
	cr_assert_not(version_is_mended("0.10.6", "0.10.6-2ubuntu1"), "not known to be mended");
	cr_assert_not(version_is_mended("0.10.5", "0.10.6-0+deb12u3"),
		      "another library was loaded");
	cr_assert_not(version_is_mended("0.10.6", ""));
	cr_assert_not(version_is_mended("0.10.6", NULL));
}

Test(ssh_version, versions_are_in_the_order_of_debian)
{
	static const char *const rising[] = {
	    "0.9.9-1",		 "0.10.6~rc1-1", "0.10.6-0+deb12u2", "0.10.6-0+deb12u3",
	    "0.10.6-0+deb12u12", "0.10.6-1",	 "0.11.0-1"};

	for (size_t i = 0; i < sizeof rising / sizeof rising[0]; i++)
		for (size_t k = 0; k < sizeof rising / sizeof rising[0]; k++) {
			int order = version_compare(rising[i], rising[k]);

			cr_assert(i < k	  ? order < 0
				  : i > k ? order > 0
					  : order == 0,
				  "%s %s", rising[i], rising[k]);
		}
}

Test(ssh_version, only_an_installed_package_counts)
{
	char path[] = "/tmp/assent-status.XXXXXX", version[VERSION_MAX];
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");

	fputs("Package: libssh-4-dev\nStatus: install ok installed\nVersion: 9\n\n"
	      "Package: old\nStatus: deinstall ok config-files\nVersion: 1-1\n\n"
	      "Package: libssh-4\nStatus: install ok installed\nArchitecture: amd64\n"
	      "Version: 0.10.6-0+deb12u3\n\n",
	      f);
	fclose(f);
	cr_assert(version_of_package(path, "libssh-4", version));
	cr_assert_str_eq(version, "0.10.6-0+deb12u3");
	cr_assert_not(version_of_package(path, "old", version));
	cr_assert_not(version_of_package(path, "libssh", version));
	unlink(path);
	cr_assert_not(version_of_package(path, "libssh-4", version));
}
