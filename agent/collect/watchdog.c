/* SPDX-License-Identifier: Apache-2.0
 *
 * The deadline of a run, kept by a thread, because the collector itself may hang in the kernel
 * (a dead network file system, a device that does not answer) and cannot be asked to stop.
 *
 * At the deadline: the running tool is killed, the open file is closed as partial, END says
 * timeout, the compression is finished, and the process leaves at once. Whoever waits for us
 * reads a whole, honest stream and only the rest of this one item is missing.
 */
#include "agent/collect/sink_priv.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "agent/collect/run.h"
#include "agent/plat/plat.h"

static void expire(struct sink *s)
{
	char why[ITEM_WHY_MAX + 1];

	if (s->tool > 0)
		plat_kill_group((int)s->tool);
	snprintf(why, sizeof why, "stopped after %u s", s->deadline_ms / 1000);

	int err = sink_finish_locked(s, ITEM_TIMEOUT, why);
	/* A thread that hangs in the kernel keeps the process, and the pipe open, after _exit():
	 * our reader must see the end all the same. */
	close(s->fd);
	_exit(err == 0 ? ITEM_TIMEOUT : RUN_EXIT_OUTPUT);
}

static void wait_ms(struct sink *s, uint64_t ms)
{
	struct timespec at;

	clock_gettime(s->clock, &at);
	at.tv_sec += (time_t)(ms / 1000);
	at.tv_nsec += (long)(ms % 1000) * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	pthread_cond_timedwait(&s->stop, &s->lock, &at);
}

static void *watch(void *arg)
{
	struct sink *s = arg;

	pthread_mutex_lock(&s->lock);
	while (!s->stopping) {
		uint64_t left = sink_left_locked(s);

		if (left == 0)
			expire(s);
		wait_ms(s, left);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

int watchdog_start(struct sink *s)
{
	int err = pthread_create(&s->watchdog, NULL, watch, s);

	s->watched = err == 0;
	return -err;
}

void watchdog_stop(struct sink *s)
{
	if (!s->watched)
		return;
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_cond_signal(&s->stop);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->watchdog, NULL);
	s->watched = false;
}
