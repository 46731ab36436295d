/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "agent/collect/counters.h"

TestSuite(counters, .timeout = 60);

/* ---- processors ---- */

static const char stat_text[] = "cpu  100 20 30 4000 50 6 7 8 9 10\n"
				"cpu0 50 10 15 2000 25 3 3 4 0 0\n"
				"cpu1 50 10 15 2000 25 3 4 4 0 0\n"
				"cpu17 1 2 3 4\n" /* kernels before 2.6 */
				"cpux 1 2 3 4\n"
				"cpu3 1 2 3\n"
				"cpu4294967295 1 2 3 4 5 6 7 8\n" /* would pass for all of them */
				"intr 12345 0 0\n"
				"ctxt 1\n";

Test(counters, processors)
{
	struct cpu_counts c[COUNTERS_CPUS];

	cr_assert_eq(cpu_counts_read(stat_text, c, COUNTERS_CPUS), 4);
	cr_expect_eq(c[0].id, ROW_CPU_ALL);
	cr_expect_eq(c[0].ticks[CPU_USER], 100);
	cr_expect_eq(c[0].ticks[CPU_NICE], 20);
	cr_expect_eq(c[0].ticks[CPU_SYSTEM], 30);
	cr_expect_eq(c[0].ticks[CPU_IDLE], 4000);
	cr_expect_eq(c[0].ticks[CPU_IOWAIT], 50);
	cr_expect_eq(c[0].ticks[CPU_IRQ], 13);
	cr_expect_eq(c[0].ticks[CPU_STEAL], 8);
	cr_expect_eq(c[1].id, 0);
	cr_expect_eq(c[2].id, 1);
	cr_expect_eq(c[3].id, 17);
	cr_expect_eq(c[3].ticks[CPU_STEAL], 0);
	cr_expect_eq(cpu_counts_read(stat_text, c, 2), 2);
	cr_expect_eq(cpu_counts_read("", c, 2), 0);
	cr_expect_eq(cpu_counts_read("cpu", c, 2), 0);
}

Test(counters, shares_of_a_processor_are_hundredths_of_a_percent)
{
	struct cpu_counts a = {0}, b = {0};
	uint64_t out[CPU_VALUES], sum = 0;

	a.ticks[CPU_USER] = 1000;
	a.ticks[CPU_IDLE] = 5000;
	a.ticks[CPU_IOWAIT] = 300;
	b.ticks[CPU_USER] = 1025;
	b.ticks[CPU_IDLE] = 5075;
	b.ticks[CPU_IOWAIT] = 299; /* it sometimes goes back */
	cpu_counts_share(&a, &b, out);
	cr_expect_eq(out[CPU_USER], 2500);
	cr_expect_eq(out[CPU_IDLE], 7500);
	cr_expect_eq(out[CPU_IOWAIT], 0);
	for (size_t i = 0; i < CPU_VALUES; i++)
		sum += out[i];
	cr_expect_eq(sum, 10000);
	cpu_counts_share(&a, &a, out);
	cr_expect_eq(out[CPU_IDLE], 0, "no time, no share");
}

/* ---- disks ---- */

static const char diskstats[] =
    "   8       0 sda 100 0 2000 50 200 0 4000 60 0 70 110\n"
    "   8       1 sda1 100 0 2000 50 200 0 4000 60 0 70 110\n"
    " 259       0 nvme0n1 1 0 8 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n" /* since 5.5 with more fields */
    " 259       1 nvme0n1p1 1 0 8 0 0 0 0 0 0 1 1\n"
    " 259       2 nvme0n1p12 1 0 8 0 0 0 0 0 0 1 1\n"
    " 179       0 mmcblk0 1 0 8 0 0 0 0 0 0 1 1\n"
    " 179       1 mmcblk0p1 1 0 8 0 0 0 0 0 0 1 1\n"
    "   7       0 loop0 1 0 8 0 0 0 0 0 0 1 1\n"
    " 253       0 dm-0 1 0 8 0 0 0 0 0 0 1 1\n"
    "   9     127 md127 1 0 8 0 0 0 0 0 0 1 1\n"
    "   9     128 md127p1 1 0 8 0 0 0 0 0 0 1 1\n"
    "  43       0 nbd0 1 0 8 0 0 0 0 0 0 1 1\n"
    " 252       0 rbd10 1 0 8 0 0 0 0 0 0 1 1\n"
    " 147       0 drbd1 1 0 8 0 0 0 0 0 0 1 1\n"
    " 230       0 zd0 1 0 8 0 0 0 0 0 0 1 1\n"
    " 104       0 cciss/c0d0 1 0 8 0 0 0 0 0 0 1 1\n"
    " 104       1 cciss/c0d0p1 1 0 8 0 0 0 0 0 0 1 1\n"
    "  94       0 dasda 1 0 8 0 0 0 0 0 0 1 1\n"
    "  94       1 dasda1 1 0 8 0 0 0 0 0 0 1 1\n"
    " 202       0 xvda 1 0 8 0 0 0 0 0 0 1 1\n"
    " 202       1 xvda1 1 0 8 0 0 0 0 0 0 1 1\n"
    "  11       0 sr0 0 0 0 0 0 0 0 0 0 0 0\n"
    "   8      16 sdb 0 0 0 0 0 0 0 0 0 0 0\n" /* no disk in it */
    " 254       0 zram0 5 0 8 0 0 0 0 0 0 1 1\n"
    "   8      32 sdc 1 2 3\n"
    "   8      48 a-name-that-is-longer-than-any-of-theirs 1 0 8 0 0 0 0 0 0 1 1\n";

Test(counters, whole_disks_each_once)
{
	static const char *const names[] = {"sda",   "nvme0n1",	   "mmcblk0", "dm-0",
					    "md127", "nbd0",	   "rbd10",   "drbd1",
					    "zd0",   "cciss/c0d0", "dasda",   "xvda"};
	struct disk_counts d[COUNTERS_DISKS];
	size_t n = disk_counts_read(diskstats, d, COUNTERS_DISKS);

	cr_assert_eq(n, sizeof names / sizeof names[0], "%zu", n);
	for (size_t i = 0; i < n; i++)
		cr_expect_str_eq(d[i].name, names[i], "%s, not %s", d[i].name, names[i]);
	cr_expect_eq(d[0].n[DISK_READS], 100);
	cr_expect_eq(d[0].n[DISK_READ_BYTES], 2000 * 512);
	cr_expect_eq(d[0].n[DISK_WRITES], 200);
	cr_expect_eq(d[0].n[DISK_WRITE_BYTES], 4000 * 512);
	cr_expect_eq(d[0].n[DISK_BUSY], 70);
	cr_expect_eq(disk_counts_read(diskstats, d, 3), 3);
}

/* ---- interfaces ---- */

static const char net_dev[] =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop "
    "fifo colls carrier compressed\n"
    "    lo: 1000 10 0 0 0 0 0 0 1000 10 0 0 0 0 0 0\n"
    "  eth0:2000 20 1 2 0 0 0 0 3000 30 4 8 0 0 0 0\n" /* without a blank: old kernels */
    "short: 1 2 3\n";

Test(counters, interfaces)
{
	struct iface_counts f[COUNTERS_IFACES];

	cr_assert_eq(iface_counts_read(net_dev, f, COUNTERS_IFACES), 2);
	cr_expect_str_eq(f[0].name, "lo");
	cr_expect_str_eq(f[1].name, "eth0");
	cr_expect_eq(f[1].n[IFACE_RX_BYTES], 2000);
	cr_expect_eq(f[1].n[IFACE_TX_BYTES], 3000);
	cr_expect_eq(f[1].n[IFACE_RX_PACKETS], 20);
	cr_expect_eq(f[1].n[IFACE_TX_PACKETS], 30);
	cr_expect_eq(f[1].n[IFACE_ERRORS], 5);
	cr_expect_eq(f[1].n[IFACE_DROPS], 10);
}

/* ---- rates ---- */

Test(counters, rates_and_shares)
{
	cr_expect_eq(counts_rate(1000, 3000, 2000), 1000);
	cr_expect_eq(counts_rate(3000, 1000, 2000), 0, "a device that was made anew");
	cr_expect_eq(counts_rate(0, 1000, 0), 0);
	cr_expect_eq(counts_share_ms(0, 250, 1000), 2500);
	cr_expect_eq(counts_share_ms(0, 1100, 1000), 10000, "never more than all");
	cr_expect_eq(counts_share_ms(0, 1, 0), 0);
}

/* ---- pressure ---- */

Test(counters, pressure)
{
	uint64_t v[PRESSURE_VALUES] = {0};

	cr_assert_eq(pressure_read("some avg10=0.12 avg60=1.00 avg300=99.99 total=1\n"
				   "full avg10=0.01 avg60=0.00 avg300=10.50 total=1\n",
				   v),
		     6);
	cr_expect_eq(v[PRESSURE_SOME10], 12);
	cr_expect_eq(v[PRESSURE_SOME60], 100);
	cr_expect_eq(v[PRESSURE_SOME300], 9999);
	cr_expect_eq(v[PRESSURE_FULL10], 1);
	cr_expect_eq(v[PRESSURE_FULL300], 1050);
	cr_expect_eq(pressure_read("some avg10=0.12 avg60=1.00 avg300=99.99 total=1\n", v), 3,
		     "cpu before 5.13");
	cr_expect_eq(pressure_read("", v), 0);
	cr_expect_eq(pressure_read("some avg10=x\n", v), 0);
}
