/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ssh/supervise.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/collect/sink_life.h"
#include "agent/plat/plat.h"
#include "agent/ssh/dial.h"
#include "agent/ssh/peer.h"
#include "proto/base/err.h"

#define OUTPUT_MAX                                                                    \
	(UINT64_C(512) << 20) /* of one device; its commands have limits of their own \
			       */

static struct sink *open_sink(int fd)
{
	const struct sink_options o = {.fd = fd, .output_max = OUTPUT_MAX};
	struct sink *s = NULL;

	return sink_new(&s, &o) == 0 ? s : NULL;
}

int supervise_say(enum item_state state, const char *why, int out_fd)
{
	struct sink *s = open_sink(out_fd);
	struct speaker talk;
	int err = s ? sink_finish(s, state, why) : -ENOMEM;

	sink_free(s);
	if (err == 0 && speak_open(&talk, TALK_FD) == 0)
		err = speak_note(&talk, TALK_OVER, state, why);
	return err < 0 ? PEER_BROKEN : (int)state;
}

/* In the child. Never returns. */
static void speak_with(struct peer *p, int fd, int out_fd)
{
	struct speaker own; /* a lock on memory ends with a fork: the parent's is swapped here */
	int code = PEER_BROKEN;

	if (speak_open(&own, p->talk->fd) < 0)
		_exit(code);
	p->talk = &own;
	p->sink = open_sink(out_fd);
	if (p->sink && plat_lock_down() == 0)
		code = peer_run(p, fd);
	_exit(code);
}

static int one_connection(struct peer *p, int out_fd)
{
	char why[ITEM_WHY_MAX + 1];
	int fd = dial_device(&p->device, why, sizeof why), status = 0;

	if (fd < 0)
		return supervise_say(ITEM_FAILED, why, out_fd);

	pid_t child = fork();
	if (child == 0)
		speak_with(p, fd, out_fd);
	close(fd);
	while (child > 0 && waitpid(child, &status, 0) < 0)
		;
	return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : PEER_BROKEN;
}

/* Waits until the broker says GO. 0, or the exit code. */
static int wait_for_go(struct speaker *talk, char known[TALK_KEY_MAX + 1], int out_fd)
{
	struct talk_note note;
	struct talk_msg m;

	if (speak_hear(talk, &m) < 0)
		return PEER_BROKEN;
	if (m.type == TALK_GIVE_UP && talk_note_decode(m.payload, m.len, &note) == 0 &&
	    note.flag <= ITEM_UNAVAILABLE)
		return supervise_say((enum item_state)note.flag, note.text, out_fd);
	if (m.type != TALK_GO)
		return PEER_BROKEN;
	memcpy(known, m.payload, m.len);
	known[m.len] = '\0';
	return 0;
}

int supervise(const struct collect_args *args, const struct ssh_api *ssh, int out_fd)
{
	char known[TALK_KEY_MAX + 1];
	struct speaker talk;
	struct peer p = {.ssh = ssh, .talk = &talk, .folder = args->real, .known = known};
	int code = PEER_AGAIN;

	if (device_parse(args->op.root, &p.device) < 0 || speak_open(&talk, TALK_FD) < 0 ||
	    plat_limit_to_system() < 0)
		return PEER_BROKEN;
	while (code == PEER_AGAIN) {
		code = wait_for_go(&talk, known, out_fd);
		if (code == 0)
			code = one_connection(&p, out_fd);
		else
			return code;
	}
	return code;
}
