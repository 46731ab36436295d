/* SPDX-License-Identifier: Apache-2.0 */
#include "console/outlet.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (64u << 10)

struct chunk {
	struct chunk *next;
	int fd;
	size_t n;
	char bytes[CHUNK];
};

struct stream {
	struct outlet *o;
	int fd;
	FILE *f;
	bool broken; /* the work's own while it runs */
};

struct outlet {
	struct stream out, err;
	uv_loop_t *loop; /* NULL: write at once */
	const struct outlet_events *ev;
	void *owner;
	struct chunk *first, *last; /* what waits; the first is being written while `busy` */
	size_t waiting;		    /* bytes */
	uv_work_t work;
	bool busy, held, told_broken;
};

/* ---- writing ---- */

static void wait_for_room(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	(void)poll(&p, 1, -1);
}

/* Bytes for which there is no reader are gone. */
static void write_all(struct stream *s, const char *p, size_t n)
{
	while (n > 0 && !s->broken) {
		ssize_t done = write(s->fd, p, n);

		if (done < 0 && errno == EAGAIN)
			wait_for_room(s->fd); /* somebody who shares it made it non-blocking */
		else if (done < 0 && errno != EINTR)
			s->broken = true;
		else if (done > 0)
			p += done, n -= (size_t)done;
	}
}

static struct stream *stream_of(struct outlet *o, int fd)
{
	return fd == o->err.fd ? &o->err : &o->out;
}

static void on_work(uv_work_t *w)
{
	struct outlet *o = w->data;
	struct chunk *c = o->first;

	write_all(stream_of(o, c->fd), c->bytes, c->n);
}

static void next(struct outlet *o);

static void on_written(uv_work_t *w, int status)
{
	struct outlet *o = w->data;
	struct chunk *c = o->first;

	(void)status;
	o->busy = false;
	o->waiting -= c->n;
	o->first = c->next;
	if (!o->first)
		o->last = NULL;
	free(c);
	if (o->out.broken && !o->told_broken) {
		o->told_broken = true;
		o->ev->on_broken(o->owner);
	}
	next(o);
	if (o->waiting <= OUTLET_LOW)
		o->ev->on_drained(o->owner);
}

static void next(struct outlet *o)
{
	if (o->busy || o->held || !o->first)
		return;
	o->work.data = o;
	o->busy = uv_queue_work(o->loop, &o->work, on_work, on_written) == 0;
}

/* The chunk that is being written is the work's: what comes now goes behind it. */
static struct chunk *chunk_for(struct outlet *o, int fd)
{
	struct chunk *c = o->last;

	if (c && c->fd == fd && c->n < CHUNK && !(o->busy && c == o->first))
		return c;
	c = malloc(sizeof *c);
	if (!c)
		return NULL;
	c->next = NULL;
	c->fd = fd;
	c->n = 0;
	if (o->last)
		o->last->next = c;
	else
		o->first = c;
	o->last = c;
	return c;
}

static void enqueue(struct outlet *o, int fd, const char *p, size_t n)
{
	while (n > 0) {
		struct chunk *c = chunk_for(o, fd);
		size_t part;

		if (!c)
			return; /* nothing is said when there is no memory for it */
		part = n < CHUNK - c->n ? n : CHUNK - c->n;
		memcpy(c->bytes + c->n, p, part);
		c->n += part;
		o->waiting += part;
		p += part;
		n -= part;
	}
	next(o);
}

static ssize_t on_print(void *cookie, const char *p, size_t n)
{
	struct stream *s = cookie;

	if (s->o->loop)
		enqueue(s->o, s->fd, p, n);
	else
		write_all(s, p, n);
	return (ssize_t)n;
}

/* ---- life ---- */

static bool stream_open(struct outlet *o, struct stream *s, int fd)
{
	s->o = o;
	s->fd = fd;
	s->f = fopencookie(s, "w", (cookie_io_functions_t){.write = on_print});
	return s->f && setvbuf(s->f, NULL, _IOFBF, CHUNK) == 0;
}

struct outlet *outlet_new(void)
{
	struct outlet *o = calloc(1, sizeof *o);

	if (o && stream_open(o, &o->out, STDOUT_FILENO) && stream_open(o, &o->err, STDERR_FILENO))
		return o;
	outlet_free(o);
	return NULL;
}

void outlet_free(struct outlet *o)
{
	if (!o)
		return;
	if (o->out.f)
		fclose(o->out.f);
	if (o->err.f)
		fclose(o->err.f);
	free(o);
}

FILE *outlet_out(struct outlet *o)
{
	return o->out.f;
}

FILE *outlet_err(struct outlet *o)
{
	return o->err.f;
}

void outlet_start(struct outlet *o, uv_loop_t *loop, const struct outlet_events *ev, void *owner)
{
	fflush(o->out.f);
	fflush(o->err.f);
	o->loop = loop;
	o->ev = ev;
	o->owner = owner;
}

void outlet_stop(struct outlet *o)
{
	o->loop = NULL;
	while (o->first) {
		struct chunk *c = o->first;

		write_all(stream_of(o, c->fd), c->bytes, c->n);
		o->first = c->next;
		free(c);
	}
	o->last = NULL;
	o->waiting = 0;
	fflush(o->out.f);
	fflush(o->err.f);
}

bool outlet_is_idle(const struct outlet *o)
{
	return !o->first;
}

bool outlet_is_writing(const struct outlet *o)
{
	return o->busy;
}

bool outlet_is_full(const struct outlet *o)
{
	return o->waiting > OUTLET_FULL;
}

void outlet_hold(struct outlet *o, bool hold)
{
	o->held = hold;
	next(o);
}
