/* SPDX-License-Identifier: Apache-2.0 */
#include "console/events.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/fail.h"
#include "console/outlet.h"
#include "console/summary.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

#define TEXT_CAP 512
#define PATH_CAP 8192

/* The customer reads the same words. */
#define LOST_TEXT "connection lost, trying for %" PRIu32 " s"

void events_init(struct events *e, FILE *out, FILE *err, bool json)
{
	*e = (struct events){.json = json, .out = out, .err = err};
	screen_init(&e->screen, out, fileno(out), !json);
}

void events_init_outlet(struct events *e, struct outlet *o, bool json)
{
	*e = (struct events){.json = json, .out = outlet_out(o), .err = outlet_err(o), .outlet = o};
	screen_init(&e->screen, e->out, STDOUT_FILENO, !json);
}

bool events_is_full(const struct events *e)
{
	return e->outlet && outlet_is_full(e->outlet);
}

const char *events_span(uint32_t seconds, char buf[EVENTS_SPAN_MAX])
{
	if (seconds >= 3600 && seconds % 3600 == 0)
		snprintf(buf, EVENTS_SPAN_MAX, "%" PRIu32 " h", seconds / 3600);
	else if (seconds >= 120)
		snprintf(buf, EVENTS_SPAN_MAX, "%" PRIu32 " min", seconds / 60);
	else
		snprintf(buf, EVENTS_SPAN_MAX, "%" PRIu32 " s", seconds);
	return buf;
}

static const char *clean(const char *text, char buf[TEXT_CAP])
{
	text_line(text, strlen(text), buf, TEXT_CAP);
	return buf;
}

static json_t *clean_json(const char *text)
{
	char buf[TEXT_CAP];
	return json_string(clean(text, buf));
}

/* NULL (memory was short) prints nothing, as there is nobody to tell. */
void events_json(struct events *e, json_t *o)
{
	char *line = o ? json_dumps(o, JSON_COMPACT) : NULL;

	if (line) {
		screen_begin(&e->screen);
		fprintf(e->out, "%s\n", line);
		screen_end(&e->screen);
	}
	free(line);
	json_decref(o);
}

void events_note(struct events *e, const char *text)
{
	if (!e->json)
		screen_line(&e->screen, "%s", text);
}

void events_connected(struct events *e, const char *relay, const char *way)
{
	char buf[TEXT_CAP], how[TEXT_CAP];

	if (e->json)
		events_json(e, json_pack("{s:s,s:o,s:o}", "event", "connected", "relay",
					 clean_json(relay), "way", clean_json(way)));
	else
		screen_line(&e->screen, "Connected by %s, %s; the code is right.",
			    clean(relay, buf), clean(way, how));
}

void events_pending(struct events *e, uint32_t expires_in_s)
{
	char span[EVENTS_SPAN_MAX];

	if (e->json)
		events_json(e, json_pack("{s:s,s:I}", "event", "pending", "expires_in_s",
					 (json_int_t)expires_in_s));
	else
		screen_line(&e->screen, "The customer is being asked now (they have %s to answer).",
			    events_span(expires_in_s, span));
}

static json_t *scopes_json(const struct scope *scopes, size_t n)
{
	char text[SCOPE_TEXT_MAX];
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, clean_json(scope_text(&scopes[i], text)));
	return list;
}

/* "system, network"; cut when there is no more room. */
static const char *scopes_text(const struct scope *scopes, size_t n, char buf[TEXT_CAP])
{
	char text[SCOPE_TEXT_MAX];
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < n && used < TEXT_CAP; i++) {
		int len = snprintf(buf + used, TEXT_CAP - used, "%s%s", i ? ", " : "",
				   scope_text(&scopes[i], text));
		used += len > 0 ? (size_t)len : 0;
	}
	return buf;
}

void events_granted(struct events *e, const struct grant_view *g)
{
	char host[TEXT_CAP], scopes[TEXT_CAP], line[TEXT_CAP], span[EVENTS_SPAN_MAX];

	if (e->json) {
		events_json(e, json_pack("{s:s,s:o,s:o,s:o,s:o,s:I}", "event", "granted", "host",
					 clean_json(g->host), "agent", clean_json(g->agent),
					 "scopes", scopes_json(g->scopes, g->count), "refused",
					 scopes_json(g->refused, g->refused_count), "lifetime_s",
					 (json_int_t)g->lifetime_s));
		return;
	}
	scopes_text(g->scopes, g->count, scopes);
	screen_line(&e->screen, "The customer at %s allows for %s: %s", clean(g->host, host),
		    events_span(g->lifetime_s, span), clean(scopes, line));
	if (g->refused_count > 0) {
		scopes_text(g->refused, g->refused_count, scopes);
		screen_line(&e->screen, "Not allowed: %s", clean(scopes, line));
	}
}

void events_denied(struct events *e, int why)
{
	if (e->json)
		events_json(e, json_pack("{s:s,s:s}", "event", "denied", "code", fail_name(why)));
}

static const char *counted_word(enum counted what, bool one)
{
	static const char *const words[][2] = {
	    [COUNT_FILES] = {"files", "file "},
	    [COUNT_ENTRIES] = {"entries", "entry "},
	    [COUNT_LINES] = {"lines", "line "},
	    [COUNT_SAMPLES] = {"samples", "sample "},
	};

	return words[what][one];
}

const char *events_item_line(const struct item_view *v, char *buf)
{
	char name[TEXT_CAP], path[TEXT_CAP] = "", why[TEXT_CAP], label[2 * TEXT_CAP + 16],
			     number[16] = "";
	char size[TEXT_SIZE_MAX], whole[TEXT_SIZE_MAX], of[TEXT_SIZE_MAX + 8] = "";
	uint64_t tenths = v->elapsed_ms / 100, n = v->counted == COUNT_FILES ? v->files : v->count;

	if (v->behind)
		snprintf(number, sizeof number, "[%" PRIu32 "] ", v->job);
	snprintf(label, sizeof label, "%s%s%s%s", number, clean(v->name, name), v->path ? " " : "",
		 v->path ? clean(v->path, path) : "");
	if (v->running && v->expected > 0)
		snprintf(of, sizeof of, " of %s", text_size(v->expected, whole));
	snprintf(buf, SCREEN_LINE_MAX,
		 "  %-16.100s %8s%s %3" PRIu64 " %s %5" PRIu64 ".%" PRIu64 " s  %s%s%.200s", label,
		 text_size(v->bytes, size), of, n, counted_word(v->counted, n == 1), tenths / 10,
		 tenths % 10, v->running ? "running" : item_state_name(v->state),
		 v->why[0] ? ": " : "", clean(v->why, why));
	return buf;
}

static json_t *item_json(const struct item_view *v)
{
	json_t *o = json_pack(
	    "{s:s,s:o,s:s,s:I,s:I,s:I,s:o*}", "event", "item", "name", clean_json(v->name), "state",
	    v->running ? "running" : item_state_name(v->state), "bytes", (json_int_t)v->bytes,
	    "elapsed_ms", (json_int_t)v->elapsed_ms, "files", (json_int_t)v->files, "why",
	    v->why[0] ? clean_json(v->why) : NULL);

	if (o && v->job)
		json_object_set_new(o, "job", json_integer(v->job));
	if (o && v->path)
		json_object_set_new(o, "path", clean_json(v->path));
	if (o && v->expected)
		json_object_set_new(o, "expected", json_integer((json_int_t)v->expected));
	return o;
}

void events_item(struct events *e, const struct item_view *v)
{
	char line[SCREEN_LINE_MAX];

	if (e->json)
		events_json(e, item_json(v));
	else if (!v->running)
		screen_line(&e->screen, "%s", events_item_line(v, line));
}

void events_live(struct events *e, const struct item_view *views, size_t n)
{
	char lines[SCREEN_LIVE_MAX][SCREEN_LINE_MAX];

	if (!e->screen.live || (n > 0 && e->outlet && !outlet_is_idle(e->outlet)))
		return; /* what nobody reads is not worth keeping */
	size_t used = e->lost_left_s > 0;

	if (used)
		snprintf(lines[0], SCREEN_LINE_MAX, LOST_TEXT, e->lost_left_s);
	for (size_t i = 0; i < n && used < SCREEN_LIVE_MAX; i++)
		events_item_line(&views[i], lines[used++]);
	screen_live(&e->screen, lines, used);
}

/* Nothing is drawn when nothing has changed: somebody may be typing below. */
void events_lost_left(struct events *e, uint32_t left_s)
{
	if (e->lost_left_s == left_s)
		return;
	e->lost_left_s = left_s;
	events_live(e, NULL, 0);
}

void events_suspended(struct events *e, uint32_t for_s, const char *detail)
{
	char buf[TEXT_CAP];

	if (e->json)
		events_json(
		    e, json_pack("{s:s,s:I}", "event", "suspended", "for_s", (json_int_t)for_s));
	else
		screen_line(&e->screen, LOST_TEXT "%s%s", for_s, detail[0] ? ": " : "",
			    clean(detail, buf));
	events_lost_left(e, for_s);
}

void events_resumed(struct events *e)
{
	events_lost_left(e, 0);
	if (e->json)
		events_json(e, json_pack("{s:s}", "event", "resumed"));
	else
		screen_line(&e->screen, "The connection is back.");
}

void events_bundle(struct events *e, const char *path, const struct manifest *m)
{
	char buf[PATH_CAP];

	text_line(path, strlen(path), buf, sizeof buf);
	if (e->json) {
		events_json(e, json_pack("{s:s,s:s}", "event", "bundle", "path", buf));
		return;
	}
	screen_begin(&e->screen);
	fputc('\n', e->out);
	if (m)
		summary_print(e->out, m);
	fprintf(e->out, "Bundle: %s\n", buf);
	screen_end(&e->screen);
}

void events_revoked(struct events *e)
{
	if (e->json)
		events_json(e, json_pack("{s:s}", "event", "revoked"));
}

void events_ended(struct events *e, int exit_code, bool was_granted)
{
	if (e->json)
		events_json(e, json_pack("{s:s,s:i}", "event", "ended", "exit", exit_code));
	else if (was_granted)
		screen_line(&e->screen, "The session is over.");
}

/* One line on stderr, and with --json the event as well. line is clean. */
static void print_error(struct events *e, const char *code, const char *line)
{
	if (e->json)
		events_json(
		    e, json_pack("{s:s,s:s,s:s}", "event", "error", "code", code, "message", line));
	screen_begin(&e->screen);
	fprintf(e->err, "assent-console: %s\n", line);
	fflush(e->err);
	screen_end(&e->screen);
}

void events_withdrawn(struct events *e)
{
	print_error(e, fail_name(AS_E_PEER_LOST),
		    "the question was taken off the customer's screen when the connection broke; "
		    "request it again");
}

void events_error(struct events *e, int err, const char *detail)
{
	char what[128], more[TEXT_CAP], line[2 * TEXT_CAP];
	const char *advice = fail_advice(err);

	err_text(err, what, sizeof what);
	clean(detail, more);

	size_t n = strlen(more); /* whole sentences go on as one line */
	if (n > 0 && more[n - 1] == '.')
		more[n - 1] = '\0';
	snprintf(line, sizeof line, "%s%s%s%s%s", what, more[0] ? ": " : "", more,
		 advice[0] ? "; " : "", advice);
	print_error(e, fail_name(err), line);
}

void events_usage(struct events *e, const char *why)
{
	char line[TEXT_CAP];

	print_error(e, "E_USAGE", clean(why, line));
}
