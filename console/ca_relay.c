/* SPDX-License-Identifier: Apache-2.0
 *
 * `ca relay`: what the relay server shows to agents and consoles.
 */
#include <stdio.h>

#include "console/ca_cert.h"
#include "console/ca_cmd.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

static int make(const struct ca *ca, const struct ca_args *args, char why[CA_WHY_MAX])
{
	struct ca_pair p = {.key_len = 0};
	int err = ca_make_relay(ca, args->hosts, args->hosts_count, clock_wall_s(), &p);

	if (err < 0) {
		snprintf(why, CA_WHY_MAX, "the certificate cannot be made");
		return err;
	}

	const struct ca_file files[] = {
	    {"relay.key", p.key, p.key_len, .secret = true},
	    {"relay.crt", p.cert, p.cert_len, .secret = false},
	    {"ca.crt", ca->pem, ca->pem_len, .shared = true},
	};
	err = ca_store(args->out, files, sizeof files / sizeof files[0], why);
	ca_pair_done(&p);
	return err;
}

static int run(const struct ca_args *args, char why[CA_WHY_MAX])
{
	struct ca ca;
	int err = ca_load(args->dir, true, &ca, why);

	if (err < 0)
		return err;
	err = make(&ca, args, why);
	ca_done(&ca);
	if (err == 0)
		printf(
		    "%s/relay.key, relay.crt, ca.crt  for the relay server, valid for 397 days\n",
		    args->out);
	return err;
}

const struct ca_command ca_cmd_relay = {
    .name = "relay",
    .usage =
	"Usage: assent-console ca relay --dir CADIR --name HOST [--name HOST]... --out DIR\n"
	"\n"
	"Makes relay.key, relay.crt and a copy of ca.crt in the folder DIR. HOST is the name or\n"
	"the address that agents and consoles call the relay by; give all of them.\n",
    .needs = CA_DIR | CA_HOSTS | CA_OUT,
    .run = run,
};
