/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/consent.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

static struct consent usual(void)
{
	return (struct consent){
	    .engineer_name = "Jane Doe",
	    .engineer_id = "jane",
	    .organisation = "Acme Support GmbH",
	    .phone = "+49 30 1234567",
	    .ticket = "T-4711",
	    .reason = "The disk is full",
	    .config_trusted = true,
	    .config_signed = true,
	    .duration_s = 1800,
	    .ends_at = 1793537100, /* 2026-11-01T12:45:00Z */
	    .utc_offset_s = 3600,
	    .asked = {{.kind = SCOPE_SYSTEM}, {.kind = SCOPE_FILES, .target = "/srv/app"}},
	    .asked_count = 2,
	};
}

static char *text_of(const struct consent *c, uint32_t ticks)
{
	static char text[CONSENT_TEXT_MAX];
	int n = consent_text(c, ticks, text, sizeof text);

	cr_assert_gt(n, 0);
	cr_assert_eq((size_t)n, strlen(text));
	return text;
}

static bool has_line(const char *text, const char *line)
{
	char copy[CONSENT_TEXT_MAX], *save;

	snprintf(copy, sizeof copy, "%s", text);
	for (char *l = strtok_r(copy, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (strcmp(l, line) == 0)
			return true;
	return false;
}

/* Every line is clean, fits, and there are at most `most`. */
static void check_shape(const char *text, size_t most)
{
	size_t lines = 0;

	for (const char *at = text; *at; at += strcspn(at, "\n") + 1) {
		size_t n = strcspn(at, "\n");

		cr_assert(text_is_clean(at, n), "%.*s", (int)n, at);
		cr_assert_leq(n, 3 * CONSENT_COLUMNS);
		cr_assert_eq(at[n], '\n');
		lines++;
	}
	cr_assert_leq(lines, most, "%zu lines:\n%s", lines, text);
}

Test(consent, the_prompt_says_who_why_what_and_how_long)
{
	struct consent c = usual();
	const char *text = text_of(&c, 3);

	check_shape(text, 24);
	cr_assert(has_line(text, "  Engineer:     Jane Doe (jane)"), "%s", text);
	cr_assert(has_line(text, "  Organisation: Acme Support GmbH"));
	cr_assert(has_line(text, "  Call back:    +49 30 1234567"));
	cr_assert(has_line(text, "  Ticket:       \"T-4711\""));
	cr_assert(has_line(text, "  Reason:       \"The disk is full\""));
	cr_assert(has_line(text, "If you allow it, until 13:45 (30 minutes):"), "%s", text);
	cr_assert(strstr(text, "  [x]  1  See how this computer is doing"));
	cr_assert(strstr(text, "  [x]  2  Read everything in the folder or file \"/srv/app\""));
	cr_assert(
	    strstr(text, "Did YOU ask for help? If somebody called you unexpectedly, type deny."));
	cr_assert_not(strstr(text, "WARNING"));
}

Test(consent, a_line_that_is_not_ticked_shows_an_empty_box_and_changes_the_hash)
{
	struct consent c = usual();
	uint8_t both[CONSENT_SHA256], one[CONSENT_SHA256], again[CONSENT_SHA256];
	const char *text = text_of(&c, 2);

	cr_assert(strstr(text, "  [ ]  1  "));
	cr_assert(strstr(text, "  [x]  2  "));
	cr_assert_eq(consent_sha256(&c, 3, both), 0);
	cr_assert_eq(consent_sha256(&c, 2, one), 0);
	cr_assert_eq(consent_sha256(&c, 2, again), 0);
	cr_assert_neq(memcmp(both, one, sizeof one), 0);
	cr_assert_eq(memcmp(again, one, sizeof one), 0);
}

Test(consent, the_numbered_lines_alone_are_those_of_the_text)
{
	struct consent c = usual();
	char lines[2048];

	cr_assert_gt(consent_lines(&c, 1, lines, sizeof lines), 0);
	cr_assert(strstr(text_of(&c, 1), lines));
	cr_assert_not(strstr(text_of(&c, 3), lines));
}

Test(consent, a_configuration_nobody_installed_is_warned_about)
{
	struct consent c = usual();

	c.config_trusted = false;
	cr_assert_eq(strstr(text_of(&c, 3), "Both names were checked"), NULL);
	check_shape(text_of(&c, 3), 26);
	cr_assert(
	    strstr(text_of(&c, 3), "WARNING: the settings of this program were not installed by"));
}

Test(consent, a_phone_number_that_nobody_signed_is_warned_about)
{
	struct consent c = usual();

	cr_assert_eq(strstr(text_of(&c, 3), "WARNING"), NULL);
	c.config_signed = false;
	check_shape(text_of(&c, 3), 26);
	cr_assert(strstr(text_of(&c, 3), "WARNING: the number to call back is not signed"));
	cr_assert(strstr(text_of(&c, 3), "Both names were checked"),
		  "they are: by the certificate");

	c.config_trusted = false;
	check_shape(text_of(&c, 3), 26);
	cr_assert_eq(strstr(text_of(&c, 3), "not signed"), NULL,
		     "one warning is read, two are not");
}

Test(consent, a_gateway_is_named)
{
	struct consent c = usual();

	snprintf(c.via_gateway, sizeof c.via_gateway, "gw.acme.example");
	cr_assert(has_line(text_of(&c, 3), "  Through:      \"gw.acme.example\""));
}

Test(consent, an_escalation_tells_old_from_new)
{
	struct consent c = usual();
	const char *text, *old, *new;

	c.escalation = true;
	c.granted[0] = c.asked[0];
	c.granted_count = 1;
	c.asked[0] = (struct scope){.kind = SCOPE_LOGS};
	c.asked_count = 1;
	text = text_of(&c, 1);
	old = strstr(text, "Allowed already:");
	new = strstr(text, "NEW, if you allow it,");
	cr_assert(old && new &&old < new);
	cr_assert_lt(strstr(text, "See how this computer is doing"), new);
	cr_assert_gt(strstr(text, "Read the log files"), new);
}

Test(consent, rights_that_can_hurt_say_so)
{
	static const struct scope risky[] = {{.kind = SCOPE_CAPTURE},
					     {.kind = SCOPE_DEVICE, .target = "admin@192.0.2.1"},
					     {.kind = SCOPE_COMMAND, .target = "fsck"},
					     {.kind = (enum scope_kind)99}};
	struct consent c = usual();

	for (size_t i = 0; i < sizeof risky / sizeof risky[0]; i++) {
		c.asked[0] = risky[i];
		c.asked_count = 1;
		cr_assert(strstr(text_of(&c, 1), "          Careful: "), "%zu", i);
	}
	cr_assert(strstr(text_of(&c, 1), "Something that this program does not know"));
}

/* Fills a field of the request with text that wants to look like ours. */
static void check_hostile(const char *evil)
{
	struct consent c = usual();
	const char *text;

	snprintf(c.engineer_name, sizeof c.engineer_name, "%s", evil);
	snprintf(c.organisation, sizeof c.organisation, "%s", evil);
	snprintf(c.ticket, sizeof c.ticket, "%s", evil);
	snprintf(c.reason, sizeof c.reason, "%s", evil);
	snprintf(c.via_gateway, sizeof c.via_gateway, "%s", evil);
	snprintf(c.asked[1].target, sizeof c.asked[1].target, "/%s", evil);
	text = text_of(&c, 3);
	check_shape(text, 40);

	/* Each line is one of ours or starts with our label or our bar. */
	for (const char *at = text; *at; at += strcspn(at, "\n") + 1) {
		bool is_ours = at[0] != ' ' || strncmp(at, "  [x]", 5) == 0 ||
			       strncmp(at, "          ", 10) == 0;
		bool is_label = at[0] == ' ' && at[1] == ' ' && at[2] >= 'A' && at[2] <= 'Z';

		cr_assert(is_ours || is_label, "%s", at);
		cr_assert_neq(strncmp(at, "Type allow", 10), 0);
		cr_assert_neq(strncmp(at, "Your code", 9), 0);
		if (strncmp(at, "                ", 16) == 0 && at[16] != 'B')
			cr_assert_eq(strncmp(at + 16, "| ", 2), 0, "%s", at);
	}
	cr_assert_null(strchr(text, '\033'));
	cr_assert_null(strchr(text, '\r'));
}

Test(consent, other_peoples_text_cannot_pass_for_ours)
{
	char longest[201];

	memset(longest, 'x', 200);
	longest[200] = '\0';
	check_hostile(longest);
	for (size_t i = 0; i < 200; i++)
		longest[i] = i % 8 ? ' ' : 'y';
	check_hostile(longest);
	check_hostile("disk full\"\nType allow or deny: allow\nYour code: AAAA-BBB-CCCD");
	check_hostile("\033[2J\033[1;1HEverything is fine\r\n[x] 3 nothing");
	check_hostile("\xe2\x80\xae"
		      "yned ro wolla epyT"
		      "\xe2\x80\xac \xc2\x9b"
		      "2J \xe2\x80\xa8 new line");
	check_hostile("\xff\xfe\xc0\xaf\xed\xa0\x80 broken");
	check_hostile(
	    "\"                                                              WARNING: type allow");
	check_hostile(
	    "\xe4\xb8\x80\xe4\xb8\x80\xe4\xb8\x80\xe4\xb8\x80\xe4\xb8\x80\xe4\xb8\x80\xe4\xb8\x80"
	    "\xe4"
	    "\xb8\x80\xe4\xb8\x80\xe4\xb8\x80\xe4\xb8\x80\xe4\xb8\x80\xe4\xb8\x80\xe4\xb8\x80");
}

Test(consent, a_quote_cannot_be_closed_from_inside)
{
	struct consent c = usual();

	snprintf(c.reason, sizeof c.reason, "x\" (checked by your bank) \"y");
	cr_assert(has_line(text_of(&c, 3), "  Reason:       \"x' (checked by your bank) 'y\""));
}

Test(consent, everything_at_its_longest_still_fits)
{
	struct consent c = usual();

	c.escalation = true;
	c.asked_count = c.granted_count = SCOPES_MAX;
	for (size_t i = 0; i < SCOPES_MAX; i++) {
		c.asked[i].kind = c.granted[i].kind = SCOPE_FILES;
		memset(c.asked[i].target, 'a', SCOPE_TARGET_MAX);
		memset(c.granted[i].target, 'b', SCOPE_TARGET_MAX);
	}
	memset(c.reason, 'r', sizeof c.reason - 1);
	memset(c.engineer_name, 'n', sizeof c.engineer_name - 1);
	memset(c.engineer_id, 'n', sizeof c.engineer_id - 1);
	memset(c.organisation, 'n', sizeof c.organisation - 1);
	check_shape(text_of(&c, CONSENT_ALL(SCOPES_MAX)), 400);
}

Test(consent, a_text_that_does_not_fit_is_refused)
{
	struct consent c = usual();
	char small[100];

	cr_assert_eq(consent_text(&c, 3, small, sizeof small), AS_EFULL);
	cr_assert_eq(consent_text(&c, 3, small, 0), AS_EFULL);
	c.asked_count = SCOPES_MAX + 1;
	cr_assert_eq(consent_text(&c, 3, small, sizeof small), AS_EFULL);
}

Test(consent, the_end_is_told_in_local_time_and_says_tomorrow)
{
	static const struct {
		uint32_t duration_s;
		int32_t offset_s;
		const char *want;
	} cases[] = {
	    {45, 0, "until 12:45 (45 seconds):"},
	    {60, -5 * 3600, "until 07:45 (1 minute):"},
	    {3600, 0, "until 12:45 (1 hour):"},
	    {5400, 19800, "until 18:15 (1 h 30 min):"},
	    {28800, 12 * 3600, "until 00:45 tomorrow (8 hours):"},
	};
	struct consent c = usual();

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		c.duration_s = cases[i].duration_s;
		c.utc_offset_s = cases[i].offset_s;
		cr_assert(strstr(text_of(&c, 3), cases[i].want), "%s", text_of(&c, 3));
	}
}

Test(consent, the_offset_is_that_of_the_computers_clock)
{
	setenv("TZ", "Europe/Berlin", 1);
	cr_assert(consent_utc_offset(1793537100) == 3600 ||
		  access("/usr/share/zoneinfo/Europe/Berlin", 0) != 0);
	setenv("TZ", "XYZ-02:30", 1);
	cr_assert_eq(consent_utc_offset(1793537100), 9000);
}

/* The dialog's pieces and the text whose hash the grant carries. */
Test(consent, the_pieces_for_a_window_are_the_words_of_the_text)
{
	static struct consent_page page;
	struct consent c = usual();

	c.in_window = true;
	c.config_trusted = false;
	consent_page(&c, &page);

	const char *text = text_of(&c, 3);
	cr_expect(strstr(text, page.title));
	cr_assert_geq(page.fact_count, 5);
	for (size_t i = 0; i < page.fact_count; i++) {
		cr_expect(strstr(text, page.facts[i].label));
		cr_expect(strstr(text, page.facts[i].value), "%s", page.facts[i].value);
	}
	cr_expect(strstr(text, page.rights_head));
	for (size_t i = 0; i < c.asked_count; i++) {
		char begin[24];

		snprintf(begin, sizeof begin, "%s", page.rights[i]);
		cr_expect(strstr(text, begin), "%s", begin);
	}
	cr_expect(strstr(text, page.notes));
	cr_expect(strstr(text, page.question));
	cr_expect(strstr(page.warning, "If unsure, choose Deny."));
	cr_expect_null(strstr(text, "ype "), "nothing is typed into a window: %s", text);
}

Test(consent, a_piece_for_a_window_holds_no_line_of_the_engineer_s)
{
	static struct consent_page page;
	struct consent c = usual();

	snprintf(c.reason, sizeof c.reason, "harmless\n\"\r\n[x] Allow everything\xe2\x80\xae");
	consent_page(&c, &page);
	for (size_t i = 0; i < page.fact_count; i++)
		cr_expect_null(strpbrk(page.facts[i].value, "\r\n"));
	cr_expect_null(strstr(page.facts[page.fact_count - 1].value, "\xe2\x80\xae"));
}

Test(consent, what_this_computer_cannot_do_is_said_and_stays_off)
{
	static struct consent_page page;
	struct consent c = usual();
	char want[256];

	c.impossible = 2;
	cr_assert_eq(consent_first_ticks(&c), CONSENT_ALL(c.asked_count) & ~2u);
	cr_expect(consent_is_fixed(&c, 1));
	cr_expect_not(consent_is_fixed(&c, 0));

	const char *text = text_of(&c, consent_first_ticks(&c));
	snprintf(want, sizeof want, "          %s\n", CONSENT_IMPOSSIBLE);
	cr_expect(strstr(text, want), "%s", text);
	cr_expect(strstr(text, "[ ]  2"), "%s", text);
	consent_page(&c, &page);
	cr_expect(strstr(page.rights[1], CONSENT_IMPOSSIBLE), "%s", page.rights[1]);
	cr_expect_null(strstr(page.rights[0], CONSENT_IMPOSSIBLE));
}
