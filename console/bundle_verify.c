/* SPDX-License-Identifier: Apache-2.0
 *
 * `bundle verify`: is every file what the manifest says, is there nothing else, and did the
 * customer's agent sign this grant? The manifest itself is not signed: what people read of the
 * grant is compared with the signed bytes, never believed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/bundle_cmd_priv.h"
#include "console/bundle_priv.h"
#include "console/bundle_read.h"
#include "proto/base/err.h"
#include "proto/base/hex.h"
#include "proto/base/text.h"
#include "proto/e2e/cert.h"
#include "proto/e2e/grant.h"
#include "proto/e2e/request.h"
#include "proto/e2e/sha256.h"

#define BLOCK	   65536
#define SIGNED_MAX 32768 /* grant.bin, request.bin */

/* One file that must be there. */
struct expected {
	const char *name; /* the manifest's */
	const uint8_t *sha256;
	uint64_t bytes; /* any when `any_size` */
	bool any_size;
	bool seen;
	char *content; /* kept for what is signed; ours */
	size_t content_len;
	bool keep;
};

struct check {
	struct manifest m;
	struct expected *files;
	size_t count, bad;
	uint64_t bytes;
};

static void complain(struct check *c, const char *name, const char *what)
{
	printf("BAD  %s: %s\n", name, what);
	c->bad++;
}

/* ---- what must be there ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct expected *)a)->name, ((const struct expected *)b)->name);
}

static void expect_item(struct check *c, const struct manifest_item *it)
{
	if (it->hashed)
		c->files[c->count++] =
		    (struct expected){.name = it->name, .sha256 = it->sha256, .bytes = it->bytes};
	else if (it->bytes > 0)
		complain(c, it->name, "was still being received when the console was stopped");
}

static void expect_signed(struct check *c, const char *name, const uint8_t *sha256)
{
	c->files[c->count++] =
	    (struct expected){.name = name, .sha256 = sha256, .any_size = true, .keep = true};
}

static int expect_all(struct check *c)
{
	const struct manifest *m = &c->m;

	c->files = calloc(m->items_count + 2 * m->grants_count + 1, sizeof *c->files);
	if (!c->files)
		return -ENOMEM;
	for (size_t i = 0; i < m->items_count; i++)
		expect_item(c, &m->items[i]);
	for (size_t i = 0; i < m->grants_count; i++) {
		expect_signed(c, m->grants[i].file, m->grants[i].sha256);
		expect_signed(c, m->grants[i].request_file, m->grants[i].request_sha256);
	}
	qsort(c->files, c->count, sizeof *c->files, by_name);
	for (size_t i = 1; i < c->count; i++)
		if (strcmp(c->files[i - 1].name, c->files[i].name) == 0)
			complain(c, c->files[i].name, "is in the manifest twice");
	return 0;
}

static struct expected *find(struct check *c, const char *name)
{
	struct expected key = {.name = name};

	return c->count > 0 ? bsearch(&key, c->files, c->count, sizeof key, by_name) : NULL;
}

/* ---- what is there ---- */

static int hash_file(struct bundle_file *f, uint64_t *bytes, uint8_t out[SHA256_LEN])
{
	struct sha256_stream *s = sha256_stream_new();
	char block[BLOCK];
	long got = s ? 0 : -ENOMEM;

	*bytes = 0;
	while (got >= 0 && (got = bundle_file_read(f, block, sizeof block)) > 0) {
		*bytes += (uint64_t)got;
		if (sha256_stream_add(s, block, (size_t)got) < 0)
			got = AS_E_INTERNAL;
	}
	if (got == 0)
		got = sha256_stream_get(s, out);
	sha256_stream_free(s);
	return (int)got;
}

static int read_kept(struct bundle_file *f, struct expected *e, uint64_t *bytes,
		     uint8_t out[SHA256_LEN])
{
	int err = bundle_file_load(f, SIGNED_MAX, &e->content, &e->content_len);

	if (err < 0)
		return err;
	*bytes = e->content_len;
	return sha256(e->content, e->content_len, out);
}

static int on_file(struct bundle_file *f, void *arg)
{
	struct check *c = arg;
	struct expected *e = find(c, f->name);
	uint8_t hash[SHA256_LEN];
	uint64_t bytes = 0;

	if (strcmp(f->name, BUNDLE_MANIFEST) == 0)
		return 0;
	if (!e || e->seen) {
		complain(c, f->name, e ? "is there twice" : "is not in the manifest");
		return 0;
	}
	e->seen = true;

	int err = e->keep ? read_kept(f, e, &bytes, hash) : hash_file(f, &bytes, hash);
	if (err == AS_E_TOO_BIG && e->keep) {
		complain(c, f->name, "is too large");
		return 0;
	}
	if (err < 0)
		return err;
	c->bytes += bytes;
	if (!e->any_size && bytes != e->bytes)
		complain(c, f->name, "does not have the size in the manifest");
	else if (memcmp(hash, e->sha256, sizeof hash) != 0)
		complain(c, f->name, "was changed: its SHA-256 is another one");
	return 0;
}

/* ---- what was signed ---- */

/* What the manifest says about the grant is what was signed. */
static bool is_told_right(const struct manifest_grant *told, const struct manifest_grant *real)
{
	const char *pairs[][2] = {
	    {told->engineer, real->engineer},
	    {told->engineer_id, real->engineer_id},
	    {told->organisation, real->organisation},
	    {told->ticket, real->ticket},
	    {told->reason, real->reason},
	    {told->user, real->user},
	    {told->tty, real->tty},
	    {told->redaction, real->redaction},
	};

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		if (strcmp(pairs[i][0], pairs[i][1]) != 0)
			return false;
	if (told->scopes_count != real->scopes_count)
		return false;
	for (size_t i = 0; i < real->scopes_count; i++)
		if (strcmp(told->scopes[i], real->scopes[i]) != 0)
			return false;
	return told->not_before == real->not_before && told->expires == real->expires &&
	       told->bytes_max == real->bytes_max;
}

static void check_told(struct check *c, const struct manifest_grant *told,
		       const struct bundle_pair *p)
{
	struct manifest real;
	struct manifest_grant *g;
	char *hex = malloc(2 * p->grant_len + 1);

	manifest_init(&real);
	if (!hex || manifest_add_grant(&real, &g) < 0 || bundle_grant_describe(&real, g, p) < 0)
		complain(c, told->request_file, "is not the request of a session");
	else if (!is_told_right(told, g) ||
		 strcmp(told->signed_hex, hex_encode(p->grant, p->grant_len, hex)) != 0)
		complain(c, BUNDLE_MANIFEST, "tells another grant than the signed one");
	manifest_done(&real);
	free(hex);
}

/* The grant names the request it answers, and the certificate that request came with. */
static bool is_answer_to(const struct grant *g, const struct bundle_pair *p)
{
	as_SignedRequest *request = malloc(sizeof *request);
	const uint8_t *chain, *leaf;
	size_t chain_len, leaf_len;
	uint8_t hash[SHA256_LEN];
	bool same = false;

	if (request && msg_decode(MSG_SIGNED_REQUEST, p->request, p->request_len, request) == 0) {
		chain = request->cert_chain.bytes;
		chain_len = request->cert_chain.size;
		same = request_sha256(p->request, p->request_len, hash) == 0 &&
		       memcmp(hash, g->body.request_sha256, sizeof hash) == 0 &&
		       cert_split(&chain, &chain_len, &leaf, &leaf_len) == 0 &&
		       sha256(leaf, leaf_len, hash) == 0 &&
		       memcmp(hash, g->body.engineer_cert_sha256, sizeof hash) == 0;
	}
	free(request);
	return same;
}

/* before: the grant that came before in this session, whose key must have signed this one, too;
 * NULL for the first. */
static void check_grant(struct check *c, const struct manifest_grant *told,
			const struct grant *before, struct grant *out)
{
	const struct expected *g = find(c, told->file), *r = find(c, told->request_file);
	char session[MANIFEST_SESSION_LEN + 1];

	if (!g->content || !r->content)
		return; /* missing or too large, and said so */

	const struct bundle_pair p = {(const uint8_t *)r->content, r->content_len,
				      (const uint8_t *)g->content, g->content_len};
	if (grant_verify(p.grant, p.grant_len, before ? before->spki : NULL,
			 before ? before->spki_len : 0, out) < 0) {
		complain(c, told->file, "the customer's signature does not fit");
		return;
	}
	hex_encode(out->body.session_id, sizeof out->body.session_id, session);
	if (strcmp(session, c->m.session) != 0)
		complain(c, told->file, "belongs to another session");
	if (!is_answer_to(out, &p))
		complain(c, told->request_file, "is not the request that the customer answered");
	check_told(c, told, &p);
}

static void check_grants(struct check *c)
{
	struct grant *two = calloc(2, sizeof *two); /* this one and the one before, in turn */

	if (!two)
		complain(c, "grant", "cannot be checked: out of memory");
	else if (c->m.grants_count == 0)
		complain(c, "grant", "there is none, so nothing says that the customer agreed");
	for (size_t i = 0; two && i < c->m.grants_count; i++)
		check_grant(c, &c->m.grants[i], i > 0 ? &two[(i - 1) % 2] : NULL, &two[i % 2]);
	free(two);
}

/* ---- the verdict ---- */

static void print_signer(const struct check *c)
{
	for (size_t i = 0; i < c->m.grants_count; i++)
		printf("grant: %s (%s) agreed to %s's request \"%s\"\n", c->m.grants[i].user,
		       c->m.host, c->m.grants[i].engineer, c->m.grants[i].reason);
}

static int verdict(struct check *c)
{
	char size[TEXT_SIZE_MAX];

	for (size_t i = 0; i < c->count; i++)
		if (!c->files[i].seen)
			complain(c, c->files[i].name, "is missing");
	check_grants(c);
	if (!c->m.complete)
		complain(c, BUNDLE_MANIFEST, "the console was stopped before the session's end");
	if (c->bad > 0) {
		printf("not good: %zu %s\n", c->bad, c->bad == 1 ? "problem" : "problems");
		return 1;
	}
	print_signer(c);
	printf("good: %zu files, %s, as the manifest says; the customer's signature fits\n",
	       c->count, text_size(c->bytes, size));
	return 0;
}

int bundle_cmd_verify(const char *path)
{
	struct check c = {.bytes = 0};
	char why[BUNDLE_WHY_MAX], words[128];
	int code = 1;

	if (bundle_load(path, &c.m, why) < 0)
		return bundle_cmd_fail(path, why);

	int err = expect_all(&c);
	if (err == 0)
		err = bundle_walk(path, on_file, &c, why);
	if (err < 0)
		bundle_cmd_fail(path, why[0] ? why : err_text(err, words, sizeof words));
	else
		code = verdict(&c);
	for (size_t i = 0; i < c.count; i++)
		free(c.files[i].content);
	free(c.files);
	manifest_done(&c.m);
	return code;
}
