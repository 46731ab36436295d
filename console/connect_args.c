/* SPDX-License-Identifier: Apache-2.0 */
#include "console/connect_args.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/words.h"
#include "proto/base/err.h"
#include "proto/base/text.h"
#include "proto/wire/messages.h"

const char connect_usage[] =
    "Usage: assent-console connect CODE --identity DIR --reason TEXT [options]\n"
    "\n"
    "Asks the customer who read you CODE for consent, then collects diagnostics into a bundle.\n"
    "\n"
    "  --identity DIR      your certificates, from 'assent-console ca engineer'\n"
    "  --reason TEXT       why you ask; the customer reads it (at most 200 characters)\n"
    "  --ticket ID         your ticket; the customer reads it\n"
    "  --for TIME          how long: 90s, 30m, 2h (default 30m, at most 8h)\n"
    "  --scope SCOPE       system, network, logs, metrics, files:PATH, put, ...; may be repeated\n"
    "                      (default: system and network)\n"
    "  --relay HOST:PORT   instead of the one in console.conf\n"
    "  --out DIR           where the bundle's folder is made (default: here)\n"
    "  -c COMMAND          run this command, then end the session; may be repeated\n"
    "  --batch FILE        the same with one command a line; - is standard input\n"
    "  --max-bytes SIZE    how much the agent may send in all, like 500M or 4G (default 2G, with\n"
    "                      files: 16G, which is also the most)\n"
    "  --resume SECONDS    how long to try when the connection is lost (default 120, at most\n"
    "                      600; 0: not at all)\n"
    "  --explain           show how the relay is reached, try every step of it, and start "
    "nothing;\n"
    "                      needs --identity only\n"
    "  --json              one JSON object a line on standard output\n"
    "  --help, --version\n"
    "\n"
    "Without -c and --batch you get a prompt; 'help' lists its commands.\n"
    "Exit: 0 all done, 1 some item failed or is partial, 2 usage, 10 denied or no answer,\n"
    "      11 code unknown, wrong, expired or burned, 12 relay not reachable, 13 agent lost,\n"
    "      14 revoked by the customer, 15 certificate refused.\n";

enum option_id {
	OPT_IDENTITY = 256,
	OPT_RELAY,
	OPT_REASON,
	OPT_TICKET,
	OPT_FOR,
	OPT_SCOPE,
	OPT_OUT,
	OPT_RESUME,
	OPT_EXPLAIN,
	OPT_MAX_BYTES,
	OPT_JSON,
	OPT_BATCH,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option options[] = {
    {"identity", required_argument, NULL, OPT_IDENTITY},
    {"relay", required_argument, NULL, OPT_RELAY},
    {"reason", required_argument, NULL, OPT_REASON},
    {"ticket", required_argument, NULL, OPT_TICKET},
    {"for", required_argument, NULL, OPT_FOR},
    {"scope", required_argument, NULL, OPT_SCOPE},
    {"out", required_argument, NULL, OPT_OUT},
    {"resume", required_argument, NULL, OPT_RESUME},
    {"explain", no_argument, NULL, OPT_EXPLAIN},
    {"max-bytes", required_argument, NULL, OPT_MAX_BYTES},
    {"json", no_argument, NULL, OPT_JSON},
    {"batch", required_argument, NULL, OPT_BATCH},
    {"help", no_argument, NULL, OPT_HELP},
    {"version", no_argument, NULL, OPT_VERSION},
    {NULL, 0, NULL, 0},
};

int duration_parse(const char *text, uint32_t *seconds)
{
	static const struct {
		char unit;
		uint32_t factor;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}};
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || digits > 9 || strlen(text) != digits + 1)
		return AS_EBADMSG;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (text[digits] != units[i].unit)
			continue;

		uint64_t v = strtoull(text, NULL, 10) * units[i].factor;
		if (v > MSG_DURATION_MAX_S)
			return AS_E_TOO_BIG;
		if (v == 0)
			return AS_EBADMSG;
		*seconds = (uint32_t)v;
		return 0;
	}
	return AS_EBADMSG;
}

static int set_max_bytes(struct connect_args *a, const char *text, char *why)
{
	if (words_size(text, &a->max_bytes) == 0 && a->max_bytes > 0 &&
	    a->max_bytes <= ARGS_BYTES_MAX)
		return 0;
	snprintf(why, ARGS_WHY_MAX, "--max-bytes %.40s: a size like 500M or 4G, at most 16G", text);
	return AS_EBADMSG;
}

static int add_scope(struct connect_args *a, const char *text, char *why)
{
	struct scope s;

	if (scope_parse(text, &s) < 0) {
		snprintf(why, ARGS_WHY_MAX,
			 "--scope %.80s: not a scope; known are system, network, logs, metrics, "
			 "capture, files:/PATH, put, device:USER@HOST, command:NAME",
			 text);
		return AS_EBADMSG;
	}
	for (size_t i = 0; i < a->scopes_count; i++)
		if (scope_is_equal(&a->scopes[i], &s))
			return 0;
	if (a->scopes_count == SCOPES_MAX) {
		snprintf(why, ARGS_WHY_MAX, "--scope: at most %d", SCOPES_MAX);
		return AS_EBADMSG;
	}
	a->scopes[a->scopes_count++] = s;
	return 0;
}

static int set_duration(struct connect_args *a, const char *text, char *why)
{
	int err = duration_parse(text, &a->duration_s);

	if (err < 0)
		snprintf(why, ARGS_WHY_MAX,
			 err == AS_E_TOO_BIG ? "--for %.40s: at most 8h"
					     : "--for %.40s: write it like 90s, 30m or 2h",
			 text);
	return err < 0 ? AS_EBADMSG : 0;
}

static int set_resume(struct connect_args *a, const char *text, char *why)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long s = digits > 0 && digits <= 4 && !text[digits] ? strtoul(text, NULL, 10)
								     : ARGS_RESUME_MAX + 1;

	if (s > ARGS_RESUME_MAX) {
		snprintf(why, ARGS_WHY_MAX, "--resume %.40s: seconds, 0 to %d", text,
			 ARGS_RESUME_MAX);
		return AS_EBADMSG;
	}
	a->resume_s = (uint32_t)s;
	return 0;
}

static int add_command(struct connect_args *a, const char *text, char *why)
{
	if (a->commands_count == ARGS_COMMANDS_MAX) {
		snprintf(why, ARGS_WHY_MAX, "-c: at most %d commands; use --batch for more",
			 ARGS_COMMANDS_MAX);
		return AS_EBADMSG;
	}
	a->commands[a->commands_count++] = text;
	return 0;
}

static int take_option(struct connect_args *a, int opt, char **argv, char *why)
{
	switch (opt) {
	case OPT_IDENTITY:
		a->identity = optarg;
		return 0;
	case OPT_RELAY:
		a->relay = optarg;
		return 0;
	case OPT_REASON:
		a->reason = optarg;
		return 0;
	case OPT_TICKET:
		a->ticket = optarg;
		return 0;
	case OPT_FOR:
		return set_duration(a, optarg, why);
	case OPT_SCOPE:
		return add_scope(a, optarg, why);
	case OPT_OUT:
		a->out = optarg;
		return 0;
	case OPT_RESUME:
		return set_resume(a, optarg, why);
	case OPT_EXPLAIN:
		a->explain = true;
		return 0;
	case OPT_MAX_BYTES:
		return set_max_bytes(a, optarg, why);
	case OPT_JSON:
		a->json = true;
		return 0;
	case OPT_BATCH:
		a->batch = optarg;
		return 0;
	case OPT_HELP:
		a->help = true;
		return 0;
	case OPT_VERSION:
		a->version = true;
		return 0;
	case 'c':
		return add_command(a, optarg, why);
	case ':':
		snprintf(why, ARGS_WHY_MAX, "%.60s needs a value", argv[optind - 1]);
		return AS_EBADMSG;
	default:
		snprintf(why, ARGS_WHY_MAX, "%.60s: no such option", argv[optind - 1]);
		return AS_EBADMSG;
	}
}

static int text_check(const char *option, const char *text, size_t max, char *why)
{
	if (!text_is_clean(text, strlen(text)))
		snprintf(why, ARGS_WHY_MAX, "%s: only printable text on one line", option);
	else if (strlen(text) > max)
		snprintf(why, ARGS_WHY_MAX, "%s: at most %zu bytes, this has %zu", option, max,
			 strlen(text));
	else
		return 0;
	return AS_EBADMSG;
}

/* What must be there, and what the protocol will carry. */
static int complete(struct connect_args *a, char *why)
{
	const char *missing = NULL;

	if (a->explain)
		missing = a->identity ? NULL : "--explain needs --identity";
	else if (!a->code)
		missing = "the customer's CODE is missing";
	else if (!a->identity)
		missing =
		    "--identity is missing: the folder that 'assent-console ca engineer' made";
	else if (!a->reason || strspn(a->reason, " ") == strlen(a->reason))
		missing = "--reason is missing: the customer is told why you ask";
	if (missing) {
		snprintf(why, ARGS_WHY_MAX, "%s", missing);
		return AS_EBADMSG;
	}
	if (a->explain)
		return 0;

	int err = text_check("--reason", a->reason, ARGS_REASON_MAX, why);
	if (err == 0)
		err = text_check("--ticket", a->ticket, ARGS_TICKET_MAX, why);
	if (err < 0)
		return err;
	if (a->scopes_count == 0) {
		a->scopes[a->scopes_count++].kind = SCOPE_SYSTEM;
		a->scopes[a->scopes_count++].kind = SCOPE_NETWORK;
	}
	return 0;
}

int connect_args_parse(int argc, char **argv, struct connect_args *out, char why[ARGS_WHY_MAX])
{
	struct connect_args a = {
	    .ticket = "", .out = ".", .duration_s = ARGS_DURATION_DEF, .resume_s = ARGS_RESUME_DEF};
	int opt, err = 0;

	optind = 0; /* GNU: start over, whoever used getopt before */
	opterr = 0;
	while (err == 0 && (opt = getopt_long(argc, argv, ":c:", options, NULL)) != -1)
		err = take_option(&a, opt, argv, why);
	if (err < 0)
		return err;
	if (!a.help && !a.version) {
		if (optind < argc)
			a.code = argv[optind++];
		if (optind < argc) {
			snprintf(why, ARGS_WHY_MAX, "%.60s: one CODE only; quote texts with blanks",
				 argv[optind]);
			return AS_EBADMSG;
		}
		err = complete(&a, why);
	}
	if (err == 0)
		*out = a;
	return err;
}
