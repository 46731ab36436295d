/* SPDX-License-Identifier: Apache-2.0
 *
 * `ca agent-package`, judged by the tools that install packages: dpkg-deb and rpm.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <criterion/redirect.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/ca.h"
#include "console/package.h"

#define ORG  "Acme Support"
#define DEB  "p/assent-agent-config-acme-support_1.2_all.deb"
#define RPM  "p/assent-agent-config-acme-support-1.2-1.noarch.rpm"
#define CONF "agent/agent.conf"

static char folder[] = "/tmp/test_ca_package.XXXXXX";

#define CA(...) ca_words((const char *const[]){"ca", __VA_ARGS__, NULL})

static int ca_words(const char *const *words)
{
	int n = 0;

	while (words[n])
		n++;
	return ca_main(n, (char **)(uintptr_t)words);
}

#define PACK(...) CA("agent-package", "--config", CONF, "--package-version", "1.2", __VA_ARGS__)

static void organisation(const char *name)
{
	cr_assert_eq(CA("init", "--org", name, "--dir", "ca"), 0);
	cr_assert_eq(CA("agent-config", "--dir", "ca", "--relay", "relay.acme.example:443",
			"--phone", "+49 30 1234567", "--out", "agent"),
		     0);
}

static void enter(void)
{
	cr_redirect_stdout();
	cr_redirect_stderr();
	cr_assert(mkdtemp(folder) && chdir(folder) == 0);
}

static void leave(void)
{
	char cmd[64];

	snprintf(cmd, sizeof cmd, "/bin/rm -rf %s", folder);
	cr_assert(chdir("/") == 0 && system(cmd) == 0);
}

TestSuite(ca_package, .init = enter, .fini = leave);

/* What a command prints. */
static const char *out_of(const char *command)
{
	static char text[16384];
	FILE *f = popen(command, "r");

	cr_assert(f);
	size_t n = fread(text, 1, sizeof text - 1, f);
	cr_assert_eq(pclose(f), 0, "%s", command);
	text[n] = '\0';
	return text;
}

static void check_same(const char *a, const char *b)
{
	char command[256];

	snprintf(command, sizeof command, "cmp %s %s", a, b);
	cr_assert_eq(system(command), 0, "%s", command);
}

/* In place of one value of the configuration another one. */
static void change(const char *sed)
{
	char command[256];

	snprintf(command, sizeof command, "sed -i '%s' " CONF, sed);
	cr_assert_eq(system(command), 0);
}

Test(ca_package, a_deb_brings_the_configuration_and_the_certificate_as_conffiles)
{
	organisation(ORG);
	cr_assert_eq(PACK("--format", "deb", "--out", "p"), 0);
	cr_assert_str_eq(out_of("dpkg-deb -f " DEB " Package Version Architecture Depends"),
			 "Package: assent-agent-config-acme-support\nVersion: 1.2\n"
			 "Architecture: all\nDepends: assent-agent\n");
	cr_assert_str_eq(out_of("dpkg-deb -I " DEB " conffiles"),
			 "/etc/assent/agent.conf\n/etc/assent/ca.crt\n");
	cr_assert(strstr(out_of("dpkg-deb -f " DEB " Maintainer"),
			 "Acme Support <assent@relay.acme.example>"));
	out_of("dpkg-deb -x " DEB " root");
	check_same("root/etc/assent/agent.conf", CONF);
	check_same("root/etc/assent/ca.crt", "ca/ca.crt");
	cr_assert(strstr(out_of("dpkg-deb -c " DEB), "-rw-r--r-- root/root"));
	out_of("gzip -t root/usr/share/doc/*/changelog.gz");
}

Test(ca_package, an_rpm_brings_the_same)
{
	organisation(ORG);
	cr_assert_eq(PACK("--format", "rpm", "--out", "p"), 0);
	cr_assert_str_eq(out_of("rpm -qp --configfiles " RPM),
			 "/etc/assent/agent.conf\n/etc/assent/ca.crt\n");
	cr_assert_str_eq(
	    out_of("rpm -qp --qf '[%{FILEFLAGS:fflags} %{FILEMODES:perms} %{FILENAMES}\n]' " RPM),
	    " drwxr-xr-x /etc/assent\ncn -rw-r--r-- /etc/assent/agent.conf\n"
	    "cn -rw-r--r-- /etc/assent/ca.crt\n");
	cr_assert(strstr(out_of("rpm -qp --requires " RPM), "assent-agent\n"));
	out_of("mkdir root && rpm2cpio " RPM " | (cd root && cpio -id --quiet)");
	check_same("root/etc/assent/agent.conf", CONF);
	check_same("root/etc/assent/ca.crt", "ca/ca.crt");
}

Test(ca_package, the_same_configuration_gives_the_same_bytes)
{
	organisation(ORG);
	cr_assert_eq(CA("agent-package", "--config", CONF, "--out", "p"), 0);
	setenv("TZ", "Asia/Tokyo", 1);
	cr_assert_eq(CA("agent-package", "--config", CONF, "--out", "q"), 0);
	out_of("diff -r p q");
	cr_assert_eq(strtol(out_of("ls p | wc -l"), NULL, 10), 3, "every format");
}

/* A specification is a program, and a name is not a line of it. */
Test(ca_package, no_text_is_ever_run)
{
	static const char hostile[] = "%% %(touch ran) %{lua:x} `touch ran` $(touch ran)";

	organisation(hostile);
	cr_assert_eq(PACK("--package", "acme-config", "--out", "p"), 0);
	cr_assert_str_eq(out_of("rpm -qp --qf '%{VENDOR}' p/*.rpm"), hostile);
	cr_assert(strstr(out_of("dpkg-deb -f p/acme-config_1.2_all.deb Description"), hostile));
	cr_assert_neq(access("ran", F_OK), 0);
}

Test(ca_package, names_that_others_read_are_kept_as_they_are)
{
	organisation("B\xc3\xbcro f\xc3\xbcr \"Hilfe\", Z\xc3\xbcrich");
	cr_assert_eq(PACK("--maintainer", "J\xc3\xa4ne <jane@acme.example>", "--out", "p"), 0);
	cr_assert_str_eq(out_of("rpm -qp --qf '%{PACKAGER}' p/*.rpm"),
			 "J\xc3\xa4ne <jane@acme.example>");
	cr_assert_str_eq(out_of("dpkg-deb -f p/*.deb Maintainer"),
			 "J\xc3\xa4ne <jane@acme.example>\n");
}

struct bad {
	char sed[80];
	char says[60];
};

ParameterizedTestParameters(ca_package, packs_only_what_an_agent_will_believe)
{
	static struct bad all[] = {
	    {"s/^phone = .*/phone = +49 30 7654321/", "changed after it was signed"},
	    {"s/^relay = .*/relay = evil.example:443/", "changed after it was signed"},
	    {"/^signature/d", "not signed"},
	    {"s/^organisation = .*/organisation = Acme/", "another organisation"},
	    {"/^phone/d", "are needed"},
	    {"s/^ca = .*/ca = agent.conf/", "must name a file beside it"},
	    {"s/^ca = .*/ca = ..\\/ca\\/ca.crt/", "must name a file beside it"},
	    {"s/^ca = .*/ca = \\/etc\\/passwd/", "must name a file beside it"},
	    {"s/^ca = .*/ca = other.crt/", "other.crt"},
	    {"s/^relay = .*/relay = nowhere/", "HOST:PORT"},
	    {"s/^relay = .*/relay/", "line 3"},
	    {"$a inspection-ca = corporate.crt", "inspection-ca"},
	    {"$a proxy-credentials = secret", "proxy-credentials"},
	};

	return cr_make_param_array(struct bad, all, sizeof all / sizeof all[0]);
}

ParameterizedTest(struct bad *b, ca_package, packs_only_what_an_agent_will_believe)
{
	char line[512] = "";

	organisation(ORG);
	change(b->sed);
	cr_assert_eq(PACK("--out", "p"), 1, "%s", b->sed);
	cr_assert_neq(access("p", F_OK), 0, "nothing is made");
	cr_assert_not_null(fgets(line, sizeof line, cr_get_redirected_stderr()));
	cr_assert(strstr(line, b->says), "%s: %s", b->sed, line);
}

Test(ca_package, what_the_administrator_may_change_may_be_packed)
{
	organisation(ORG);
	change("$a proxy = http://proxy.acme.example:3128");
	cr_assert_eq(PACK("--format", "deb", "--out", "p"), 0);
	out_of("dpkg-deb -x " DEB " root");
	check_same("root/etc/assent/agent.conf", CONF);
}

Test(ca_package, nothing_is_overwritten)
{
	organisation(ORG);
	cr_assert_eq(PACK("--format", "deb", "--out", "p"), 0);
	cr_assert_eq(PACK("--format", "deb", "--out", "p"), 0, "the same bytes are there already");
	change("$a resume = 60");
	cr_assert_eq(PACK("--format", "deb", "--out", "p"), 1);
}

Test(ca_package, an_msi_brings_the_same_in_the_same_bytes)
{
	organisation(ORG);
	cr_assert_eq(PACK("--format", "msi", "--out", "p"), 0);
	cr_assert_eq(PACK("--format", "msi", "--out", "q"), 0);
	out_of("cmp p/*.msi q/*.msi && msiextract -C m p/*.msi >/dev/null");
	cr_assert_str_eq(out_of("find m -type f -printf '%f\\n' | sort"), "agent.conf\nca.crt\n");
	out_of("cp $(find m -type f) .");
	check_same("agent.conf", CONF);
	check_same("ca.crt", "ca/ca.crt");
	cr_assert(strstr(out_of("msiinfo export p/*.msi Property"), "Acme Support"));
}

Test(ca_package, without_rpmbuild_the_deb_is_still_made)
{
	organisation(ORG);
	setenv("PATH", folder, 1);
	cr_assert_eq(PACK("--out", "p"), 0);
	cr_assert_eq(access(DEB, F_OK), 0);
	cr_assert_eq(PACK("--format", "rpm", "--out", "q"), 1, "who asks for one is told");
}

Test(ca_package, when_rpmbuild_fails_nothing_is_made)
{
	organisation(ORG);
	cr_assert_eq(system("mkdir bin && printf '#!/bin/sh\\necho no space left\\nexit 1\\n' "
			    ">bin/rpmbuild && chmod +x bin/rpmbuild"),
		     0);
	setenv("PATH", "bin:/usr/bin:/bin", 1);
	cr_assert_eq(PACK("--out", "p"), 1);
	cr_assert_neq(access("p", F_OK), 0);
}

ParameterizedTestParameters(ca_package, judges_what_is_typed)
{
	static struct bad all[] = {
	    {"--format", "msi5"},
	    {"--format", ""},
	    {"--package", "Acme"},
	    {"--package", "a"},
	    {"--package", "a b"},
	    {"--package", "a;b"},
	    {"--package", "../a"},
	    {"--package", "a%b"},
	    {"--package-version", "v1"},
	    {"--package-version", "1-2"},
	    {"--package-version", "1 2"},
	    {"--package-version", "1%(x)"},
	    {"--maintainer", "Acme"},
	    {"--maintainer", "<a@b>"},
	    {"--maintainer", "Acme <a@b"},
	    {"--maintainer", "Acme <a@>"},
	    {"--maintainer", "A, B <a@b>"},
	    {"--maintainer", "A <a@b> <c@d>"},
	    {"--dir", "ca"},
	};

	return cr_make_param_array(struct bad, all, sizeof all / sizeof all[0]);
}

ParameterizedTest(struct bad *b, ca_package, judges_what_is_typed)
{
	organisation(ORG);
	cr_assert_neq(CA("agent-package", "--config", CONF, "--out", "p", b->sed, b->says), 0,
		      "%s %s", b->sed, b->says);
	cr_assert_neq(access("p", F_OK), 0);
}
