/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/route/route.h"
#include "proto/route/url.h"

static const struct hostport relay = {"relay.example", "443"};
static const struct route_env no_env = {.name = ""};
static struct route_config config;
static struct route_list list;

static void set(const char *key, const char *value)
{
	char why[ROUTE_WHY_MAX];

	cr_assert_eq(route_config_set(&config, key, value, why), 0, "%s: %s", key, why);
}

/* All ways in one line, as a person reads them. */
static const char *ways(const struct route_env *env)
{
	static char all[4096];
	char one[ROUTE_TEXT_MAX];

	all[0] = '\0';
	cr_assert_eq(route_list_make(&config, env, &relay, &list), 0);
	if (list.count > 0 && list.at[list.count - 1].carrier == ROUTE_PAGE)
		list.count--; /* see asks_for_a_page_at_last */
	for (size_t i = 0; i < list.count; i++) {
		strcat(all, i > 0 ? "; " : "");
		strcat(all, route_text(&list.at[i], one));
	}
	return all;
}

Test(route, goes_directly_when_nothing_is_said)
{
	cr_assert_str_eq(ways(&no_env),
			 "directly; directly, in a WebSocket over TLS; directly, in a WebSocket");
}

Test(route, asks_for_a_page_at_last)
{
	cr_assert_eq(route_list_make(&config, &no_env, &relay, &list), 0);
	cr_assert_eq(list.at[list.count - 1].carrier, ROUTE_PAGE);
	cr_assert_str_eq(list.at[list.count - 1].to.port, "80");
	set("proxy", "http://proxy:1");
	set("direct", "never");
	cr_assert_eq(route_list_make(&config, &no_env, &relay, &list), 0);
	cr_assert_neq(list.at[list.count - 1].carrier, ROUTE_PAGE, "nothing goes directly");
}

Test(route, tries_the_proxies_first_and_in_order)
{
	struct route_env env = {.proxy = "socks5h://env.example", .name = "all_proxy"};

	set("proxy", "http://conf.example:3128");
	set("websocket", "never");
	cr_assert_str_eq(ways(&env), "through the proxy conf.example:3128; through the SOCKS proxy "
				     "env.example:1080; directly");
	set("direct", "never");
	cr_assert_str_eq(ways(&env), "through the proxy conf.example:3128; through the SOCKS proxy "
				     "env.example:1080");
	env.proxy = "http://user:other@conf.example:3128";
	cr_assert_str_eq(ways(&env), "through the proxy conf.example:3128", "the same proxy");
}

Test(route, goes_the_pinned_ways_before_the_inspected_one)
{
	set("tls-inspection", "allow");
	cr_assert_str_eq(ways(&no_env),
			 "directly; directly, in a WebSocket over TLS; directly, in a "
			 "WebSocket; directly, trusting this computer's certificates");
	cr_assert(list.at[3].system_trust && !list.at[2].system_trust);
}

Test(route, uses_a_websocket_where_it_is_told)
{
	set("websocket", "wss://gate.example/deep/path");
	ways(&no_env);
	cr_assert_eq(list.count, 2);
	cr_assert_eq(list.at[1].carrier, ROUTE_WSS);
	cr_assert_str_eq(list.at[1].to.host, "gate.example");
	cr_assert_str_eq(list.at[1].to.port, "443");
	cr_assert_str_eq(list.at[1].path, "/deep/path");
	cr_assert_str_eq(list.at[0].to.host, "relay.example");
}

Test(route, leaves_out_proxies_that_are_not_for_the_relay)
{
	struct route_env env = {
	    .proxy = "http://env.example", .name = "https_proxy", .no_proxy = ".example"};

	set("websocket", "never");
	cr_assert_str_eq(ways(&env), "directly");
	set("proxy", "http://conf.example:1");
	cr_assert_str_eq(ways(&env), "through the proxy conf.example:1; directly",
			 "the environment does not overrule the configuration");
	set("no-proxy", "relay.example");
	set("direct", "never");
	cr_assert_str_eq(ways(&env), "directly", "exempt means directly");
}

Test(route, can_be_told_to_ignore_the_environment)
{
	struct route_env env = {.proxy = "http://env.example", .name = "https_proxy"};

	set("proxy", "none");
	set("websocket", "never");
	cr_assert_str_eq(ways(&env), "directly");
	set("direct", "never");
	cr_assert_eq(route_list_make(&config, &env, &relay, &list), AS_ECONFIG);
}

Test(route, says_what_it_did_not_understand_and_never_a_password)
{
	struct route_env env = {.proxy = "https://u:secret@env.example", .name = "https_proxy"};

	ways(&env);
	cr_assert_eq(list.notes_count, 1);
	cr_assert(strstr(list.notes[0], "https_proxy is ignored"));
	cr_assert_null(strstr(list.notes[0], "secret"));
	env.proxy = "http://u:secret@env.example";
	cr_assert_null(strstr(ways(&env), "secret"));
	cr_assert_str_eq(list.at[0].proxy.password, "secret");
}

static const char *fake_env(const char *name)
{
	return strcmp(name, "https_proxy") == 0	  ? ""
	       : strcmp(name, "HTTPS_PROXY") == 0 ? "upper"
	       : strcmp(name, "all_proxy") == 0	  ? "all"
	       : strcmp(name, "NO_PROXY") == 0	  ? "list"
						  : NULL;
}

Test(route, reads_the_environment_in_the_usual_order)
{
	struct route_env env = route_env(fake_env);

	cr_assert_str_eq(env.proxy, "upper");
	cr_assert_str_eq(env.name, "HTTPS_PROXY");
	cr_assert_str_eq(env.no_proxy, "list");
}

Test(route, reads_a_proxys_url)
{
	static const struct {
		const char *text, *host, *port, *user, *password;
		enum route_via via;
	} good[] = {
	    {"proxy.example:3128", "proxy.example", "3128", "", "", ROUTE_HTTP},
	    {"http://proxy.example", "proxy.example", "80", "", "", ROUTE_HTTP},
	    {"HTTP://proxy.example:8080/", "proxy.example", "8080", "", "", ROUTE_HTTP},
	    {"socks5://[2001:db8::1]", "2001:db8::1", "1080", "", "", ROUTE_SOCKS5},
	    {"socks5h://a%40b:p%3aw@192.0.2.1:9", "192.0.2.1", "9", "a@b", "p:w", ROUTE_SOCKS5},
	    {"http://ada:p@ss@proxy:1", "proxy", "1", "ada", "p@ss", ROUTE_HTTP},
	    {"http://ada@proxy:1", "proxy", "1", "ada", "", ROUTE_HTTP},
	};
	static const char *const bad[] = {"",
					  "http://",
					  "ftp://proxy:1",
					  "https://proxy:1",
					  "http://proxy:0",
					  "http://proxy:70000",
					  "http://proxy/x",
					  "http://:pw@proxy:1",
					  "http://a%0d%0ab@p:1",
					  "http://a%zz@proxy:1",
					  "http://a%4@p:1",
					  "socks4://proxy:1",
					  "http://pr oxy:1",
					  "http://[::1:1",
					  "http://a%00@p:1",
					  "http://p\"x:1"};
	char why[ROUTE_WHY_MAX];
	struct route_proxy p;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		cr_assert_eq(url_proxy(good[i].text, &p, why), 0, "%s: %s", good[i].text, why);
		cr_assert_eq(p.via, good[i].via, "%s", good[i].text);
		cr_assert_str_eq(p.at.host, good[i].host);
		cr_assert_str_eq(p.at.port, good[i].port);
		cr_assert_str_eq(p.user, good[i].user);
		cr_assert_str_eq(p.password, good[i].password);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(url_proxy(bad[i], &p, why), AS_ECONFIG, "%s", bad[i]);
}

Test(route, reads_a_websockets_url)
{
	static const char *const bad[] = {"",		"https://a/", "ws://",	    "ws://a:0/",
					  "ws://a/b c", "ws://u@a/x", "wss://a/#f", "never!"};
	char path[ROUTE_PATH_MAX + 1], why[ROUTE_WHY_MAX];
	enum route_carrier carrier;
	struct hostport at;

	cr_assert_eq(url_websocket("ws://gate.example", &carrier, &at, path, why), 0);
	cr_assert(carrier == ROUTE_WS && strcmp(at.port, "80") == 0 && strcmp(path, "/") == 0);
	cr_assert_eq(url_websocket("wss://[::1]:8443/x?y=1", &carrier, &at, path, why), 0);
	cr_assert(carrier == ROUTE_WSS && strcmp(at.host, "::1") == 0 &&
		  strcmp(at.port, "8443") == 0 && strcmp(path, "/x?y=1") == 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(url_websocket(bad[i], &carrier, &at, path, why), AS_ECONFIG, "%s",
			     bad[i]);
}

Test(route, refuses_settings_that_it_does_not_understand)
{
	static const char *const bad[][2] = {
	    {"proxy", "ftp://x"},   {"proxy-auth", "ntlm"},  {"direct", "yes"},
	    {"websocket", "maybe"}, {"tls-inspection", "1"},
	};
	char why[ROUTE_WHY_MAX];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(route_config_set(&config, bad[i][0], bad[i][1], why), AS_ECONFIG, "%s",
			     bad[i][0]);
	cr_assert_eq(route_config_set(&config, "relay", "x", why), 1);
}

Test(route, takes_credentials_from_a_file_of_their_own)
{
	char why[ROUTE_WHY_MAX];

	cr_assert_eq(route_config_credentials(&config, "a:b", 3, why), AS_ECONFIG, "no proxy");
	set("proxy", "http://proxy:1");
	cr_assert_eq(route_config_credentials(&config, "ada:p:w\r\nmore", 13, why), 0);
	cr_assert_str_eq(config.proxy.user, "ada");
	cr_assert_str_eq(config.proxy.password, "p:w");
	cr_assert_not(config.has_password);
	cr_assert_eq(route_config_credentials(&config, ":b", 2, why), AS_ECONFIG);
	cr_assert_eq(route_config_credentials(&config, "nothing", 7, why), AS_ECONFIG);
	cr_assert_eq(route_config_credentials(&config, "a:\x1b[2J", 6, why), AS_ECONFIG);
}

Test(route, knows_who_is_exempt)
{
	static const struct {
		const char *host, *list;
		bool exempt;
	} rows[] = {
	    {"relay.example", "*", true},
	    {"relay.example", "", false},
	    {"relay.example", "relay.example", true},
	    {"relay.example", "example", true},
	    {"relay.example", ".example", true},
	    {"relay.example", "*.example", true},
	    {"RELAY.example.", "a.b, relay.EXAMPLE", true},
	    {"xrelay.example", "relay.example", false},
	    {"example", ".example", true},
	    {"relay.example", "relay.example:443", true},
	    {"relay.example", "relay.example:8443", false},
	    {"192.0.2.1", "192.0.2.1", true},
	    {"192.0.2.1", "192.0.2.0/24", true},
	    {"192.0.2.129", "192.0.2.0/25", false},
	    {"192.0.2.1", "0.0.0.0/0", true},
	    {"192.0.2.1", "192.0.2.0/33", false},
	    {"192.0.2.1", "2.1", false},
	    {"192.0.2.1", "192.0.2.1:443", true},
	    {"2001:db8::1", "2001:db8::/32", true},
	    {"2001:db8::1", "2001:db8:0:0:0:0:0:1", true},
	    {"2001:db8::1", "[2001:db8::1]:443", true},
	    {"2001:db8::1", "[2001:db8::1]:1", false},
	    {"2001:db9::1", "2001:db8::/32", false},
	    {"::ffff:192.0.2.1", "::ffff:c000:201", true},
	    {"::1", "127.0.0.0/8,::1", true},
	    {"::1", "::1/129", false},
	    {"localhost", "127.0.0.1", false},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct hostport to = {.port = "443"};

		strcpy(to.host, rows[i].host);
		cr_assert_eq(route_is_exempt(&to, rows[i].list), rows[i].exempt, "%s in %s",
			     rows[i].host, rows[i].list);
	}
}

Test(route, goes_over_a_pipe_and_back)
{
	uint8_t buf[ROUTE_ENCODED_MAX];
	struct route back;

	set("proxy", "http://ada:pw@proxy.example:3128");
	set("proxy-auth", "basic");
	ways(&no_env);

	int n = route_encode(&list.at[0], buf, sizeof buf);
	cr_assert_gt(n, 0);
	cr_assert_eq(route_decode(buf, (size_t)n, &back), 0);
	cr_assert(route_is_same_connection(&back, &list.at[0]));
	cr_assert_str_eq(back.proxy.password, "pw");
	cr_assert(back.basic);
	for (int cut = 0; cut < n; cut++)
		cr_assert_eq(route_decode(buf, (size_t)cut, &back), AS_EBADMSG, "cut at %d", cut);
	buf[n] = 0;
	cr_assert_eq(route_decode(buf, (size_t)n + 1, &back), AS_EBADMSG, "trailing");
	buf[0] = 9;
	cr_assert_eq(route_decode(buf, (size_t)n, &back), AS_EBADMSG);
}
