/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/route/system.h"

static const struct hostport relay = {"relay.corp.example", "443"};
static struct route_proxy proxy;
static struct route_list list;
static char why[ROUTE_WHY_MAX];

static bool is(const char *proxies, const char *host, const char *port)
{
	return system_proxy(proxies, &proxy, why, NULL) == 1 && proxy.via == ROUTE_HTTP &&
	       strcmp(proxy.at.host, host) == 0 && strcmp(proxy.at.port, port) == 0;
}

Test(system_proxy, one_for_everything)
{
	cr_assert(is("proxy:8080", "proxy", "8080"));
	cr_assert(is("http://proxy:8080/", "proxy", "8080"));
	cr_assert(is(" ; proxy:8080; other:1", "proxy", "8080"), "the first of several");
	cr_assert(is("[2001:db8::1]:3128", "2001:db8::1", "3128"));
}

Test(system_proxy, those_behind_the_first)
{
	static const char *const lists[] = {"a:1;b:2; c:3", "PROXY a:1; PROXY b:2; PROXY c:3",
					    "http=x:9;https=a:1 b:2 socks=y:9 c:3;proxy"};

	for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		const char *at = lists[i];

		for (int n = 0; n < 3; n++) {
			cr_assert_eq(system_proxy(at, &proxy, why, &at), 1, "%s", lists[i]);
			cr_assert_eq(proxy.at.host[0], 'a' + n, "%s", lists[i]);
		}
		cr_assert_eq(system_proxy(at, &proxy, why, &at), 0, "%s", lists[i]);
	}
}

Test(system_proxy, one_for_each_protocol)
{
	cr_assert(is("http=a:80;https=b:443;ftp=c:21", "b", "443"));
	cr_assert(is("HTTPS=http://b:444", "b", "444"));
	cr_assert_eq(system_proxy("http=a:80;socks=c:1080", &proxy, why, NULL), 0, "not for TLS");
	cr_assert_eq(system_proxy("", &proxy, why, NULL), 0);
	cr_assert_eq(system_proxy("https=", &proxy, why, NULL), 0);
}

Test(system_proxy, what_cannot_be_read_is_said)
{
	cr_assert_eq(system_proxy("https=https://b:443", &proxy, why, NULL), AS_ECONFIG);
	cr_assert_neq(why[0], '\0');
	cr_assert_eq(system_proxy("a b:99999", &proxy, why, NULL), 1);
	cr_assert_eq(system_proxy("b:99999", &proxy, why, NULL), AS_ECONFIG);
}

Test(system_proxy, some_go_directly)
{
	const struct hostport local = {"intranet", "443"}, v4 = {"10.1.2.3", "8443"},
			      v6 = {"fe80::1", "443"};

	cr_assert(system_is_exempt(&relay, "*.corp.example"));
	cr_assert(system_is_exempt(&relay, "x;*.CORP.example"));
	cr_assert(system_is_exempt(&relay, "https://relay.corp.example"));
	cr_assert(system_is_exempt(&relay, "relay*"));
	cr_assert(system_is_exempt(&relay, "*:443"));
	cr_assert_not(system_is_exempt(&relay, "*:80"));
	cr_assert_not(system_is_exempt(&relay, "http://relay.corp.example"));
	cr_assert_not(system_is_exempt(&relay, "corp.example;relay;<local>"));
	cr_assert_not(system_is_exempt(&relay, ""));
	cr_assert(system_is_exempt(&local, "<local>"));
	cr_assert(system_is_exempt(&v4, "10.*"));
	cr_assert(system_is_exempt(&v4, "10.1.2.3:8443"));
	cr_assert_not(system_is_exempt(&v4, "<local>"));
	cr_assert(system_is_exempt(&v6, "[fe80::1]"));
	cr_assert(system_is_exempt(&v6, "fe80::*"));
	cr_assert_not(system_is_exempt(&v6, "[fe80::1]:80"));
}

/* All paths in one line; o: may have the person's own login. */
static const char *paths(const struct route_config *c, const struct route_env *env)
{
	static char all[2000];
	char one[ROUTE_TEXT_MAX];

	all[0] = '\0';
	cr_assert_eq(route_list_make(c, env, &relay, &list), 0);
	for (size_t i = 0; i < list.count; i++)
		if (list.at[i].carrier == ROUTE_TLS && !list.at[i].system_trust) {
			strcat(all, all[0] ? "; " : "");
			strcat(all, route_text(&list.at[i], one));
			strcat(all, list.at[i].proxy.own_login ? " (o)" : "");
		}
	return all;
}

Test(system_proxy, stands_between_the_environments_and_no_proxy)
{
	struct route_config c = {.websocket = ROUTE_WS_NEVER};
	struct route_system s = {.proxies = "sys:8080", .bypass = "*.other", .detect = true};
	struct route_env env = {.proxy = "http://env:1", .name = "https_proxy", .system = &s};

	cr_assert_str_eq(paths(&c, &env), "through the proxy env:1; "
					  "through the proxy sys:8080 (o); directly");
	strcpy(s.bypass, "*.corp.example");
	cr_assert_str_eq(paths(&c, &env), "through the proxy env:1; directly");
	c.no_proxies = true;
	cr_assert_str_eq(paths(&c, &env), "directly");
}

Test(system_proxy, is_not_tried_twice)
{
	struct route_config c = {.websocket = ROUTE_WS_NEVER};
	struct route_system s = {.proxies = "sys:8080"};
	struct route_env env = {.proxy = "http://sys:8080", .name = "https_proxy", .system = &s};

	cr_assert_str_eq(paths(&c, &env), "through the proxy sys:8080 (o); directly");
}

Test(system_proxy, a_script_comes_before_and_an_offer_of_the_network_at_last)
{
	struct route_config c = {.websocket = ROUTE_WS_NEVER};
	struct route_system s = {.script = true, .detect = true};
	struct route_env env = {.name = "", .system = &s};
	uint8_t bytes[ROUTE_ENCODED_MAX];
	struct route back;

	cr_assert_str_eq(
	    paths(&c, &env),
	    "through the proxy that this computer's proxy script chooses (o); directly");

	int n = route_encode(&list.at[0], bytes, sizeof bytes);
	cr_assert_eq(route_decode(bytes, (size_t)n, &back), 0);
	cr_assert_eq(back.proxy.via, ROUTE_SCRIPT);
	cr_assert(back.proxy.own_login);
	s.script = false;
	cr_assert_str_eq(paths(&c, &env), "directly; through the proxy that this network offers");
	c.direct_never = true;
	cr_assert_str_eq(paths(&c, &env), "through the proxy that this network offers");
	bytes[0] = ROUTE_DETECT;
	cr_assert_eq(route_decode(bytes, (size_t)n, &back), AS_EBADMSG,
		     "nobody's login to whom the network offers");
}
