/* SPDX-License-Identifier: Apache-2.0
 *
 * assent-collect: one operation that the customer allowed, in a process of its own. It is
 * started by the broker, reads what to do from standard input, writes the item records to
 * standard output, and ends. Killed at any moment, it loses what it had not yet written and
 * nothing else; it writes no file. Its exit codes stand in run.h.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/run.h"
#include "agent/plat/plat.h"
#include "proto/base/err.h"
#include "proto/base/log.h"

static int give_up(int code, const char *what, int err)
{
	char text[128];

	log_error("collect", "%s: %s", what, err_text(err, text, sizeof text));
	return code;
}

int main(int argc, char **argv)
{
	struct collect_args args;

	plat_begin();
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("assent-collect " ASSENT_VERSION);
		return 0;
	}
	int err = run_read_args(STDIN_FILENO, &args);
	if (err < 0)
		return give_up(RUN_EXIT_ARGS, "started by hand? The arguments are unusable", err);

	const struct collector *c = collector_find(args.op_id);
	if (!c)
		return give_up(RUN_EXIT_ARGS, "no such collector", AS_E_OP_UNKNOWN);
	err = plat_confine_collector(c->mem_mib, run_cpu_s(&args));
	if (err < 0)
		return give_up(RUN_EXIT_CONFINE, "cannot be confined", err);
	err = run_collector(c, &args, STDOUT_FILENO);
	return err < 0 ? give_up(RUN_EXIT_OUTPUT, c->name, err) : err;
}
