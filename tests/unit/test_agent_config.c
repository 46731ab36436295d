/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/config.h"
#include "proto/base/err.h"
#include "proto/base/text.h"
#include "proto/e2e/settings.h"
#include "tests/support/pki.h"

#define GOOD                                 \
	"relay = relay.acme.example:443\n"   \
	"ca = ca.crt\n"                      \
	"organisation = Acme Support GmbH\n" \
	"phone = +49 30 1234567\n"

static char dir[64], conf[128], ca[128];
static struct agent_config c;
static char why[CONFIG_WHY_MAX];

static void put(const char *path, const char *text, size_t n)
{
	FILE *f = fopen(path, "wb");

	cr_assert(f);
	cr_assert_eq(fwrite(text, 1, n, f), n);
	fclose(f);
	cr_assert_eq(chmod(path, 0644), 0);
}

static void setup(void)
{
	snprintf(dir, sizeof dir, "/tmp/assent-config-XXXXXX");
	cr_assert(mkdtemp(dir));
	snprintf(conf, sizeof conf, "%s/agent.conf", dir);
	snprintf(ca, sizeof ca, "%s/ca.crt", dir);
	put(ca, "-----BEGIN CERTIFICATE-----\n", 28);
}

static void teardown(void)
{
	unlink(conf);
	unlink(ca);
	rmdir(dir);
}

static int load(const char *text)
{
	put(conf, text, strlen(text));
	memset(&c, 0x5a, sizeof c);
	why[0] = '\0';
	return config_load(conf, &c, why, sizeof why);
}

/* It fails, says the word, on one clean line, and leaves the struct alone. */
static void check_refused(const char *text, const char *word)
{
	cr_assert_eq(load(text), AS_ECONFIG, "%s", text);
	cr_assert(strstr(why, word), "\"%s\" does not say \"%s\"", why, word);
	cr_assert(text_is_clean(why, strlen(why)), "%s", why);
	cr_assert_eq(why[strlen(why) - 1], '.', "%s", why);
	cr_assert_eq(((unsigned char *)&c)[0], 0x5a);
}

TestSuite(agent_config, .init = setup, .fini = teardown);

Test(agent_config, what_the_administrator_wrote_is_what_counts)
{
	cr_assert_eq(load(GOOD "proxy = http://proxy:3128\nlang = de\nresume = 120\n"), 0, "%s",
		     why);
	cr_assert_str_eq(c.relay, "relay.acme.example:443");
	cr_assert_str_eq(c.organisation, "Acme Support GmbH");
	cr_assert_str_eq(c.phone, "+49 30 1234567");
	cr_assert_str_eq(c.route.proxy.at.host, "proxy");
	cr_assert_not(c.password_is_open);
	cr_assert_str_eq(c.lang, "de");
	cr_assert_eq(c.resume_s, 120);
	cr_assert_str_eq(c.path, conf);
	cr_assert_str_eq(c.ca_path, ca);
	cr_assert_eq(c.ca_len, 28);
	cr_assert_eq(c.ca_pem[28], '\0');
}

Test(agent_config, a_folder_that_others_can_write_to_is_not_an_administrators)
{
	cr_assert_eq(chmod(dir, 0777), 0);
	cr_assert_eq(load(GOOD), 0);
	cr_assert_not(c.trusted);
}

Test(agent_config, an_administrators_file_is_trusted_and_a_ca_that_others_write_spoils_it)
{
	if (geteuid() != 0)
		cr_skip_test("needs root");
	cr_assert_eq(load(GOOD), 0);
	cr_assert(c.trusted);
	cr_assert_eq(chmod(ca, 0666), 0);
	cr_assert_eq(load(GOOD), 0);
	cr_assert_not(c.trusted);
}

static int load_signed(const struct settings *s, const char *more)
{
	struct pki_spec spec = pki_ca_spec("Acme Support GmbH", PKI_NOW);
	char text[2048], hex[SETTINGS_HEX_MAX];
	struct pki authority;

	pki_make(&spec, NULL, &authority);
	put(ca, authority.pem, authority.pem_len);
	cr_assert_eq(settings_sign(authority.key, s, hex), 0);
	pki_done(&authority);
	snprintf(text, sizeof text, GOOD "signature = %s\n%s", hex, more);
	return load(text);
}

Test(agent_config, what_the_organisation_signed_must_not_have_changed)
{
	struct settings s = {"relay.acme.example:443", "Acme Support GmbH", "+49 30 1234567"};

	cr_assert_eq(load_signed(&s, "proxy = http://proxy:3128\nresume = 5\n"), 0, "%s", why);
	cr_assert_neq(c.signature[0], '\0', "and the administrator's settings are his");
	s.phone = "+49 30 7654321";
	cr_assert_eq(load_signed(&s, ""), AS_ECONFIG);
	cr_assert(strstr(why, "signed"), "%s", why);
	check_refused(GOOD "signature = 00\n", "signed");
	check_refused(GOOD "signature = nonsense\n", "signed");
}

Test(agent_config, a_configuration_without_a_signature_is_known_as_such)
{
	cr_assert_eq(load(GOOD), 0, "%s", why);
	cr_assert_str_empty(c.signature);
	cr_assert_eq(load(GOOD "signature =\n"), 0, "%s", why);
	cr_assert_str_empty(c.signature);
}

Test(agent_config, an_unknown_setting_is_an_error_with_its_line)
{
	check_refused(GOOD "unattended = yes\n", "line 5: \"unattended\" is not a setting");
}

Test(agent_config, each_setting_stands_once_and_the_needed_ones_are_there)
{
	check_refused(GOOD "phone = 1\n", "line 5: \"phone\" is set twice");
	check_refused("relay = a:1\nca = ca.crt\norganisation = A\n", "\"phone\" is missing");
	check_refused("", "\"relay\" is missing");
	check_refused(GOOD "phone\n", "line 5");
	check_refused("organisation =\n", "line 1: \"organisation\" is empty");
}

Test(agent_config, a_relay_is_a_host_and_a_port)
{
	static const char *const good[] = {"a:1", "[2001:db8::1]:65535", "192.0.2.1:443"};
	static const char *const bad[] = {"a",	  "a:",	  ":1",	     "a:0",  "a:65536",	  "a b:1",
					  "a:1x", "[]:1", "[a/b]:1", "a:+1", "http://a:1"};
	char text[256];

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		snprintf(text, sizeof text,
			 "ca = ca.crt\norganisation = A\nphone = 1\nrelay = %s\n", good[i]);
		cr_assert_eq(load(text), 0, "%s", why);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(text, sizeof text, "relay = %s\n", bad[i]);
		check_refused(text, "line 1: \"relay\" must be HOST:PORT");
	}
}

Test(agent_config, the_ways_to_the_relay_are_settings_too)
{
	cr_assert_eq(load(GOOD
			  "websocket = never\ntls-inspection = allow\ninspection-ca = corp.pem\n"
			  "direct = never\nproxy-auth = basic\nno-proxy = a,b\n"),
		     0, "%s", why);
	cr_assert(c.route.inspection && c.route.direct_never && c.route.basic);
	cr_assert_str_eq(c.inspection_path + strlen(dir), "/corp.pem");
	check_refused(GOOD "websocket = maybe\n", "line 5: \"websocket\": ");
	check_refused(GOOD "proxy = http://a\nproxy = http://b\n",
		      "line 6: \"proxy\" is set twice");
}

Test(agent_config, a_password_that_others_can_read_is_said_or_refused)
{
	char path[128];

	cr_assert_eq(load(GOOD "proxy = http://ada:secret@proxy:3128\n"), 0, "%s", why);
	cr_assert(c.password_is_open);

	snprintf(path, sizeof path, "%s/proxy.secret", dir);
	put(path, "ada:secret\n", 11);
	check_refused(GOOD "proxy = http://p:1\nproxy-credentials = proxy.secret\n",
		      "everybody on this computer can read");
	cr_assert_eq(chmod(path, 0600), 0);
	cr_assert_eq(load(GOOD "proxy = http://p:1\nproxy-credentials = proxy.secret\n"), 0, "%s",
		     why);
	cr_assert_str_eq(c.route.proxy.password, "secret");
	cr_assert_not(c.password_is_open);
	check_refused(GOOD "proxy-credentials = proxy.secret\n", "needs a \"proxy\"");
	put(path, "nothing", 7);
	cr_assert_eq(chmod(path, 0600), 0);
	check_refused(GOOD "proxy = http://p:1\nproxy-credentials = proxy.secret\n",
		      "user:password");
	unlink(path);
	check_refused(GOOD "proxy = http://p:1\nproxy-credentials = proxy.secret\n",
		      "proxy.secret: ");
	config_wipe(&c);
}

Test(agent_config, resume_has_its_limits)
{
	cr_assert_eq(load(GOOD), 0);
	cr_assert_eq(c.resume_s, 120, "when nothing is said");
	cr_assert_eq(load(GOOD "resume = 0\n"), 0);
	cr_assert_eq(c.resume_s, 0);
	cr_assert_eq(load(GOOD "resume = 600\n"), 0);
	check_refused(GOOD "resume = 601\n", "from 0 to 600");
	check_refused(GOOD "resume = -1\n", "from 0 to 600");
	check_refused(GOOD "resume = 1m\n", "from 0 to 600");
}

Test(agent_config, values_that_are_too_long_are_refused)
{
	char text[1024];

	snprintf(text, sizeof text, GOOD "lang = %s\n", "abcdefghijklmnopq");
	check_refused(text, "\"lang\" is longer than 16 bytes");
}

Test(agent_config, a_ca_that_is_missing_too_large_or_none_is_refused)
{
	static char large[CONFIG_CA_MAX + 1];

	put(ca, "hello", 5);
	check_refused(GOOD, "this is not a certificate");
	memset(large, 'x', sizeof large);
	memcpy(large, "-----BEGIN CERTIFICATE-----", 27);
	put(ca, large, sizeof large);
	check_refused(GOOD, "ca.crt");
	put(ca, large, sizeof large - 1);
	cr_assert_eq(load(GOOD), 0);
	unlink(ca);
	check_refused(GOOD, "ca.crt");
}

Test(agent_config, a_configuration_that_is_missing_says_what_to_do)
{
	cr_assert_eq(config_load("/nonexistent/agent.conf", &c, why, sizeof why), AS_ECONFIG);
	cr_assert(strstr(why, "/nonexistent/agent.conf"));
	cr_assert(strstr(why, "Ask your support organisation"));
}
