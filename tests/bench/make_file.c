/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/make_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK (1u << 20)

static uint64_t next(uint64_t *state) /* splitmix64 */
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static unsigned below(uint64_t *state, unsigned n)
{
	return (unsigned)(next(state) % n);
}

void make_random(struct scene *s, const char *path, uint64_t bytes)
{
	static uint64_t block[BLOCK / sizeof(uint64_t)];
	uint64_t state = 1;
	FILE *f = fopen(path, "we");

	for (uint64_t done = 0; f && done < bytes; done += BLOCK) {
		for (size_t i = 0; i < BLOCK / sizeof block[0]; i++)
			block[i] = next(&state);
		if (fwrite(block, BLOCK, 1, f) != 1)
			scene_fail(s, path);
	}
	if (!f || fclose(f) != 0)
		scene_fail(s, path);
}

/* Few programs, few texts, numbers that change: what makes logs compress as they do. */
static int line(uint64_t *state, double now, char *out, size_t cap)
{
	static const char *const hosts[] = {"web1", "web2", "db1"};
	static const char *const texts[] = {
	    "nginx[%u]: 192.0.2.%u - \"GET /api/v1/items/%u HTTP/1.1\" 200 %u",
	    "postgres[%u]: LOG:  duration: %u.%u ms  statement: SELECT * FROM orders WHERE id = %u",
	    "sshd[%u]: Accepted publickey for deploy from 198.51.100.%u port %u ssh2: ED25519 %u",
	    "systemd[1]: session-%u.scope: Succeeded after %u.%us, %u tasks",
	    "kernel: [%u.%u] TCP: request_sock_TCP: Possible SYN flooding on port %u. %u cookies",
	    "app[%u]: INFO  worker-%u processed job %u in %u ms",
	    "app[%u]: WARN  worker-%u retrying upstream 10.0.0.%u after %u ms: connection reset by "
	    "peer",
	};
	unsigned which = below(state, 100), pick = which < 45	? 0
						   : which < 60 ? 5
						   : which < 75 ? 1
						   : which < 85 ? 6
						   : which < 92 ? 3
						   : which < 97 ? 2
								: 4;
	unsigned s = (unsigned)now;
	int n = snprintf(out, cap, "Nov %2u %02u:%02u:%02u %s ", 1 + s / 86400 % 30, s / 3600 % 24,
			 s / 60 % 60, s % 60, hosts[below(state, 3)]);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	n += snprintf(out + n, cap - (size_t)n, texts[pick], 1000 + below(state, 8),
		      below(state, 40), below(state, 300), below(state, 200));
#pragma GCC diagnostic pop
	out[n] = '\n';
	return n + 1;
}

void make_syslog(struct scene *s, const char *path, uint64_t bytes)
{
	static char block[BLOCK];
	uint64_t state = 2, done = 0;
	double now = 0;
	FILE *f = fopen(path, "we");

	while (f && done < bytes) {
		size_t n = 0;

		while (n + 512 < BLOCK) {
			n += (size_t)line(&state, now, block + n, 512);
			now += 0.004;
		}
		if (n > bytes - done)
			n = (size_t)(bytes - done);
		if (fwrite(block, n, 1, f) != 1)
			scene_fail(s, path);
		done += n;
	}
	if (!f || fclose(f) != 0)
		scene_fail(s, path);
}
