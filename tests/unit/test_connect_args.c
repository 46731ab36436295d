/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "console/connect_args.h"
#include "proto/base/err.h"

#define GOOD "connect", "7Q2F-9KD-M3X1", "--identity", "id", "--reason", "disk is full"

static char why[ARGS_WHY_MAX];

static int parse(const char *const words[], size_t n, struct connect_args *out)
{
	char *argv[128];

	for (size_t i = 0; i < n; i++)
		argv[i] = (char *)words[i];
	argv[n] = NULL;
	why[0] = '\0';
	return connect_args_parse((int)n, argv, out, why);
}
#define PARSE(out, ...)                           \
	parse((const char *const[]){__VA_ARGS__}, \
	      sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), out)

Test(connect_args, the_shortest_call_asks_for_system_and_network_for_half_an_hour)
{
	struct connect_args a;

	cr_assert_eq(PARSE(&a, GOOD), 0, "%s", why);
	cr_assert_str_eq(a.code, "7Q2F-9KD-M3X1");
	cr_assert_str_eq(a.identity, "id");
	cr_assert_str_eq(a.reason, "disk is full");
	cr_assert_str_eq(a.ticket, "");
	cr_assert_str_eq(a.out, ".");
	cr_assert_null(a.relay);
	cr_assert_eq(a.duration_s, 1800);
	cr_assert_eq(a.resume_s, 120);
	cr_assert_eq(a.scopes_count, 2);
	cr_assert_eq(a.scopes[0].kind, SCOPE_SYSTEM);
	cr_assert_eq(a.scopes[1].kind, SCOPE_NETWORK);
	cr_assert_not(a.json);
}

Test(connect_args, the_amount_has_a_unit_and_a_limit)
{
	static const char *const bad[] = {"", "0", "17G", "16.5G", "-1", "many", "16385M"};
	struct connect_args a;

	cr_assert_eq(PARSE(&a, GOOD), 0);
	cr_assert_eq(a.max_bytes, 0, "the scopes say");
	cr_assert_eq(PARSE(&a, GOOD, "--max-bytes", "16G"), 0, "%s", why);
	cr_assert_eq(a.max_bytes, UINT64_C(16) << 30);
	cr_assert_eq(PARSE(&a, GOOD, "--max-bytes", "500M"), 0, "%s", why);
	cr_assert_eq(a.max_bytes, UINT64_C(500) << 20);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		cr_assert_eq(PARSE(&a, GOOD, "--max-bytes", bad[i]), AS_EBADMSG, "%s", bad[i]);
		cr_assert(strstr(why, "--max-bytes"));
	}
}

Test(connect_args, a_lost_connection_may_stay_away_for_ten_minutes_at_most)
{
	static const struct {
		const char *text;
		uint32_t seconds;
	} good[] = {{"0", 0}, {"1", 1}, {"600", 600}, {"0090", 90}};
	static const char *const bad[] = {"", "601", "-1", "+1", "1s", "2m", "99999999999", " 1"};
	struct connect_args a;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		cr_assert_eq(PARSE(&a, GOOD, "--resume", good[i].text), 0, "%s", why);
		cr_assert_eq(a.resume_s, good[i].seconds);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		cr_assert_eq(PARSE(&a, GOOD, "--resume", bad[i]), AS_EBADMSG, "%s", bad[i]);
		cr_assert(strstr(why, "0 to 600"), "%s", why);
	}
}

Test(connect_args, an_explanation_needs_an_identity_only)
{
	struct connect_args a;

	cr_assert_eq(PARSE(&a, "connect", "--explain", "--identity", "id"), 0, "%s", why);
	cr_assert(a.explain);
	cr_assert_eq(PARSE(&a, "connect", "--explain"), AS_EBADMSG);
	cr_assert(strstr(why, "--identity"), "%s", why);
}

Test(connect_args, every_option_is_taken)
{
	struct connect_args a;

	cr_assert_eq(PARSE(&a, "connect", "--json", "--relay", "r:1", "--ticket", "T-1", "--for",
			   "2h", "--scope", "logs", "--scope", "files:/srv", "--scope", "logs",
			   "--out", "o", "-c", "collect", "-c", "end", "--batch", "b", "--identity",
			   "id", "--reason", "x", "CODE"),
		     0, "%s", why);
	cr_assert(a.json);
	cr_assert_str_eq(a.relay, "r:1");
	cr_assert_str_eq(a.ticket, "T-1");
	cr_assert_eq(a.duration_s, 7200);
	cr_assert_eq(a.scopes_count, 2, "the same scope twice is one");
	cr_assert_str_eq(a.scopes[1].target, "/srv");
	cr_assert_str_eq(a.out, "o");
	cr_assert_eq(a.commands_count, 2);
	cr_assert_str_eq(a.commands[1], "end");
	cr_assert_str_eq(a.batch, "b");
	cr_assert_str_eq(a.code, "CODE");
}

Test(connect_args, what_is_missing_is_said)
{
	struct connect_args a;

	cr_assert_eq(PARSE(&a, "connect", "--identity", "id", "--reason", "x"), AS_EBADMSG);
	cr_assert(strstr(why, "CODE"));
	cr_assert_eq(PARSE(&a, "connect", "C", "--reason", "x"), AS_EBADMSG);
	cr_assert(strstr(why, "--identity"));
	cr_assert_eq(PARSE(&a, "connect", "C", "--identity", "id"), AS_EBADMSG);
	cr_assert(strstr(why, "--reason"));
	cr_assert_eq(PARSE(&a, "connect", "C", "--identity", "id", "--reason", "  "), AS_EBADMSG);
	cr_assert_eq(PARSE(&a, GOOD, "--for"), AS_EBADMSG);
	cr_assert(strstr(why, "--for"));
}

Test(connect_args, what_is_wrong_is_refused)
{
	struct connect_args a;

	cr_assert_eq(PARSE(&a, GOOD, "second"), AS_EBADMSG);
	cr_assert_eq(PARSE(&a, GOOD, "--nope"), AS_EBADMSG);
	cr_assert(strstr(why, "--nope"));
	cr_assert_eq(PARSE(&a, GOOD, "--scope", "everything"), AS_EBADMSG);
	cr_assert_eq(PARSE(&a, GOOD, "--scope", "files:relative"), AS_EBADMSG);
	cr_assert_eq(PARSE(&a, GOOD, "--for", "30"), AS_EBADMSG);
	cr_assert_eq(PARSE(&a, GOOD, "--ticket", "a\033[2Jb"), AS_EBADMSG);
}

Test(connect_args, texts_for_the_customer_fit_the_protocol)
{
	struct connect_args a;
	char text[ARGS_REASON_MAX + 2];

	memset(text, 'x', sizeof text);
	text[ARGS_REASON_MAX + 1] = '\0';
	cr_assert_eq(PARSE(&a, "connect", "C", "--identity", "id", "--reason", text), AS_EBADMSG);
	text[ARGS_REASON_MAX] = '\0';
	cr_assert_eq(PARSE(&a, "connect", "C", "--identity", "id", "--reason", text), 0);
	text[ARGS_TICKET_MAX + 1] = '\0';
	cr_assert_eq(PARSE(&a, GOOD, "--ticket", text), AS_EBADMSG);
	text[ARGS_TICKET_MAX] = '\0';
	cr_assert_eq(PARSE(&a, GOOD, "--ticket", text), 0);
}

Test(connect_args, sixteen_scopes_and_sixty_four_commands_are_the_limit)
{
	struct connect_args a;
	const char *words[160] = {GOOD};
	static char paths[SCOPES_MAX + 1][32];
	size_t n = 6;

	for (size_t i = 0; i <= SCOPES_MAX; i++) {
		snprintf(paths[i], sizeof paths[i], "files:/%zu", i);
		words[n++] = "--scope";
		words[n++] = paths[i];
	}
	cr_assert_eq(parse(words, n, &a), AS_EBADMSG);
	cr_assert_eq(parse(words, n - 2, &a), 0);
	n = 6;
	for (size_t i = 0; i <= ARGS_COMMANDS_MAX / 2; i++) {
		words[n++] = "-cend";
		words[n++] = "-chelp";
	}
	cr_assert_eq(parse(words, n, &a), AS_EBADMSG);
	cr_assert_eq(parse(words, n - 2, &a), 0);
}

Test(connect_args, help_needs_nothing_else)
{
	struct connect_args a;

	cr_assert_eq(PARSE(&a, "connect", "--help"), 0);
	cr_assert(a.help);
	cr_assert_eq(PARSE(&a, "connect", "--version"), 0);
	cr_assert(a.version);
}

Test(duration, is_a_number_and_a_unit)
{
	static const struct {
		const char *text;
		int err;
		uint32_t seconds;
	} cases[] = {
	    {"90s", 0, 90},
	    {"30m", 0, 1800},
	    {"2h", 0, 7200},
	    {"8h", 0, 28800},
	    {"480m", 0, 28800},
	    {"9h", AS_E_TOO_BIG, 0},
	    {"28801s", AS_E_TOO_BIG, 0},
	    {"", AS_EBADMSG, 0},
	    {"m", AS_EBADMSG, 0},
	    {"0m", AS_EBADMSG, 0},
	    {"30", AS_EBADMSG, 0},
	    {"30d", AS_EBADMSG, 0},
	    {"-1m", AS_EBADMSG, 0},
	    {"1m30s", AS_EBADMSG, 0},
	    {"9999999999h", AS_EBADMSG, 0},
	    {" 30m", AS_EBADMSG, 0},
	    {"999999999h", AS_E_TOO_BIG, 0},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		uint32_t v = 0;

		cr_assert_eq(duration_parse(cases[i].text, &v), cases[i].err, "%s", cases[i].text);
		cr_assert_eq(v, cases[i].seconds, "%s", cases[i].text);
	}
}
