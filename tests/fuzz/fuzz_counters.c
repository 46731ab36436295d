/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernel's counters, in whatever form some kernel has them: two looks, one behind the other.
 * Promises: shares are shares, names end, and nothing is read or written beyond its place.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/collect/counters.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX 8

static void must(bool ok)
{
	if (!ok)
		abort();
}

static char *copy(const uint8_t *p, size_t n)
{
	char *text = malloc(n + 1);

	must(text != NULL);
	if (n > 0)
		memcpy(text, p, n);
	text[n] = '\0';
	return text;
}

static void check_cpus(const char *a, const char *b)
{
	struct cpu_counts *before = calloc(MAX, sizeof *before), *now = calloc(MAX, sizeof *now);
	uint64_t share[CPU_VALUES], sum = 0;
	size_t n = cpu_counts_read(a, before, MAX), m = cpu_counts_read(b, now, MAX);

	must(n <= MAX && m <= MAX);
	for (size_t i = 0; i < n && i < m; i++) {
		cpu_counts_share(&before[i], &now[i], share);
		sum = 0;
		for (size_t k = 0; k < CPU_VALUES; k++)
			sum += share[k];
		must(sum <= 10000);
	}
	free(before);
	free(now);
}

static void check_disks(const char *a, const char *b)
{
	struct disk_counts *before = calloc(MAX, sizeof *before), *now = calloc(MAX, sizeof *now);
	size_t n = disk_counts_read(a, before, MAX), m = disk_counts_read(b, now, MAX);

	must(n <= MAX && m <= MAX);
	for (size_t i = 0; i < n; i++)
		must(before[i].name[0] && memchr(before[i].name, '\0', COUNTERS_NAME));
	for (size_t i = 0; i < n && i < m; i++)
		must(counts_share_ms(before[i].n[DISK_BUSY], now[i].n[DISK_BUSY], 1000) <= 10000);
	free(before);
	free(now);
}

static void check_ifaces(const char *a)
{
	struct iface_counts *f = calloc(MAX, sizeof *f);
	size_t n = iface_counts_read(a, f, MAX);

	must(n <= MAX);
	for (size_t i = 0; i < n; i++) {
		must(f[i].name[0] && memchr(f[i].name, '\0', COUNTERS_NAME));
		counts_rate(0, f[i].n[IFACE_RX_BYTES], 1000);
	}
	free(f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t pressure[PRESSURE_VALUES];
	char *a = copy(data, size / 2), *b = copy(data + size / 2, size - size / 2);

	check_cpus(a, b);
	check_disks(a, b);
	check_ifaces(a);
	must(pressure_read(a, pressure) <= PRESSURE_VALUES);
	free(a);
	free(b);
	return 0;
}
