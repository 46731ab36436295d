/* SPDX-License-Identifier: Apache-2.0
 *
 * assent-agent: what the customer starts.
 */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "agent/broker.h"
#include "agent/config.h"
#include "agent/device_cmd.h"
#include "agent/explain.h"
#include "agent/plat/plat.h"
#include "agent/record_cmd.h"

static const char help[] =
    "usage: assent-agent [support] [--config FILE] [--lang LANG] [--explain]\n"
    "       assent-agent record [list | show ID | verify FILE]\n"
    "       assent-agent device [list | forget HOST:PORT]\n"
    "\n"
    "support   start a session: shows a code, asks you, and sends only what you allow\n"
    "          with --explain: shows how the support server is reached, and starts nothing\n"
    "record    read what was asked, allowed and sent in earlier sessions\n"
    "device    the keys of other devices that you have trusted\n"
    "\n"
    "The configuration is %s unless --config names another one.\n";

static int usage(const char *what)
{
	fprintf(stderr, "assent-agent: %s; try assent-agent --help\n", what);
	return AGENT_EXIT_USAGE;
}

static int support(const char *path, const char *lang, bool explain)
{
	static struct agent_config config;
	char why[CONFIG_WHY_MAX], text[CONFIG_WHY_MAX + 16];

	if (config_load(path, &config, why, sizeof why) < 0) {
		snprintf(text, sizeof text, "assent-agent: %s\n", why);
		plat_say(text, true);
		return AGENT_EXIT_CONFIG;
	}
	if (lang)
		snprintf(config.lang, sizeof config.lang, "%s", lang);
	if (config.password_is_open)
		fprintf(
		    stderr,
		    "assent-agent: every user of this computer can read the proxy's password in "
		    "%s; put it into a file of its own (proxy-credentials).\n",
		    config.path);

	int code = explain ? explain_run(&config) : broker_run(&config);
	config_wipe(&config);
	return code;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'}, {"lang", required_argument, NULL, 'l'},
	    {"explain", no_argument, NULL, 'e'},      {"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'v'},      {NULL, 0, NULL, 0},
	};
	const char *path = NULL, *lang = NULL;
	bool explain = false;
	int opt;

	plat_begin();
	setlocale(LC_CTYPE, "");
	if (argc > 1 && strcmp(argv[1], "record") == 0)
		return record_main(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "device") == 0)
		return device_main(argc - 1, argv + 1);
	opterr = 0;
	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			path = optarg;
			break;
		case 'l':
			lang = optarg;
			break;
		case 'e':
			explain = true;
			break;
		case 'h':
			return printf(help, plat_config_path()) < 0;
		case 'v':
			return puts("assent-agent " ASSENT_VERSION) < 0;
		default:
			return usage("unknown option, or one without its value");
		}
	}
	optind += optind < argc && strcmp(argv[optind], "support") == 0;
	if (optind < argc)
		return usage("unknown command");
	return support(path, lang, explain);
}
