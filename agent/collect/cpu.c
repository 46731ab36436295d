/* SPDX-License-Identifier: Apache-2.0
 *
 * The processor: what it is, how busy it is now, how fast it is allowed to run.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/collect.h"
#include "agent/collect/copy.h"
#include "agent/collect/proc_text.h"
#include "agent/collect/sink.h"
#include "agent/collect/tool.h"

#define TEXT_ROOM   16384
#define SAMPLE_MS   200
#define CPUINFO_MAX (256u << 10) /* the same lines again for each of hundreds of processors */
#define CPUFREQ_MAX 1024

static void fact_model(struct sink *s)
{
	/* Not every machine has a "model name"; ARM boards say what they are in other words. */
	static const char *const keys[] = {"model name", "Model", "cpu model", "Hardware", "cpu"};
	char text[TEXT_ROOM], value[ITEM_VALUE_MAX + 1];

	read_text("/proc/cpuinfo", text, sizeof text);
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		if (proc_field(text, keys[i], value, sizeof value) == 0) {
			sink_fact(s, "cpu.model", "%s", value);
			break;
		}
	}

	long count = sysconf(_SC_NPROCESSORS_ONLN);
	if (count > 0)
		sink_fact(s, "cpu.count", "%ld", count);
}

static void fact_busy(struct sink *s)
{
	char text[1024]; /* the first line is enough */
	struct cpu_times before, after;

	read_text("/proc/stat", text, sizeof text);
	if (proc_cpu_times(text, &before) < 0) {
		sink_note(s, "/proc/stat does not tell how busy the processor is");
		return;
	}
	poll(NULL, 0, SAMPLE_MS);
	read_text("/proc/stat", text, sizeof text);
	if (proc_cpu_times(text, &after) == 0)
		sink_fact(s, "cpu.busy_percent", "%u", cpu_busy_percent(&before, &after));
}

/* One value of one processor, without its newline; "-" when there is none. */
static void freq_value(unsigned cpu, const char *name, char *out, size_t cap)
{
	char path[128];

	snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%u/cpufreq/%s", cpu, name);
	if (read_text(path, out, cap) <= 0)
		snprintf(out, cap, "-");
	out[strcspn(out, "\n")] = '\0';
}

static int frequencies(struct sink *s)
{
	static const char *const names[] = {"scaling_governor", "scaling_cur_freq",
					    "scaling_min_freq", "scaling_max_freq"};
	int err = sink_file_begin(s, "sos_commands/processor/cpufreq", ITEM_FROM_API,
				  "/sys/devices/system/cpu/cpu*/cpufreq");
	if (err < 0)
		return err;
	if (access("/sys/devices/system/cpu/cpu0/cpufreq", F_OK) < 0)
		return sink_file_end(s, ITEM_UNAVAILABLE, false,
				     "the kernel does not control the frequency here");
	err = sink_printf(s, "cpu governor kHz_now kHz_min kHz_max\n");
	for (unsigned cpu = 0; cpu < CPUFREQ_MAX && err == 0; cpu++) {
		char path[64], value[64];

		snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%u/cpufreq", cpu);
		if (access(path, F_OK) < 0)
			break;
		sink_printf(s, "%u", cpu);
		for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
			freq_value(cpu, names[i], value, sizeof value);
			sink_printf(s, " %s", value);
		}
		err = sink_printf(s, "\n");
	}
	return err;
}

int collect_cpu(struct sink *out, const struct collect_args *args)
{
	static const char *const files[] = {"/proc/stat", "/proc/loadavg", "/proc/interrupts",
					    NULL};
	static const char *const lscpu[] = {"lscpu", NULL};

	(void)args;
	fact_model(out);
	fact_busy(out);

	int err = sink_copy(out, "/proc/cpuinfo", CPUINFO_MAX);
	if (err == 0)
		err = copy_all(out, files);
	if (err == 0)
		err = copy_existing(out, "/proc/pressure/cpu");
	if (err == 0)
		err = tool_file(out, "processor", lscpu);
	return err < 0 ? err : frequencies(out);
}
