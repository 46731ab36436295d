/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/record_cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/plat/plat.h"
#include "agent/record_read.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

#define PATH_ROOM 4096
#define LIST_MAX  10000 /* sessions */

static const char usage[] = "usage: assent-agent record [list | show ID | verify FILE]\n";

/* What a session comes down to; the texts are copies. */
struct gist {
	char started[24], engineer[264], organisation[132], ticket[72], rights[RECORD_VALUE_MAX];
	char why[208];
	bool ended;
};

/* The file's bytes, to be freed, and *n; NULL when it cannot be read or is no record. */
static char *slurp(const char *path, size_t *n)
{
	uint64_t size;
	int fd = plat_file_read(path, &size);
	char *text = NULL;

	if (fd < 0)
		return NULL;
	if (size <= RECORD_FILE_MAX)
		text = malloc((size_t)size + 1);
	for (*n = 0; text && *n < (size_t)size;) {
		ssize_t got = read(fd, text + *n, (size_t)size - *n);

		if (got <= 0)
			break;
		*n += (size_t)got;
	}
	close(fd);
	return text;
}

static int fail(const char *name, const char *what)
{
	char clean[256];

	text_line(name, strlen(name), clean, sizeof clean);
	fprintf(stderr, "assent-agent: %s: %s\n", clean, what);
	return 1;
}

static int record_dir(char *out, size_t cap)
{
	char state[PATH_ROOM - 16];
	int err = plat_state_dir(state, sizeof state);

	if (err == 0)
		snprintf(out, cap, "%s/record", state);
	return err;
}

static void copy(char *out, size_t cap, const char *text)
{
	text_line(text, strlen(text), out, cap);
}

static void gather(const struct record_line *l, void *arg)
{
	struct gist *g = arg;
	char who[2 * 129 + 4];

	if (strcmp(l->event, "started") == 0) {
		copy(g->started, sizeof g->started, l->time);
	} else if (strcmp(l->event, "requested") == 0 && !g->engineer[0]) {
		snprintf(who, sizeof who, "%.128s (%.128s)", record_line_text(l, "engineer"),
			 record_line_text(l, "engineer_id"));
		copy(g->engineer, sizeof g->engineer, who);
		copy(g->organisation, sizeof g->organisation, record_line_text(l, "organisation"));
		copy(g->ticket, sizeof g->ticket, record_line_text(l, "ticket"));
	} else if (strcmp(l->event, "granted") == 0) {
		copy(g->rights, sizeof g->rights, record_line_text(l, "rights"));
	} else if (strcmp(l->event, "ended") == 0) {
		copy(g->why, sizeof g->why, record_line_text(l, "why"));
		g->ended = true;
	}
}

/* The record holds names of errors; the customer reads their sentences. */
static const char *in_words(const char *name)
{
	static const struct {
		const char *name, *text;
	} words[] = {
#define X(name, n, text) {#name, text},
	    AS_ERR_MAP(X)
#undef X
	};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i].name, name) == 0)
			return words[i].text;
	return name;
}

static const char *how_ended(const struct gist *g)
{
	if (!g->ended)
		return "no end recorded";
	return g->why[0] ? in_words(g->why) : "ended normally";
}

static void list_one(const char *dir, const char *file)
{
	struct gist g = {0};
	struct record_report report;
	char path[PATH_ROOM + 256];
	size_t n;

	snprintf(path, sizeof path, "%s/%s", dir, file);

	char *text = slurp(path, &n);
	if (!text) {
		fail(file, "cannot be read");
		return;
	}
	record_check(text, n, gather, &g, &report);
	free(text);

	printf("%.*s  %s  ", (int)(strlen(file) - strlen(".jsonl")), file,
	       g.started[0] ? g.started : "(time unknown)");
	if (!g.engineer[0])
		printf("nobody asked for anything");
	else
		printf("%s, %s%s%s; allowed: %s", g.engineer, g.organisation,
		       g.ticket[0] ? ", ticket " : "", g.ticket,
		       g.rights[0] ? g.rights : "nothing");
	printf("; %s%s\n", how_ended(&g), report.bad_line ? "; THE RECORD WAS CHANGED" : "");
}

static bool is_record(const char *name)
{
	const char *dot = strrchr(name, '.');

	return name[0] != '.' && dot && strcmp(dot, ".jsonl") == 0 &&
	       text_is_clean(name, strlen(name));
}

static int list(void)
{
	char dir[PATH_ROOM];
	char **names = NULL;
	int err = record_dir(dir, sizeof dir);

	if (err < 0)
		return fail("record", "the folder of the records cannot be opened");

	int n = plat_folder_list(dir, is_record, LIST_MAX, &names);
	for (int i = 0; i < n; i++) {
		list_one(dir, names[i]);
		free(names[i]);
	}
	free(names);
	if (n <= 0)
		printf("There is no record of a session yet.\n");
	return 0;
}

/* ---- show ---- */

/* "2026-11-01T12:00:00Z" -> "12:00:00" */
static void print_time(const struct record_line *l)
{
	printf("  %.8s  ", strlen(l->time) == 20 ? l->time + 11 : "--:--:--");
}

static void print_request(const struct record_line *l)
{
	print_time(l);
	printf("%s (%s) of %s asked for: %s\n", record_line_text(l, "engineer"),
	       record_line_text(l, "engineer_id"), record_line_text(l, "organisation"),
	       record_line_text(l, "rights"));
	printf("            Reason: \"%s\"  Ticket: \"%s\"\n", record_line_text(l, "reason"),
	       record_line_text(l, "ticket"));
}

static void print_connection(const struct record_line *l)
{
	const char *by = record_line_text(l, "inspected_by");

	print_time(l);
	printf("Reached the support server %s\n", record_line_text(l, "way"));
	if (by[0])
		printf(
		    "            This network opened that connection (TLS inspection by \"%s\")\n",
		    by);
}

/* What has no choice in it is told when it was sent. */
static void print_opened(const struct record_line *l)
{
	const char *chosen = record_line_text(l, "chosen");

	if (!chosen[0])
		return;
	print_time(l);
	printf("Asked for: %s, %s\n", record_line_text(l, "name"), chosen);
}

static void print_item(const struct record_line *l)
{
	const char *name = record_line_text(l, "name"), *by = record_line_text(l, "stopped_by");
	const char *device = record_line_text(l, "device");
	char size[TEXT_SIZE_MAX];

	print_time(l);
	printf("%s: %s%s%s, %s, %s", strcmp(name, "put") == 0 ? "Received" : "Sent", name,
	       device[0] ? " " : "", device, text_size(record_line_number(l, "bytes"), size),
	       record_line_text(l, "state"));
	if (by[0])
		printf(" (stopped by %s)", strcmp(by, "customer") == 0 ? "you" : "the engineer");
	putchar('\n');
}

/* What happened with another computer, and whose key it showed. */
static void print_device(const struct record_line *l)
{
	const char *key = record_line_text(l, "key");

	print_time(l);
	printf("Device %s: %s\n", record_line_text(l, "device"), record_line_text(l, "what"));
	if (key[0])
		printf("            Its key: %s\n", key);
}

static void print_end(const struct record_line *l)
{
	const char *why = in_words(record_line_text(l, "why"));
	char size[TEXT_SIZE_MAX];

	print_time(l);
	uint64_t items = record_line_number(l, "items");
	printf("The session ended%s%s. %" PRIu64 " %s, %s.\n", why[0] ? ": " : " normally", why,
	       items, items == 1 ? "item" : "items",
	       text_size(record_line_number(l, "bytes"), size));
}

static void print_start(const struct record_line *l)
{
	printf("Session started %s on %s by %s\n", l->time, record_line_text(l, "host"),
	       record_line_text(l, "user"));
}

static bool print_whole(const struct record_line *l)
{
	static const struct {
		const char *event;
		void (*print)(const struct record_line *l);
	} all[] = {
	    {"started", print_start}, {"requested", print_request}, {"connected", print_connection},
	    {"opened", print_opened}, {"item", print_item},	    {"device", print_device},
	    {"ended", print_end},
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		if (strcmp(l->event, all[i].event) != 0)
			continue;
		all[i].print(l);
		return true;
	}
	return false;
}

static void print_line(const struct record_line *l, void *arg)
{
	static const struct {
		const char *event, *text, *field;
	} plain[] = {
	    {"code", "A code was shown", ""},
	    {"called", "Somebody entered the code's first part", ""},
	    {"wrong-code", "A wrong code was entered", ""},
	    {"granted", "You allowed: ", "rights"},
	    {"denied", "Not allowed: ", "why"},
	    {"refused", "Refused by this program: ", "name"},
	    {"suspended", "The connection was lost; nothing was sent", ""},
	    {"resumed", "The connection was back", ""},
	    {"revoked", "Stopped here", ""},
	};
	(void)arg;
	if (print_whole(l))
		return;
	for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
		if (strcmp(l->event, plain[i].event) != 0)
			continue;
		print_time(l);
		printf("%s%s\n", plain[i].text, in_words(record_line_text(l, plain[i].field)));
	}
}

static int judge(const struct record_report *r)
{
	if (r->bad_line)
		printf("Line %zu of the record is not as it was written: %s.\n", r->bad_line,
		       r->why);
	else if (r->torn)
		printf("The record is unchanged up to line %zu; line %zu is cut off.\n", r->lines,
		       r->lines + 1);
	else if (!r->ended)
		printf(
		    "The record is unchanged up to line %zu; how the session ended is missing.\n",
		    r->lines);
	return record_is_whole(r) ? 0 : 1;
}

static int show(const char *id)
{
	char path[PATH_ROOM + RECORD_ID_MAX + 16];
	struct record_report report;
	size_t n, len = strlen(id);

	if (len == 0 || len > RECORD_ID_MAX || strpbrk(id, "/\\:") || id[0] == '.')
		return fail(id, "is not the ID of a session; \"record list\" shows them");
	if (record_dir(path, PATH_ROOM) < 0)
		return fail("record", "the folder of the records cannot be opened");
	snprintf(path + strlen(path), sizeof path - strlen(path), "/%s.jsonl", id);

	char *text = slurp(path, &n);
	if (!text)
		return fail(id, "there is no such record; \"record list\" shows them");
	record_check(text, n, print_line, NULL, &report);
	free(text);
	return judge(&report);
}

/* ---- verify ---- */

/* Is it this computer's own key? Makes none. */
static bool is_own_key(const struct record_report *r)
{
	char state[PATH_ROOM - 16], path[PATH_ROOM];
	uint8_t spki[SIGN_SPKI_MAX];
	EVP_PKEY *key;

	if (plat_state_dir(state, sizeof state) < 0)
		return false;
	snprintf(path, sizeof path, "%s/install.key", state);
	if (access(path, R_OK) != 0 || record_key(state, &key) < 0)
		return false;

	int n = sign_spki(key, spki);
	sign_key_free(key);
	return n > 0 && (size_t)n == r->spki_len && memcmp(spki, r->spki, r->spki_len) == 0;
}

static int verify(const char *path)
{
	struct record_report report;
	size_t n;
	char *text = slurp(path, &n);

	if (!text)
		return fail(path, "the file cannot be read, or is too large for a record");
	record_check(text, n, NULL, NULL, &report);
	free(text);
	if (judge(&report) != 0)
		return 1;
	printf("The record is complete and unchanged: %zu lines, signed by %s.\n", report.lines,
	       is_own_key(&report) ? "this computer"
				   : "another computer (or an earlier installation)");
	return 0;
}

int record_main(int argc, char **argv)
{
	if (argc == 1 || (argc == 2 && strcmp(argv[1], "list") == 0))
		return list();
	if (argc == 3 && strcmp(argv[1], "show") == 0)
		return show(argv[2]);
	if (argc == 3 && strcmp(argv[1], "verify") == 0)
		return verify(argv[2]);
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	fputs(usage, stderr);
	return 2;
}
