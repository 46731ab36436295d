/* SPDX-License-Identifier: Apache-2.0
 *
 * assent-console: the engineer's side. One command per file; here is only who gets the words.
 */
#include <stdio.h>
#include <string.h>

#include "console/bundle_cmd.h"
#include "console/ca.h"
#include "console/connect.h"
#include "console/fail.h"

static const char usage_text[] =
    "Usage: assent-console COMMAND ...\n"
    "\n"
    "  connect CODE ...            ask a customer for consent and collect diagnostics\n"
    "  bundle show | pack | verify PATH\n"
    "                              look at what was collected\n"
    "  ca init | relay | engineer | agent-config | agent-package ...\n"
    "                              certificates for a small organisation\n"
    "\n"
    "'assent-console COMMAND --help' says more.  --version\n";

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
    {"connect", connect_main},
    {"bundle", bundle_main},
    {"ca", ca_main},
};

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		fputs(usage_text, stdout);
		return 0;
	}
	if (strcmp(name, "--version") == 0) {
		puts("assent-console " ASSENT_VERSION);
		return 0;
	}
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	if (name[0])
		fprintf(stderr, "assent-console: no command '%.60s'; see 'assent-console --help'\n",
			name);
	else
		fputs(usage_text, stderr);
	return EXIT_USAGE;
}
