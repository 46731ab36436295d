/* SPDX-License-Identifier: Apache-2.0
 *
 * What a hop costs, alone or in a WebSocket: memory of idle pairs, and CPU time for a stream. Both
 * ends of each pair are in this process; what NOTES.md says about one end is measured by
 * comparing with what the clients alone take. usage: assent-hops [-w] idle PAIRS | pour MEGABYTES
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "proto/wire/relay_frame.h"
#include "tests/support/ends.h"

#define PAIRS_MAX 4000

static struct ends e;
static struct peer clients[PAIRS_MAX], servers[PAIRS_MAX];

static void open_pair(size_t i, bool websocket)
{
	static const struct hostport at = {"relay.example", "443"};
	static const uint8_t key[16] = {1};

	clients[i].role = RELAY_ROLE_AGENT;
	servers[i].role = RELAY_ROLE_RELAY;
	ends_pair_in(&e, &clients[i], &servers[i],
		     websocket ? carrier_client(&at, "/", NULL, key) : NULL);
	ENDS_UNTIL(&e, clients[i].heard[RELAY_HELLO] && servers[i].heard[RELAY_HELLO]);
}

static long rss_kib(void)
{
	long pages = 0, all = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f || fscanf(f, "%ld %ld", &all, &pages) != 2)
		abort();
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void idle(size_t pairs, bool websocket)
{
	open_pair(0, websocket);

	long before = rss_kib();
	for (size_t i = 1; i < pairs; i++)
		open_pair(i, websocket);
	printf("%.2f KiB for each pair\n", (double)(rss_kib() - before) / (double)(pairs - 1));
}

static uint64_t left;

static void pour(struct peer *p)
{
	static uint8_t bytes[RELAY_FRAME_PAYLOAD_MAX];

	while (left > 0 && hop_queued(p->hop) < HOP_HIGH) {
		if (hop_send_data(p->hop, bytes, sizeof bytes) < 0)
			abort();
		left -= left < sizeof bytes ? left : sizeof bytes;
	}
}

static double cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Client to server: the direction in which a WebSocket is masked. */
static void stream(uint64_t bytes, bool websocket)
{
	open_pair(0, websocket);

	double before = cpu_s();
	left = bytes;
	clients[0].on_low = pour;
	pour(&clients[0]);
	ENDS_UNTIL(&e, left == 0 && servers[0].bytes >= bytes);

	double spent = cpu_s() - before;
	printf("%.0f MB/s, %.2f CPU seconds for each GB, both ends\n", (double)bytes / 1e6 / spent,
	       spent / ((double)bytes / 1e9));
}

int main(int argc, char **argv)
{
	bool websocket = argc > 1 && strcmp(argv[1], "-w") == 0;
	char **args = argv + 1 + websocket;
	unsigned long n = argc == 3 + websocket ? strtoul(args[1], NULL, 10) : 0;

	ends_init(&e);
	if (n > 1 && n <= PAIRS_MAX && strcmp(args[0], "idle") == 0)
		idle(n, websocket);
	else if (n > 0 && strcmp(args[0], "pour") == 0)
		stream(n * 1000000, websocket);
	else
		return 2;
	return 0; /* what is open ends with us */
}
