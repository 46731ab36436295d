/* SPDX-License-Identifier: Apache-2.0
 *
 * assent-dial: the one program of the agent that resolves names and connects. It lives for one
 * connection, without rights, and is started by the broker only.
 */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/dial/dial_child.h"
#include "agent/plat/plat.h"

int main(int argc, char **argv)
{
	if (argc != 2 || argv[1][0] == '-') {
		fputs("assent-dial is started by assent-agent, not by hand\n", stderr);
		return 2;
	}
	if (plat_drop_rights() < 0)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	return dial_child_run(uv_default_loop(), STDIN_FILENO, argv[1]) < 0 ? 1 : 0;
}
