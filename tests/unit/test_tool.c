/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/collect/tool.h"
#include "proto/base/err.h"
#include "tests/support/capture.h"

#define ROOMY	 (16u << 20)
#define NO_HURRY 60000
#define HURRY	 150 /* ms; a tool gets a third */

TestSuite(tool, .timeout = 30);

/* Runs one command line in a shell (which is just another tool) and reads it back. */
static const struct capture_file *run(struct capture *c, const char *script, uint32_t deadline_ms)
{
	const char *const argv[] = {"sh", "-c", script, NULL};

	capture_open(c, false, ROOMY, deadline_ms);
	cr_assert_eq(sink_tool(c->sink, "out", argv), 0);
	capture_read(c);
	return &c->files[0];
}

Test(tool, keeps_the_output_and_the_command_line)
{
	struct capture c;
	const struct capture_file *f = run(&c, "echo hello", NO_HURRY);

	cr_assert_str_eq(f->text, "hello\n");
	cr_assert_str_eq(f->begin.file.source, "sh -c echo hello");
	cr_assert_eq(f->begin.file.source_kind, ITEM_FROM_COMMAND);
	cr_assert_eq(f->end.file_end.state, ITEM_OK);
	cr_assert_str_eq(f->end.file_end.why, "");
	capture_done(&c);
}

Test(tool, keeps_large_output_whole)
{
	struct capture c;
	const struct capture_file *f = run(&c, "yes 0123456789abcde | head -c 3200000", NO_HURRY);

	cr_assert_eq(f->n, 3200000);
	capture_done(&c);
}

Test(tool, keeps_what_it_complained_about_with_the_output)
{
	struct capture c;
	const struct capture_file *f = run(&c, "echo bad >&2; echo good", NO_HURRY);

	cr_assert_str_eq(f->text, "good\nbad\n");
	capture_done(&c);
}

Test(tool, that_is_not_installed_is_a_gap)
{
	static const char *const argv[] = {"no-such-tool-here", "-x", NULL};
	struct capture c;

	capture_open(&c, false, ROOMY, NO_HURRY);
	cr_assert_eq(sink_tool(c.sink, "out", argv), 0);
	capture_read(&c);
	cr_assert_eq(c.files[0].end.file_end.state, ITEM_UNAVAILABLE);
	cr_assert_str_eq(c.files[0].end.file_end.why, "no-such-tool-here is not installed");
	cr_assert_eq(c.end.end.state, ITEM_OK);
	capture_done(&c);
}

Test(tool, that_answers_with_a_status_has_answered)
{
	struct capture c;
	const struct capture_file *f = run(&c, "echo degraded; exit 3", NO_HURRY);

	cr_assert_eq(f->end.file_end.state, ITEM_OK);
	cr_assert_str_eq(f->end.file_end.why, "exit status 3");
	capture_done(&c);
}

Test(tool, that_fails_without_an_answer_has_failed)
{
	struct capture c;
	const struct capture_file *f = run(&c, "echo no >&2; exit 1", NO_HURRY);

	cr_assert_eq(f->end.file_end.state, ITEM_FAILED);
	cr_assert_str_eq(f->text, "no\n");
	capture_done(&c);
}

Test(tool, that_prints_nothing_is_listed_as_that)
{
	struct capture c;
	const struct capture_file *f = run(&c, "true", NO_HURRY);

	cr_assert_eq(f->n, 0);
	cr_assert_str_eq(f->end.file_end.why, "printed nothing");
	capture_done(&c);
}

Test(tool, that_is_killed_keeps_what_it_said)
{
	struct capture c;
	const struct capture_file *f = run(&c, "echo before; kill -9 $$", NO_HURRY);

	cr_assert_eq(f->end.file_end.state, ITEM_PARTIAL);
	cr_assert_str_eq(f->text, "before\n");
	cr_assert_str_eq(f->end.file_end.why, "ended by signal 9");
	capture_done(&c);
}

Test(tool, sees_an_empty_environment_and_nothing_to_read)
{
	struct capture c;

	setenv("SECRET_OF_THE_CUSTOMER", "1", 1);

	const struct capture_file *f = run(&c, "/usr/bin/env | /usr/bin/sort; cat; pwd", NO_HURRY);
	cr_assert_null(strstr(f->text, "SECRET"));
	cr_assert_not_null(strstr(f->text, "LC_ALL=C\n"));
	cr_assert_not_null(strstr(f->text, "PATH=/usr/sbin:/usr/bin:/sbin:/bin\n"));
	cr_assert_not_null(strstr(f->text, "\n/\n"));
	capture_done(&c);
}

/* Blocks until every process we started, or inherited, is gone. */
static void expect_no_children(void)
{
	while (waitpid(-1, NULL, 0) > 0)
		;
	cr_assert_eq(errno, ECHILD);
}

Test(tool, that_hangs_is_killed_with_its_children_and_keeps_what_it_said)
{
	struct capture c;

	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);

	const struct capture_file *f = run(&c, "echo first; sleep 1000 & sleep 1000", HURRY);
	cr_assert_str_eq(f->text, "first\n");
	cr_assert_eq(f->end.file_end.state, ITEM_TIMEOUT);
	cr_assert_eq(c.end.end.state, ITEM_PARTIAL);
	expect_no_children();
	capture_done(&c);
}

Test(tool, that_leaves_a_child_behind_is_not_waited_for)
{
	struct capture c;

	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);

	const struct capture_file *f = run(&c, "echo done; sleep 1000 &", NO_HURRY);
	cr_assert_str_eq(f->text, "done\n");
	cr_assert_eq(f->end.file_end.state, ITEM_OK);
	expect_no_children();
	capture_done(&c);
}

Test(tool, that_closes_its_output_and_hangs_is_killed)
{
	struct capture c;
	const struct capture_file *f = run(&c, "echo x; exec >&- 2>&-; sleep 1000", HURRY);

	cr_assert_eq(f->end.file_end.state, ITEM_TIMEOUT);
	expect_no_children();
	capture_done(&c);
}

Test(tool, is_stopped_when_the_sink_is_full)
{
	static const char *const argv[] = {"yes", NULL};
	struct capture c;

	capture_open(&c, false, 100000, NO_HURRY);
	cr_assert_eq(sink_tool(c.sink, "out", argv), AS_E_TOO_BIG);
	expect_no_children();
	capture_read(&c);
	cr_assert(c.files[0].end.file_end.truncated);
	capture_done(&c);
}

Test(tool, text_is_cut_to_its_room_and_its_status_told)
{
	static const char *const good[] = {"echo", "123456789", NULL};
	static const char *const bad[] = {"sh", "-c", "echo none; exit 1", NULL};
	static const char *const missing[] = {"no-such-tool-here", NULL};
	struct capture c;
	char text[8];

	capture_open(&c, false, ROOMY, NO_HURRY);
	cr_assert_eq(tool_text(c.sink, good, text, sizeof text), 0);
	cr_assert_str_eq(text, "1234567");
	cr_assert_eq(tool_text(c.sink, bad, text, sizeof text), AS_E_OP_FAILED);
	cr_assert_str_eq(text, "none\n");
	cr_assert_eq(tool_text(c.sink, missing, text, sizeof text), -ENOENT);
	cr_assert_str_eq(text, "");
	capture_read(&c);
	capture_done(&c);
}

Test(tool, gets_the_name_that_sos_gives_it)
{
	static const char *const argv[] = {"echo", "-al", "-x", "a b/c", NULL};
	struct capture c;

	capture_open(&c, false, ROOMY, NO_HURRY);
	cr_assert_eq(tool_file(c.sink, "filesys", argv), 0);
	capture_read(&c);
	cr_assert_str_eq(c.files[0].begin.file.name, "sos_commands/filesys/echo_-al_-x_a_b.c");
	capture_done(&c);
}
