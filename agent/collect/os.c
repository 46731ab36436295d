/* SPDX-License-Identifier: Apache-2.0
 *
 * Which system this is: release, kernel, uptime, load, virtualisation, clock. The machine-id is
 * left out on purpose: it names the customer's computer for ever and helps nobody.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/collect/collect.h"
#include "agent/collect/copy.h"
#include "agent/collect/proc_text.h"
#include "agent/collect/sink.h"
#include "agent/collect/tool.h"

#define TEXT_ROOM 8192

static void fact_release(struct sink *s)
{
	char text[TEXT_ROOM], name[ITEM_VALUE_MAX + 1];

	if (read_text("/etc/os-release", text, sizeof text) < 0)
		read_text("/usr/lib/os-release", text, sizeof text);
	if (os_release_value(text, "PRETTY_NAME", name, sizeof name) == 0 ||
	    os_release_value(text, "NAME", name, sizeof name) == 0)
		sink_fact(s, "os.name", "%s", name);
	else
		sink_note(s, "the system does not say which release it is (no os-release file)");
}

static void fact_kernel(struct sink *s)
{
	struct utsname u;

	if (uname(&u) < 0)
		return;
	sink_fact(s, "os.kernel", "%s %s", u.sysname, u.release);
	sink_fact(s, "os.arch", "%s", u.machine);
	sink_fact(s, "os.host", "%s", u.nodename);
}

static void fact_load(struct sink *s)
{
	char text[256];

	if (read_text("/proc/uptime", text, sizeof text) > 0)
		sink_fact(s, "os.uptime_s", "%.*s", (int)strspn(text, "0123456789"), text);
	if (read_text("/proc/loadavg", text, sizeof text) > 0) {
		/* "0.10 0.20 0.30 1/234 5678": the first three */
		size_t n = 0;
		for (int words = 0; text[n] && words < 3; words++) {
			n += words > 0; /* the blank before */
			n += strcspn(text + n, " \n");
		}
		sink_fact(s, "os.load", "%.*s", (int)n, text);
	}
}

/* Reading the kernel's clock state changes nothing and needs no right. */
static void fact_clock(struct sink *s)
{
	struct timex t = {.modes = 0};
	int state = adjtimex(&t);

	if (state < 0)
		sink_note(s, "the kernel does not say whether the clock is synchronised: %s",
			  strerror(errno));
	else
		sink_fact(s, "os.clock", "%s",
			  state == TIME_ERROR || (t.status & STA_UNSYNC) ? "not synchronised"
									 : "synchronised");
}

/* Without systemd's own test: the firmware's name and the processor's flag. */
static void guess_virt(struct sink *s)
{
	char text[TEXT_ROOM], flags[4096], vendor[128];

	read_text("/sys/class/dmi/id/sys_vendor", vendor, sizeof vendor);
	read_text("/proc/cpuinfo", text, sizeof text);
	if (proc_field(text, "flags", flags, sizeof flags) == 0 && strstr(flags, " hypervisor"))
		sink_fact(s, "os.virt", "virtual machine (%s)",
			  vendor[0] ? vendor : "unknown maker");
	else if (access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0)
		sink_fact(s, "os.virt", "container");
	else
		sink_fact(s, "os.virt", "none found");
}

static void fact_virt(struct sink *s)
{
	static const char *const detect[] = {"systemd-detect-virt", NULL};
	char text[64];

	/* Status 1 with "none" is an answer too. */
	int err = tool_text(s, detect, text, sizeof text);
	text[strcspn(text, "\n")] = '\0';
	if (err == -ENOENT || text[0] == '\0')
		guess_virt(s);
	else
		sink_fact(s, "os.virt", "%s", text);
}

static int copy_files(struct sink *s)
{
	static const char *const always[] = {"/etc/os-release",
					     "/proc/version",
					     "/proc/cmdline",
					     "/proc/uptime",
					     "/proc/loadavg",
					     "/proc/modules",
					     "/proc/sys/kernel/tainted",
					     NULL};
	static const char *const some[] = {"/etc/debian_version",
					   "/etc/redhat-release",
					   "/etc/SuSE-release",
					   "/etc/hostname",
					   "/etc/timezone",
					   "/etc/locale.conf",
					   "/etc/default/locale",
					   "/etc/adjtime",
					   "/sys/class/dmi/id/sys_vendor",
					   "/sys/class/dmi/id/product_name",
					   "/sys/class/dmi/id/bios_version",
					   "/sys/hypervisor/type"};

	int err = copy_all(s, always);
	for (size_t i = 0; i < sizeof some / sizeof some[0] && err == 0; i++)
		err = copy_existing(s, some[i]);
	return err;
}

static int run_tools(struct sink *s)
{
	static const char *const uname_all[] = {"uname", "-a", NULL};
	static const char *const up[] = {"uptime", NULL};
	static const char *const date[] = {"date", NULL};
	static const char *const timedate[] = {"timedatectl", NULL};

	int err = tool_file(s, "kernel", uname_all);
	if (err == 0)
		err = tool_file(s, "host", up);
	if (err == 0)
		err = tool_file(s, "date", date);
	/* timedatectl asks a service that only a running systemd starts. */
	if (err == 0 && access("/run/systemd/system", F_OK) == 0)
		err = tool_file(s, "systemd", timedate);
	return err;
}

static int time_zone(struct sink *s)
{
	char target[256];
	ssize_t n = readlink("/etc/localtime", target, sizeof target - 1);

	if (n < 0)
		return 0; /* UTC, or a copy; /etc/timezone and date say the rest */
	target[n] = '\0';

	int err = sink_file_begin(s, "sos_commands/date/ls_-l_.etc.localtime", ITEM_FROM_API,
				  "readlink /etc/localtime");
	return err < 0 ? err : sink_printf(s, "/etc/localtime -> %s\n", target);
}

int collect_os(struct sink *out, const struct collect_args *args)
{
	(void)args;
	fact_release(out);
	fact_kernel(out);
	fact_load(out);
	fact_clock(out);
	fact_virt(out);

	int err = copy_files(out);
	if (err == 0)
		err = time_zone(out);
	return err < 0 ? err : run_tools(out);
}
