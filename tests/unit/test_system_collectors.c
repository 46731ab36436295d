/* SPDX-License-Identifier: Apache-2.0
 *
 * Each collector against this very computer: the stream is well formed, and what every Linux
 * has is in it. What differs from computer to computer is tested by the parsers' own tests.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/collect.h"
#include "proto/base/err.h"
#include "tests/support/capture.h"

TestSuite(system_collectors, .timeout = 60);

static void collect(struct capture *c, int (*run)(struct sink *, const struct collect_args *))
{
	const struct collect_args args = {.deadline_ms = 60000, .output_max = 32u << 20};

	capture_open(c, true, args.output_max, args.deadline_ms);

	int err = run(c->sink, &args);
	cr_assert(err == 0 || err == AS_EUNAVAIL, "%d", err);
	capture_read(c);
	for (size_t i = 0; i < c->files_count; i++) {
		const struct capture_file *f = &c->files[i];
		enum item_state state = f->end.file_end.state;

		if (state == ITEM_UNAVAILABLE || state == ITEM_FAILED)
			cr_expect_neq(f->end.file_end.why[0], '\0', "%s has no reason",
				      f->begin.file.name);
	}
}

static bool has_text(const struct capture *c, const char *name, const char *text)
{
	const struct capture_file *f = capture_file(c, name);

	return f && f->text && strstr(f->text, text);
}

Test(system_collectors, os_tells_release_kernel_uptime_and_clock)
{
	struct capture c;

	collect(&c, collect_os);
	cr_expect_not_null(capture_fact(&c, "os.kernel"));
	cr_expect_not_null(capture_fact(&c, "os.host"));
	cr_expect_not_null(capture_fact(&c, "os.virt"));
	cr_expect_not_null(capture_fact(&c, "os.clock"));
	cr_expect_gt(strtol(capture_fact(&c, "os.uptime_s"), NULL, 10), 0);

	float load[3];
	char more;
	cr_expect_eq(
	    sscanf(capture_fact(&c, "os.load"), "%f %f %f%c", &load[0], &load[1], &load[2], &more),
	    3);
	cr_expect(has_text(&c, "proc/version", "Linux"));
	cr_expect(has_text(&c, "sos_commands/kernel/uname_-a", "Linux"));
	for (size_t i = 0; i < c.files_count; i++)
		cr_expect_null(strstr(c.files[i].begin.file.name, "machine-id"));
	capture_done(&c);
}

Test(system_collectors, cpu_tells_model_and_load)
{
	struct capture c;

	collect(&c, collect_cpu);
	cr_expect_eq(strtol(capture_fact(&c, "cpu.count"), NULL, 10),
		     sysconf(_SC_NPROCESSORS_ONLN));
	cr_expect_leq(strtol(capture_fact(&c, "cpu.busy_percent"), NULL, 10), 100);
	cr_expect(has_text(&c, "proc/stat", "cpu "));
	capture_done(&c);
}

Test(system_collectors, memory_tells_totals)
{
	struct capture c;

	collect(&c, collect_memory);
	cr_expect_gt(strtoll(capture_fact(&c, "mem.total_kb"), NULL, 10),
		     strtoll(capture_fact(&c, "mem.available_kb"), NULL, 10));
	cr_expect(has_text(&c, "proc/meminfo", "MemTotal"));
	cr_expect(has_text(&c, "sos_commands/memory/oom_scores", "OOM_SCORE"));
	capture_done(&c);
}

Test(system_collectors, disks_tell_usage_of_the_root)
{
	struct capture c;

	collect(&c, collect_disks);
	cr_expect(has_text(&c, "sos_commands/filesys/df_-al_-x_autofs", " /\n"));
	cr_expect(has_text(&c, "sos_commands/filesys/df_-ali_-x_autofs", "IUse%"));
	cr_expect(has_text(&c, "proc/mounts", " / "));
	cr_expect_not_null(capture_fact(&c, "disk.count"));
	capture_done(&c);
}

Test(system_collectors, processes_tell_of_this_one_and_its_files)
{
	struct capture c;
	char me[32];

	snprintf(me, sizeof me, "%8d ", getpid());
	collect(&c, collect_processes);
	cr_expect(has_text(&c, "sos_commands/process/processes", me));
	cr_expect(has_text(&c, "sos_commands/process/process_tree", me));
	cr_expect(has_text(&c, "sos_commands/process/open_files", me));
	cr_expect(has_text(&c, "sos_commands/process/open_files", "/dev/"));
	cr_expect_gt(strtol(capture_fact(&c, "proc.count"), NULL, 10), 1);
	cr_expect_not_null(capture_fact(&c, "proc.top_cpu"));
	cr_expect_not_null(capture_fact(&c, "proc.top_mem"));
	capture_done(&c);
}

Test(system_collectors, services_and_journal_answer_or_say_why_not)
{
	struct capture c;

	collect(&c, collect_services);
	cr_expect_geq(c.files_count, 1);
	capture_done(&c);
	collect(&c, collect_journal);
	cr_expect_geq(c.files_count, 1);
	capture_done(&c);
}
