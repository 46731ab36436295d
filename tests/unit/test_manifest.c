/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#include "console/manifest.h"
#include "console/manifest_priv.h"
#include "proto/base/err.h"

#define SESSION "00112233445566778899aabbccddeeff"

static char *written(const struct manifest *m, size_t *n)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, n);

	cr_assert_eq(manifest_write(m, f), 0);
	cr_assert_eq(fclose(f), 0);
	return text;
}

static void fill(struct manifest *m)
{
	struct manifest_item *it;
	struct manifest_run *run;
	struct manifest_grant *g;

	manifest_init(m);
	cr_assert_eq(manifest_text(m, &m->host, "web1"), 0);
	strcpy(m->session, SESSION);
	m->started = 1790000000;
	m->finished = 1790000100;
	m->complete = true;
	cr_assert_eq(manifest_add_item(m, "proc/meminfo", "memory", "/proc/meminfo", &it), 0);
	it->kind = ITEM_FROM_FILE;
	it->bytes = 5;
	it->start = 1790000001;
	it->duration_ms = 12;
	it->redactions = 3;
	it->truncated = true;
	it->state = ITEM_TIMEOUT;
	it->hashed = true;
	memset(it->sha256, 0xab, sizeof it->sha256);
	cr_assert_eq(manifest_text(m, &it->why, "took \"too\" long \\"), 0);
	cr_assert_eq(manifest_add_item(m, "etc/shadow", "os", "", &it), 0);
	it->state = ITEM_UNAVAILABLE;
	cr_assert_eq(manifest_add_run(m, "memory", &run), 0);
	run->state = ITEM_PARTIAL;
	run->files = 2;
	run->bytes = 5;
	run->open = true;
	cr_assert_eq(manifest_add_grant(m, &g), 0);
	cr_assert_eq(manifest_text(m, &g->file, "grant.bin"), 0);
	cr_assert_eq(manifest_text(m, &g->scopes[0], "system"), 0);
	g->scopes_count = 1;
	cr_assert_eq(manifest_signed(m, g, "00ff"), 0);
	cr_assert_eq(manifest_add_note(m, "os", "needs root"), 0);
	cr_assert_eq(manifest_put_fact(m, "os.name", "Debian"), 0);
	cr_assert_eq(manifest_put_fact(m, "os.name", "Debian \xc3\xbc"), 0);
}

Test(manifest, reads_back_what_it_writes)
{
	struct manifest m, again;
	char why[MANIFEST_WHY_MAX];
	size_t n, n2;

	fill(&m);
	char *text = written(&m, &n);
	cr_assert_leq(n, m.text_bytes);
	cr_assert_eq(manifest_read(text, n, &again, why), 0, "%s", why);
	cr_assert_eq(again.items_count, 2);
	cr_assert_eq(again.items[0].kind, ITEM_FROM_FILE);
	cr_assert_eq(again.items[0].state, ITEM_TIMEOUT);
	cr_assert_str_eq(again.items[0].why, "took \"too\" long \\");
	cr_assert_not(again.items[1].hashed);
	cr_assert_str_eq(manifest_fact(&again, "os.name"), "Debian \xc3\xbc");
	cr_assert_null(manifest_fact(&again, "os"));

	char *text2 = written(&again, &n2); /* nothing is lost on the way */
	cr_assert_str_eq(text, text2);
	free(text);
	free(text2);
	manifest_done(&m);
	manifest_done(&again);
}

Test(manifest, refuses_every_cut_and_whatever_follows)
{
	struct manifest m, again;
	char why[MANIFEST_WHY_MAX];
	size_t n;

	fill(&m);
	char *text = written(&m, &n);
	for (size_t cut = 0; cut < n - 2; cut++) /* the last two are "}\n" */
		cr_assert_lt(manifest_read(text, cut, &again, why), 0, "%zu", cut);
	text[n - 1] = 'x';
	cr_assert_eq(manifest_read(text, n, &again, why), AS_EBADMSG);
	free(text);
	manifest_done(&m);
}

Test(manifest, refuses_more_than_64_mib)
{
	struct manifest m;
	char why[MANIFEST_WHY_MAX];
	size_t n = MANIFEST_MAX + 1u;
	char *text = malloc(n);

	memset(text, ' ', n);
	cr_assert_eq(manifest_read(text, n, &m, why), AS_E_TOO_BIG);
	free(text);
}

Test(manifest, never_grows_past_what_it_can_read)
{
	struct manifest m;
	struct manifest_item *it;
	char source[ITEM_SOURCE_MAX + 1];
	int err = 0;

	memset(source, '"', ITEM_SOURCE_MAX);
	source[ITEM_SOURCE_MAX] = '\0';
	manifest_init(&m);
	while ((err = manifest_add_item(&m, "a", "os", source, &it)) == 0)
		manifest_text(&m, &it->why, source);
	cr_assert_eq(err, AS_E_QUOTA);
	cr_assert_leq(m.text_bytes, MANIFEST_MAX);
	cr_assert_gt(m.items_count, 25000);
	manifest_done(&m);
}

Test(manifest, cleans_what_agents_call_things)
{
	struct manifest m;

	manifest_init(&m);
	cr_assert_eq(manifest_put_fact(&m, "os.name", "a\x1b[31mb\nc\xe2\x80\xae"), 0);
	cr_assert_str_eq(manifest_fact(&m, "os.name"), "a?[31mb c?");
	manifest_done(&m);
}

Test(manifest, limits_facts_notes_runs_and_grants)
{
	struct manifest m;
	struct manifest_run *run;
	struct manifest_grant *g;
	char key[32];

	manifest_init(&m);
	for (unsigned i = 0; i < MANIFEST_FACTS_MAX; i++) {
		snprintf(key, sizeof key, "k.%u", i);
		cr_assert_eq(manifest_put_fact(&m, key, "v"), 0);
		cr_assert_eq(manifest_add_note(&m, "os", "n"), 0);
		cr_assert_eq(manifest_add_run(&m, "os", &run), 0);
	}
	cr_assert_eq(manifest_put_fact(&m, "one.more", "v"), AS_E_QUOTA);
	cr_assert_eq(manifest_add_note(&m, "os", "n"), AS_E_QUOTA);
	cr_assert_eq(manifest_add_run(&m, "os", &run), AS_E_QUOTA);
	for (unsigned i = 0; i < MANIFEST_GRANTS_MAX; i++)
		cr_assert_eq(manifest_add_grant(&m, &g), 0);
	cr_assert_eq(manifest_add_grant(&m, &g), AS_E_QUOTA);
	manifest_done(&m);
}

/* ---- one wrong thing at a time ---- */

#define HASH	"abababababababababababababababababababababababababababababababab"
#define HEAD	"{\"format\":\"assent-bundle/1\",\"session\":\"" SESSION "\",\"facts\":{},"
#define LISTS	"\"grants\":[],\"collectors\":[],\"notes\":[],"
#define ITEM(x) HEAD LISTS "\"items\":[{" x "}]}"
#define GOOD	"\"name\":\"a/b\",\"state\":\"ok\""

struct wrong {
	char text[512];
	char why[64]; /* what the reason begins with; "" for a good one */
};

ParameterizedTestParameters(manifest, names_what_is_wrong)
{
	static struct wrong all[] = {
	    {ITEM(GOOD), ""},
	    {ITEM(GOOD ",\"new\":[1]"), ""}, /* later versions may say more */
	    {ITEM(GOOD ",\"bytes\":1,\"sha256\":\"" HASH "\""), ""},
	    {"[]", "line 1: not an object"},
	    {"", "line 1: "},
	    {"{}", "manifest[0].format"},
	    {"{\"format\":\"assent-bundle/1\"}", "manifest[0].session"},
	    {"{\"format\":\"assent-bundle/1\",\"session\":\"" SESSION "0\"}",
	     "manifest[0].session"},
	    {"{\"format\":\"assent-bundle/1\",\"session\":\"" SESSION "\"}", "facts[0]"},
	    {HEAD "\"facts\":{}}", "line 1: duplicate"},
	    {HEAD LISTS "\"items\":{}}", "items: is not a list"},
	    {HEAD LISTS "\"items\":[7]}", "items[0]"},
	    {HEAD "\"grants\":[{}],\"collectors\":[],\"notes\":[],\"items\":[]}",
	     "grants[0].sha256"},
	    {HEAD "\"grants\":[],\"collectors\":[{}],\"notes\":[],\"items\":[]}",
	     "collectors[0].state"},
	    {ITEM("\"state\":\"ok\""), "items[0].name"},
	    {ITEM("\"name\":\"../x\",\"state\":\"ok\""), "items[0].name"},
	    {ITEM("\"name\":\"/x\",\"state\":\"ok\""), "items[0].name"},
	    {ITEM("\"name\":\"a\\u001b\",\"state\":\"ok\""), "items[0].name"},
	    {ITEM("\"name\":\"a\\u0000b\",\"state\":\"ok\""), "line 1: "},
	    {ITEM("\"name\":7,\"state\":\"ok\""), "items[0].name"},
	    {ITEM("\"name\":\"a\",\"state\":\"fine\""), "items[0].state"},
	    {ITEM(GOOD ",\"bytes\":-1"), "items[0].bytes"},
	    {ITEM(GOOD ",\"bytes\":1.5"), "items[0].bytes"},
	    {ITEM(GOOD ",\"bytes\":\"1\""), "items[0].bytes"},
	    {ITEM(GOOD ",\"bytes\":99999999999999999999"), "line 1: "},
	    {ITEM(GOOD ",\"duration_ms\":4294967296"), "items[0].duration_ms"},
	    {ITEM(GOOD ",\"sha256\":\"abc\""), "items[0].sha256"},
	    {ITEM(GOOD ",\"truncated\":1"), "items[0].truncated"},
	    {ITEM(GOOD ",\"start\":\"2026-02-31T00:00:00Z\""), "items[0].start"},
	    {ITEM(GOOD ",\"start\":\"yesterday\""), "items[0].start"},
	};

	return cr_make_param_array(struct wrong, all, sizeof all / sizeof all[0]);
}

ParameterizedTest(struct wrong *w, manifest, names_what_is_wrong)
{
	struct manifest m;
	char why[MANIFEST_WHY_MAX];
	int err = manifest_read(w->text, strlen(w->text), &m, why);

	cr_assert_eq(err, w->why[0] ? AS_EBADMSG : 0, "%s: %s", w->text, why);
	cr_assert(strncmp(why, w->why, strlen(w->why)) == 0, "%s: %s", w->text, why);
	if (err == 0)
		manifest_done(&m);
}
