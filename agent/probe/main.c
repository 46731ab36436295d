/* SPDX-License-Identifier: Apache-2.0
 *
 * assent-probe: the only part of collecting that speaks to the network and reads what
 * strangers answer. It gives up its rights before anything else, takes no input but its
 * arguments and writes plain text lines; the last of each block is "result: ...".
 *
 * Exit: 0 the probe ran, whatever it found; 1 it could not run; 2 usage.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/plat/plat.h"
#include "agent/probe/ask.h"
#include "agent/probe/dns.h"
#include "agent/probe/reach.h"
#include "agent/probe/report.h"
#include "proto/base/err.h"
#include "proto/base/log.h"

static int usage(void)
{
	fputs("usage: assent-probe dns SERVER NAME [TYPE]\n"
	      "       assent-probe reach [--relay HOST:PORT] [--] TARGET...\n",
	      stderr);
	return 2;
}

static int dns(int argc, char *argv[])
{
	static struct report report;
	uint16_t type = argc > 2 ? dns_type_parse(argv[2]) : DNS_A;
	char why[80];

	if (argc < 2 || argc > 3 || type == 0)
		return usage();
	report_init(&report);
	int err = ask_run(argv[0], argv[1], type, &report);
	if (err < 0)
		log_error("probe", "dns: %s", err_text(err, why, sizeof(why)));
	else
		report_print(&report, stdout);
	report_done(&report);
	return err < 0;
}

static int reach(int argc, char *argv[])
{
	const char *relay = NULL;
	char why[80];

	if (argc > 1 && strcmp(argv[0], "--relay") == 0) {
		relay = argv[1];
		argc -= 2;
		argv += 2;
	}
	if (argc > 0 && strcmp(argv[0], "--") == 0) {
		argc--;
		argv++;
	}
	if (argc > REACH_TARGETS_MAX || (argc == 0 && !relay) || (argc > 0 && argv[0][0] == '-'))
		return usage();

	int err = reach_all(relay, argv, (size_t)argc);
	if (err < 0)
		log_error("probe", "reach: %s", err_text(err, why, sizeof(why)));
	return err < 0;
}

int main(int argc, char *argv[])
{
	plat_begin();

	int err = plat_drop_rights();
	if (err < 0) {
		log_error("probe", "cannot give up rights, so nothing is done");
		return 1;
	}
	/* Bounds a name lookup; a resolver that needs longer counts as failed here. */
	setenv("RES_OPTIONS", "timeout:2 attempts:1", 1);
	if (argc > 1 && strcmp(argv[1], "dns") == 0)
		return dns(argc - 2, argv + 2);
	if (argc > 1 && strcmp(argv[1], "reach") == 0)
		return reach(argc - 2, argv + 2);
	return usage();
}
