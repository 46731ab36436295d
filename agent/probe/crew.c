/* SPDX-License-Identifier: Apache-2.0
 *
 * All targets at the same time: one thread each, and nobody is waited for longer than
 * REACH_ALL_MS. getaddrinfo() cannot be interrupted, so a thread that hangs in it is left
 * behind and ends with the process.
 */
#include <errno.h>
#include <malloc.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "agent/probe/handshake.h"
#include "agent/probe/reach.h"
#include "agent/probe/report.h"
#include "proto/base/err.h"

#define STACK_BYTES (512u << 10)

struct crew;

struct member {
	struct crew *crew;
	const char *target;
	bool relay, started, done;
	pthread_t thread;
	struct report report;
};

struct crew {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	clockid_t clock; /* that `changed` is waited for by */
	SSL_CTX *ctx;
	size_t count, running;
	struct member at[REACH_TARGETS_MAX + 1];
};

static void *work(void *arg)
{
	struct member *m = arg;

	reach_one(m->crew->ctx, m->target, m->relay, &m->report);
	pthread_mutex_lock(&m->crew->lock);
	m->done = true;
	m->crew->running--;
	pthread_cond_signal(&m->crew->changed);
	pthread_mutex_unlock(&m->crew->lock);
	return NULL;
}

static void add(struct crew *c, const char *target, bool relay)
{
	struct member *m = &c->at[c->count++];

	*m = (struct member){.crew = c, .target = target, .relay = relay};
	report_init(&m->report);
}

static void start(struct crew *c)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < c->count; i++) {
		struct member *m = &c->at[i];

		m->started = pthread_create(&m->thread, &attr, work, m) == 0;
		c->running += m->started;
		if (!m->started)
			report_result(&m->report, "not tried: this computer is short of memory");
	}
	pthread_mutex_unlock(&c->lock);
	pthread_attr_destroy(&attr);
}

/* True when every thread has ended in time. */
static bool wait_for_all(struct crew *c)
{
	struct timespec end;
	int err = 0;

	clock_gettime(c->clock, &end);
	end.tv_sec += REACH_ALL_MS / 1000;
	pthread_mutex_lock(&c->lock);
	while (c->running > 0 && err == 0)
		err = pthread_cond_timedwait(&c->changed, &c->lock, &end);

	bool all = c->running == 0;
	pthread_mutex_unlock(&c->lock);
	return all;
}

static void print(struct crew *c)
{
	for (size_t i = 0; i < c->count; i++) {
		struct member *m = &c->at[i];

		pthread_mutex_lock(&c->lock);
		bool stuck = m->started && !m->done;
		pthread_mutex_unlock(&c->lock);
		if (stuck)
			report_abandon(&m->report, REACH_ALL_MS / 1000);
		report_print(&m->report, stdout);
	}
	fflush(stdout);
}

static int init(struct crew *c)
{
	pthread_condattr_t attr;

	c->ctx = handshake_context();
	if (!c->ctx)
		return -ENOMEM;
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	c->clock = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 ? CLOCK_MONOTONIC
									  : CLOCK_REALTIME;
	pthread_cond_init(&c->changed, &attr);
	pthread_condattr_destroy(&attr);
	return 0;
}

static void done(struct crew *c)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->at[i].started)
			pthread_join(c->at[i].thread, NULL);
		report_done(&c->at[i].report);
	}
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	SSL_CTX_free(c->ctx);
}

int reach_all(const char *relay, char *const targets[], size_t count)
{
	if (count > REACH_TARGETS_MAX)
		return AS_E_TOO_BIG;

	/* One heap for all threads: the address space of a collector's children is limited. */
	mallopt(M_ARENA_MAX, 1);
	struct crew *c = calloc(1, sizeof(*c));
	int err = c ? init(c) : -ENOMEM;
	if (err < 0) {
		free(c);
		return err;
	}
	if (relay)
		add(c, relay, true);
	for (size_t i = 0; i < count; i++)
		add(c, targets[i], false);
	start(c);

	bool all = wait_for_all(c);
	print(c);
	if (!all)
		_exit(0);
	done(c);
	free(c);
	return 0;
}
