/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/bundle_box.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/bundle_cmd.h"
#include "proto/e2e/grant.h"
#include "proto/e2e/request.h"
#include "proto/e2e/sha256.h"
#include "tests/support/pki.h"

#define ORG "Acme"

static char folder[] = "/tmp/test_bundle.XXXXXX";
struct bundle *bundle_box;

void bundle_box_enter(void)
{
	cr_redirect_stdout();
	cr_redirect_stderr();
	cr_assert(mkdtemp(folder) && chdir(folder) == 0);

	struct bundle_about about = {
	    .out_dir = "out/deep",
	    .host = "web1",
	    .started = PKI_NOW,
	    .console_build = "0.1.0",
	    .agent_build = "0.1.0",
	    .agent_os = "linux",
	};
	memset(about.session_id, 7, sizeof about.session_id);
	cr_assert_eq(bundle_create(&about, &bundle_box), 0);
}

void bundle_box_leave(void)
{
	char cmd[64];

	bundle_free(bundle_box);
	snprintf(cmd, sizeof cmd, "rm -rf %s", folder);
	cr_assert(chdir("/") == 0 && system(cmd) == 0);
}

/* ---- what a collector sends ---- */

int bundle_box_file(struct bundle_item *it, const char *name)
{
	struct item rec = {.type = ITEM_FILE};

	rec.file.source_kind = ITEM_FROM_COMMAND;
	snprintf(rec.file.name, sizeof rec.file.name, "%s", name);
	snprintf(rec.file.source, sizeof rec.file.source, "cat");
	return bundle_item_record(it, &rec);
}

int bundle_box_data(struct bundle_item *it, const void *p, size_t n)
{
	struct item rec = {.type = ITEM_DATA, .data = {p, n}};

	return bundle_item_record(it, &rec);
}

int bundle_box_end_file(struct bundle_item *it, enum item_state state)
{
	struct item rec = {.type = ITEM_FILE_END, .file_end = {.state = state}};

	return bundle_item_record(it, &rec);
}

int bundle_box_end(struct bundle_item *it)
{
	struct item rec = {.type = ITEM_END, .end = {.state = ITEM_OK, .duration_ms = 9}};

	return bundle_item_record(it, &rec);
}

void bundle_box_whole_file(struct bundle_item *it, const char *name, const char *text)
{
	cr_assert_eq(bundle_box_file(it, name), 0);
	if (text[0] != '\0')
		cr_assert_eq(bundle_box_data(it, text, strlen(text)), 0);
	cr_assert_eq(bundle_box_end_file(it, ITEM_OK), 0);
}

/* One collector with these two files, as it should be. */
void bundle_box_collect(void)
{
	struct bundle_item *it = bundle_item_begin(bundle_box, "os");

	bundle_box_whole_file(it, "proc/meminfo", "MemTotal: 1\n");
	bundle_box_whole_file(it, "sos_commands/\xc3\xbc/date", "today\n");
	cr_assert_eq(bundle_box_end(it), 0);
	cr_assert_eq(bundle_item_end(it, ITEM_OK, ""), ITEM_OK);
}

const char *bundle_box_at(const char *name)
{
	static char path[512];

	snprintf(path, sizeof path, "%s/%s", bundle_path(bundle_box), name);
	return path;
}

size_t bundle_box_content(const char *path, char *out, size_t cap)
{
	FILE *f = fopen(path, "r");

	cr_assert(f, "%s", path);
	size_t n = fread(out, 1, cap - 1, f);
	fclose(f);
	out[n] = '\0';
	return n;
}

void bundle_box_put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	cr_assert(f, "%s", path);
	fputs(text, f);
	fclose(f);
}

/* ---- what the customer signed ---- */

struct signed_pair {
	uint8_t request[REQUEST_MAX], grant[GRANT_MAX];
	size_t request_len, grant_len;
};

static void sign_pair(struct signed_pair *out, EVP_PKEY *install_key, const struct pki *jane,
		      uint8_t session)
{
	as_RequestBody r = as_RequestBody_init_zero;
	as_GrantBody g = as_GrantBody_init_zero;

	r.version = g.version = MSG_BODY_VERSION;
	r.duration_s = g.lifetime_s = 1800;
	memset(r.session_id, session, sizeof r.session_id);
	memcpy(g.session_id, r.session_id, sizeof g.session_id);
	snprintf(r.engineer_id, sizeof r.engineer_id, "jane");
	snprintf(r.engineer_name, sizeof r.engineer_name, "Jane Doe");
	snprintf(r.organisation, sizeof r.organisation, ORG);
	snprintf(r.reason, sizeof r.reason, "the disk is full");
	r.scopes_count = g.scopes_count = 1;
	r.scopes[0].kind = g.scopes[0].kind = SCOPE_SYSTEM;
	g.has_consent = true;
	g.consent.method = 1;
	snprintf(g.consent.user, sizeof g.consent.user, "bob");
	g.not_before = PKI_NOW;
	g.expires = PKI_NOW + 1800;

	int n = request_sign(&r, jane->key, jane->der, jane->der_len, out->request,
			     sizeof out->request);
	cr_assert_gt(n, 0);
	out->request_len = (size_t)n;
	cr_assert_eq(request_sha256(out->request, out->request_len, g.request_sha256), 0);
	cr_assert_eq(sha256(jane->der, jane->der_len, g.engineer_cert_sha256), 0);
	n = grant_sign(&g, install_key, out->grant, sizeof out->grant);
	cr_assert_gt(n, 0);
	out->grant_len = (size_t)n;
}

/* session 7 is the bundle's. */
void bundle_box_agree(uint8_t session)
{
	struct pki_spec ca_spec = pki_ca_spec(ORG, PKI_NOW);
	struct pki_spec jane_spec = pki_engineer_spec(ORG, "jane", "Jane Doe", PKI_NOW);
	struct pki ca, jane;
	struct signed_pair *p = calloc(1, sizeof *p);
	EVP_PKEY *install_key = sign_key_new();

	pki_make(&ca_spec, NULL, &ca);
	pki_make(&jane_spec, &ca, &jane);
	for (int i = 0; i < 2; i++) { /* the second one is an escalation */
		sign_pair(p, install_key, &jane, session);
		cr_assert_eq(
		    bundle_grant(bundle_box, p->request, p->request_len, p->grant, p->grant_len),
		    0);
	}
	pki_done(&ca);
	pki_done(&jane);
	sign_key_free(install_key);
	free(p);
}

int bundle_box_command(const char *what, const char *path)
{
	char *argv[] = {strdup("bundle"), strdup(what), strdup(path), NULL};
	int code = bundle_main(3, argv);

	for (int i = 0; i < 3; i++)
		free(argv[i]);
	return code;
}
