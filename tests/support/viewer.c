/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/viewer.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/base/clock.h"
#include "proto/base/log.h"

static void must(bool holds, const char *what)
{
	if (!holds) {
		log_error("viewer", "%s: %s", what, strerror(errno));
		abort();
	}
}

static void take_line(struct viewer *v, const struct item *it)
{
	if (v->lines < VIEWER_LINES) {
		size_t n = it->line.len < VIEWER_TEXT ? it->line.len : VIEWER_TEXT - 1;

		v->line[v->lines] = *it;
		if (n > 0)
			memcpy(v->text[v->lines], it->line.text, n);
		v->text[v->lines][n] = '\0';
	}
	v->lines++;
}

static int on_item(const struct item *it, void *arg)
{
	struct viewer *v = arg;

	if (it->type == ITEM_LINE)
		take_line(v, it);
	if (it->type == ITEM_NOTE && v->notes < 64)
		memcpy(v->note[v->notes++], it->note.text, sizeof v->note[0]);
	if (it->type == ITEM_DROPPED) {
		v->dropped += it->dropped.lines;
		v->drops++;
	}
	v->sources += it->type == ITEM_SOURCE;
	v->rows += it->type == ITEM_ROW;
	if (it->type == ITEM_END)
		v->end = *it;
	if (v->on_item)
		v->on_item(it, v->owner);
	return 0;
}

void viewer_over(struct viewer *v, int fd)
{
	memset(v, 0, sizeof *v);
	v->fd = fd;
}

void viewer_start(struct viewer *v, const struct collect_args *args)
{
	int ends[2];
	pid_t pid;

	must(pipe(ends) == 0, "no pipe");
	pid = fork();
	must(pid >= 0, "no process");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGPIPE, SIG_IGN);
		close(ends[0]);
		run_collector(collector_find(args->op_id), args, ends[1]);
		_exit(0);
	}
	close(ends[1]);
	viewer_over(v, ends[0]);
	v->pid = pid;
}

void viewer_stop(struct viewer *v)
{
	close(v->fd);
	if (v->pid == 0)
		return;
	kill(v->pid, SIGKILL);
	must(waitpid(v->pid, NULL, 0) == v->pid, "it does not end");
	v->pid = 0;
}

bool viewer_read(struct viewer *v, int wait_ms)
{
	static uint8_t bytes[65536];
	struct pollfd p = {.fd = v->fd, .events = POLLIN};
	ssize_t n;

	if (v->closed || poll(&p, 1, wait_ms) <= 0)
		return false;
	n = read(v->fd, bytes, sizeof bytes);
	v->closed = n <= 0;
	if (n <= 0)
		return false;
	v->bytes += (uint64_t)n;
	must(item_decode(&v->decoder, bytes, (size_t)n, on_item, v) == 0,
	     "the stream is malformed");
	return true;
}

static bool has_note(const struct viewer *v, const char *words)
{
	for (unsigned i = 0; i < v->notes; i++)
		if (strstr(v->note[i], words))
			return true;
	return false;
}

static bool has_line(const struct viewer *v, const char *line)
{
	return viewer_times(v, line) > 0;
}

static bool wait_for(struct viewer *v, bool (*has)(const struct viewer *, const char *),
		     const char *what)
{
	uint64_t end = clock_mono_ms() + VIEWER_LIMIT_MS;

	while (!has(v, what)) {
		uint64_t now = clock_mono_ms();

		if (v->closed || now >= end)
			return false;
		viewer_read(v, (int)(end - now));
	}
	return true;
}

static bool has_source(const struct viewer *v, const char *what)
{
	(void)what;
	return v->sources > 0;
}

bool viewer_is_open(struct viewer *v)
{
	return wait_for(v, has_source, "");
}

bool viewer_sees(struct viewer *v, const char *line)
{
	return wait_for(v, has_line, line);
}

bool viewer_is_told(struct viewer *v, const char *words)
{
	return wait_for(v, has_note, words);
}

static bool has_count(const struct viewer *v, const char *lines)
{
	return v->lines + v->dropped >= strtoull(lines, NULL, 10);
}

bool viewer_counts(struct viewer *v, uint64_t lines)
{
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)lines);
	return wait_for(v, has_count, text) && v->lines + v->dropped == lines;
}

unsigned viewer_times(const struct viewer *v, const char *line)
{
	unsigned n = 0;

	for (size_t i = 0; i < v->lines && i < VIEWER_LINES; i++)
		n += strcmp(v->text[i], line) == 0;
	return n;
}
