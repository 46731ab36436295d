/* SPDX-License-Identifier: Apache-2.0
 *
 * `ca agent-config`: what an administrator installs on a customer's computer. Nothing in it is
 * secret, but all of it is trusted: it says whom the agent believes.
 */
#include <stdio.h>

#include "console/ca_cmd.h"
#include "console/ca_store.h"
#include "proto/base/err.h"

#define CONF_MAX 1024

static int run(const struct ca_args *args, char why[CA_WHY_MAX])
{
	struct ca ca;
	char conf[CONF_MAX];
	int err = ca_load(args->dir, false, &ca, why);

	if (err < 0)
		return err;

	int n = snprintf(conf, sizeof conf,
			 "# Made by 'assent-console ca agent-config'. Install it as\n"
			 "# /etc/assent/agent.conf with ca.crt beside it, owned by root.\n"
			 "relay = %s\n"
			 "ca = ca.crt\n"
			 "organisation = %s\n"
			 "phone = %s\n",
			 args->relay, ca.organisation, args->phone);
	const struct ca_file files[] = {
	    {"agent.conf", conf, (size_t)n, .secret = false},
	    {"ca.crt", ca.pem, ca.pem_len, .shared = true},
	};
	err = ca_store(args->out, files, sizeof files / sizeof files[0], why);
	ca_done(&ca);
	if (err == 0)
		printf("%s/agent.conf, ca.crt  install both in /etc/assent, owned by root\n",
		       args->out);
	return err;
}

const struct ca_command ca_cmd_agent_config = {
    .name = "agent-config",
    .usage = "Usage: assent-console ca agent-config --dir CADIR --relay HOST:PORT --phone TEXT\n"
	     "                                      --out DIR\n"
	     "\n"
	     "Makes agent.conf and a copy of ca.crt in the folder DIR, for the agents of your\n"
	     "customers. TEXT is the number at which they can call you back to make sure.\n",
    .needs = CA_DIR | CA_RELAY | CA_PHONE | CA_OUT,
    .run = run,
};
