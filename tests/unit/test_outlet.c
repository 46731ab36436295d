/* SPDX-License-Identifier: Apache-2.0
 *
 * Standard output and standard error are a pipe here, and the test is who reads it.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "console/outlet.h"

#define MUCH (1u << 20) /* more than any pipe holds */

static uv_loop_t loop;
static uv_pipe_t reader;
static struct outlet *o;
static int ends[2];
static char got[2 * MUCH];
static size_t got_len;
static int drained, broken;

static void on_drained(void *owner)
{
	(void)owner;
	drained++;
}

static void on_broken(void *owner)
{
	(void)owner;
	broken++;
}

static const struct outlet_events ev = {.on_drained = on_drained, .on_broken = on_broken};

static void make(void)
{
	signal(SIGPIPE, SIG_IGN);
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	cr_assert(dup2(ends[1], STDOUT_FILENO) >= 0 && dup2(ends[1], STDERR_FILENO) >= 0);
	close(ends[1]);
	uv_loop_init(&loop);
	o = outlet_new();
	cr_assert(o);
}

static void clean(void)
{
	outlet_stop(o);
	outlet_free(o);
	cr_assert_eq(uv_loop_close(&loop), 0);
}
TestSuite(outlet, .init = make, .fini = clean);

static void on_alloc(uv_handle_t *h, size_t n, uv_buf_t *buf)
{
	(void)h;
	(void)n;
	*buf = uv_buf_init(got + got_len, (unsigned)(sizeof got - got_len));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	size_t *wanted = s->data;

	(void)buf;
	cr_assert_geq(n, 0);
	got_len += (size_t)n;
	if (got_len == *wanted)
		uv_close((uv_handle_t *)s, NULL);
}

/* Turns the loop until so much has been read. */
static void read_until(size_t n)
{
	got_len = 0;
	uv_pipe_init(&loop, &reader, 0);
	reader.data = &n;
	cr_assert_eq(uv_pipe_open(&reader, ends[0]), 0);
	uv_read_start((uv_stream_t *)&reader, on_alloc, on_read);
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_assert_eq(got_len, n);
}

static void print_much(char c)
{
	char block[4096];

	memset(block, c, sizeof block);
	for (size_t n = 0; n < MUCH; n += sizeof block)
		fwrite(block, 1, sizeof block, outlet_out(o));
	fflush(outlet_out(o));
}

Test(outlet, nobody_waits_for_a_reader_and_nothing_is_lost)
{
	outlet_start(o, &loop, &ev, NULL);
	cr_assert(outlet_is_idle(o));
	print_much('x'); /* would hang here */
	uv_run(&loop, UV_RUN_NOWAIT);
	cr_assert(outlet_is_full(o));
	cr_assert_not(outlet_is_idle(o));
	cr_assert_eq(drained, 0);
	read_until(MUCH);
	cr_assert(outlet_is_idle(o));
	cr_assert_geq(drained, 1);
	cr_assert_eq(strspn(got, "x"), MUCH);
}

Test(outlet, output_and_errors_keep_their_order)
{
	outlet_start(o, &loop, &ev, NULL);
	for (int i = 0; i < 3; i++) {
		fprintf(outlet_out(o), "out%d ", i);
		fflush(outlet_out(o));
		fprintf(outlet_err(o), "err%d ", i);
		fflush(outlet_err(o));
	}
	read_until(30);
	cr_assert_eq(memcmp(got, "out0 err0 out1 err1 out2 err2 ", 30), 0);
}

Test(outlet, a_reader_that_goes_away_is_told_once_and_nothing_is_kept_for_it)
{
	outlet_start(o, &loop, &ev, NULL);
	close(ends[0]);
	print_much('x');
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_assert(outlet_is_idle(o));
	cr_assert_eq(broken, 1);
	print_much('y');
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_assert(outlet_is_idle(o));
	cr_assert_eq(broken, 1);
}

Test(outlet, what_is_held_comes_when_it_is_let_go)
{
	outlet_start(o, &loop, &ev, NULL);
	outlet_hold(o, true);
	fputs("later", outlet_out(o));
	fflush(outlet_out(o));
	uv_run(&loop, UV_RUN_DEFAULT);
	cr_assert_not(outlet_is_idle(o));
	outlet_hold(o, false);
	read_until(5);
	cr_assert_eq(memcmp(got, "later", 5), 0);
}

Test(outlet, without_a_loop_everything_is_written_at_once)
{
	char now[8] = "";

	fputs("now", outlet_err(o));
	fflush(outlet_err(o));
	cr_assert_eq(read(ends[0], now, sizeof now), 3);
	cr_assert_str_eq(now, "now");
	outlet_start(o, &loop, &ev, NULL);
	fputs("then", outlet_out(o));
	outlet_stop(o);
	cr_assert_eq(read(ends[0], now, sizeof now), 4);
	uv_run(&loop, UV_RUN_DEFAULT);
}
