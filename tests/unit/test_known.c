/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/known.h"

static char dir[64], path[128];

static void make_folder(void)
{
	snprintf(dir, sizeof dir, "/tmp/assent-known.XXXXXX");
	cr_assert_neq(mkdtemp(dir), NULL);
	snprintf(path, sizeof path, "%s/" KNOWN_FILE, dir);
}

static void remove_folder(void)
{
	unlink(path);
	rmdir(dir);
}

TestSuite(known, .init = make_folder, .fini = remove_folder);

static struct known key(const char *host, uint16_t port, uint8_t fill)
{
	struct known k = {.type = "ssh-ed25519"};

	known_name(host, port, k.name);
	memset(k.sha256, fill, sizeof k.sha256);
	return k;
}

static void put_text(const char *text)
{
	FILE *f = fopen(path, "we");

	cr_assert_neq(f, NULL);
	fputs(text, f);
	fclose(f);
}

Test(known, a_key_belongs_to_one_host_and_port)
{
	struct known a = key("r1", 22, 1), b = key("r1", 2222, 2), c = key("fe80::1%eth0", 22, 3),
		     k;
	struct stat st;

	cr_assert_eq(known_find(path, "r1", 22, &k), 0, "without a file nothing is known");
	cr_assert_eq(known_add(path, &a), 0);
	cr_assert_eq(known_add(path, &b), 0);
	cr_assert_eq(known_add(path, &c), 0);
	cr_assert_eq(known_find(path, "r1", 22, &k), 1);
	cr_assert_eq(k.sha256[0], 1);
	cr_assert_str_eq(k.type, "ssh-ed25519");
	cr_assert_eq(known_find(path, "R1", 2222, &k), 1);
	cr_assert_eq(k.sha256[31], 2);
	cr_assert_eq(known_find(path, "fe80::1%eth0", 22, &k), 1);
	cr_assert_eq(known_find(path, "r1", 23, &k), 0);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0600);
}

Test(known, the_first_one_counts_and_is_never_replaced)
{
	struct known a = key("r1", 22, 1), b = key("r1", 22, 2), k;

	known_add(path, &a);
	known_add(path, &b);
	cr_assert_eq(known_find(path, "r1", 22, &k), 1);
	cr_assert_eq(k.sha256[0], 1);
}

Test(known, one_is_forgotten_and_the_others_stay)
{
	struct known a = key("r1", 22, 1), b = key("r2", 22, 2), k;

	known_add(path, &a);
	known_add(path, &b);
	cr_assert_eq(known_forget(path, "r3", 22), 0);
	cr_assert_eq(known_forget(path, "r1", 22), 1);
	cr_assert_eq(known_find(path, "r1", 22, &k), 0);
	cr_assert_eq(known_find(path, "r2", 22, &k), 1);
}

Test(known, a_file_with_one_bad_line_is_trusted_in_nothing)
{
	static const char *const bad[] = {
	    "[r1]:22\n",
	    "[r1]:22 = ssh-ed25519\n",
	    "[r1]:22 = ssh-ed25519 00\n",
	    "[r1]:22 = ssh-ed25519 "
	    "zz00000000000000000000000000000000000000000000000000000000000000\n",
	    "[r1]:22 = "
	    "0000000000000000000000000000000000000000000000000000000000000000\n",
	};
	struct known k;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		put_text(bad[i]);
		cr_assert_lt(known_find(path, "r1", 22, &k), 0, "%s", bad[i]);
	}
}

Test(known, a_link_in_its_place_is_not_followed_for_writing)
{
	struct known a = key("r1", 22, 1);

	cr_assert_eq(symlink("/dev/full", path), 0);
	cr_assert_lt(known_add(path, &a), 0);
}

/* printf '' | openssl sha256 -binary | base64, without the '='. */
Test(known, a_fingerprint_looks_as_in_other_programs)
{
	static const uint8_t empty[32] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14,
					  0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
					  0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c,
					  0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};
	char text[KNOWN_SHOWN];

	cr_assert_str_eq(known_fingerprint(empty, text),
			 "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
}
