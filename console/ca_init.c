/* SPDX-License-Identifier: Apache-2.0
 *
 * `ca init`: the organisation's certificate authority.
 */
#include <stdio.h>

#include "console/ca_cert.h"
#include "console/ca_cmd.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

static int run(const struct ca_args *args, char why[CA_WHY_MAX])
{
	struct ca_pair p = {.key_len = 0};
	int err = ca_make_root(args->org, clock_wall_s(), &p);

	if (err < 0) {
		snprintf(why, CA_WHY_MAX, "the certificate cannot be made");
		return err;
	}

	const struct ca_file files[] = {
	    {"ca.key", p.key, p.key_len, .secret = true},
	    {"ca.crt", p.cert, p.cert_len, .secret = false},
	};
	err = ca_store(args->dir, files, sizeof files / sizeof files[0], why);
	ca_pair_done(&p);
	if (err == 0)
		printf("%s/ca.key  keep this secret: whoever has it can make engineers\n"
		       "%s/ca.crt  goes to every agent, relay and console\n",
		       args->dir, args->dir);
	return err;
}

const struct ca_command ca_cmd_init = {
    .name = "init",
    .usage = "Usage: assent-console ca init --org NAME --dir CADIR\n"
	     "\n"
	     "Makes the certificate authority of the organisation NAME (customers read it) in\n"
	     "the folder CADIR: ca.key and ca.crt, for ten years. Done once; existing files are\n"
	     "never overwritten.\n",
    .needs = CA_ORG | CA_DIR,
    .run = run,
};
