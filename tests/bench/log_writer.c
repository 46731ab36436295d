/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/log_writer.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define TICK_MS	 5
#define LINE_CAP 128

/* ---- writing ---- */

static void write_tick(int fd, unsigned lines, uint64_t *number)
{
	static char text[1 << 20];
	size_t len = 0;

	for (unsigned i = 0; i < lines && len + LINE_CAP < sizeof text; i++)
		len += (size_t)snprintf(text + len, LINE_CAP,
					"Nov 26 12:00:00 host service[%" PRIu64
					"]: written=%" PRIu64 " request done\n",
					(*number)++, scene_now_ns());
	if (write(fd, text, len) != (ssize_t)len)
		_exit(1);
}

static void write_log(int fd, unsigned lines_s, unsigned seconds)
{
	struct timespec at;
	uint64_t number = 0;

	clock_gettime(CLOCK_MONOTONIC, &at);
	for (unsigned i = 0; i < seconds * 1000 / TICK_MS; i++) {
		write_tick(fd, lines_s * TICK_MS / 1000, &number);
		at.tv_nsec += TICK_MS * 1000000;
		if (at.tv_nsec >= 1000000000) {
			at.tv_sec++;
			at.tv_nsec -= 1000000000;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
	}
}

pid_t log_writer_start(struct scene *s, const char *path, unsigned lines_s, unsigned seconds)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	pid_t pid = fd < 0 ? -1 : fork();

	if (pid < 0)
		scene_fail(s, path);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		write_log(fd, lines_s, seconds);
		_exit(0);
	}
	close(fd);
	return pid;
}

/* ---- reading ---- */

static void take_line(struct log_age *a, const char *line)
{
	static const char written[] = "written=", dropped[] = "\"dropped\",";
	const char *at = strstr(line, written);

	if (at) {
		uint64_t tenths =
		    (scene_now_ns() - strtoull(at + sizeof written - 1, NULL, 10)) / 100000;
		size_t last = sizeof a->ages / sizeof a->ages[0] - 1;

		a->ages[tenths < last ? tenths : last]++;
		a->lines++;
	} else if (strstr(line, dropped) && (at = strstr(line, "\"lines\":")) != NULL) {
		a->dropped += strtoull(at + 8, NULL, 10);
	}
}

void log_age_take(void *age, const char *data, size_t n)
{
	struct log_age *a = age;

	for (const char *end = data + n; data < end;) {
		const char *nl = memchr(data, '\n', (size_t)(end - data));
		size_t len = (size_t)((nl ? nl : end) - data);
		size_t room = sizeof a->line - 1 - a->len;

		memcpy(a->line + a->len, data, len < room ? len : room);
		a->len += len < room ? len : room;
		data += len + (nl != NULL);
		if (!nl)
			return;
		a->line[a->len] = '\0';
		take_line(a, a->line);
		a->len = 0;
	}
}

double log_age_quantile_ms(const struct log_age *a, double q)
{
	uint64_t below = 0, wanted = (uint64_t)(q * (double)a->lines);
	size_t i = 0;

	while (i < sizeof a->ages / sizeof a->ages[0] - 1 && (below += a->ages[i]) < wanted)
		i++;
	return (double)i / 10;
}
