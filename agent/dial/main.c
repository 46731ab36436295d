/* SPDX-License-Identifier: Apache-2.0
 *
 * assent-dial: the one program of the agent that resolves names and connects. It lives for one
 * connection, without rights, and is started by the broker only, with a pipe as standard input.
 */
#include <stdio.h>
#include <unistd.h>

#include "agent/dial/dial_child.h"
#include "agent/plat/plat.h"

int main(int argc, char **argv)
{
	(void)argv;
	if (argc != 1 || uv_guess_handle(STDIN_FILENO) != UV_NAMED_PIPE) {
		fputs("assent-dial is started by assent-agent, not by hand\n", stderr);
		return 2;
	}
	plat_begin();
	if (plat_drop_rights() < 0)
		return 1;

	int err = dial_child_run(uv_default_loop(), STDIN_FILENO);

	/* not exit(): libuv would wait there for a name server that does not answer */
	_exit(err < 0 ? 1 : 0);
}
