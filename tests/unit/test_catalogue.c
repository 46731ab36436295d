/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "agent/device/catalogue.h"
#include "proto/base/err.h"
#include "proto/wire/device.h"

static const char *const types[] = {
#define X(name) name,
    CATALOGUE_MAP(X)
#undef X
};

#define HEAD "about = a thing\nmode = exec\n"

static int parse(const char *text, struct catalogue *c)
{
	int line;

	return catalogue_parse(text, strlen(text), c, &line);
}

static void load(const char *type, struct catalogue *c)
{
	char path[512], text[CATALOGUE_TEXT_MAX];
	int line = 0;

	snprintf(path, sizeof path, CATALOGUES "/%s.conf", type);
	FILE *f = fopen(path, "re");
	cr_assert_neq(f, NULL, "%s", path);
	size_t n = fread(text, 1, sizeof text, f);
	fclose(f);
	cr_assert_eq(catalogue_parse(text, n, c, &line), 0, "%s:%d", path, line);
}

Test(catalogue, those_that_come_with_the_agent_are_good)
{
	static struct catalogue c;

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		load(types[i], &c);
		cr_assert(device_type_is_plain(types[i]));
		cr_assert_geq(c.count, 10, "%s", types[i]);
	}
}

/* No configuration mode, no file that is written, no second command behind the first. */
Test(catalogue, nothing_in_them_changes_a_device)
{
	static struct catalogue c;
	static const char *const never[] = {
	    ";",     "&",      "`",	 "$(",	   ">",	     "configure", "conf t", "write ",
	    " set ", "reload", "reboot", "delete", "clear ", "copy ",	  "erase",  "sudo",
	    " rm ",  "debug",  "add ",	 "remove", "enable", "disable",	  "commit", "\\",
	};

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		load(types[i], &c);
		for (size_t k = 0; k < c.count; k++)
			for (size_t n = 0; n < sizeof never / sizeof never[0]; n++)
				cr_assert(!strstr(c.commands[k].text, never[n]) ||
					      strstr(c.commands[k].text, "| display set"),
					  "%s: %s", types[i], c.commands[k].text);
	}
}

Test(catalogue, secrets_stand_in_a_group_of_their_own)
{
	static struct catalogue c;

	load("cisco-ios", &c);
	cr_assert_eq(catalogue_size(&c, true), c.count);
	cr_assert_eq(catalogue_size(&c, false), c.count - 1);
	for (size_t i = 0; i < c.count; i++)
		cr_assert_eq(c.commands[i].config,
			     strcmp(c.commands[i].text, "show running-config") == 0);
}

Test(catalogue, a_device_is_known_by_what_its_server_calls_itself)
{
	static const struct {
		const char *banner, *type;
	} known[] = {
	    {"Cisco-1.25", "cisco-ios"},     {"ROSSSH", "routeros"},
	    {"dropbear_2022.83", "openwrt"}, {"OpenSSH_9.2p1 Debian-2", "linux"},
	    {"Foundry", "generic"},	     {"", "generic"},
	};
	static struct catalogue c;

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		size_t k = 0;

		for (;; k++) {
			load(types[k], &c);
			if (catalogue_fits(&c, known[i].banner))
				break;
		}
		cr_assert_str_eq(types[k], known[i].type, "%s", known[i].banner);
	}
}

Test(catalogue, what_is_said_of_a_command_belongs_to_it)
{
	static struct catalogue c;

	cr_assert_eq(parse(HEAD "# what\ncommand = a\ncommand = b -c | d\ntime = 5\nsize = 7\n"
				"group = config\ncommand = e\n",
			   &c),
		     0);
	cr_assert_eq(c.count, 3);
	cr_assert_str_eq(c.commands[1].text, "b -c | d");
	cr_assert_eq(c.commands[0].time_s, CATALOGUE_TIME_S);
	cr_assert_eq(c.commands[1].time_s, 5);
	cr_assert_eq(c.commands[1].size_kib, 7);
	cr_assert_eq(c.commands[2].size_kib, CATALOGUE_SIZE_KIB);
	cr_assert(c.commands[2].config && !c.commands[1].config);
}

Test(catalogue, one_bad_line_spoils_the_file)
{
	static const char *const bad[] = {
	    "",
	    "about = x\ncommand = a\n",
	    "mode = exec\ncommand = a\n",
	    HEAD,
	    HEAD "mode = exec\ncommand = a\n",
	    HEAD "about = y\ncommand = a\n",
	    HEAD "command =\n",
	    HEAD "command = a\nmore = x\n",
	    HEAD "command = a\nunknown = x\n",
	    HEAD "time = 1\ncommand = a\n",
	    HEAD "command = a\ntime = 0\n",
	    HEAD "command = a\ntime = 301\n",
	    HEAD "command = a\ntime = 1s\n",
	    HEAD "command = a\nsize = 16385\n",
	    HEAD "command = a\nsize = -1\n",
	    HEAD "command = a\ngroup = other\n",
	    HEAD "command = a\ngroup = config\ngroup = config\n",
	    HEAD "prompt = #\ncommand = a\n",
	    HEAD "setup = x\ncommand = a\n",
	    HEAD "command = \xc3\xa4\n",
	    "about = x\nmode = shell\ncommand = a\n",
	    "about = x\nmode = both\ncommand = a\n",
	};
	static struct catalogue c, before;

	memset(&c, 0x55, sizeof c);
	before = c;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		cr_assert_lt(parse(bad[i], &c), 0, "%s", bad[i]);
		cr_assert_eq(memcmp(&c, &before, sizeof c), 0);
	}
}

Test(catalogue, there_is_a_limit_to_everything)
{
	static struct catalogue c;
	static char text[2 * CATALOGUE_TEXT_MAX] = HEAD;
	size_t n = strlen(text);

	for (int i = 0; i < CATALOGUE_COMMANDS_MAX; i++)
		n += (size_t)sprintf(text + n, "command = %d\n", i);
	cr_assert_eq(parse(text, &c), 0);
	strcpy(text + n, "command = more\n");
	cr_assert_eq(parse(text, &c), AS_E_TOO_BIG);

	strcpy(text, HEAD "command = ");
	n = strlen(text);
	memset(text + n, 'x', CATALOGUE_COMMAND_LEN);
	text[n + CATALOGUE_COMMAND_LEN] = '\0';
	cr_assert_eq(parse(text, &c), 0);
	strcpy(text + n + CATALOGUE_COMMAND_LEN, "x");
	cr_assert_lt(parse(text, &c), 0);

	memset(text, '\n', sizeof text - 1);
	cr_assert_eq(parse(text, &c), AS_E_TOO_BIG);
}
