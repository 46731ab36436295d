/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/base/err.h"
#include "tests/support/capture.h"

#define ROOMY	  (16u << 20)
#define NO_HURRY  60000
#define CAP_SMALL (SINK_TAIL + 2 * ITEM_RECORD_MAX + 1000)

TestSuite(sink, .timeout = 30);

Test(sink, hands_on_files_facts_and_notes)
{
	struct capture c;

	capture_open(&c, false, ROOMY, NO_HURRY);
	cr_assert_eq(sink_file_begin(c.sink, "/proc/meminfo", ITEM_FROM_FILE, "/proc/meminfo"), 0);
	cr_assert_eq(sink_printf(c.sink, "%s %d\n", "line", 1), 0);
	cr_assert_eq(sink_fact(c.sink, "mem.total_kb", "%d", 42), 0);
	cr_assert_eq(sink_write(c.sink, "line 2\n", 7), 0);
	cr_assert_eq(sink_file_end(c.sink, ITEM_OK, false, ""), 0);
	cr_assert_eq(sink_note(c.sink, "something is missing"), 0);
	capture_read(&c);

	const struct capture_file *f = capture_file(&c, "proc/meminfo");
	cr_assert_not_null(f);
	cr_assert_str_eq(f->text, "line 1\nline 2\n");
	cr_assert_eq(f->end.file_end.state, ITEM_OK);
	cr_assert_str_eq(capture_fact(&c, "mem.total_kb"), "42");
	cr_assert_eq(c.notes, 1);
	cr_assert_eq(c.end.end.state, ITEM_OK);
	capture_done(&c);
}

Test(sink, closes_an_open_file_when_the_next_begins_and_at_the_end)
{
	struct capture c;

	capture_open(&c, false, ROOMY, NO_HURRY);
	sink_file_begin(c.sink, "a", ITEM_FROM_API, "x");
	sink_file_begin(c.sink, "b", ITEM_FROM_API, "x");
	sink_printf(c.sink, "b");
	capture_read(&c);
	cr_assert_eq(c.files_count, 2);
	cr_assert_eq(c.files[0].end.type, ITEM_FILE_END);
	cr_assert_eq(c.files[1].end.type, ITEM_FILE_END);
	cr_assert_str_eq(c.files[1].text, "b");
	capture_done(&c);
}

Test(sink, refuses_bytes_outside_a_file)
{
	struct capture c;

	capture_open(&c, false, ROOMY, NO_HURRY);
	cr_assert_eq(sink_write(c.sink, "x", 1), AS_ESTATE);
	cr_assert_eq(sink_note(c.sink, "later"), AS_ESTATE, "the first error must stay");
	capture_done(&c);
}

Test(sink, gives_the_same_stream_compressed)
{
	struct capture c;

	capture_open(&c, true, ROOMY, NO_HURRY);
	sink_file_begin(c.sink, "big", ITEM_FROM_API, "x");
	for (int i = 0; i < 50000; i++)
		sink_printf(c.sink, "line %d with words that repeat and repeat\n", i);
	capture_read(&c);
	cr_assert_eq(c.files_count, 1);
	cr_assert_gt(c.files[0].n, 2000000);

	static const char last[] = "\nline 49999 with words that repeat and repeat\n";
	cr_assert_str_eq(c.files[0].text + c.files[0].n - strlen(last), last);
	cr_assert_lt(lseek(c.fd, 0, SEEK_END), 400000);
	capture_done(&c);
}

Test(sink, cuts_between_lines_at_its_cap_and_says_so)
{
	struct capture c;
	int err = 0;

	capture_open(&c, false, CAP_SMALL, NO_HURRY);
	sink_file_begin(c.sink, "long", ITEM_FROM_API, "x");
	for (int i = 0; i < 1000 && err == 0; i++)
		err = sink_printf(c.sink, "line %d\n", i);
	cr_assert_eq(err, AS_E_TOO_BIG);
	cr_assert_eq(sink_fact(c.sink, "a", "b"), AS_E_TOO_BIG);
	capture_read(&c);

	const struct capture_file *f = &c.files[0];
	cr_assert(f->end.file_end.truncated);
	cr_assert_gt(f->n, 500);
	cr_assert_eq(f->text[f->n - 1], '\n');
	cr_assert_leq(c.bytes, CAP_SMALL);
	cr_assert_eq(c.end.end.state, ITEM_PARTIAL);
	capture_done(&c);
}

Test(sink, keeps_lines_whole_across_records)
{
	enum { LINE = 1000 };
	struct capture c;
	char line[LINE + 1];

	memset(line, 'x', LINE);
	line[LINE - 1] = '\n';
	line[LINE] = '\0';
	capture_open(&c, false, ITEM_DATA_MAX + 50000, NO_HURRY);
	sink_file_begin(c.sink, "long", ITEM_FROM_API, "x");
	while (sink_write(c.sink, line, LINE) == 0)
		;
	capture_read(&c);
	cr_assert_gt(c.files[0].n, ITEM_DATA_MAX);
	cr_assert_eq(c.files[0].n % LINE, 0);
	capture_done(&c);
}

Test(sink, passes_a_line_longer_than_a_record)
{
	enum { LONG = 3 * ITEM_DATA_MAX };
	struct capture c;
	char *line = calloc(1, LONG);

	memset(line, 'y', LONG);
	capture_open(&c, true, ROOMY, NO_HURRY);
	sink_file_begin(c.sink, "long", ITEM_FROM_API, "x");
	cr_assert_eq(sink_write(c.sink, line, LONG), 0);
	capture_read(&c);
	cr_assert_eq(c.files[0].n, LONG);
	free(line);
	capture_done(&c);
}

Test(sink, makes_any_name_acceptable)
{
	struct capture c;

	capture_open(&c, false, ROOMY, NO_HURRY);
	cr_assert_eq(sink_file_begin(c.sink, "/../a:b//-c\\d/\x1b[31m.", ITEM_FROM_API, "x\ny"), 0);
	capture_read(&c);
	cr_assert_eq(item_name_check(c.files[0].begin.file.name), 0);
	cr_assert_str_eq(c.files[0].begin.file.source, "x y");
	capture_done(&c);
}

Test(sink, lists_a_missing_file_as_a_gap_and_goes_on)
{
	struct capture c;

	capture_open(&c, false, ROOMY, NO_HURRY);
	cr_assert_eq(sink_copy(c.sink, "/nonexistent/file", 0), 0);
	cr_assert_eq(sink_copy(c.sink, "/dev/zero", 0), 0, "a device is not a file");
	cr_assert_eq(sink_copy(c.sink, "/proc/self/status", 0), 0);
	capture_read(&c);
	cr_assert_eq(c.files[0].end.file_end.state, ITEM_UNAVAILABLE);
	cr_assert_str_eq(c.files[0].end.file_end.why, "not on this computer");
	cr_assert_eq(c.files[1].n, 0);
	cr_assert_eq(c.files[1].end.file_end.state, ITEM_FAILED);
	cr_assert_eq(c.files[2].end.file_end.state, ITEM_OK);
	cr_assert_gt(c.files[2].n, 0);
	capture_done(&c);
}

Test(sink, copies_the_first_whole_lines_that_fit)
{
	char path[] = "/tmp/assent-sink-XXXXXX";
	int fd = mkstemp(path);
	struct capture c;

	cr_assert_eq(write(fd, "one\ntwo\nthree\n", 14), 14);
	close(fd);
	capture_open(&c, false, ROOMY, NO_HURRY);
	cr_assert_eq(sink_copy(c.sink, path, 10), 0);
	cr_assert_eq(sink_copy(c.sink, path, 14), 0);
	capture_read(&c);
	cr_assert_str_eq(c.files[0].text, "one\ntwo\n");
	cr_assert(c.files[0].end.file_end.truncated);
	cr_assert_eq(c.files[1].n, 14);
	cr_assert_not(c.files[1].end.file_end.truncated);
	unlink(path);
	capture_done(&c);
}

Test(sink, is_partial_when_a_file_is)
{
	struct capture c;

	capture_open(&c, false, ROOMY, NO_HURRY);
	sink_file_begin(c.sink, "a", ITEM_FROM_COMMAND, "x");
	sink_file_end(c.sink, ITEM_TIMEOUT, false, "stopped");
	capture_read(&c);
	cr_assert_eq(c.end.end.state, ITEM_PARTIAL);
	capture_done(&c);
}

Test(sink, says_at_the_end_why_it_is_unavailable)
{
	struct capture c;

	capture_open(&c, false, ROOMY, NO_HURRY);
	sink_file_begin(c.sink, "a", ITEM_FROM_COMMAND, "x");
	sink_file_end(c.sink, ITEM_UNAVAILABLE, false, "needs a frobnicator");
	sink_finish(c.sink, ITEM_UNAVAILABLE, "not available on this computer");
	capture_read(&c);
	cr_assert_str_eq(c.end.end.why, "needs a frobnicator");
	capture_done(&c);
}

Test(sink, stops_when_nobody_reads)
{
	int ends[2];
	struct sink *s;

	signal(SIGPIPE, SIG_IGN);
	cr_assert_eq(pipe(ends), 0);
	close(ends[0]);

	const struct sink_options o = {ends[1], false, NO_HURRY, ROOMY};
	cr_assert_eq(sink_new(&s, &o), 0);
	cr_assert_eq(sink_file_begin(s, "a", ITEM_FROM_API, "x"), -EPIPE);
	cr_assert_eq(sink_printf(s, "x"), -EPIPE);
	cr_assert_lt(sink_finish(s, ITEM_OK, ""), 0);
	sink_free(s);
	close(ends[1]);
}

/* The run of a collector that hangs, in a process of its own: the watchdog ends the process. */
static void hang(const struct capture *c)
{
	if (watchdog_start(c->sink) < 0)
		_exit(99);
	sink_file_begin(c->sink, "half", ITEM_FROM_API, "x");
	sink_printf(c->sink, "what there is\n");
	for (;;)
		pause();
}

static void check_hang(bool comp)
{
	struct capture c;
	int status;

	capture_open(&c, comp, ROOMY, 50);

	pid_t pid = fork();
	if (pid == 0)
		hang(&c);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == ITEM_TIMEOUT);
	sink_free(c.sink); /* this copy wrote nothing */
	c.sink = NULL;
	capture_read(&c);
	cr_assert_str_eq(c.files[0].text, "what there is\n");
	cr_assert_eq(c.files[0].end.file_end.state, ITEM_PARTIAL);
	cr_assert_eq(c.end.end.state, ITEM_TIMEOUT);
	capture_done(&c);
}

Test(sink, ends_a_hanging_run_with_what_there_is)
{
	check_hang(false);
}

Test(sink, ends_a_hanging_compressed_run_with_what_there_is)
{
	check_hang(true);
}

Test(sink, watchdog_leaves_a_run_alone_that_ends_in_time)
{
	struct capture c;

	capture_open(&c, true, ROOMY, NO_HURRY);
	cr_assert_eq(watchdog_start(c.sink), 0);
	capture_read(&c);
	watchdog_stop(c.sink);
	watchdog_stop(c.sink);
	cr_assert_eq(c.end.end.state, ITEM_OK);
	capture_done(&c);
}
