/* SPDX-License-Identifier: Apache-2.0
 *
 * assent-net: started by assent-agent only, with the pipe as its standard input.
 */
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "agent/net/net.h"
#include "agent/plat/plat.h"
#include "proto/base/err.h"

#define PIPE_FD 0

int main(int argc, char **argv)
{
	uv_loop_t loop;
	struct net *net;
	char text[128];

	plat_begin();
	if (argc != 1 || uv_guess_handle(PIPE_FD) != UV_NAMED_PIPE) {
		fprintf(stderr, "%s: started by assent-agent only\n", argv[0]);
		return 2;
	}

	int err = plat_drop_rights();
	if (err == 0)
		err = uv_loop_init(&loop);
	if (err == 0)
		err = net_start(&loop, PIPE_FD, &net);
	if (err < 0) {
		fprintf(stderr, "assent-net: %s\n", err_text(err, text, sizeof text));
		return 1;
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	net_free(net);
	return uv_loop_close(&loop) == 0 ? 0 : 1;
}
