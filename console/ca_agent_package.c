/* SPDX-License-Identifier: Apache-2.0
 *
 * `ca agent-package`: the organisation's configuration and certificate as packages that a customer
 * installs beside the stock agent. The agent stays the one that everybody has; who is called and
 * believed comes as files of an administrator, and only signed ones are packed. The
 * authority's key is not needed: packages can be made where it must not be.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "console/ca_cmd.h"
#include "console/ca_store.h"
#include "console/package.h"
#include "proto/base/err.h"
#include "proto/base/hostport.h"
#include "proto/base/ini.h"
#include "proto/base/text.h"
#include "proto/e2e/settings.h"

#define PREFIX	   "assent-agent-config-"
#define CONF	   "agent.conf"
#define PATH_SPACE 1024

struct input {
	char conf[INI_FILE_MAX + 1], ca[CERT_PEM_MAX + 1];
	size_t conf_len, ca_len;
	char relay[INI_VALUE_MAX], ca_name[INI_VALUE_MAX], organisation[INI_VALUE_MAX],
	    phone[INI_VALUE_MAX], signature[INI_VALUE_MAX];
	const char *local; /* a setting that names another file, or NULL */
	int64_t time;
};

/* ---- reading ---- */

static int read_file(const char *path, char *out, size_t cap, size_t *n, int64_t *time, char *why)
{
	FILE *f = fopen(path, "rbe");
	int err = f ? 0 : -errno;
	struct stat st;

	if (f) {
		*n = fread(out, 1, cap, f);
		err = ferror(f) || fstat(fileno(f), &st) < 0 ? -EIO : *n == cap ? AS_E_TOO_BIG : 0;
		fclose(f);
	}
	if (err < 0) {
		char text[128];

		snprintf(why, CA_WHY_MAX, "%.200s: %s", path, err_text(err, text, sizeof text));
		return err;
	}
	out[*n] = '\0';
	if (time)
		*time = (int64_t)st.st_mtime;
	return 0;
}

static int on_entry(const char *key, const char *value, void *arg)
{
	struct input *in = arg;
	const struct {
		const char *key;
		char *at;
	} wanted[] = {{"relay", in->relay},
		      {"ca", in->ca_name},
		      {"organisation", in->organisation},
		      {"phone", in->phone},
		      {"signature", in->signature}};

	/* files of one computer, which the package does not bring */
	if (strcmp(key, "inspection-ca") == 0)
		in->local = "inspection-ca is its administrator's; leave it out here";
	else if (strcmp(key, "proxy-credentials") == 0)
		in->local = "proxy-credentials is its administrator's; leave it out here";
	for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
		if (strcmp(wanted[i].key, key) == 0)
			snprintf(wanted[i].at, INI_VALUE_MAX, "%s", value);
	return 0;
}

/* What the agent finds beside its configuration must be what was beside it here. */
static int read_ca(const char *config, struct input *in, char *why)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	const char *slash = strrchr(config, '/'), *name = in->ca_name;
	char path[PATH_SPACE];

	if (!name[0] || name[0] == '.' || strspn(name, allowed) != strlen(name) ||
	    strcmp(name, CONF) == 0) {
		snprintf(why, CA_WHY_MAX,
			 "%.200s: \"ca\" must name a file beside it, like ca = ca.crt", config);
		return AS_ECONFIG;
	}
	int n = snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash - config) + 1 : 0, config,
			 name);
	if (n < 0 || (size_t)n >= sizeof path) {
		snprintf(why, CA_WHY_MAX, "--config: the path is too long");
		return AS_ECONFIG;
	}
	return read_file(path, in->ca, sizeof in->ca - 1, &in->ca_len, NULL, why);
}

static int read_input(const char *config, struct input *in, char *why)
{
	int line,
	    err = read_file(config, in->conf, sizeof in->conf - 1, &in->conf_len, &in->time, why);

	if (err < 0)
		return err;
	err = ini_parse(in->conf, in->conf_len, on_entry, in, &line);
	if (err < 0) {
		snprintf(why, CA_WHY_MAX, "%.200s line %d: not a \"name = value\" line", config,
			 line);
		return err;
	}
	return read_ca(config, in, why);
}

/* ---- judging ---- */

static int check_input(const char *config, const struct input *in, char *why)
{
	const struct settings s = {in->relay, in->organisation, in->phone};
	char organisation[CERT_TEXT_MAX + 1];
	struct hostport target;
	const char *what = in->local;

	if (what)
		; /* said already */
	else if (!in->relay[0] || !in->organisation[0] || !in->phone[0])
		what = "relay, organisation and phone are needed";
	else if (hostport_split(in->relay, &target) < 0)
		what = "relay must be HOST:PORT";
	else if (cert_organisation(in->ca, in->ca_len, organisation) < 0)
		what = "the file that \"ca\" names holds no certificate of an authority";
	else if (strcmp(organisation, in->organisation) != 0)
		what = "the certificate belongs to another organisation";
	else if (!in->signature[0])
		what =
		    "it is not signed; 'assent-console ca agent-config' with ca.key in CADIR signs "
		    "it";
	else if (settings_check(in->ca, in->ca_len, &s, in->signature) < 0)
		what = "it was changed after it was signed; make it again with 'assent-console ca "
		       "agent-config'";
	if (!what)
		return 0;
	snprintf(why, CA_WHY_MAX, "%.200s: %s", config, what);
	return AS_ECONFIG;
}

/* ---- describing ---- */

/* "assent-agent-config-acme-support" for "Acme Support" */
static void name_package(const struct input *in, char out[PACKAGE_TEXT_MAX])
{
	char host[CERT_HOST_MAX];

	cert_org_host(in->organisation, host);
	snprintf(out, PACKAGE_TEXT_MAX, PREFIX "%.*s", (int)strcspn(host, "."), host);
}

/* The organisation at its relay's name, or at one that cannot exist, when nobody says better. Of
 * the name what a mail address may have in front of it stays. */
static void name_maintainer(const struct input *in, char out[PACKAGE_PERSON_MAX])
{
	struct hostport target;
	char name[PACKAGE_TEXT_MAX], host[CERT_HOST_MAX];
	size_t n = 0;

	for (const char *p = in->organisation; *p && n + 1 < sizeof name; p++)
		if (!strchr("<>@,;\"()\\%", *p))
			name[n++] = *p;
	name[n] = '\0';
	bool named = hostport_split(in->relay, &target) == 0 && ca_is_host_name(target.host);
	snprintf(out, PACKAGE_PERSON_MAX, "%s <assent@%s>", n > 0 ? name : "Support",
		 named ? target.host : cert_org_host(in->organisation, host));
}

/* Later files are later versions, and the same file is the same one. */
static void name_version(int64_t time, char out[PACKAGE_TEXT_MAX])
{
	time_t t = (time_t)time;
	struct tm tm = {0};

	gmtime_r(&t, &tm);
	strftime(out, PACKAGE_TEXT_MAX, "%Y%m%d.%H%M%S", &tm);
}

static void describe(const struct ca_args *args, const struct input *in, struct package *p)
{
	*p = (struct package){.count = 2, .time = in->time};
	p->files[0] = (struct package_file){CONF, in->conf, in->conf_len};
	p->files[1] = (struct package_file){in->ca_name, in->ca, in->ca_len};
	snprintf(p->organisation, sizeof p->organisation, "%.*s", PACKAGE_TEXT_MAX - 1,
		 in->organisation);
	name_package(in, p->name);
	name_maintainer(in, p->maintainer);
	name_version(in->time, p->version);
	if (args->package)
		snprintf(p->name, sizeof p->name, "%s", args->package);
	if (args->package_version)
		snprintf(p->version, sizeof p->version, "%s", args->package_version);
	if (args->maintainer)
		snprintf(p->maintainer, sizeof p->maintainer, "%s", args->maintainer);
}

/* ---- making ---- */

static bool is_wanted(const struct ca_args *args, const char *format)
{
	for (size_t i = 0; i < args->formats_count; i++)
		if (strcmp(args->formats[i], format) == 0)
			return true;
	return args->formats_count == 0;
}

static int check_formats(const struct ca_args *args, char *why)
{
	for (size_t i = 0; i < args->formats_count; i++) {
		const struct package_format *f = package_formats;

		while (f->name && strcmp(f->name, args->formats[i]) != 0)
			f++;
		if (f->name)
			continue;
		size_t n = (size_t)snprintf(why, CA_WHY_MAX, "--format: %.60s is not one of",
					    args->formats[i]);
		for (f = package_formats; f->name && n < CA_WHY_MAX; f++)
			n += (size_t)snprintf(why + n, CA_WHY_MAX - n, " %s", f->name);
		return AS_ECONFIG;
	}
	return 0;
}

/* A tool that is missing stops only who asked for its format. */
static int make_all(const struct ca_args *args, const struct package *p,
		    struct package_made made[CA_FILES_MAX], size_t *count, char *why)
{
	for (const struct package_format *f = package_formats; f->name; f++) {
		if (!is_wanted(args, f->name))
			continue;
		int err = f->make(p, &made[*count], why);

		if (err == 0)
			++*count;
		else if (err != -ENOENT || args->formats_count > 0)
			return err;
		else
			printf("no %s: %s\n", f->name, why);
	}
	return 0;
}

static int store(const char *dir, const struct package_made *made, size_t count, char *why)
{
	struct ca_file files[CA_FILES_MAX];

	for (size_t i = 0; i < count; i++)
		files[i] =
		    (struct ca_file){made[i].name, made[i].bytes, made[i].len, .shared = true};
	int err = ca_store(dir, files, count, why);

	for (size_t i = 0; err == 0 && i < count; i++)
		printf("%s/%s\n", dir, made[i].name);
	return err;
}

static int make(const struct ca_args *args, struct input *in, char *why)
{
	struct package_made made[CA_FILES_MAX] = {{.len = 0}};
	struct package p;
	size_t count = 0;
	int err = read_input(args->config, in, why);

	if (err == 0)
		err = check_input(args->config, in, why);
	if (err < 0)
		return err;
	describe(args, in, &p);
	err = make_all(args, &p, made, &count, why);
	if (err == 0)
		err = store(args->out ? args->out : ".", made, count, why);
	for (size_t i = 0; i < count; i++)
		free(made[i].bytes);
	return err;
}

static int run(const struct ca_args *args, char why[CA_WHY_MAX])
{
	int err = check_formats(args, why);
	if (err < 0)
		return err;

	struct input *in = calloc(1, sizeof *in);
	if (!in) {
		snprintf(why, CA_WHY_MAX, "memory is short");
		return -ENOMEM;
	}
	err = make(args, in, why);
	free(in);
	return err;
}

const struct ca_command ca_cmd_agent_package = {
    .name = "agent-package",
    .usage =
	"Usage: assent-console ca agent-package --config FILE [--format FORMAT]...\n"
	"                                       [--package NAME] [--package-version VERSION]\n"
	"                                       [--maintainer TEXT] [--out DIR]\n"
	"\n"
	"Puts the signed configuration FILE, made by 'ca agent-config', and the certificate "
	"beside\n"
	"it into packages that customers install beside assent-agent. ca.key is not needed.\n"
	"\n"
	"  --format FORMAT    deb, msi or rpm; may be repeated (default: all that can be made "
	"here)\n"
	"  --package NAME     (default: assent-agent-config-ORGANISATION)\n"
	"  --package-version VERSION\n"
	"                     (default: the time of FILE, so that a newer file is an upgrade)\n"
	"  --maintainer TEXT  like \"Acme Support <help@acme.example>\"\n"
	"  --out DIR          where the packages go (default: here)\n",
    .needs = CA_CONFIG,
    .may = CA_OUT | CA_FORMAT | CA_PACKAGE | CA_PACKAGE_VERSION | CA_MAINTAINER,
    .run = run,
};
