/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a manifest.json that anybody may have made. Every value is fetched with its type and
 * its limits; the first one that does not fit ends the reading and is named.
 */
#include "console/manifest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "console/manifest_priv.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/base/hex.h"
#include "proto/base/text.h"

#define HASH_TEXT (2 * MANIFEST_SHA256_LEN)

struct reader {
	struct manifest *m;
	const char *where; /* "items" */
	size_t index;
	int err;   /* the first failure sticks */
	char *why; /* MANIFEST_WHY_MAX bytes */
};

static void fail(struct reader *r, int err, const char *key, const char *what)
{
	if (r->err != 0)
		return;
	r->err = err;
	snprintf(r->why, MANIFEST_WHY_MAX, "%s[%zu].%s: %s", r->where, r->index, key, what);
}

/* An absent text is "", unless it must be there. */
static const char *long_text_of(struct reader *r, const json_t *o, const char *key, size_t max)
{
	const json_t *v = json_object_get(o, key);

	if (!v)
		return "";
	if (!json_is_string(v))
		fail(r, AS_EBADMSG, key, "is not text");
	else if (json_string_length(v) > max)
		fail(r, AS_EBADMSG, key, "is too long");
	else if (!text_is_clean(json_string_value(v), json_string_length(v)))
		fail(r, AS_EBADMSG, key, "has control characters");
	else
		return json_string_value(v);
	return "";
}

static const char *text_of(struct reader *r, const json_t *o, const char *key)
{
	return long_text_of(r, o, key, MANIFEST_TEXT_MAX);
}

static void get_text(struct reader *r, const json_t *o, const char *key, char **out)
{
	if (manifest_text(r->m, out, text_of(r, o, key)) < 0)
		fail(r, -ENOMEM, key, "no memory");
}

static uint64_t get_number(struct reader *r, const json_t *o, const char *key, uint64_t max)
{
	const json_t *v = json_object_get(o, key);

	if (!v)
		return 0;
	if (!json_is_integer(v) || json_integer_value(v) < 0 ||
	    (uint64_t)json_integer_value(v) > max) {
		fail(r, AS_EBADMSG, key, "is not a number in its range");
		return 0;
	}
	return (uint64_t)json_integer_value(v);
}

static bool get_bool(struct reader *r, const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	if (v && !json_is_boolean(v))
		fail(r, AS_EBADMSG, key, "is neither true nor false");
	return json_is_true(v);
}

/* True when there is a hash; null and absent mean none. */
static bool get_hash(struct reader *r, const json_t *o, const char *key,
		     uint8_t out[MANIFEST_SHA256_LEN])
{
	const json_t *v = json_object_get(o, key);

	if (!v || json_is_null(v))
		return false;
	if (json_is_string(v) && json_string_length(v) == HASH_TEXT &&
	    hex_decode(json_string_value(v), out, MANIFEST_SHA256_LEN) == 0)
		return true;
	fail(r, AS_EBADMSG, key, "is not a SHA-256");
	return false;
}

/* "2026-11-01T12:00:00Z" */
static bool time_parse(const char *text, int64_t *out)
{
	struct tm tm = {0};
	char again[CLOCK_TEXT_MAX];
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

	if (!end || *end != '\0')
		return false;
	*out = timegm(&tm);
	return strcmp(clock_utc_text(*out, again), text) == 0; /* no 31st of February */
}

static int64_t get_time(struct reader *r, const json_t *o, const char *key)
{
	const char *text = text_of(r, o, key);
	int64_t at = 0;

	if (text[0] != '\0' && !time_parse(text, &at))
		fail(r, AS_EBADMSG, key, "is not a time like 2026-11-01T12:00:00Z");
	return at;
}

static enum item_state get_state(struct reader *r, const json_t *o)
{
	const char *text = text_of(r, o, "state");

	for (unsigned s = ITEM_OK; s <= ITEM_UNAVAILABLE; s++)
		if (strcmp(item_state_name((enum item_state)s), text) == 0)
			return (enum item_state)s;
	fail(r, AS_EBADMSG, "state", "is not a state");
	return ITEM_FAILED;
}

/* ---- entries ---- */

static void read_item(struct reader *r, const json_t *o)
{
	static const enum item_source kinds[] = {ITEM_FROM_COMMAND, ITEM_FROM_FILE, ITEM_FROM_API};
	const char *name = text_of(r, o, "name");
	enum item_source kind = ITEM_FROM_API;
	struct manifest_item *it;

	if (item_name_check(name) < 0)
		fail(r, AS_EBADMSG, "name", "is not a path a bundle may hold");
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (json_object_get(o, manifest_kind_key(kinds[i])))
			kind = kinds[i];

	const char *source = text_of(r, o, manifest_kind_key(kind));
	const char *collector = text_of(r, o, "collector");
	if (r->err == 0 && (r->err = manifest_add_item(r->m, name, collector, source, &it)) < 0)
		snprintf(r->why, MANIFEST_WHY_MAX, "items[%zu]: too many", r->index);
	if (r->err < 0)
		return;
	it->kind = kind;
	it->bytes = get_number(r, o, "bytes", INT64_MAX);
	it->hashed = get_hash(r, o, "sha256", it->sha256);
	it->start = get_time(r, o, "start");
	it->duration_ms = (uint32_t)get_number(r, o, "duration_ms", UINT32_MAX);
	it->state = get_state(r, o);
	it->truncated = get_bool(r, o, "truncated");
	it->redactions = (uint32_t)get_number(r, o, "redactions", UINT32_MAX);
	get_text(r, o, "why", &it->why);
}

static void read_run(struct reader *r, const json_t *o)
{
	struct manifest_run *run;
	const char *collector = text_of(r, o, "collector");
	int err = manifest_add_run(r->m, collector, &run);

	if (err < 0) {
		fail(r, err, "collector", "too many");
		return;
	}
	run->state = get_state(r, o);
	run->start = get_time(r, o, "start");
	run->duration_ms = (uint32_t)get_number(r, o, "duration_ms", UINT32_MAX);
	run->files = (uint32_t)get_number(r, o, "files", UINT32_MAX);
	run->bytes = get_number(r, o, "bytes", INT64_MAX);
	run->open = get_bool(r, o, "open");
	get_text(r, o, "why", &run->why);
}

static void read_note(struct reader *r, const json_t *o)
{
	int err = manifest_add_note(r->m, text_of(r, o, "collector"), text_of(r, o, "text"));

	if (err < 0)
		fail(r, err, "text", "too many");
}

static void read_scopes(struct reader *r, const json_t *o, struct manifest_grant *g)
{
	const json_t *list = json_object_get(o, "scopes");
	size_t n = json_array_size(list);

	if ((list && !json_is_array(list)) || n > MANIFEST_SCOPES_MAX) {
		fail(r, AS_EBADMSG, "scopes", "is not a list of at most 16");
		return;
	}
	for (size_t i = 0; i < n && r->err == 0; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (!text || !text_is_clean(text, strlen(text)))
			fail(r, AS_EBADMSG, "scopes", "has something that is not a scope");
		else if (manifest_text(r->m, &g->scopes[g->scopes_count], text) < 0)
			fail(r, -ENOMEM, "scopes", "no memory");
		else
			g->scopes_count++;
	}
}

static void read_signed(struct reader *r, const json_t *o, struct manifest_grant *g)
{
	const char *hex = long_text_of(r, o, "signed", 2 * MANIFEST_SIGNED_MAX);

	if (strspn(hex, "0123456789abcdef") != strlen(hex) || strlen(hex) % 2 != 0)
		fail(r, AS_EBADMSG, "signed", "is not hexadecimal");
	else if (manifest_signed(r->m, g, hex) < 0)
		fail(r, -ENOMEM, "signed", "no memory");
}

static void read_grant(struct reader *r, const json_t *o)
{
	struct manifest_grant *g;
	int err = manifest_add_grant(r->m, &g);

	if (err < 0) {
		fail(r, err, "file", "too many");
		return;
	}
	get_text(r, o, "file", &g->file);
	get_text(r, o, "request_file", &g->request_file);
	get_text(r, o, "engineer", &g->engineer);
	get_text(r, o, "engineer_id", &g->engineer_id);
	get_text(r, o, "organisation", &g->organisation);
	get_text(r, o, "ticket", &g->ticket);
	get_text(r, o, "reason", &g->reason);
	get_text(r, o, "user", &g->user);
	get_text(r, o, "tty", &g->tty);
	get_text(r, o, "redaction", &g->redaction);
	g->bytes_max = get_number(r, o, "bytes_max", INT64_MAX);
	g->not_before = get_time(r, o, "not_before");
	g->expires = get_time(r, o, "expires");
	read_scopes(r, o, g);
	read_signed(r, o, g);
	if (!get_hash(r, o, "sha256", g->sha256) ||
	    !get_hash(r, o, "request_sha256", g->request_sha256))
		fail(r, AS_EBADMSG, "sha256", "is missing");
}

static void read_list(struct reader *r, const json_t *root, const char *key, size_t max,
		      void (*entry)(struct reader *r, const json_t *o))
{
	const json_t *list = json_object_get(root, key);

	if (r->err < 0)
		return;
	r->where = key;
	r->index = 0;
	if (!json_is_array(list) || json_array_size(list) > max) {
		r->err = AS_EBADMSG;
		snprintf(r->why, MANIFEST_WHY_MAX, "%s: is not a list of at most %zu", key, max);
		return;
	}
	for (; r->err == 0 && r->index < json_array_size(list); r->index++) {
		const json_t *o = json_array_get(list, r->index);

		if (json_is_object(o))
			entry(r, o);
		else
			fail(r, AS_EBADMSG, "", "is not an object");
	}
}

static void read_facts(struct reader *r, const json_t *root)
{
	json_t *all = json_object_get(root, "facts"), *v;
	const char *key;

	r->where = "facts";
	if (!json_is_object(all) || json_object_size(all) > MANIFEST_FACTS_MAX) {
		fail(r, AS_EBADMSG, "", "is not an object of at most 4096");
		return;
	}
	json_object_foreach(all, key, v)
	{
		bool good_key = strlen(key) <= MANIFEST_TEXT_MAX && text_is_clean(key, strlen(key));

		if (!good_key || !json_is_string(v))
			fail(r, AS_EBADMSG, "", "has an entry that is not a fact");
		if (r->err == 0 && manifest_put_fact(r->m, key, text_of(r, all, key)) < 0)
			fail(r, -ENOMEM, "", "no memory");
	}
}

static void read_head(struct reader *r, const json_t *root)
{
	struct manifest *m = r->m;
	const json_t *versions = json_object_get(root, "versions");
	const char *session;

	r->where = "manifest";
	if (strcmp(text_of(r, root, "format"), MANIFEST_FORMAT) != 0)
		fail(r, AS_EBADMSG, "format", "is not " MANIFEST_FORMAT);
	get_text(r, root, "host", &m->host);
	session = text_of(r, root, "session");
	if (strlen(session) != MANIFEST_SESSION_LEN ||
	    strspn(session, "0123456789abcdef") != MANIFEST_SESSION_LEN)
		fail(r, AS_EBADMSG, "session", "is not 32 hexadecimal digits");
	else
		memcpy(m->session, session, sizeof m->session);
	m->started = get_time(r, root, "started");
	m->finished = get_time(r, root, "finished");
	m->complete = get_bool(r, root, "complete");
	get_text(r, versions, "console", &m->console_build);
	get_text(r, versions, "agent", &m->agent_build);
	get_text(r, versions, "agent_os", &m->agent_os);
}

int manifest_read(const char *text, size_t n, struct manifest *out, char why[MANIFEST_WHY_MAX])
{
	struct manifest m;
	struct reader r = {.m = &m, .why = why};
	json_error_t je;
	char clean[MANIFEST_WHY_MAX];

	why[0] = '\0';
	if (n > MANIFEST_MAX) {
		snprintf(why, MANIFEST_WHY_MAX, "it is larger than %u MiB", MANIFEST_MAX >> 20);
		return AS_E_TOO_BIG;
	}

	json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &je);
	if (!json_is_object(root)) {
		snprintf(why, MANIFEST_WHY_MAX, "line %d: %.120s", root ? 1 : je.line,
			 root ? "not an object" : je.text);
		json_decref(root);
		r.err = AS_EBADMSG;
		goto out;
	}
	manifest_init(&m);
	read_head(&r, root);
	read_facts(&r, root);
	read_list(&r, root, "grants", MANIFEST_GRANTS_MAX, read_grant);
	read_list(&r, root, "collectors", MANIFEST_RUNS_MAX, read_run);
	read_list(&r, root, "notes", MANIFEST_NOTES_MAX, read_note);
	read_list(&r, root, "items", MANIFEST_ITEMS_MAX, read_item);
	json_decref(root);
	if (r.err == 0)
		*out = m;
	else
		manifest_done(&m);
out:
	/* The library's message and facts' keys quote the text itself. */
	text_line(why, strlen(why), clean, sizeof clean);
	strcpy(why, clean);
	return r.err;
}
