/* SPDX-License-Identifier: Apache-2.0
 *
 * manifest.json is written piece by piece: a bundle may have 200 000 items, and one tree of
 * them all would be hundreds of megabytes.
 */
#include "console/manifest.h"

#include <errno.h>
#include <stdio.h>

#include <jansson.h>

#include "console/manifest_priv.h"
#include "proto/base/clock.h"
#include "proto/base/hex.h"

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* Takes over v. NULL (memory) makes the text invalid, so it is an error. */
static int put(FILE *out, json_t *v)
{
	if (!v)
		return -ENOMEM;

	int err = json_dumpf(v, out, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(v);
	return err == 0 ? 0 : -EIO;
}

static json_t *time_json(int64_t at)
{
	char text[CLOCK_TEXT_MAX];

	return json_string(clock_utc_text(at, text));
}

static json_t *hash_json(const uint8_t sha256[MANIFEST_SHA256_LEN])
{
	char text[2 * MANIFEST_SHA256_LEN + 1];

	return json_string(hex_encode(sha256, MANIFEST_SHA256_LEN, text));
}

/* In all of these a NULL for lack of memory makes json_pack() fail as a whole. */
static json_t *item_json(const struct manifest_item *it)
{
	return json_pack("{ss ss ss sI so so sI ss sb sI ss*}", "name", it->name, "collector",
			 it->collector, manifest_kind_key(it->kind), it->source, "bytes",
			 (json_int_t)it->bytes, "sha256",
			 it->hashed ? hash_json(it->sha256) : json_null(), "start",
			 time_json(it->start), "duration_ms", (json_int_t)it->duration_ms, "state",
			 item_state_name(it->state), "truncated", (int)it->truncated, "redactions",
			 (json_int_t)it->redactions, "why", it->why[0] ? it->why : NULL);
}

static json_t *run_json(const struct manifest_run *r)
{
	return json_pack("{ss ss so sI sI sI sb ss*}", "collector", r->collector, "state",
			 item_state_name(r->state), "start", time_json(r->start), "duration_ms",
			 (json_int_t)r->duration_ms, "files", (json_int_t)r->files, "bytes",
			 (json_int_t)r->bytes, "open", (int)r->open, "why",
			 r->why[0] ? r->why : NULL);
}

static json_t *scopes_json(const struct manifest_grant *g)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < g->scopes_count; i++)
		if (json_array_append_new(list, json_string(g->scopes[i])) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *grant_json(const struct manifest_grant *g)
{
	return json_pack(
	    "{ss so ss so ss ss ss ss ss so ss ss ss sI so so ss}", "file", or_empty(g->file),
	    "sha256", hash_json(g->sha256), "request_file", or_empty(g->request_file),
	    "request_sha256", hash_json(g->request_sha256), "engineer", or_empty(g->engineer),
	    "engineer_id", or_empty(g->engineer_id), "organisation", or_empty(g->organisation),
	    "ticket", or_empty(g->ticket), "reason", or_empty(g->reason), "scopes", scopes_json(g),
	    "user", or_empty(g->user), "tty", or_empty(g->tty), "redaction", or_empty(g->redaction),
	    "bytes_max", (json_int_t)g->bytes_max, "not_before", time_json(g->not_before),
	    "expires", time_json(g->expires), "signed", or_empty(g->signed_hex));
}

static json_t *note_json(const struct manifest_note *n)
{
	return json_pack("{ss* ss}", "collector", n->collector[0] ? n->collector : NULL, "text",
			 n->text);
}

static json_t *facts_json(const struct manifest *m)
{
	json_t *all = json_object();

	for (size_t i = 0; all && i < m->facts_count; i++)
		if (json_object_set_new(all, m->facts[i].key, json_string(m->facts[i].value)) < 0) {
			json_decref(all);
			return NULL;
		}
	return all;
}

static json_t *versions_json(const struct manifest *m)
{
	return json_pack("{ss ss ss}", "console", or_empty(m->console_build), "agent",
			 or_empty(m->agent_build), "agent_os", or_empty(m->agent_os));
}

static int put_member(FILE *out, const char *key, json_t *v)
{
	fprintf(out, "\"%s\":", key);

	int err = put(out, v);
	fputs(",\n", out);
	return err;
}

/* One entry a line. `entry` makes the JSON of the i-th. */
static int put_list(FILE *out, const char *key, const struct manifest *m, size_t count,
		    json_t *(*entry)(const struct manifest *m, size_t i))
{
	int err = 0;

	fprintf(out, "\"%s\":[", key);
	for (size_t i = 0; err == 0 && i < count; i++) {
		fputs(i == 0 ? "\n" : ",\n", out);
		err = put(out, entry(m, i));
	}
	fputs("]", out);
	return err;
}

static json_t *nth_item(const struct manifest *m, size_t i)
{
	return item_json(&m->items[i]);
}

static json_t *nth_run(const struct manifest *m, size_t i)
{
	return run_json(&m->runs[i]);
}

static json_t *nth_grant(const struct manifest *m, size_t i)
{
	return grant_json(&m->grants[i]);
}

static json_t *nth_note(const struct manifest *m, size_t i)
{
	return note_json(&m->notes[i]);
}

static int put_head(FILE *out, const struct manifest *m)
{
	int err = put_member(out, "format", json_string(MANIFEST_FORMAT));

	if (err == 0)
		err = put_member(out, "complete", json_boolean(m->complete));
	if (err == 0)
		err = put_member(out, "host", json_string(or_empty(m->host)));
	if (err == 0)
		err = put_member(out, "session", json_string(m->session));
	if (err == 0)
		err = put_member(out, "started", time_json(m->started));
	if (err == 0 && m->finished != 0)
		err = put_member(out, "finished", time_json(m->finished));
	if (err == 0)
		err = put_member(out, "versions", versions_json(m));
	if (err == 0)
		err = put_member(out, "facts", facts_json(m));
	return err;
}

int manifest_write(const struct manifest *m, FILE *out)
{
	const struct {
		const char *key;
		size_t count;
		json_t *(*entry)(const struct manifest *m, size_t i);
	} lists[] = {
	    {"grants", m->grants_count, nth_grant},
	    {"collectors", m->runs_count, nth_run},
	    {"notes", m->notes_count, nth_note},
	    {"items", m->items_count, nth_item},
	};

	errno = 0;
	fputs("{\n", out);
	int err = put_head(out, m);
	for (size_t i = 0; err == 0 && i < sizeof lists / sizeof lists[0]; i++) {
		if (i > 0)
			fputs(",\n", out);
		err = put_list(out, lists[i].key, m, lists[i].count, lists[i].entry);
	}
	fputs("\n}\n", out);
	if (err == 0 && ferror(out))
		err = -EIO;
	return err == -EIO && errno == ENOSPC ? -ENOSPC : err;
}
