/* SPDX-License-Identifier: Apache-2.0
 *
 * `ca agent-config`: what an administrator installs on a customer's computer. Nothing in it is
 * secret, but all of it is trusted: it says whom the agent believes. The authority signs what it
 * says in the organisation's name; without the key (it may be where it is safe) it is not signed,
 * and every customer is told so.
 */
#include <stdio.h>
#include <unistd.h>

#include "console/ca_cmd.h"
#include "console/ca_store.h"
#include "proto/base/err.h"
#include "proto/e2e/settings.h"

#define CONF_MAX   2048
#define PATH_SPACE 1024

static bool has_key(const char *dir)
{
	char path[PATH_SPACE];
	int n = snprintf(path, sizeof path, "%s/ca.key", dir);

	return n < (int)sizeof path && access(path, F_OK) == 0;
}

static int sign(const struct ca *ca, const struct ca_args *args, char hex[SETTINGS_HEX_MAX],
		char why[CA_WHY_MAX])
{
	const struct settings s = {args->relay, ca->organisation, args->phone};
	int err = ca->key ? settings_sign(ca->key, &s, hex) : 0;

	if (err < 0)
		snprintf(why, CA_WHY_MAX, "the configuration cannot be signed");
	return err;
}

static int store(const struct ca *ca, const struct ca_args *args, const char *hex,
		 char why[CA_WHY_MAX])
{
	char conf[CONF_MAX];
	int n = snprintf(conf, sizeof conf,
			 "# Made by 'assent-console ca agent-config'. Install it as\n"
			 "# /etc/assent/agent.conf with ca.crt beside it, owned by root.\n"
			 "relay = %s\n"
			 "ca = ca.crt\n"
			 "organisation = %s\n"
			 "phone = %s\n"
			 "%s%s%s",
			 args->relay, ca->organisation, args->phone, hex[0] ? "signature = " : "",
			 hex, hex[0] ? "\n" : "");
	const struct ca_file files[] = {
	    {"agent.conf", conf, (size_t)n, .secret = false},
	    {"ca.crt", ca->pem, ca->pem_len, .shared = true},
	};

	return ca_store(args->out, files, sizeof files / sizeof files[0], why);
}

static int run(const struct ca_args *args, char why[CA_WHY_MAX])
{
	struct ca ca;
	char hex[SETTINGS_HEX_MAX] = "";
	int err = ca_load(args->dir, has_key(args->dir), &ca, why);

	if (err < 0)
		return err;
	err = sign(&ca, args, hex, why);
	if (err == 0)
		err = store(&ca, args, hex, why);
	ca_done(&ca);
	if (err == 0)
		printf("%s/agent.conf, ca.crt  install both in /etc/assent, owned by root\n%s",
		       args->out,
		       hex[0] ? ""
			      : "not signed, and customers are told so: ca.key is not there\n");
	return err;
}

const struct ca_command ca_cmd_agent_config = {
    .name = "agent-config",
    .usage =
	"Usage: assent-console ca agent-config --dir CADIR --relay HOST:PORT --phone TEXT\n"
	"                                      --out DIR\n"
	"\n"
	"Makes agent.conf, signed with ca.key, and a copy of ca.crt in the folder DIR, for the\n"
	"agents of your customers. TEXT is the number at which they can call you back to make\n"
	"sure.\n",
    .needs = CA_DIR | CA_RELAY | CA_PHONE | CA_OUT,
    .run = run,
};
