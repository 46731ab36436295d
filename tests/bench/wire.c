/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/wire.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

void wire_lay(struct scene *s, struct wire *w, const char *to, unsigned delay_ms, uint64_t cut_at)
{
	char program[SCENE_PATH_MAX], ms[16], cut[32];
	const char *argv[] = {program, to, ms, cut_at == WIRE_WHOLE ? NULL : cut, NULL};

	snprintf(program, sizeof program, "%s/delay", BENCH_DIR);
	snprintf(ms, sizeof ms, "%u", delay_ms);
	snprintf(cut, sizeof cut, "%" PRIu64, cut_at);
	if (pty_start_piped(&w->p, argv, NULL) != 0 || !pty_expect(&w->p, "listening on ") ||
	    !pty_rest_of_line(&w->p, w->address, sizeof w->address))
		scene_fail(s, "the wire");
}

void wire_carried(struct scene *s, struct wire *w, uint64_t *there, uint64_t *back)
{
	char line[128];

	kill(w->p.pid, SIGUSR1);
	if (!pty_expect(&w->p, "carried ") || !pty_rest_of_line(&w->p, line, sizeof line) ||
	    sscanf(line, "%" SCNu64 " there, %" SCNu64 " back", there, back) != 2)
		scene_fail(s, "the wire does not say what it carried");
}

void wire_take_up(struct wire *w)
{
	pty_done(&w->p);
}
