/* SPDX-License-Identifier: Apache-2.0
 *
 * Name service: how it is set up, and whether each configured server answers. The question is
 * the relay's name, which they are asked for anyway, and the names that the engineer gave; where
 * there is none, the root, which tells them nothing.
 */
#include <stdio.h>
#include <string.h>

#include "agent/collect/collect.h"
#include "agent/collect/copy.h"
#include "agent/collect/probe.h"
#include "agent/collect/resolv.h"
#include "agent/collect/sink.h"
#include "agent/collect/tool.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

#define SERVERS_ASKED_MAX 4    /* each may cost 3 s of the collector's 20 */
#define ASK_ALL_MS	  6000 /* no further questions after that */
#define QUESTIONS_MAX	  (OP_NAMES_MAX + 1)
#define ANSWER_MAX	  8192
#define RESOLV_FILE_MAX	  8192
#define FILE_MAX	  65536

#define NETWORKING "sos_commands/networking/"

/* systemd-resolved stands between programs and these. */
#define UPSTREAM "/run/systemd/resolve/resolv.conf"

struct dns {
	struct sink *out;
	struct resolv servers;
	size_t questions, names_failed;
	char question[QUESTIONS_MAX][COLLECT_RELAY_LEN + 1];
	const char *type;
};

static void add_question(struct dns *d, const char *target)
{
	char name[COLLECT_RELAY_LEN + 1];

	/* A name without a point means nothing to a server: the search list completes it. */
	if (!probe_name(target, name, sizeof(name)) || !strchr(name, '.'))
		return;
	for (size_t i = 0; i < d->questions; i++)
		if (strcmp(d->question[i], name) == 0)
			return;
	strcpy(d->question[d->questions++], name);
}

static void prepare(struct dns *d, const struct collect_args *args)
{
	static const char *const files[] = {"/etc/resolv.conf", UPSTREAM};
	char text[RESOLV_FILE_MAX];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int n = read_text(files[i], text, sizeof(text));
		if (n > 0)
			resolv_parse(text, (size_t)n, &d->servers);
	}
	add_question(d, args->relay);
	for (size_t i = 0; i < args->op.names_count; i++)
		add_question(d, args->op.names[i]);
	d->type = "A";
	if (d->questions == 0) {
		strcpy(d->question[d->questions++], ".");
		d->type = "NS";
	}
}

/* The first answer says how the server is; of the other names only failures are facts. */
static void fact(struct dns *d, size_t server, size_t question, const char *result)
{
	bool is_ok = strncmp(result, "ok ", 3) == 0;
	char key[ITEM_KEY_MAX];

	if (question == 0) {
		snprintf(key, sizeof(key), "dns.server.%zu", server + 1);
		sink_fact(d->out, key, "%s: %s%s%s", d->servers.at[server], result,
			  is_ok ? "" : " for ", is_ok ? "" : d->question[0]);
	} else if (!is_ok) {
		snprintf(key, sizeof(key), "dns.name.%zu", ++d->names_failed);
		sink_fact(d->out, key, "%s from %s: %s", d->question[question],
			  d->servers.at[server], result);
	}
}

/* False when the server gave no answer at all: it is not asked again. */
static bool ask(struct dns *d, size_t server, size_t question)
{
	const char *args[] = {"dns", d->servers.at[server], d->question[question], d->type, NULL};
	char text[ANSWER_MAX], why[100];
	const char *at = text;
	struct probe_block b = {0};
	int err = probe_text(d->out, args, text, sizeof(text));

	sink_write(d->out, text, strlen(text));
	if (!probe_next(&at, &b)) {
		snprintf(b.result, sizeof(b.result), "not tried: %s",
			 err_text(err, why, sizeof(why)));
		sink_printf(d->out, "result: %s\n", b.result);
	}
	fact(d, server, question, b.result);
	return strstr(b.result, " ms") != NULL;
}

/* The first question is put to every server; further ones as long as there is time. */
static void ask_server(struct dns *d, size_t server, uint64_t end)
{
	bool answers = ask(d, server, 0);

	for (size_t q = 1; q < d->questions && answers && clock_mono_ms() < end; q++)
		answers = ask(d, server, q);
}

static int ask_all(struct dns *d)
{
	size_t asked = d->servers.count < SERVERS_ASKED_MAX ? d->servers.count : SERVERS_ASKED_MAX;
	uint64_t end = clock_mono_ms() + ASK_ALL_MS;

	sink_file_begin(d->out, NETWORKING "assent_dns", ITEM_FROM_COMMAND, "assent-probe dns");
	if (d->servers.count == 0)
		sink_printf(d->out, "no name server is configured\n");
	for (size_t i = 0; i < asked; i++)
		ask_server(d, i, end);
	if (asked < d->servers.count)
		sink_printf(d->out, "%zu more servers were not asked\n", d->servers.count - asked);
	return sink_file_end(d->out, ITEM_OK, false, "");
}

int collect_dns(struct sink *s, const struct collect_args *args)
{
	static const char *const files[] = {"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf",
					    "/etc/hostname"};
	static const char *const resolvectl[] = {"resolvectl", "status", NULL};
	struct dns d = {.out = s};

	prepare(&d, args);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		sink_copy(s, files[i], FILE_MAX);
	if (tool_is_installed("resolvectl")) {
		copy_existing(s, UPSTREAM);
		sink_tool(s, "sos_commands/systemd/resolvectl_status", resolvectl);
	}
	return ask_all(&d);
}
