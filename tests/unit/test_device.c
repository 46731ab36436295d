/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/device.h"

Test(device, a_target_says_who_where_and_what)
{
	static const struct {
		const char *text;
		struct device is;
	} good[] = {
	    {"admin@192.0.2.1", {"admin", "192.0.2.1", 22, "", false, false}},
	    {"admin@r1.example.net:2222", {"admin", "r1.example.net", 2222, "", false, false}},
	    {"a.b-c_d@[2001:db8::1]", {"a.b-c_d", "2001:db8::1", 22, "", false, false}},
	    {"root@[fe80::1%eth0.7]:65535", {"root", "fe80::1%eth0.7", 65535, "", false, false}},
	    {"admin+ct511w@r", {"admin+ct511w", "r", 22, "", false, false}},
	    {"u@h,cisco-ios", {"u", "h", 22, "cisco-ios", false, false}},
	    {"u@h:1,linux,config", {"u", "h", 1, "linux", true, false}},
	    {"u@h,config,legacy", {"u", "h", 22, "", true, true}},
	    {"u@h,junos,legacy", {"u", "h", 22, "junos", false, true}},
	    {"u@h,configs", {"u", "h", 22, "configs", false, false}},
	};

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct device d;

		cr_assert_eq(device_parse(good[i].text, &d), 0, "%s", good[i].text);
		cr_assert_str_eq(d.user, good[i].is.user);
		cr_assert_str_eq(d.host, good[i].is.host);
		cr_assert_str_eq(d.type, good[i].is.type);
		cr_assert_eq(d.port, good[i].is.port, "%s", good[i].text);
		cr_assert_eq(d.config, good[i].is.config, "%s", good[i].text);
		cr_assert_eq(d.legacy, good[i].is.legacy, "%s", good[i].text);
	}
}

Test(device, what_could_mean_something_to_a_shell_or_a_library_is_refused)
{
	static const char *const bad[] = {
	    "",
	    "admin",
	    "@h",
	    "u@",
	    "-oProxyCommand=x@h",
	    "u@-h",
	    "u@h..x",
	    "u@.h",
	    "u@h.",
	    "u@h:",
	    "u@h:0",
	    "u@h:022",
	    "u@h:65536",
	    "u@h:x",
	    "u@h 1",
	    "u;id@h",
	    "u$(id)@h",
	    "u`id`@h",
	    "u@h;id",
	    "u@h|id",
	    "u@a@b",
	    "u u@h",
	    "u@[h]",
	    "u@[::1",
	    "u@[::1]x",
	    "u@[1:2]",
	    "u@::1",
	    "u@[::1%]",
	    "u@[::g]",
	    "u@[::1%;]",
	    "u@h,",
	    "u@h,,config",
	    "u@h,Cisco",
	    "u@h,a b",
	    "u@h,legacy,config",
	    "u@h,config,linux",
	    "u@h,config,config",
	    "u@h,-x",
	    "u@h,linux,junos",
	    "u\xc3\xa4@h",
	    "u@h\n",
	    "u@%h",
	    "%u@h",
	    "../u@h",
	    "u@h,a123456789012345678901234",
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct device d, before;

		memset(&d, 0x55, sizeof d);
		before = d;
		cr_assert_eq(device_parse(bad[i], &d), AS_E_SCOPE, "'%s'", bad[i]);
		cr_assert_eq(memcmp(&d, &before, sizeof d), 0);
	}
}

Test(device, each_part_has_a_limit)
{
	char text[512];
	struct device d;

	memset(text, 'u', 65);
	strcpy(text + 64, "@h");
	cr_assert_eq(device_parse(text, &d), 0);
	strcpy(text + 65, "@h");
	text[64] = 'u';
	cr_assert_eq(device_parse(text, &d), AS_E_SCOPE);

	strcpy(text, "u@");
	for (int i = 0; i < DEVICE_HOST_MAX; i++)
		text[2 + i] = i % 60 == 59 ? '.' : 'h';
	text[2 + DEVICE_HOST_MAX] = '\0';
	cr_assert_eq(device_parse(text, &d), 0);
	strcpy(text + 2 + DEVICE_HOST_MAX, "h");
	cr_assert_eq(device_parse(text, &d), AS_E_SCOPE);

	strcpy(text, "u@");
	memset(text + 2, 'h', 64);
	text[66] = '\0';
	cr_assert_eq(device_parse(text, &d), AS_E_SCOPE, "a label has at most 63 characters");
}
