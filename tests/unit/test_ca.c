/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <criterion/redirect.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/ca.h"
#include "console/ca_cert.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/base/ini.h"
#include "proto/e2e/cert.h"
#include "proto/e2e/settings.h"

#define ORG "Acme Support GmbH"

static char folder[] = "/tmp/test_ca.XXXXXX";

static void enter(void)
{
	cr_redirect_stdout();
	cr_redirect_stderr();
	cr_assert(mkdtemp(folder) && chdir(folder) == 0);
}

static void leave(void)
{
	char cmd[64];

	snprintf(cmd, sizeof cmd, "rm -rf %s", folder);
	cr_assert(chdir("/") == 0 && system(cmd) == 0);
}

TestSuite(ca, .init = enter, .fini = leave);

#define CA(...) ca_words((const char *const[]){"ca", __VA_ARGS__, NULL})

static int ca_words(const char *const *words)
{
	int n = 0;

	while (words[n])
		n++;
	return ca_main(n, (char **)(uintptr_t)words);
}

static size_t load(const char *path, char *out, size_t cap)
{
	FILE *f = fopen(path, "r");

	cr_assert(f, "%s", path);
	size_t n = fread(out, 1, cap - 1, f);
	fclose(f);
	out[n] = '\0';
	return n;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	cr_assert_eq(lstat(path, &st), 0, "%s", path);
	return st.st_mode & 07777;
}

static X509 *cert_of(const char *path)
{
	FILE *f = fopen(path, "r");

	cr_assert(f, "%s", path);
	X509 *x = PEM_read_X509(f, NULL, NULL, NULL);
	fclose(f);
	cr_assert(x);
	return x;
}

static int init(void)
{
	return CA("init", "--org", ORG, "--dir", "ca");
}

static int engineer(const char *out)
{
	return CA("engineer", "--dir", "ca", "--id", "jane", "--name", "Jane Doe", "--relay",
		  "relay.example.com:7443", "--out", out);
}

/* As an agent would judge it, whose CA is ca/ca.crt. */
static int judge(const char *cert, struct cert_engineer *who)
{
	char ca[CA_FILE_MAX], pem[CA_FILE_MAX];
	uint8_t chain[CERT_CHAIN_MAX];
	size_t ca_len = load("ca/ca.crt", ca, sizeof ca), n = load(cert, pem, sizeof pem);
	int len = cert_chain_from_pem(pem, n, chain, sizeof chain);

	cr_assert_gt(len, 0);
	return cert_check_engineer(chain, (size_t)len, ca, ca_len, clock_wall_s(), who);
}

/* As TLS would judge it. */
static bool is_under(X509 *cert, const char *ca_path, int purpose)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509 *ca = cert_of(ca_path);

	X509_STORE_add_cert(store, ca);
	X509_STORE_CTX_init(ctx, store, cert, NULL);
	X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(ctx), X509_V_FLAG_X509_STRICT);
	X509_VERIFY_PARAM_set_purpose(X509_STORE_CTX_get0_param(ctx), purpose);

	bool ok = X509_verify_cert(ctx) == 1;
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	X509_free(ca);
	return ok;
}

static int64_t life_of(const X509 *x)
{
	int days = 0, seconds = 0;

	ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(x), X509_get0_notAfter(x));
	return (int64_t)days * 86400 + seconds;
}

Test(ca, keeps_its_keys_for_their_owner)
{
	umask(0);
	cr_assert_eq(init(), 0);
	cr_assert_eq(engineer("jane"), 0);
	cr_assert_eq(mode_of("ca"), 0700);
	cr_assert_eq(mode_of("ca/ca.key"), 0600);
	cr_assert_eq(mode_of("jane/engineer.key"), 0600);
	cr_assert_eq(mode_of("jane/console.key"), 0600);
	cr_assert_eq(mode_of("jane/engineer.crt"), 0644);
}

Test(ca, never_overwrites_a_key)
{
	char before[CA_FILE_MAX], after[CA_FILE_MAX];

	cr_assert_eq(init(), 0);
	load("ca/ca.key", before, sizeof before);
	cr_assert_eq(init(), 1);
	load("ca/ca.key", after, sizeof after);
	cr_assert_str_eq(before, after);
}

Test(ca, makes_all_files_of_a_set_or_none)
{
	char have[CA_FILE_MAX];

	cr_assert_eq(init(), 0);
	cr_assert_eq(mkdir("relay", 0700), 0);
	cr_assert_eq(symlink("nowhere", "relay/relay.crt"), 0);
	cr_assert_eq(CA("relay", "--dir", "ca", "--name", "r.example", "--out", "relay"), 1);
	cr_assert_neq(access("relay/relay.key", F_OK), 0);
	cr_assert_neq(access("relay/ca.crt", F_OK), 0);
	cr_assert_neq(access("relay/nowhere", F_OK), 0);
	cr_assert_eq(readlink("relay/relay.crt", have, sizeof have), 7);
}

Test(ca, puts_its_certificate_beside_an_equal_one_only)
{
	cr_assert_eq(init(), 0);
	cr_assert_eq(CA("relay", "--dir", "ca", "--name", "r.example", "--out", "both"), 0);
	cr_assert_eq(engineer("both"), 0);
	cr_assert_eq(CA("init", "--org", ORG, "--dir", "other"), 0);
	cr_assert_eq(CA("relay", "--dir", "ca", "--name", "r.example", "--out", "other"), 1);
	cr_assert_neq(access("other/relay.key", F_OK), 0);
}

Test(ca, makes_engineers_that_agents_accept_for_one_day)
{
	struct cert_engineer who;

	cr_assert_eq(init(), 0);
	cr_assert_eq(engineer("jane"), 0);
	cr_assert_eq(judge("jane/engineer.crt", &who), 0);
	cr_assert_str_eq(who.id, "jane");
	cr_assert_str_eq(who.name, "Jane Doe");
	cr_assert_str_eq(who.organisation, ORG);

	X509 *x = cert_of("jane/engineer.crt");
	cr_assert_eq(life_of(x), CERT_LIFE_MAX_S);
	cr_assert_lt(X509_cmp_current_time(X509_get0_notBefore(x)), 0);
	X509_free(x);
}

Test(ca, makes_engineers_for_less_than_a_day)
{
	cr_assert_eq(init(), 0);
	cr_assert_eq(CA("engineer", "--dir", "ca", "--id", "j", "--name", "J", "--valid", "90m",
			"--out", "j"),
		     0);

	X509 *x = cert_of("j/engineer.crt");
	cr_assert_eq(life_of(x), 90 * 60);
	X509_free(x);
}

Test(ca, makes_console_credentials_that_no_agent_accepts)
{
	struct cert_engineer who;

	cr_assert_eq(init(), 0);
	cr_assert_eq(engineer("jane"), 0);
	cr_assert_eq(judge("jane/console.crt", &who), AS_E_CERT_EKU);

	X509 *x = cert_of("jane/console.crt");
	cr_assert(is_under(x, "ca/ca.crt", X509_PURPOSE_SSL_CLIENT));
	cr_assert_not(is_under(x, "ca/ca.crt", X509_PURPOSE_SSL_SERVER));
	X509_free(x);
}

Test(ca, makes_relays_for_each_of_their_names)
{
	cr_assert_eq(init(), 0);
	cr_assert_eq(CA("relay", "--dir", "ca", "--name", "relay.example.com", "--name",
			"192.0.2.1", "--name", "2001:db8::1", "--out", "relay"),
		     0);

	X509 *x = cert_of("relay/relay.crt");
	cr_assert(is_under(x, "relay/ca.crt", X509_PURPOSE_SSL_SERVER));
	cr_assert_not(is_under(x, "relay/ca.crt", X509_PURPOSE_SSL_CLIENT));
	cr_assert_eq(X509_check_host(x, "relay.example.com", 0, 0, NULL), 1);
	cr_assert_eq(X509_check_host(x, "other.example.com", 0, 0, NULL), 0);
	cr_assert_eq(X509_check_ip_asc(x, "192.0.2.1", 0), 1);
	cr_assert_eq(X509_check_ip_asc(x, "2001:db8::1", 0), 1);
	cr_assert_eq(X509_check_ip_asc(x, "192.0.2.2", 0), 0);
	cr_assert_eq(life_of(x), INT64_C(397) * 86400);
	X509_free(x);
}

Test(ca, cannot_speak_for_another_organisation)
{
	struct cert_engineer who;
	struct ca ca;
	struct ca_pair p = {.key_len = 0};
	char why[CA_WHY_MAX];

	cr_assert_eq(init(), 0);
	cr_assert_eq(ca_load("ca", true, &ca, why), 0, "%s", why);
	strcpy(ca.organisation, "Somebody Else");
	cr_assert_eq(ca_make_engineer(&ca, "jane", "Jane", 3600, clock_wall_s(), &p), 0);
	ca_done(&ca);

	FILE *f = fopen("forged.crt", "w");
	fwrite(p.cert, 1, p.cert_len, f);
	fclose(f);
	ca_pair_done(&p);
	cr_assert_eq(judge("forged.crt", &who), AS_E_CERT);

	X509 *x =
	    cert_of("forged.crt"); /* OpenSSL alone says so, too: it is a constraint of the CA */
	cr_assert_not(is_under(x, "ca/ca.crt", X509_PURPOSE_SSL_CLIENT));
	X509_free(x);
}

Test(ca, lets_nobody_foretell_a_serial)
{
	cr_assert_eq(init(), 0);
	cr_assert_eq(engineer("a"), 0);
	cr_assert_eq(engineer("b"), 0);

	X509 *a = cert_of("a/engineer.crt"), *b = cert_of("b/engineer.crt");
	cr_assert_eq(ASN1_STRING_length(X509_get0_serialNumber(a)), 16);
	cr_assert_neq(ASN1_INTEGER_cmp(X509_get0_serialNumber(a), X509_get0_serialNumber(b)), 0);
	X509_free(a);
	X509_free(b);
}

Test(ca, refuses_a_key_that_others_can_read)
{
	cr_assert_eq(init(), 0);
	cr_assert_eq(chmod("ca/ca.key", 0640), 0);
	cr_assert_eq(engineer("jane"), 1);
	cr_assert_neq(access("jane", F_OK), 0);
}

Test(ca, refuses_a_key_of_another_authority)
{
	cr_assert_eq(init(), 0);
	cr_assert_eq(CA("init", "--org", ORG, "--dir", "other"), 0);
	cr_assert_eq(rename("other/ca.key", "ca/ca.key"), 0);
	cr_assert_eq(engineer("jane"), 1);
}

static int on_entry(const char *key, const char *value, void *arg)
{
	char *all = arg;

	strcat(all, key);
	strcat(all, "=");
	strcat(all, value);
	strcat(all, ";");
	return 0;
}

Test(ca, writes_configurations_that_can_be_read)
{
	char all[2048] = "";
	int line;

	cr_assert_eq(init(), 0);
	cr_assert_eq(CA("agent-config", "--dir", "ca", "--relay", "[2001:db8::1]:7443", "--phone",
			"+49 30 1234", "--out", "agent"),
		     0);
	cr_assert_eq(ini_load("agent/agent.conf", on_entry, all, &line), 0);
	static const char want[] =
	    "relay=[2001:db8::1]:7443;ca=ca.crt;organisation=" ORG ";phone=+49 30 1234;signature=";
	cr_assert_eq(strncmp(all, want, sizeof want - 1), 0, "%s", all);
	all[strlen(all) - 1] = '\0';

	char pem[CA_FILE_MAX];
	size_t n = load("agent/ca.crt", pem, sizeof pem);
	struct settings s = {"[2001:db8::1]:7443", ORG, "+49 30 1234"};
	cr_assert_eq(settings_check(pem, n, &s, all + sizeof want - 1), 0);
	all[0] = '\0';
	cr_assert_eq(engineer("jane"), 0);
	cr_assert_eq(ini_load("jane/console.conf", on_entry, all, &line), 0);
	cr_assert(strncmp(all, "relay=relay.example.com:7443;", 29) == 0);
}

/* The key may be where it is safe; then the configuration is made, and is not signed. */
Test(ca, needs_no_key_for_an_agents_configuration)
{
	cr_assert_eq(init(), 0);
	cr_assert_eq(unlink("ca/ca.key"), 0);
	cr_assert_eq(
	    CA("agent-config", "--dir", "ca", "--relay", "r:1", "--phone", "1", "--out", "agent"),
	    0);
	cr_assert_eq(mode_of("agent"), 0755);

	char conf[2048];
	load("agent/agent.conf", conf, sizeof conf);
	cr_assert_eq(strstr(conf, "signature"), NULL);
}

Test(ca, signs_with_no_key_that_others_may_read)
{
	cr_assert_eq(init(), 0);
	cr_assert_eq(chmod("ca/ca.key", 0644), 0);
	cr_assert_eq(
	    CA("agent-config", "--dir", "ca", "--relay", "r:1", "--phone", "1", "--out", "agent"),
	    1);
}

/* ---- what people type ---- */

struct typed {
	char line[160]; /* words with '|' between them */
	int exit;
};

#define ENGINEER "engineer|--dir|d|--id|a|--name|N|--out|o"

ParameterizedTestParameters(ca, judges_what_is_typed)
{
	static struct typed all[] = {
	    {"--help", 0},
	    {"init|--help", 0},
	    {"--version", 0},
	    {"relay|--version", 0},
	    {"engineer|--help", 0},
	    {"", 2},
	    {"destroy", 2},
	    {"init", 2},
	    {"init|--org|A", 2},
	    {"init|--org", 2},
	    {"init|--org|A|--dir|ca|--phone|1", 2},
	    {"init|--org|A|--dir|ca|more", 2},
	    {"init|--org||--dir|ca", 2},
	    {"init|--org|A\nB|--dir|ca", 2},
	    {"init|--org|A\xc3\x28|--dir|ca", 2},
	    {"init|--org|0123456789012345678901234567890123456789012345678901|--dir|ca", 2},
	    {"init|--org|012345678901234567890123456789012345678901234567890|--dir|ca", 0},
	    {"relay|--dir|ca|--name|a,DNS:b|--out|o", 2},
	    {"relay|--dir|ca|--name|1.2.3|--out|o", 2},
	    {"relay|--dir|ca|--name|-a|--out|o", 2},
	    {"relay|--dir|ca|--name|a..b|--out|o", 2},
	    {"relay|--dir|ca|--name|a|--out|o", 1},
	    {"engineer|--dir|d|--id|a/b|--name|N|--out|o", 2},
	    {ENGINEER "|--valid|25h", 2},
	    {ENGINEER "|--valid|24", 2},
	    {ENGINEER "|--valid|1m", 2},
	    {ENGINEER "|--relay|r", 2},
	    {ENGINEER, 1},
	    {"agent-config|--dir|d|--relay|r|--phone|1|--out|o", 2},
	};

	return cr_make_param_array(struct typed, all, sizeof all / sizeof all[0]);
}

ParameterizedTest(struct typed *t, ca, judges_what_is_typed)
{
	char name[] = "ca", line[sizeof t->line], *rest = line, *argv[16] = {name};
	int n = 1;

	strcpy(line, t->line);
	while (rest && line[0] != '\0' && n < 15)
		argv[n++] = strsep(&rest, "|");
	cr_assert_eq(ca_main(n, argv), t->exit, "%s", t->line);
}
