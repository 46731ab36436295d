/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/counters.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR	   512
#define FIELDS	   20
#define NUMBER_MAX (UINT64_MAX / 32) /* more is no counter; so no sum of a line's numbers wraps */

/* ---- words and numbers of a line ---- */

static const char *skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

/* The next number, at most NUMBER_MAX, or false at the end of the line or before another word. */
static bool number(const char **p, uint64_t *out)
{
	uint64_t v = 0;

	*p = skip_blanks(*p);
	if (!isdigit((unsigned char)**p))
		return false;
	for (; isdigit((unsigned char)**p); (*p)++)
		v = v < NUMBER_MAX / 10 ? v * 10 + (uint64_t)(**p - '0') : NUMBER_MAX;
	*out = v;
	return true;
}

static size_t numbers(const char *p, uint64_t out[FIELDS])
{
	size_t n = 0;

	while (n < FIELDS && number(&p, &out[n]))
		n++;
	return n;
}

/* A name up to a blank or `end`; false when it is too long or empty. */
static bool name_of(const char **p, char end, char out[COUNTERS_NAME])
{
	size_t n = 0;

	*p = skip_blanks(*p);
	while ((*p)[n] && (*p)[n] != end && !isspace((unsigned char)(*p)[n]))
		n++;
	if (n == 0 || n >= COUNTERS_NAME)
		return false;
	memcpy(out, *p, n);
	out[n] = '\0';
	*p += n;
	return true;
}

static const char *next_line(const char *p)
{
	p = strchr(p, '\n');
	return p && p[1] ? p + 1 : NULL;
}

/* ---- processors ---- */

static bool cpu_line(const char *p, struct cpu_counts *out)
{
	uint64_t f[FIELDS] = {0}, id = ROW_CPU_ALL;

	if (strncmp(p, "cpu", 3) != 0)
		return false;
	p += 3;
	if (*p != ' ' && (!number(&p, &id) || id >= ROW_CPU_ALL))
		return false;
	if (numbers(p, f) < 4)
		return false;
	/* user nice system idle iowait irq softirq steal; guests are in user and nice already */
	*out = (struct cpu_counts){
	    .id = (uint32_t)id,
	    .ticks = {[CPU_USER] = f[0],
		      [CPU_NICE] = f[1],
		      [CPU_SYSTEM] = f[2],
		      [CPU_IDLE] = f[3],
		      [CPU_IOWAIT] = f[4],
		      [CPU_IRQ] = f[5] + f[6],
		      [CPU_STEAL] = f[7]},
	};
	return true;
}

size_t cpu_counts_read(const char *text, struct cpu_counts *out, size_t max)
{
	size_t n = 0;

	for (const char *p = text; p && n < max; p = next_line(p))
		n += cpu_line(p, &out[n]);
	return n;
}

/* part * whole / all, where part * whole may be too large. */
static uint64_t share_of(uint64_t part, uint64_t whole, uint64_t all)
{
	if (all == 0)
		return 0;
	return part <= UINT64_MAX / whole ? part * whole / all : part / all * whole;
}

void cpu_counts_share(const struct cpu_counts *before, const struct cpu_counts *now,
		      uint64_t out[CPU_VALUES])
{
	uint64_t all = 0;

	for (size_t i = 0; i < CPU_VALUES; i++) {
		out[i] = now->ticks[i] > before->ticks[i] ? now->ticks[i] - before->ticks[i] : 0;
		all += out[i];
	}
	for (size_t i = 0; i < CPU_VALUES; i++)
		out[i] = share_of(out[i], 10000, all);
}

/* ---- disks ---- */

static bool begins(const char *name, const char *const words[])
{
	for (size_t i = 0; words[i]; i++)
		if (strncmp(name, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

/* "sda1"; where the disk's own name ends in a digit, "nvme0n1p1". */
static bool is_part(const char *name)
{
	static const char *const lettered[] = {"sd", "hd", "vd", "xvd", "dasd", NULL};
	size_t n = strlen(name);

	if (!isdigit((unsigned char)name[n - 1]))
		return false;
	if (begins(name, lettered))
		return true;
	while (n > 0 && isdigit((unsigned char)name[n - 1]))
		n--;
	return n > 1 && name[n - 1] == 'p' && isdigit((unsigned char)name[n - 2]);
}

/* Whole disks only: parts of them, and what lies in memory or in a file, would be counted twice. */
static bool is_disk(const char *name)
{
	static const char *const none[] = {"loop", "ram", "zram", "sr", "fd", NULL};

	return !begins(name, none) && !is_part(name);
}

static uint64_t bytes_of(uint64_t sectors)
{
	return sectors <= UINT64_MAX / SECTOR ? sectors * SECTOR : UINT64_MAX;
}

static bool disk_line(const char *p, struct disk_counts *out)
{
	uint64_t skip, f[FIELDS] = {0};

	memset(out, 0, sizeof *out);
	if (!number(&p, &skip) || !number(&p, &skip) || !name_of(&p, ' ', out->name) ||
	    !is_disk(out->name) || numbers(p, f) < 11)
		return false;
	out->n[DISK_READS] = f[0];
	out->n[DISK_READ_BYTES] = bytes_of(f[2]);
	out->n[DISK_WRITES] = f[4];
	out->n[DISK_WRITE_BYTES] = bytes_of(f[6]);
	out->n[DISK_BUSY] = f[9];
	return f[0] + f[4] > 0; /* a drive without a disk in it */
}

size_t disk_counts_read(const char *text, struct disk_counts *out, size_t max)
{
	size_t n = 0;

	for (const char *p = text; p && *p && n < max; p = next_line(p))
		n += disk_line(p, &out[n]);
	return n;
}

/* ---- interfaces ---- */

static bool iface_line(const char *p, struct iface_counts *out)
{
	uint64_t f[FIELDS] = {0};

	memset(out, 0, sizeof *out);
	if (!name_of(&p, ':', out->name) || *p != ':' || numbers(p + 1, f) < 12)
		return false;
	out->n[IFACE_RX_BYTES] = f[0];
	out->n[IFACE_RX_PACKETS] = f[1];
	out->n[IFACE_TX_BYTES] = f[8];
	out->n[IFACE_TX_PACKETS] = f[9];
	out->n[IFACE_ERRORS] = f[2] + f[10];
	out->n[IFACE_DROPS] = f[3] + f[11];
	return true;
}

size_t iface_counts_read(const char *text, struct iface_counts *out, size_t max)
{
	size_t n = 0;

	for (const char *p = text; p && *p && n < max; p = next_line(p))
		n += iface_line(p, &out[n]);
	return n;
}

/* ---- rates ---- */

uint64_t counts_rate(uint64_t before, uint64_t now, uint64_t span_ms)
{
	return now > before ? share_of(now - before, 1000, span_ms) : 0;
}

uint64_t counts_share_ms(uint64_t before, uint64_t now, uint64_t span_ms)
{
	uint64_t share = now > before ? share_of(now - before, 10000, span_ms) : 0;

	return share < 10000 ? share : 10000;
}

/* ---- pressure ---- */

/* "0.12" as 12 */
static bool hundredths(const char *p, uint64_t *out)
{
	uint64_t whole, part;

	if (!number(&p, &whole) || *p != '.' || !isdigit((unsigned char)p[1]) ||
	    !isdigit((unsigned char)p[2]))
		return false;
	part = (uint64_t)(p[1] - '0') * 10 + (uint64_t)(p[2] - '0');
	*out = whole * 100 + part;
	return true;
}

size_t pressure_read(const char *text, uint64_t out[PRESSURE_VALUES])
{
	static const char *const kinds[] = {"some", "full"};
	static const char *const keys[] = {" avg10=", " avg60=", " avg300="};
	size_t n = 0;

	for (size_t k = 0; k < 2; k++) {
		const char *line = text;

		while (line && strncmp(line, kinds[k], 4) != 0)
			line = next_line(line);
		for (size_t i = 0; line && i < 3; i++) {
			const char *at = strstr(line, keys[i]);

			if (!at || !hundredths(at + strlen(keys[i]), &out[n]))
				return n;
			n++;
		}
	}
	return n;
}
