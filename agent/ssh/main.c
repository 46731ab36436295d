/* SPDX-License-Identifier: Apache-2.0
 *
 * assent-collect-ssh: what one neighbouring device says, in a process of its own. Started by the
 * broker as assent-collect is, with the same arguments on standard input and the same records on
 * standard output; beside them it has a pipe on which the broker decides (agent/device/talk.h).
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/run.h"
#include "agent/plat/plat.h"
#include "agent/ssh/supervise.h"
#include "proto/base/err.h"
#include "proto/base/log.h"

#define MEMORY_MIB 512

static int give_up(int code, const char *what, int err)
{
	char text[128];

	log_error("ssh", "%s: %s", what, err_text(err, text, sizeof text));
	return code;
}

/* For a person, or a package's test: can this computer do it? */
static int check(void)
{
	char why[SSH_API_WHY_MAX];
	struct ssh_api ssh;

	if (ssh_api_load(&ssh, why) < 0) {
		puts(why);
		return ITEM_UNAVAILABLE;
	}
	printf("libssh %s\n", ssh.version(0));
	return 0;
}

int main(int argc, char **argv)
{
	struct collect_args args;
	struct ssh_api ssh;
	char why[SSH_API_WHY_MAX];

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("assent-collect-ssh " ASSENT_VERSION);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--check") == 0)
		return check();
	signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error of write() */

	int err = run_read_args(STDIN_FILENO, &args);
	if (err < 0)
		return give_up(RUN_EXIT_ARGS, "started by hand? The arguments are unusable", err);
	err = plat_confine_collector(MEMORY_MIB, 0);
	if (err == 0)
		err = plat_guard_secrets();
	if (err < 0)
		return give_up(RUN_EXIT_CONFINE, "cannot be confined", err);
	if (ssh_api_load(&ssh, why) < 0)
		return supervise_say(ITEM_UNAVAILABLE, why, STDOUT_FILENO);
	_exit(supervise(&args, &ssh, STDOUT_FILENO)); /* what runs at exit wants more than it may */
}
