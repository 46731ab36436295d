/* SPDX-License-Identifier: Apache-2.0
 *
 * What the customer agreed to, kept in the bundle: the signed bytes for `bundle verify`, and
 * their content for people.
 */
#include "console/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/bundle_priv.h"
#include "console/manifest_priv.h"
#include "proto/base/err.h"
#include "proto/base/hex.h"
#include "proto/e2e/sha256.h"
#include "proto/wire/messages.h"
#include "proto/wire/scope.h"

#define FILE_NAME_MAX 32

/* Both messages and their bodies; large, so they live on the heap for the call. */
struct pair {
	as_SignedRequest request;
	as_RequestBody asked;
	as_SignedGrant grant;
	as_GrantBody granted;
};

static int decode(struct pair *p, const struct bundle_pair *in)
{
	int err = msg_decode(MSG_SIGNED_REQUEST, in->request, in->request_len, &p->request);

	if (err == 0)
		err = msg_decode(MSG_REQUEST_BODY, p->request.body.bytes, p->request.body.size,
				 &p->asked);
	if (err == 0)
		err = msg_decode(MSG_SIGNED_GRANT, in->grant, in->grant_len, &p->grant);
	if (err == 0)
		err = msg_decode(MSG_GRANT_BODY, p->grant.body.bytes, p->grant.body.size,
				 &p->granted);
	return err;
}

static int describe_scopes(struct manifest *m, struct manifest_grant *g, const as_GrantBody *body)
{
	char text[SCOPE_TEXT_MAX];
	struct scope s;

	for (size_t i = 0; i < body->scopes_count && i < MANIFEST_SCOPES_MAX; i++) {
		int err = msg_scope_read(&body->scopes[i], &s);

		if (err == 0)
			err = manifest_text(m, &g->scopes[i], scope_text(&s, text));
		if (err < 0)
			return err;
		g->scopes_count = i + 1;
	}
	return 0;
}

static int describe(struct manifest *m, struct manifest_grant *g, const struct pair *p)
{
	const struct {
		char **at;
		const char *text;
	} texts[] = {
	    {&g->engineer, p->asked.engineer_name},
	    {&g->engineer_id, p->asked.engineer_id},
	    {&g->organisation, p->asked.organisation},
	    {&g->ticket, p->asked.ticket},
	    {&g->reason, p->asked.reason},
	    {&g->user, p->granted.consent.user},
	    {&g->tty, p->granted.consent.tty},
	    {&g->redaction, p->granted.redaction.profile},
	};

	g->bytes_max = p->granted.max_bytes_total;
	g->not_before = (int64_t)p->granted.not_before;
	g->expires = (int64_t)p->granted.expires;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		int err = manifest_text(m, texts[i].at, texts[i].text);

		if (err < 0)
			return err;
	}
	return describe_scopes(m, g, &p->granted);
}

int bundle_grant_describe(struct manifest *m, struct manifest_grant *g,
			  const struct bundle_pair *in)
{
	struct pair *p = calloc(1, sizeof *p);

	if (!p)
		return -ENOMEM;

	int err = decode(p, in);
	if (err == 0)
		err = describe(m, g, p);
	free(p);
	return err;
}

/* "grant.bin", "grant-2.bin", ... */
static void file_name(const char *what, size_t nth, char out[FILE_NAME_MAX])
{
	if (nth == 1)
		snprintf(out, FILE_NAME_MAX, "%s.bin", what);
	else
		snprintf(out, FILE_NAME_MAX, "%s-%zu.bin", what, nth);
}

static int keep_signed(struct manifest *m, struct manifest_grant *g, const uint8_t *p, size_t n)
{
	char *hex = malloc(2 * n + 1);

	if (!hex)
		return -ENOMEM;

	int err = manifest_signed(m, g, hex_encode(p, n, hex));
	free(hex);
	return err;
}

/* The two files, or neither. */
static int store_both(struct bundle *b, struct manifest_grant *g, const struct bundle_pair *p)
{
	char grant[FILE_NAME_MAX], request[FILE_NAME_MAX];
	size_t nth = b->m.grants_count;

	file_name("grant", nth, grant);
	file_name("request", nth, request);

	int err = bundle_store(b, grant, p->grant, p->grant_len);
	if (err < 0)
		return err;
	err = bundle_store(b, request, p->request, p->request_len);
	if (err == 0)
		err = sha256(p->grant, p->grant_len, g->sha256);
	if (err == 0)
		err = sha256(p->request, p->request_len, g->request_sha256);
	if (err == 0)
		err = manifest_text(&b->m, &g->file, grant);
	if (err == 0)
		err = manifest_text(&b->m, &g->request_file, request);
	if (err < 0) {
		unlinkat(b->root, grant, 0);
		unlinkat(b->root, request, 0);
	}
	return err;
}

int bundle_grant(struct bundle *b, const uint8_t *request, size_t request_len, const uint8_t *grant,
		 size_t grant_len)
{
	const struct bundle_pair p = {request, request_len, grant, grant_len};
	struct manifest_grant *g;

	int err = grant_len > MANIFEST_SIGNED_MAX ? AS_E_TOO_BIG : manifest_add_grant(&b->m, &g);
	if (err < 0)
		return err;
	if ((err = bundle_grant_describe(&b->m, g, &p)) < 0 ||
	    (err = keep_signed(&b->m, g, grant, grant_len)) < 0 ||
	    (err = store_both(b, g, &p)) < 0) {
		manifest_drop_grant(&b->m);
		return err;
	}
	return bundle_save(b);
}
