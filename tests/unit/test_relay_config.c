/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/err.h"
#include "relay/book.h"
#include "relay/config.h"

#define ALL "--listen", "127.0.0.1:0", "--cert", "c", "--key=k", "--console-ca", "ca"

static int parse(const char *const args[], struct relay_config *c, char *why)
{
	char *argv[32] = {(char *)"assent-relay"};
	enum config_wish wish;
	int argc = 1;

	for (; args[argc - 1]; argc++)
		argv[argc] = (char *)args[argc - 1];
	memset(c, 0, sizeof *c);
	why[0] = '\0';

	int err = config_parse(argc, argv, c, &wish, why);
	cr_assert_eq(err < 0, why[0] != '\0', "an error has its line");
	cr_assert_null(strchr(why, '\n'));
	return err;
}

Test(relay_config, reads_options_in_both_forms)
{
	struct relay_config c;
	char why[CONFIG_WHY_MAX];

	cr_assert_eq(parse((const char *const[]){ALL, "--max-ids", "7", NULL}, &c, why), 0);
	cr_assert_str_eq(c.listen, "127.0.0.1:0");
	cr_assert_str_eq(c.key, "k");
	cr_assert_eq(c.max_ids, 7);
	cr_assert_eq(c.quota.ids_per_prefix, 20);
	cr_assert_eq(parse((const char *const[]){ALL, NULL}, &c, why), 0);
	cr_assert_eq(c.max_ids, BOOK_MAX);
}

Test(relay_config, knows_its_trusted_proxies)
{
	static const struct {
		const char *text;
		bool trusted;
	} rows[] = {{"192.0.2.1", true},
		    {"2001:db8::1", true},
		    {"::ffff:192.0.2.1", true},
		    {"192.0.2.2", false},
		    {"::1", false}};
	struct relay_config c;
	char why[CONFIG_WHY_MAX];

	cr_assert_eq(
	    parse((const char *const[]){ALL, "--trusted-proxy", "192.0.2.1, 2001:db8::1", NULL}, &c,
		  why),
	    0);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sockaddr_storage addr;

		cr_assert(config_address(rows[i].text, &addr));
		cr_assert_eq(config_trusts(&c, (struct sockaddr *)&addr), rows[i].trusted, "%s",
			     rows[i].text);
	}
	cr_assert_not(config_address("relay.example", &(struct sockaddr_storage){0}));
	cr_assert_lt(
	    parse((const char *const[]){ALL, "--trusted-proxy", "proxy.example", NULL}, &c, why),
	    0);
}

Test(relay_config, refuses_what_it_does_not_understand)
{
	struct relay_config c;
	char why[CONFIG_WHY_MAX];
	static const char *const bad[][2] = {
	    {"--colour", "red"},
	    {"--max-ids", "0"},
	    {"--max-ids", "-1"},
	    {"--max-ids", "1x"},
	    {"--max-ids", "9999999"},
	    {"--cert", ""},
	    {"--encrypt-twice", "maybe"},
	    {"cert", "x"},
	    {"--", "x"},
	    {"--config", "/nonexistent/relay.conf"},
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(parse((const char *const[]){ALL, bad[i][0], bad[i][1], NULL}, &c, why),
			     AS_ECONFIG, "%s", bad[i][0]);
	cr_assert_eq(parse((const char *const[]){ALL, "--max-ids", NULL}, &c, why), AS_ECONFIG);
	cr_assert_eq(parse((const char *const[]){"--listen", "x:1", NULL}, &c, why), AS_ECONFIG);
	cr_assert_not_null(strstr(why, "--cert"), "names what is missing");
	cr_assert_eq(c.listen[0], '\0', "untouched on failure");
}

Test(relay_config, listens_on_a_passed_socket_or_where_it_was_told)
{
	struct relay_config c;
	char why[CONFIG_WHY_MAX] = "";

	cr_assert_eq(
	    parse((const char *const[]){"--cert=c", "--key=k", "--console-ca=a", NULL}, &c, why), 0,
	    "%s", why);
	cr_assert_eq(c.socket, -1);
	cr_assert_eq(config_place(&c, -1, why), AS_ECONFIG);
	cr_assert_not_null(strstr(why, "--listen"), "%s", why);
	cr_assert_eq(config_place(&c, 3, why), 0);
	cr_assert_eq(c.socket, 3);
	cr_assert_eq(parse((const char *const[]){ALL, NULL}, &c, why), 0);
	cr_assert_eq(config_place(&c, -1, why), 0);
	cr_assert_str_eq(c.listen, "127.0.0.1:0");
	cr_assert_eq(config_place(&c, 3, why), 0);
	cr_assert_str_empty(c.listen, "the socket is the one that clients reach");
}

static int parse_file(const char *text, struct relay_config *c, char *why)
{
	char path[] = "/tmp/test_relay_config.XXXXXX";
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	int err = parse((const char *const[]){"--config", path, NULL}, c, why);
	unlink(path);
	return err;
}

Test(relay_config, a_file_has_keys_named_like_the_options)
{
	struct relay_config c;
	char why[CONFIG_WHY_MAX];

	cr_assert_eq(parse_file("# relay\nlisten = [::1]:443\ncert = a\nkey = b\nconsole-ca = c\n"
				"joins-per-day = 500\n",
				&c, why),
		     0);
	cr_assert_str_eq(c.listen, "[::1]:443");
	cr_assert_eq(c.quota.joins_per_day, 500);
	cr_assert_not(c.encrypt_twice);
	cr_assert_eq(
	    parse_file("cert = a\nkey = b\nconsole-ca = c\nencrypt-twice = yes\n", &c, why), 0);
	cr_assert(c.encrypt_twice);
}

Test(relay_config, an_unknown_key_is_an_error_with_its_line)
{
	struct relay_config c;
	char why[CONFIG_WHY_MAX];

	cr_assert_eq(parse_file("listen = 1.2.3.4:5\n\ncolor = red\n", &c, why), AS_ECONFIG);
	cr_assert_not_null(strstr(why, "line 3"), "%s", why);
	cr_assert_not_null(strstr(why, "color"));
	cr_assert_eq(parse_file("listen\n", &c, why), AS_ECONFIG);
	cr_assert_not_null(strstr(why, "line 1"), "%s", why);
}

Test(relay_config, knows_help_and_version)
{
	struct relay_config c;
	enum config_wish wish;
	char why[CONFIG_WHY_MAX];

	cr_assert_eq(config_parse(2, (char *[]){(char *)"r", (char *)"--help"}, &c, &wish, why), 0);
	cr_assert_eq(wish, CONFIG_HELP);
	cr_assert_eq(config_parse(2, (char *[]){(char *)"r", (char *)"--version"}, &c, &wish, why),
		     0);
	cr_assert_eq(wish, CONFIG_VERSION);
}
