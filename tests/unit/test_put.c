/* SPDX-License-Identifier: Apache-2.0
 *
 * put: a file of the engineer's, as fast as the agent takes it.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/err.h"
#include "tests/support/desk.h"

static const char *const scopes[] = {"put:/home/ada/in", NULL};
static const char *const two[] = {"put:/home/ada/in", "put:/srv/in", NULL};
static const char *const none[] = {"logs", NULL};
static char local[64], line[256];

static void write_local(const void *p, size_t n)
{
	FILE *f = fopen(local, "we");

	cr_assert(f);
	cr_assert_eq(fwrite(p, 1, n, f), n);
	fclose(f);
}

static void make(void)
{
	desk_open(false, scopes);
	strcpy(local, "/tmp/assent-put-XXXXXX");
	close(mkstemp(local));
	write_local("hello", 5);
}

static void clean(void)
{
	unlink(local);
	desk_close();
}
TestSuite(put, .init = make, .fini = clean);

/* "@" is the file. */
static void type(const char *command)
{
	size_t n = strcspn(command, "@");

	snprintf(line, sizeof line, "%.*s%s%s", (int)n, command, command[n] ? local : "",
		 command[n] ? command + n + 1 : "");
	desk_type(line);
}

/* OPEN_OK, and credit for what the console sends. */
static void listen_to(size_t i)
{
	desk_accept(i);
	cr_assert_eq(mux_stream_listen(desk.agent, desk.opened[i].stream), 0);
	desk_carry();
	desk_turn(); /* the tick that tries again */
}

static void note(size_t i, const char *text)
{
	struct item it = {.type = ITEM_NOTE};

	snprintf(it.note.text, sizeof it.note.text, "%s", text);
	desk_send(i, &it);
}

Test(put, the_file_is_sent_with_its_size_and_a_name)
{
	type("put @ \"new name.conf\"");
	cr_assert_eq(desk.opened[0].op_id, 44);
	cr_assert_eq(desk.opened[0].comp, 0);
	cr_assert_str_eq(desk.opened[0].args.root, "/home/ada/in");
	cr_assert_eq(desk.opened[0].args.size_min, 5);
	cr_assert_eq(desk.opened[0].args.paths_count, 1);
	cr_assert_eq(memcmp(desk.opened[0].args.paths[0].bytes, "new name.conf", 13), 0);
	cr_assert_eq(desk.input_len, 0, "nothing before the agent listens");
	listen_to(0);
	cr_assert_eq(desk.input_len, 5);
	cr_assert(desk.input_ended);
	cr_assert_eq(memcmp(desk.input, "hello", 5), 0);
	cr_assert_eq(desk.idle, 0, "the agent has the last word");
	note(0, "stored as new name.conf");
	desk_end(0, ITEM_OK, "");
	cr_assert_eq(desk.idle, 1);
	cr_assert(strstr(desk_printed(), "stored as new name.conf"));
	cr_assert_not(desk.s->jobs.incomplete);
	cr_assert_eq(desk_run("put")->state, ITEM_OK);
	cr_assert_eq(mux_streams(desk.console), 0);
}

Test(put, the_manifest_says_what_was_sent)
{
	const struct manifest *m = bundle_manifest(desk.s->bundle);

	type("put @");
	cr_assert_eq(memcmp(desk.opened[0].args.paths[0].bytes, local + 5, strlen(local + 5)), 0,
		     "its own name");
	listen_to(0);
	desk_end(0, ITEM_OK, "");
	cr_assert_eq(m->notes_count, 1);
	cr_assert(strstr(m->notes[0].text,
			 "5 bytes, SHA-256 "
			 "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938"
			 "b9824"));
}

Test(put, a_big_file_waits_for_credit_and_arrives_whole)
{
	size_t n = 3u << 20;
	uint8_t *big = malloc(n);

	for (size_t i = 0; i < n; i++)
		big[i] = (uint8_t)(i * 31 + i / 251);
	write_local(big, n);
	type("put @");
	listen_to(0);
	cr_assert_eq(desk.input_len, n);
	cr_assert_eq(memcmp(desk.input, big, n), 0);
	cr_assert(desk.input_ended);
	free(big);
}

Test(put, an_agent_that_ends_it_in_the_middle_gets_nothing_more)
{
	static uint8_t big[3u << 20];
	size_t had;

	write_local(big, sizeof big);
	type("put @");
	desk.input_waits = true;
	listen_to(0);
	had = desk.input_len;
	cr_assert(had > 0 && had < sizeof big);
	note(0, "it cannot be written: No space left on device");
	desk_end(0, ITEM_FAILED, "");
	cr_assert_eq(desk.reset[0], AS_E_CANCELLED);
	mux_consumed(desk.agent, desk.opened[0].stream, had);
	desk_turn();
	cr_assert_eq(desk.input_len, had, "%zu more", desk.input_len - had);
	cr_assert_not(desk.input_ended);
	cr_assert_eq(desk.idle, 1);
	cr_assert(strstr(desk_printed(), "failed: it cannot be written: No space left"));
	cr_assert_eq(mux_streams(desk.console), 0);
}

Test(put, an_empty_file_is_one_too)
{
	write_local("", 0);
	type("put @");
	desk_accept(0);
	mux_stream_listen(desk.agent, desk.opened[0].stream);
	desk_carry();
	desk_turn();
	cr_assert(desk.input_ended);
	desk_end(0, ITEM_OK, "");
	cr_assert_not(desk.s->jobs.incomplete);
}

Test(put, the_agents_reason_is_the_reason)
{
	type("put @");
	desk_accept(0);
	mux_stream_listen(desk.agent, desk.opened[0].stream);
	note(0, "x is there already, and nothing is replaced");
	desk_end(0, ITEM_FAILED, "");
	cr_assert(strstr(desk_printed(), "failed: x is there already, and nothing is replaced"));
	cr_assert(desk.s->jobs.incomplete);
	cr_assert_eq(desk.reset[0], AS_E_CANCELLED, "nobody takes the rest");
	cr_assert_eq(mux_streams(desk.console), 0);
	cr_assert_eq(desk_run("put")->state, ITEM_FAILED);
}

Test(put, an_agent_that_says_ok_too_early_is_not_believed)
{
	type("put @");
	desk_accept(0);
	desk_end(0, ITEM_OK, "");
	cr_assert(strstr(desk_printed(), "failed: the agent ended it before"));
	cr_assert(desk.s->jobs.incomplete);
}

Test(put, the_customer_may_cancel_it)
{
	type("put @");
	listen_to(0);
	desk_reset(0, AS_E_CANCELLED);
	cr_assert(strstr(desk_printed(), "the customer has stopped this item"));
	cr_assert(desk.s->jobs.incomplete);
	cr_assert_eq(desk.idle, 1);
}

Test(put, a_file_that_becomes_shorter_is_given_up)
{
	type("put @");
	cr_assert_eq(truncate(local, 2), 0);
	listen_to(0);
	cr_assert(strstr(desk_printed(), "became shorter"));
	cr_assert_eq(desk.reset[0], AS_E_CANCELLED);
	cr_assert_not(desk.input_ended);
	cr_assert_eq(desk.idle, 1);
}

Test(put, records_of_other_commands_break_the_protocol_of_this_one)
{
	struct item file = {.type = ITEM_FILE,
			    .file = {.name = "etc/x", .source_kind = ITEM_FROM_FILE}};

	type("put @");
	desk_accept(0);
	desk_send(0, &file);
	cr_assert_eq(desk.reset[0], AS_E_PROTOCOL);
	cr_assert_null(desk_item("etc/x"));
	cr_assert_eq(desk.broken, 0);
}

Test(put, what_cannot_be_is_refused_before_anything_is_asked)
{
	static const char *const wrong[][2] = {{"put", "needs a file"},
					       {"put /nonexistent/x", "No such file"},
					       {"put /dev", "no file"},
					       {"put @ a b", "one file"},
					       {"put @ a/b", "plain name"},
					       {"put @ ..", "plain name"},
					       {"put @ --into /elsewhere", "none of the folders"}};

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		type(wrong[i][0]);
		cr_assert(strstr(desk_errors(), wrong[i][1]), "%s", line);
	}
	cr_assert_eq(desk.opened_count, 0);
	desk_close();
	desk_open(false, none);
	type("put @");
	cr_assert(strstr(desk_errors(), "request put"));
}

Test(put, among_several_folders_the_engineer_chooses)
{
	desk_close();
	desk_open(false, two);
	type("put @");
	cr_assert(strstr(desk_errors(), "--into FOLDER"));
	type("put @ --into /srv/in &");
	cr_assert_str_eq(desk.opened[0].args.root, "/srv/in");
}
