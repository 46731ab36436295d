/* SPDX-License-Identifier: Apache-2.0
 *
 * The options of the `assent-console ca` commands, read and checked before anything is made.
 * Pure: no files, no clock.
 */
#ifndef AS_CONSOLE_CA_ARGS_H
#define AS_CONSOLE_CA_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CA_NAMES_MAX   16
#define CA_WHY_MAX     512
#define CA_ORG_MAX     51 /* "NAME Assent CA" is a common name, which X.509 limits to 64 */
#define CA_NAME_MAX    64
#define CA_PHONE_MAX   64
#define CA_PACKAGE_MAX 100
#define CA_VALID_MAX   (24u * 3600) /* what agents accept; PROTOCOL.md section 1 */
#define CA_VALID_LEAST 600u

/* One bit per option, for what a command needs and what it may have. */
enum ca_option {
	CA_ORG = 1 << 0,
	CA_DIR = 1 << 1,
	CA_OUT = 1 << 2,
	CA_ID = 1 << 3,
	CA_NAME = 1 << 4,  /* a person's */
	CA_HOSTS = 1 << 5, /* --name, too, but a relay's and repeatable */
	CA_RELAY = 1 << 6,
	CA_PHONE = 1 << 7,
	CA_VALID = 1 << 8,
	CA_CONFIG = 1 << 9,
	CA_FORMAT = 1 << 10, /* repeatable */
	CA_PACKAGE = 1 << 11,
	CA_PACKAGE_VERSION = 1 << 12,
	CA_MAINTAINER = 1 << 13,
	CA_OPTIONS_END = 1 << 14,
};

struct ca_args {
	const char *org, *dir, *out, *id, *name, *relay, *phone; /* point into argv */
	const char *config, *package, *package_version, *maintainer;
	const char *hosts[CA_NAMES_MAX], *formats[CA_NAMES_MAX];
	size_t hosts_count, formats_count;
	uint32_t valid_s;
	bool help, version;
};

/* needs, may: sets of ca_option. 0, or AS_EBADMSG with one line in why. With --help or --version
 * only `help` and `version` mean something. */
int ca_args_parse(int argc, char **argv, unsigned needs, unsigned may, struct ca_args *out,
		  char why[CA_WHY_MAX]);

/* A DNS name, or an IPv4 or IPv6 address: what a relay's certificate can be made for. */
bool ca_is_address(const char *host);
bool ca_is_host_name(const char *host);

#endif
