/* SPDX-License-Identifier: Apache-2.0
 *
 * `ca engineer`: the identity folder of one engineer for at most a day. Two keys, because the
 * relay sees one of them and must not be able to use it towards a customer.
 */
#include <stdio.h>

#include "console/ca_cert.h"
#include "console/ca_cmd.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

#define CONF_MAX  1024
#define RELAY_MAX 320 /* one line of it */

static size_t write_conf(const struct ca_args *args, char out[CONF_MAX])
{
	char relay[RELAY_MAX] = "# relay = HOST:PORT\n";

	if (args->relay)
		snprintf(relay, sizeof relay, "relay = %s\n", args->relay);
	return (size_t)snprintf(out, CONF_MAX,
				"# Made by 'assent-console ca engineer' for %s.\n"
				"%s"
				"ca = ca.crt\n"
				"engineer_cert = engineer.crt\n"
				"engineer_key = engineer.key\n"
				"console_cert = console.crt\n"
				"console_key = console.key\n",
				args->id, relay);
}

static int store(const struct ca *ca, const struct ca_args *args, const struct ca_pair *engineer,
		 const struct ca_pair *console, char why[CA_WHY_MAX])
{
	char conf[CONF_MAX];
	const struct ca_file files[] = {
	    {"engineer.key", engineer->key, engineer->key_len, .secret = true},
	    {"engineer.crt", engineer->cert, engineer->cert_len, .secret = false},
	    {"console.key", console->key, console->key_len, .secret = true},
	    {"console.crt", console->cert, console->cert_len, .secret = false},
	    {"console.conf", conf, write_conf(args, conf), .secret = false},
	    {"ca.crt", ca->pem, ca->pem_len, .shared = true},
	};

	return ca_store(args->out, files, sizeof files / sizeof files[0], why);
}

static int make(const struct ca *ca, const struct ca_args *args, int64_t now, char why[CA_WHY_MAX])
{
	struct ca_pair engineer = {.key_len = 0}, console = {.key_len = 0};
	int err = ca_make_engineer(ca, args->id, args->name, args->valid_s, now, &engineer);

	if (err == 0)
		err = ca_make_console(ca, args->id, args->name, args->valid_s, now, &console);
	if (err < 0)
		snprintf(why, CA_WHY_MAX, "the certificates cannot be made");
	else
		err = store(ca, args, &engineer, &console, why);
	ca_pair_done(&engineer);
	ca_pair_done(&console);
	return err;
}

static int run(const struct ca_args *args, char why[CA_WHY_MAX])
{
	struct ca ca;
	int err = ca_load(args->dir, true, &ca, why);

	if (err < 0)
		return err;
	err = make(&ca, args, clock_wall_s(), why);
	ca_done(&ca);
	if (err == 0)
		printf("%s  identity of %s, valid for %u h %u min: give it to --identity\n",
		       args->out, args->name, args->valid_s / 3600, args->valid_s % 3600 / 60);
	return err;
}

const struct ca_command ca_cmd_engineer = {
    .name = "engineer",
    .usage =
	"Usage: assent-console ca engineer --dir CADIR --id ID --name NAME [--valid 24h]\n"
	"                                  [--relay HOST:PORT] --out DIR\n"
	"\n"
	"Makes an engineer's identity in the folder DIR: engineer.key and .crt for customers,\n"
	"console.key and .crt for the relay, ca.crt and console.conf.\n"
	"\n"
	"  --id ID        short and unique: jane, jane@example.com\n"
	"  --name NAME    what the customer reads\n"
	"  --valid TIME   24h at most; 8h or 90m for less\n"
	"  --relay HOST:PORT  written into console.conf\n",
    .needs = CA_DIR | CA_ID | CA_NAME | CA_OUT,
    .may = CA_VALID | CA_RELAY,
    .run = run,
};
