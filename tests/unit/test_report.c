/* SPDX-License-Identifier: Apache-2.0
 *
 * What the customer reads when the relay is not reached.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/route/report.h"

static const struct hostport relay = {"relay.example", "443"};
static struct tries t;

static void make(const char *proxy, bool inspection)
{
	struct route_config c = {.inspection = inspection};
	struct route_env env = {.name = "https_proxy", .proxy = proxy};

	cr_assert_eq(route_list_make(&c, &env, &relay, &t.list), 0);
	tries_init(&t);
	cr_assert(tries_begin(&t));
}

static struct report failed(enum report_step step, enum report_why why)
{
	return (struct report){.step = step, .why = why, .err = -1};
}

static bool fail(enum report_step step, enum report_why why)
{
	struct report r = failed(step, why);

	return tries_fail(&t, &r);
}

Test(report, goes_over_a_pipe_and_back)
{
	struct report r = {.step = REPORT_PROXY,
			   .why = REPORT_PROXY_FORBIDS,
			   .err = -5,
			   .status = 403,
			   .address = "192.0.2.1",
			   .addresses = 2,
			   .who = "Forbidden",
			   .issuer = "x",
			   .name_ms = 1,
			   .connect_ms = 2,
			   .proxy_ms = 3},
		      back;
	uint8_t buf[REPORT_ENCODED_MAX];
	int n = report_encode(&r, buf, sizeof buf);

	cr_assert_gt(n, 0);
	cr_assert_eq(report_decode(buf, (size_t)n, &back), 0);
	cr_assert(back.step == r.step && back.why == r.why && back.err == -5 &&
		  back.status == 403 && back.addresses == 2 && back.name_ms == 1 &&
		  back.connect_ms == 2 && back.proxy_ms == 3);
	cr_assert_str_eq(back.who, "Forbidden");
	for (int cut = 0; cut < n; cut++)
		cr_assert_eq(report_decode(buf, (size_t)cut, &back), AS_EBADMSG);
	buf[n] = 0;
	cr_assert_eq(report_decode(buf, (size_t)n + 1, &back), AS_EBADMSG);
	buf[0] = REPORT_DONE;
	cr_assert_eq(report_decode(buf, (size_t)n, &back), AS_EBADMSG, "done and failed");
	cr_assert_not(back.has_our_name);
	r.has_our_name = true;
	memset(r.who, 'x', sizeof r.who - 1);
	memset(r.issuer, 'x', sizeof r.issuer - 1);
	memset(r.address, 'x', sizeof r.address - 1);
	cr_assert_gt(report_encode(&r, buf, sizeof buf), 0, "the longest fits");
}

Test(report, refuses_text_that_a_terminal_would_obey)
{
	struct report r = failed(REPORT_TLS, REPORT_OTHER_SERVER), back;
	uint8_t buf[REPORT_ENCODED_MAX];

	strcpy(r.who, "\033[2J");
	cr_assert_eq(report_decode(buf, (size_t)report_encode(&r, buf, sizeof buf), &back),
		     AS_EBADMSG);
}

Test(report, has_words_for_everything)
{
	struct route way = {.proxy = {.via = ROUTE_HTTP, .at = {"proxy", "1"}}, .to = relay};
	char text[REPORT_TEXT_MAX];

	for (int step = REPORT_DONE; step < REPORT_STEPS; step++) {
		cr_assert(report_step_text((enum report_step)step)[0]);
		for (int why = REPORT_OK; why < REPORT_WHYS; why++) {
			struct report r = failed((enum report_step)step, (enum report_why)why);

			cr_assert(strlen(report_text(&way, &r, text)) > 5);
			cr_assert_null(strchr(text, '\n'));
		}
	}
}

Test(report, says_who_answered_instead)
{
	struct route way = {.to = relay};
	struct report r = failed(REPORT_TLS, REPORT_INSPECTED);
	char text[REPORT_TEXT_MAX];

	strcpy(r.issuer, "Corp Inspection CA");
	cr_assert(strstr(report_text(&way, &r, text), "\"Corp Inspection CA\""));
	r = failed(REPORT_TLS, REPORT_OTHER_SERVER);
	strcpy(r.who, "portal.hotel.example");
	strcpy(r.address, "10.0.0.1");
	report_text(&way, &r, text);
	cr_assert(strstr(text, "\"portal.hotel.example\"") &&
		      strstr(text, "relay.example:443 (10.0.0.1)"),
		  "%s", text);
}

Test(tries, goes_through_all_ways_once)
{
	make("http://proxy:1", false);
	for (size_t i = 0; i < 7; i++) { /* the last one asks for a page */
		cr_assert_eq(t.now, i);
		cr_assert_eq(fail(REPORT_TLS, REPORT_TLS_CUT), i < 6);
	}
	cr_assert_eq(t.reports[6].why, REPORT_NO_PAGE);
	cr_assert(t.is_over);
}

Test(tries, leaves_out_what_is_known_to_fail)
{
	make("http://proxy:1", false);
	cr_assert(fail(REPORT_PROXY, REPORT_PROXY_FORBIDS));
	cr_assert_eq(t.now, 3, "the WebSockets go through the same proxy");
	cr_assert_eq(tries_follows(&t, 1), 0);
	cr_assert(fail(REPORT_CONNECT, REPORT_NO_ANSWER));
	cr_assert_eq(t.now, 6, "only the page is left");
	make(NULL, false);
	cr_assert_not(fail(REPORT_NAME, REPORT_NAME_UNKNOWN), "and not even that without a name");
}

Test(tries, ends_when_the_relay_itself_says_no)
{
	make("http://proxy:1", false);
	cr_assert_not(fail(REPORT_RELAY, REPORT_RELAY_SAYS));
	cr_assert(t.is_over);
}

Test(tries, begins_the_next_round_with_what_worked)
{
	make("http://proxy:1", false);
	fail(REPORT_CONNECT, REPORT_NO_ANSWER);
	tries_succeed(&t);
	cr_assert_eq(t.good, 3);
	cr_assert(tries_begin(&t));
	cr_assert_eq(t.now, 3);
	cr_assert(fail(REPORT_CONNECT, REPORT_REFUSED), "then the others, from the first");
	cr_assert_eq(t.now, 0);
}

Test(tries, learns_from_a_carrier_who_cut_the_strict_handshake)
{
	struct report met = failed(REPORT_UPGRADE, REPORT_TLS_CUT);

	make(NULL, false);
	fail(REPORT_TLS, REPORT_TLS_CUT);
	strcpy(met.issuer, "Corp Inspection");
	met.has_our_name = true;
	tries_fail(&t, &met);
	cr_assert_eq(t.reports[0].why, REPORT_INSPECTED);
	cr_assert_str_eq(t.reports[0].issuer, "Corp Inspection");
	met.has_our_name = false;
	make(NULL, false);
	fail(REPORT_TLS, REPORT_TLS_CUT);
	tries_fail(&t, &met);
	cr_assert_eq(t.reports[0].why, REPORT_OTHER_SERVER);
}

static const char *advice_for(enum report_step step, enum report_why why, const char *proxy)
{
	static char text[TRIES_ADVICE_MAX];

	make(proxy, false);
	fail(step, why);
	return tries_advice(&t, &relay, text);
}

Test(tries, a_page_explains_silence_and_strangers_and_nothing_that_says_more)
{
	static const struct {
		enum report_why why;
		bool explained;
	} rows[] = {{REPORT_TLS_CUT, true}, {REPORT_OTHER_SERVER, true}, {REPORT_INSPECTED, false}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct report page = failed(REPORT_PROXY, REPORT_LOGIN_PAGE);

		make(NULL, false);
		while (t.now + 1 < t.list.count)
			fail(REPORT_TLS, rows[i].why);
		tries_note(&t, t.now, &page);
		cr_assert_eq(tries_telling(&t), rows[i].explained ? (int)t.now : 0, "%zu", i);
	}
}

Test(tries, gives_a_sentence_for_the_administrator)
{
	cr_assert_str_eq(
	    advice_for(REPORT_CONNECT, REPORT_NO_ANSWER, NULL),
	    "Please allow outgoing TCP connections from this computer to relay.example port 443.");
	cr_assert(strstr(advice_for(REPORT_TLS, REPORT_INSPECTED, NULL), "TLS inspection"));
	cr_assert(strstr(advice_for(REPORT_TLS, REPORT_INSPECTED, "http://proxy:1"),
			 "exempt connections through the proxy proxy:1 to relay.example port 443"));
	cr_assert(strstr(advice_for(REPORT_NAME, REPORT_NAME_UNKNOWN, NULL), "DNS"));
	cr_assert(strstr(advice_for(REPORT_PROXY, REPORT_PROXY_FORBIDS, "http://proxy:1"),
			 "proxy:1 to relay.example port 443"));
	cr_assert(strstr(advice_for(REPORT_NAME, REPORT_NAME_UNKNOWN, "http://proxy:1"),
			 "the web proxy proxy port 1"));
	cr_assert(tries_is_for_admin(&t));
	cr_assert(strstr(advice_for(REPORT_TLS, REPORT_LOGIN_PAGE, NULL), "web browser"));
	cr_assert_not(tries_is_for_admin(&t));
	cr_assert(strstr(advice_for(REPORT_TLS, REPORT_CERT_TIME, NULL), "date"));
}

Test(tries, a_name_that_leads_to_nowhere_is_the_name_services_doing)
{
	char text[TRIES_ADVICE_MAX];
	struct report r = failed(REPORT_CONNECT, REPORT_REFUSED);

	strcpy(r.address, "0.0.0.0");
	make(NULL, false);
	tries_fail(&t, &r);
	cr_assert(strstr(tries_advice(&t, &relay, text), "the name relay.example in the name "
							 "service (DNS), which leads to 0.0.0.0"),
		  "%s", text);
	strcpy(r.address, "192.0.2.7");
	make(NULL, false);
	tries_fail(&t, &r);
	cr_assert_null(strstr(tries_advice(&t, &relay, text), "DNS"), "%s", text);
}

Test(tries, chooses_the_failure_that_says_most)
{
	char text[TRIES_ADVICE_MAX];

	make("http://proxy:1", false);
	fail(REPORT_PROXY, REPORT_PROXY_PASSWORD);
	fail(REPORT_CONNECT, REPORT_NO_ANSWER);
	fail(REPORT_CONNECT, REPORT_REFUSED); /* the page */
	cr_assert_eq(tries_telling(&t), 0);
	cr_assert(strstr(tries_advice(&t, &relay, text), "user name and password"), "%s", text);
}
