/* SPDX-License-Identifier: Apache-2.0 */
#include "console/bundle_cmd.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "console/bundle_cmd_priv.h"
#include "console/bundle_read.h"
#include "proto/base/text.h"

#define EXIT_USAGE 2

static const char usage[] =
    "Usage: assent-console bundle show PATH\n"
    "       assent-console bundle pack PATH\n"
    "       assent-console bundle verify PATH\n"
    "\n"
    "  show     what the bundle holds, what is missing, and a summary of the computer\n"
    "  pack     makes PATH.tar.gz; an existing one is never overwritten\n"
    "  verify   checks the hash of every file and the signature of the customer's grant\n"
    "\n"
    "PATH is a bundle's folder; for show and verify also its .tar.gz, which is not extracted.\n"
    "Exit: 0 good, 1 the bundle is damaged, incomplete or cannot be read, 2 usage.\n";

static const struct {
	const char *name;
	int (*run)(const char *path);
} commands[] = {
    {"show", bundle_cmd_show},
    {"pack", bundle_cmd_pack},
    {"verify", bundle_cmd_verify},
};

int bundle_cmd_fail(const char *path, const char *why)
{
	char clean[ITEM_NAME_MAX + 1];

	text_line(path, strlen(path), clean, sizeof clean);
	fprintf(stderr, "assent-console: bundle: %s: %s\n", clean, why);
	return 1;
}

static int usage_error(const char *what)
{
	fprintf(stderr, "assent-console: bundle: %s; see 'assent-console bundle --help'\n", what);
	return EXIT_USAGE;
}

/* Answers it, too. */
static bool is_question(const char *word)
{
	bool version = strcmp(word, "--version") == 0;

	if (!version && strcmp(word, "--help") != 0)
		return false;
	fputs(version ? "assent-console " ASSENT_VERSION "\n" : usage, stdout);
	return true;
}

static int run(int argc, char **argv, int (*command)(const char *path))
{
	const char *path = argc > 2 ? argv[2] : NULL;

	if (path && is_question(path))
		return 0;
	if (path && strcmp(path, "--") == 0) {
		argc--;
		path = argc > 2 ? argv[3] : NULL;
	} else if (path && path[0] == '-') {
		return usage_error("no such option");
	}
	if (!path || path[0] == '\0')
		return usage_error("the PATH of a bundle is missing");
	if (argc > 3)
		return usage_error("one PATH at a time");
	return command(path);
}

int bundle_main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (is_question(name))
		return 0;
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(commands[i].name, name) == 0)
			return run(argc, argv, commands[i].run);
	return usage_error(name[0] ? "it has show, pack and verify" : "say show, pack or verify");
}
