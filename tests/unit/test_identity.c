/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/identity.h"
#include "proto/base/err.h"
#include "tests/support/pki.h"

static char dir[] = "/tmp/assent-identity-XXXXXX";
static const char *const files[] = {"ca.crt",	   "engineer.crt", "engineer.key",
				    "console.crt", "console.key",  "console.conf"};
static struct pki ca, jane, console;
static struct identity id;
static char why[IDENTITY_WHY_MAX];

static const char *at(const char *name)
{
	static char path[128];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static void put(const char *name, const void *p, size_t n)
{
	FILE *f = fopen(at(name), "we");

	fwrite(p, 1, n, f);
	fclose(f);
	chmod(at(name), 0600);
}

static void make(void)
{
	struct pki_spec ca_spec = pki_ca_spec("Acme", PKI_NOW);
	struct pki_spec jane_spec = pki_engineer_spec("Acme", "jane", "Jane Doe", PKI_NOW);
	struct pki_spec console_spec = pki_console_spec("Acme", "jane", PKI_NOW);

	cr_assert(mkdtemp(dir));
	pki_make(&ca_spec, NULL, &ca);
	pki_make(&jane_spec, &ca, &jane);
	pki_make(&console_spec, &ca, &console);
	put("ca.crt", ca.pem, ca.pem_len);
	put("engineer.crt", jane.pem, jane.pem_len);
	put("engineer.key", jane.key_pem, jane.key_pem_len);
	put("console.crt", console.pem, console.pem_len);
	put("console.key", console.key_pem, console.key_pem_len);
	put("console.conf", "relay = relay.example:443\n", 26);
}

static void clean(void)
{
	identity_done(&id);
	pki_done(&jane);
	pki_done(&console);
	pki_done(&ca);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		unlink(at(files[i]));
	rmdir(dir);
}
TestSuite(identity, .init = make, .fini = clean);

Test(identity, a_good_folder_says_who_and_where)
{
	cr_assert_eq(identity_load(dir, PKI_NOW, &id, why), 0, "%s", why);
	cr_assert_str_eq(id.who.id, "jane");
	cr_assert_str_eq(id.who.name, "Jane Doe");
	cr_assert_str_eq(id.who.organisation, "Acme");
	cr_assert_str_eq(id.relay, "relay.example:443");
	cr_assert_gt(id.chain_len, 0);
}

Test(identity, the_configuration_may_be_missing_but_not_garbled)
{
	unlink(at("console.conf"));
	cr_assert_eq(identity_load(dir, PKI_NOW, &id, why), 0, "%s", why);
	cr_assert_str_eq(id.relay, "");
	identity_done(&id);
	put("console.conf", "\nnonsense\n", 10);
	cr_assert_eq(identity_load(dir, PKI_NOW, &id, why), AS_ECONFIG);
	cr_assert(strstr(why, "line 2"), "%s", why);
}

static int load_with(const char *conf)
{
	identity_done(&id);
	put("console.conf", conf, strlen(conf));
	return identity_load(dir, PKI_NOW, &id, why);
}

Test(identity, the_configuration_says_how_the_relay_is_reached)
{
	cr_assert_eq(load_with("relay = r:1\nproxy = http://proxy:3128\nproxy-credentials = "
			       "secret\nwebsocket = never\n"),
		     AS_ECONFIG);
	cr_assert(strstr(why, "secret"), "%s", why);
	put("secret", "jane:pw\n", 8);
	chmod(at("secret"), 0600);
	cr_assert_eq(load_with("proxy = http://proxy:3128\nproxy-credentials = secret\n"), 0, "%s",
		     why);
	cr_assert_str_eq(id.route.proxy.user, "jane");
	cr_assert_str_eq(id.route.proxy.password, "pw");
	chmod(at("secret"), 0644);
	cr_assert_eq(load_with("proxy = http://proxy:3128\nproxy-credentials = secret\n"),
		     AS_ECONFIG);
	cr_assert_eq(load_with("websocket = perhaps\n"), AS_ECONFIG);
	cr_assert(strstr(why, "line 1") && strstr(why, "WebSocket"), "%s", why);
	cr_assert_eq(load_with("tls-inspection = allow\n"), AS_ECONFIG);
	cr_assert(strstr(why, "a WebSocket can"), "%s", why);
	unlink(at("secret"));
}

Test(identity, a_key_that_others_can_read_is_refused)
{
	chmod(at("engineer.key"), 0640);
	cr_assert_eq(identity_load(dir, PKI_NOW, &id, why), AS_ECONFIG);
	cr_assert(strstr(why, "engineer.key") && strstr(why, "chmod 600"), "%s", why);
	chmod(at("engineer.key"), 0600);
	chmod(at("console.key"), 0604);
	cr_assert_eq(identity_load(dir, PKI_NOW, &id, why), AS_ECONFIG);
	cr_assert(strstr(why, "console.key"), "%s", why);
}

Test(identity, every_file_is_needed_and_named_when_it_is_missing)
{
	for (size_t i = 0; i < 5; i++) {
		char kept[128], path[128];

		snprintf(path, sizeof path, "%s", at(files[i]));
		snprintf(kept, sizeof kept, "%s/kept", dir);
		rename(path, kept);
		cr_assert_eq(identity_load(dir, PKI_NOW, &id, why), AS_ECONFIG);
		cr_assert(strstr(why, files[i]), "%s", why);
		rename(kept, path);
	}
}

Test(identity, what_the_agent_would_refuse_is_refused_here)
{
	cr_assert_eq(identity_load(dir, PKI_NOW + 2 * 86400, &id, why), AS_E_CERT_EXPIRED);
	cr_assert(strstr(why, "engineer.crt"), "%s", why);
	cr_assert_eq(identity_load(dir, PKI_NOW - 2 * 86400, &id, why), AS_E_CLOCK);
	put("engineer.crt", console.pem, console.pem_len);
	cr_assert_eq(identity_load(dir, PKI_NOW, &id, why), AS_E_CERT_EKU);
}

Test(identity, garbage_and_huge_files_are_refused)
{
	static char big[CERT_PEM_MAX + 1];

	put("engineer.crt", "hello", 5);
	cr_assert_eq(identity_load(dir, PKI_NOW, &id, why), AS_ECONFIG);
	put("engineer.crt", jane.pem, jane.pem_len);
	put("engineer.key", "hello", 5);
	cr_assert_eq(identity_load(dir, PKI_NOW, &id, why), AS_ECONFIG);
	put("engineer.key", big, sizeof big);
	cr_assert_eq(identity_load(dir, PKI_NOW, &id, why), AS_ECONFIG);
}
