/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "agent/collect/copy.h"
#include "agent/collect/proc_text.h"
#include "proto/base/err.h"

static char text[16384];

static const char *fixture(const char *name)
{
	char path[512];

	snprintf(path, sizeof path, FIXTURES "/proc/%s", name);
	cr_assert_gt(read_text(path, text, sizeof text), 0, "%s", path);
	return text;
}

Test(proc_text, reads_numbers_of_meminfo)
{
	const char *t = fixture("meminfo");
	uint64_t v = 7;

	cr_assert_eq(proc_number(t, "MemTotal", &v), 0);
	cr_assert_eq(v, 16309960);
	cr_assert_eq(proc_number(t, "SwapFree", &v), 0);
	cr_assert_eq(v, 1048576);
	cr_assert_eq(proc_number(t, "Mem", &v), AS_EBADMSG, "a key is a whole word");
	cr_assert_eq(proc_number(t, "Nothing", &v), AS_EBADMSG);
	cr_assert_eq(v, 1048576);
}

Test(proc_text, refuses_numbers_that_are_none)
{
	uint64_t v = 7;

	cr_assert_eq(proc_number("K: x", "K", &v), AS_EBADMSG);
	cr_assert_eq(proc_number("K: -1", "K", &v), AS_EBADMSG);
	cr_assert_eq(proc_number("K:\n5", "K", &v), AS_EBADMSG);
	cr_assert_eq(proc_number("K: 18446744073709551616", "K", &v), AS_EBADMSG);
	cr_assert_eq(proc_number("K: 18446744073709551615", "K", &v), 0);
	cr_assert_eq(v, UINT64_MAX);
}

Test(proc_text, reads_fields_of_cpuinfo)
{
	const char *t = fixture("cpuinfo");
	char value[64], tiny[6];

	cr_assert_eq(proc_field(t, "model name", value, sizeof value), 0);
	cr_assert_str_eq(value, "Intel(R) Xeon(R) CPU @ 2.20GHz");
	cr_assert_eq(proc_field(t, "model name", tiny, sizeof tiny), 0);
	cr_assert_str_eq(tiny, "Intel");
	cr_assert_eq(proc_count(t, "processor"), 2);
	cr_assert_eq(proc_field(t, "model", value, sizeof value), AS_EBADMSG);
}

Test(proc_text, reads_the_release_with_and_without_quotes)
{
	const char *t = fixture("os-release");
	char value[64];

	cr_assert_eq(os_release_value(t, "PRETTY_NAME", value, sizeof value), 0);
	cr_assert_str_eq(value, "Debian GNU/Linux 12 (bookworm)");
	cr_assert_eq(os_release_value(t, "NAME", value, sizeof value), 0);
	cr_assert_str_eq(value, "Debian GNU/Linux");
	cr_assert_eq(os_release_value(t, "VERSION_ID", value, sizeof value), 0);
	cr_assert_str_eq(value, "12");
	cr_assert_eq(os_release_value(t, "ID", value, sizeof value), 0);
	cr_assert_str_eq(value, "debian");
	cr_assert_eq(os_release_value("NAME=\"", "NAME", value, sizeof value), 0);
	cr_assert_str_eq(value, "\"");
	cr_assert_eq(os_release_value(t, "VARIANT", value, sizeof value), AS_EBADMSG);
}

Test(proc_text, reads_pressure)
{
	char avg[16];

	cr_assert_eq(proc_pressure(fixture("pressure_memory"), avg, sizeof avg), 0);
	cr_assert_str_eq(avg, "1.25");
	cr_assert_eq(proc_pressure("full avg10=0.50\n", avg, sizeof avg), AS_EBADMSG);
	cr_assert_eq(proc_pressure("some avg10=\n", avg, sizeof avg), AS_EBADMSG);
}

Test(proc_text, tells_how_busy_the_processor_was)
{
	struct cpu_times before, after;

	cr_assert_eq(proc_cpu_times(fixture("stat"), &before), 0);
	cr_assert_eq(before.total, 10000 + 200 + 3000 + 80000 + 500 + 100);
	cr_assert_eq(proc_cpu_times(fixture("stat_later"), &after), 0);
	cr_assert_eq(cpu_busy_percent(&before, &after), 75);
	cr_assert_eq(cpu_busy_percent(&before, &before), 0);
	cr_assert_eq(cpu_busy_percent(&after, &before), 0, "time does not go back");
}

Test(proc_text, refuses_processor_times_that_are_cut_short)
{
	struct cpu_times t = {1, 2};

	cr_assert_eq(proc_cpu_times("", &t), AS_EBADMSG);
	cr_assert_eq(proc_cpu_times("cpu", &t), AS_EBADMSG);
	cr_assert_eq(proc_cpu_times("cpu  1 2 3 4 5 6 7", &t), AS_EBADMSG);
	cr_assert_eq(proc_cpu_times("cpu0 1 2 3 4 5 6 7 8", &t), AS_EBADMSG);
	cr_assert_eq(t.total, 2);
}

Test(proc_text, reads_a_process_that_chose_a_hostile_name)
{
	struct proc_stat p;

	cr_assert_eq(proc_stat_parse(fixture("pid_stat"), &p), 0);
	cr_assert_eq(p.pid, 4242);
	cr_assert_str_eq(p.name, "evil) R 1 (x y)");
	cr_assert_eq(p.state, 'S');
	cr_assert_eq(p.ppid, 17);
	cr_assert_eq(p.ticks, 100);
	cr_assert_eq(p.threads, 5);
	cr_assert_eq(p.start_ticks, 987654);
	cr_assert_eq(p.rss_pages, 2345);
}

Test(proc_text, refuses_a_process_line_cut_anywhere_before_its_last_field)
{
	const char *whole = fixture("pid_stat");
	const char *rss = strstr(whole, " 2345 ");
	char cut[512];

	for (size_t n = 0; n <= (size_t)(rss - whole); n++) {
		struct proc_stat p = {.pid = 7};

		snprintf(cut, sizeof cut, "%.*s", (int)n, whole);
		cr_assert_lt(proc_stat_parse(cut, &p), 0, "%s", cut);
		cr_assert_eq(p.pid, 7);
	}
}

static int mount_line(unsigned number, struct mount *m)
{
	const char *line = fixture("mountinfo");

	while (number-- > 0)
		line = strchr(line, '\n') + 1;
	return mountinfo_parse(line, strcspn(line, "\n"), m);
}

Test(proc_text, reads_mounts_with_blanks_and_many_fields)
{
	struct mount m;

	cr_assert_eq(mount_line(1, &m), 0);
	cr_assert_eq(m.major, 8);
	cr_assert_eq(m.minor, 1);
	cr_assert_str_eq(m.where, "/");
	cr_assert_str_eq(m.type, "ext4");
	cr_assert_str_eq(m.device, "/dev/sda1");
	cr_assert_eq(mount_line(2, &m), 0);
	cr_assert_str_eq(m.where, "/mnt/two words");
	cr_assert_str_eq(m.device, "srv:/export\\x");
	cr_assert_eq(mount_line(4, &m), 0);
	cr_assert_str_eq(m.type, "tmpfs");
	cr_assert_str_eq(m.device, "");
}

Test(proc_text, refuses_mounts_that_are_short_long_or_odd)
{
	static const char *const bad[] = {"",
					  "27 1 8:1 / /",
					  "27 1 8:1 / / rw -",
					  "27 1 8 / / rw - ext4 x rw",
					  "27 1 8:x / / rw - ext4 x rw",
					  "27 1 8:1 / /a\\000b rw - ext4 x rw",
					  "27 1 99999999999:1 / / rw - ext4 x rw"};
	struct mount m = {.major = 7};
	char line[3000];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_expect_eq(mountinfo_parse(bad[i], strlen(bad[i]), &m), AS_EBADMSG, "%s", bad[i]);
	snprintf(line, sizeof line, "27 1 8:1 / /%0*d rw - ext4 x rw", MOUNT_PATH_MAX, 1);
	cr_expect_eq(mountinfo_parse(line, strlen(line), &m), AS_E_TOO_BIG);
	cr_expect_eq(m.major, 7);
}
