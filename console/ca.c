/* SPDX-License-Identifier: Apache-2.0 */
#include "console/ca.h"

#include <stdio.h>
#include <string.h>

#include "console/ca_cmd.h"
#include "proto/base/text.h"

#define EXIT_USAGE 2

static const char usage[] =
    "Usage: assent-console ca COMMAND [options]\n"
    "\n"
    "The certificates of your organisation. Keep the folder of 'ca init' off the network.\n"
    "\n"
    "  init          makes the certificate authority, once\n"
    "  relay         a key and certificate for your relay server\n"
    "  engineer      what one engineer needs for a day\n"
    "  agent-config  what the agent on a customer's computer needs\n"
    "  agent-package the same as a package, to install beside the agent\n"
    "\n"
    "'assent-console ca COMMAND --help' says more.\n";

static const char version[] = "assent-console " ASSENT_VERSION "\n";

static const struct ca_command *const commands[] = {&ca_cmd_init, &ca_cmd_relay, &ca_cmd_engineer,
						    &ca_cmd_agent_config, &ca_cmd_agent_package};

static void say(const char *command, const char *why)
{
	char clean[CA_WHY_MAX];

	text_line(why, strlen(why), clean, sizeof clean);
	fprintf(stderr, "assent-console: ca%s%s: %s\n", command[0] ? " " : "", command, clean);
}

static int run(const struct ca_command *c, int argc, char **argv)
{
	struct ca_args args;
	char why[CA_WHY_MAX] = "";

	if (ca_args_parse(argc, argv, c->needs, c->may, &args, why) < 0) {
		say(c->name, why);
		return EXIT_USAGE;
	}
	if (args.help || args.version) {
		fputs(args.help ? c->usage : version, stdout);
		return 0;
	}
	if (c->run(&args, why) == 0)
		return 0;
	say(c->name, why);
	return 1;
}

int ca_main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (strcmp(name, "--version") == 0) {
		fputs(version, stdout);
		return 0;
	}
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return run(commands[i], argc - 1, argv + 1);
	say("", "say init, relay, engineer, agent-config or agent-package; see 'assent-console ca "
		"--help'");
	return EXIT_USAGE;
}
