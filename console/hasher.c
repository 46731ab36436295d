/* SPDX-License-Identifier: Apache-2.0 */
#include "console/hasher.h"

#include <stdbool.h>
#include <stdlib.h>
#include <uv.h>

#include "proto/e2e/sha256.h"

struct hasher {
	uv_thread_t thread;
	uv_sem_t go, done;
	bool has_thread, busy;
	/* The thread's between go and done. No stream: it ends. */
	struct sha256_stream *stream;
	uint8_t *block; /* ours */
	size_t n;
};

static void work(void *arg)
{
	struct hasher *h = arg;

	for (;;) {
		uv_sem_wait(&h->go);
		if (!h->stream)
			return;
		(void)sha256_stream_add(h->stream, h->block, h->n); /* the stream remembers */
		uv_sem_post(&h->done);
	}
}

struct hasher *hasher_new(void)
{
	return calloc(1, sizeof(struct hasher));
}

static void start(struct hasher *h)
{
	if (h->has_thread || uv_sem_init(&h->go, 0) < 0)
		return;
	if (uv_sem_init(&h->done, 0) == 0) {
		h->has_thread = uv_thread_create(&h->thread, work, h) == 0;
		if (h->has_thread)
			return;
		uv_sem_destroy(&h->done);
	}
	uv_sem_destroy(&h->go);
}

void hasher_wait(struct hasher *h)
{
	if (h->busy)
		uv_sem_wait(&h->done);
	h->busy = false;
}

uint8_t *hasher_add(struct hasher *h, struct sha256_stream *s, uint8_t *block, size_t n)
{
	uint8_t *before = h->block;

	hasher_wait(h);
	start(h);
	h->stream = s;
	h->block = block;
	h->n = n;
	h->busy = h->has_thread;
	if (h->has_thread)
		uv_sem_post(&h->go);
	else
		(void)sha256_stream_add(s, block, n);
	return before;
}

void hasher_free(struct hasher *h)
{
	if (!h)
		return;
	hasher_wait(h);
	if (h->has_thread) {
		h->stream = NULL;
		uv_sem_post(&h->go);
		uv_thread_join(&h->thread);
		uv_sem_destroy(&h->go);
		uv_sem_destroy(&h->done);
	}
	free(h->block);
	free(h);
}
