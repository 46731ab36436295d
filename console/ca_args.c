/* SPDX-License-Identifier: Apache-2.0 */
#include "console/ca_args.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/text.h"
#include "proto/e2e/cert.h"
#include "proto/base/hostport.h"

#define HOST_MAX      253
#define LABEL_MAX     63
#define LOWER	      "abcdefghijklmnopqrstuvwxyz"
#define DIGITS	      "0123456789"
#define PACKAGE_CHARS LOWER DIGITS ".+-"
#define VERSION_CHARS LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS ".+~"

static const struct option options[] = {
    {"org", required_argument, NULL, CA_ORG},
    {"dir", required_argument, NULL, CA_DIR},
    {"out", required_argument, NULL, CA_OUT},
    {"id", required_argument, NULL, CA_ID},
    {"name", required_argument, NULL, CA_NAME},
    {"relay", required_argument, NULL, CA_RELAY},
    {"phone", required_argument, NULL, CA_PHONE},
    {"valid", required_argument, NULL, CA_VALID},
    {"config", required_argument, NULL, CA_CONFIG},
    {"format", required_argument, NULL, CA_FORMAT},
    {"package", required_argument, NULL, CA_PACKAGE},
    {"package-version", required_argument, NULL, CA_PACKAGE_VERSION},
    {"maintainer", required_argument, NULL, CA_MAINTAINER},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'v'},
    {NULL, 0, NULL, 0},
};

static int refuse(char why[CA_WHY_MAX], const char *option, const char *what)
{
	snprintf(why, CA_WHY_MAX, "--%s: %s", option, what);
	return AS_EBADMSG;
}

/* ---- the values ---- */

bool ca_is_address(const char *host)
{
	struct in6_addr a;

	return inet_pton(AF_INET, host, &a) == 1 || inet_pton(AF_INET6, host, &a) == 1;
}

static bool is_label(const char *p, size_t n)
{
	if (n == 0 || n > LABEL_MAX || p[0] == '-' || p[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '-')
			return false;
	}
	return true;
}

bool ca_is_host_name(const char *host)
{
	if (strlen(host) > HOST_MAX || strspn(host, "0123456789.") == strlen(host))
		return false;
	for (const char *at = host;;) {
		size_t n = strcspn(at, ".");

		if (!is_label(at, n))
			return false;
		if (at[n] == '\0')
			return true;
		at += n + 1;
	}
}

/* "24h", "90m": more than a day is refused by every agent, so it is refused here. */
static int set_valid(struct ca_args *a, const char *text, char why[CA_WHY_MAX])
{
	size_t digits = strspn(text, "0123456789");
	uint64_t factor = strcmp(text + digits, "h") == 0   ? 3600
			  : strcmp(text + digits, "m") == 0 ? 60
							    : 0;

	if (digits == 0 || digits > 6 || factor == 0)
		return refuse(why, "valid", "write it like 24h or 90m");

	uint64_t s = strtoull(text, NULL, 10) * factor;
	if (s > CA_VALID_MAX)
		return refuse(
		    why, "valid",
		    "at most 24h: agents refuse an engineer's certificate that lives longer");
	if (s < CA_VALID_LEAST)
		return refuse(why, "valid", "at least 10m");
	a->valid_s = (uint32_t)s;
	return 0;
}

/* Characters, not bytes: X.509 counts them so. */
static size_t chars(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static int text_check(const char *option, const char *text, size_t max, char why[CA_WHY_MAX])
{
	char what[64];

	if (text[0] == '\0' || text[0] == ' ' || text[strlen(text) - 1] == ' ' ||
	    !text_is_clean(text, strlen(text)))
		return refuse(why, option, "one line of printable text, without blanks around it");
	snprintf(what, sizeof what, "at most %zu characters", max);
	return chars(text) > max || strlen(text) > CERT_TEXT_MAX ? refuse(why, option, what) : 0;
}

static int hosts_check(const struct ca_args *a, char why[CA_WHY_MAX])
{
	for (size_t i = 0; i < a->hosts_count; i++)
		if (!ca_is_address(a->hosts[i]) && !ca_is_host_name(a->hosts[i]))
			return refuse(why, "name",
				      "a host name (relay.example.com) or an address (192.0.2.1)");
	return 0;
}

static int id_check(const char *id, char why[CA_WHY_MAX])
{
	char uri[CERT_URI_MAX];

	if (cert_engineer_uri("any", id, uri) < 0)
		return refuse(why, "id", "1 to 128 of the characters A-Z a-z 0-9 . _ @ + -");
	return 0;
}

/* What dpkg and rpm both take, and nothing that means something to a shell or a specification. */
static int word_check(const char *option, const char *word, bool version, char why[CA_WHY_MAX])
{
	size_t n = strlen(word);
	bool ok = n >= 2 && n <= CA_PACKAGE_MAX && word[0] >= (version ? '0' : 'a') &&
		  word[0] <= (version ? '9' : 'z') &&
		  strspn(word, version ? VERSION_CHARS : PACKAGE_CHARS) == n;

	if (ok || (version && n == 1 && word[0] >= '0' && word[0] <= '9'))
		return 0;
	return refuse(why, option,
		      version ? "a digit, then digits, letters and . + ~; like 1.2"
			      : "a small letter, then small letters, digits and . + -");
}

static int maintainer_check(const char *text, char why[CA_WHY_MAX])
{
	const char *open = strchr(text, '<'), *at = open ? strchr(open, '@') : NULL;
	bool ok = at && open > text + 1 && open[-1] == ' ' && text[strlen(text) - 1] == '>' &&
		  at > open + 1 && at[1] != '>' && !strchr(open + 1, '<') && !strchr(open, ' ') &&
		  strcspn(text, ",%\\\"") == strlen(text);

	if (!ok)
		return refuse(why, "maintainer",
			      "write it like \"Acme Support <help@acme.example>\"");
	return text_check("maintainer", text, CERT_TEXT_MAX, why);
}

static int package_check(const struct ca_args *a, char why[CA_WHY_MAX])
{
	int err = a->package ? word_check("package", a->package, false, why) : 0;

	if (err == 0 && a->package_version)
		err = word_check("package-version", a->package_version, true, why);
	if (err == 0 && a->maintainer)
		err = maintainer_check(a->maintainer, why);
	return err;
}

static int values_check(const struct ca_args *a, char why[CA_WHY_MAX])
{
	struct hostport target;
	int err = 0;

	if (a->org)
		err = text_check("org", a->org, CA_ORG_MAX, why);
	if (err == 0 && a->name)
		err = text_check("name", a->name, CA_NAME_MAX, why);
	if (err == 0 && a->phone)
		err = text_check("phone", a->phone, CA_PHONE_MAX, why);
	if (err == 0 && a->phone && strlen(a->phone) > CA_PHONE_MAX)
		err = refuse(why, "phone", "at most 64 bytes");
	if (err == 0 && a->id)
		err = id_check(a->id, why);
	if (err == 0)
		err = hosts_check(a, why);
	if (err == 0 && a->relay && hostport_split(a->relay, &target) < 0)
		err = refuse(why, "relay", "write it like relay.example.com:7443");
	if (err == 0)
		err = package_check(a, why);
	return err;
}

/* ---- the options ---- */

/* The same word means a person's name or a relay's, as the command has it. */
static int take_name(struct ca_args *a, unsigned allowed, char why[CA_WHY_MAX])
{
	if (!(allowed & CA_HOSTS)) {
		a->name = optarg;
		return 0;
	}
	if (a->hosts_count == CA_NAMES_MAX)
		return refuse(why, "name", "at most 16");
	a->hosts[a->hosts_count++] = optarg;
	return 0;
}

static int take_format(struct ca_args *a, char why[CA_WHY_MAX])
{
	if (a->formats_count == CA_NAMES_MAX)
		return refuse(why, "format", "at most 16");
	a->formats[a->formats_count++] = optarg;
	return 0;
}

static const char *option_name(unsigned bit)
{
	if (bit == CA_HOSTS)
		return "name";
	for (const struct option *o = options; o->name; o++)
		if ((unsigned)o->val == bit)
			return o->name;
	return "?";
}

static int take(struct ca_args *a, unsigned opt, unsigned allowed, char why[CA_WHY_MAX])
{
	const struct {
		unsigned opt;
		const char **at;
	} texts[] = {{CA_ORG, &a->org},
		     {CA_DIR, &a->dir},
		     {CA_OUT, &a->out},
		     {CA_ID, &a->id},
		     {CA_RELAY, &a->relay},
		     {CA_PHONE, &a->phone},
		     {CA_CONFIG, &a->config},
		     {CA_PACKAGE, &a->package},
		     {CA_PACKAGE_VERSION, &a->package_version},
		     {CA_MAINTAINER, &a->maintainer}};

	if (opt == 'h' || opt == 'v') {
		a->help |= opt == 'h';
		a->version |= opt == 'v';
		return 0;
	}
	if (opt == CA_NAME && (allowed & (CA_NAME | CA_HOSTS)))
		return take_name(a, allowed, why);
	if (!(allowed & opt))
		return refuse(why, option_name(opt), "not an option of this command");
	if (opt == CA_VALID)
		return set_valid(a, optarg, why);
	if (opt == CA_FORMAT)
		return take_format(a, why);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (texts[i].opt == opt)
			*texts[i].at = optarg;
	return 0;
}

static unsigned given(const struct ca_args *a)
{
	return (a->org ? CA_ORG : 0u) | (a->dir ? CA_DIR : 0u) | (a->out ? CA_OUT : 0u) |
	       (a->id ? CA_ID : 0u) | (a->name ? CA_NAME : 0u) |
	       (a->hosts_count > 0 ? CA_HOSTS : 0u) | (a->relay ? CA_RELAY : 0u) |
	       (a->phone ? CA_PHONE : 0u) | (a->config ? CA_CONFIG : 0u);
}

int ca_args_parse(int argc, char **argv, unsigned needs, unsigned may, struct ca_args *out,
		  char why[CA_WHY_MAX])
{
	struct ca_args a = {.valid_s = CA_VALID_MAX};
	int opt, err = 0;

	optind = 0; /* GNU: start over, whoever used getopt before */
	opterr = 0;
	while (err == 0 && (opt = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (opt == ':' || opt == '?') {
			snprintf(why, CA_WHY_MAX, "%.60s %s", argv[optind - 1],
				 opt == ':' ? "needs a value" : "is not an option of this command");
			return AS_EBADMSG;
		}
		err = take(&a, (unsigned)opt, needs | may, why);
	}
	if (err == 0 && (a.help || a.version)) {
		*out = a;
		return 0;
	}
	if (err == 0 && optind < argc) {
		snprintf(why, CA_WHY_MAX, "%.60s: quote texts with blanks", argv[optind]);
		err = AS_EBADMSG;
	}
	for (unsigned bit = 1; err == 0 && bit < CA_OPTIONS_END; bit <<= 1) {
		if (!(needs & bit) || (given(&a) & bit))
			continue;
		snprintf(why, CA_WHY_MAX, "--%s is missing", option_name(bit));
		err = AS_EBADMSG;
	}
	if (err == 0)
		err = values_check(&a, why);
	if (err == 0)
		*out = a;
	return err;
}
