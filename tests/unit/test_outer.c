/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "proto/base/err.h"
#include "proto/e2e/cert.h"
#include "proto/wire/oid.h"
#include "tests/support/ends.h"

/* Joins two engines in memory until nothing moves. The first failure of each side is kept. */
static void join(struct tls *a, struct tls *b, int *err_a, int *err_b)
{
	struct tls *const side[2] = {a, b};
	int *const err[2] = {err_a, err_b};
	bool moved = true;
	uint8_t plain[64];
	size_t got;

	*err_a = *err_b = 0;
	while (moved) {
		moved = false;
		for (int i = 0; i < 2; i++) {
			size_t n;
			const uint8_t *p;

			if (*err[i] == 0)
				*err[i] = tls_read(side[i], plain, sizeof plain, &got);
			p = tls_out(side[i], &n);
			if (n == 0)
				continue;
			moved = true;
			if (*err[!i] == 0) {
				tls_feed(side[!i], p, n);
				*err[!i] = tls_read(side[!i], plain, sizeof plain, &got);
			}
			tls_out_done(side[i], n);
		}
	}
}

static int64_t now(void)
{
	return (int64_t)time(NULL);
}

/* Lets a console with this certificate knock; returns what the relay says. */
static int knock(struct ends *e, const struct pki_spec *spec, const struct pki *issuer,
		 struct outer_peer *peer)
{
	struct pki console;
	SSL_CTX *ctx;
	int err_client, err_server;

	pki_make(spec, issuer, &console);
	cr_assert_eq(outer_console_ctx(ends_pem(e->ca.pem), ends_pem(console.pem),
				       ends_pem(console.key_pem), &ctx),
		     0);
	struct tls *client = tls_client(ctx, "127.0.0.1"), *server = tls_server(e->server_ctx);
	outer_ctx_free(ctx); /* engines hold it */
	join(client, server, &err_client, &err_server);
	if (err_server == 0)
		outer_peer(server, peer);
	tls_free(client);
	tls_free(server);
	pki_done(&console);
	return err_server;
}

Test(outer, an_agent_needs_no_certificate_and_is_no_console)
{
	struct ends e;
	struct outer_peer peer;
	int err_client, err_server;

	ends_init(&e);
	struct tls *client = tls_client(e.agent_ctx, "127.0.0.1"),
		   *server = tls_server(e.server_ctx);
	join(client, server, &err_client, &err_server);
	cr_assert_eq(err_client, 0);
	cr_assert_eq(err_server, 0);
	cr_assert(tls_is_open(client) && tls_is_open(server));
	outer_peer(server, &peer);
	cr_assert_not(peer.is_console);
	cr_assert_str_empty(peer.id);
	tls_free(client);
	tls_free(server);
	ends_done(&e);
}

Test(outer, a_console_is_known_by_its_id_and_key)
{
	struct ends e;
	struct outer_peer peer, other;
	struct pki_spec jane = pki_console_spec("Acme", "jane", now());
	static const uint8_t zeros[32];

	ends_init(&e);
	cr_assert_eq(knock(&e, &jane, &e.ca, &peer), 0);
	cr_assert(peer.is_console);
	cr_assert_str_eq(peer.id, "jane");
	cr_assert_neq(memcmp(peer.spki_sha256, zeros, 32), 0);
	cr_assert_eq(knock(&e, &jane, &e.ca, &other), 0);
	cr_assert_neq(memcmp(peer.spki_sha256, other.spki_sha256, 32), 0, "another key");
	ends_done(&e);
}

Test(outer, refuses_consoles_whose_certificate_is_wrong)
{
	struct ends e;
	struct pki_spec good = pki_console_spec("Acme", "jane", now()), s;
	struct pki_spec other_ca = pki_ca_spec("Acme", now());
	struct outer_peer peer;
	struct pki rogue;

	ends_init(&e);
	pki_make(&other_ca, NULL, &rogue);
	cr_assert_eq(knock(&e, &good, &rogue, &peer), AS_E_CERT, "another CA");
	pki_done(&rogue);

	s = good;
	s.not_before = now() - 7200;
	s.not_after = now() - 3600;
	cr_assert_eq(knock(&e, &s, &e.ca, &peer), AS_E_CERT_EXPIRED);

	s = good;
	strcpy(s.extended_usage, "clientAuth");
	cr_assert_eq(knock(&e, &s, &e.ca, &peer), AS_E_CERT_EKU, "without our own usage");
	strcpy(s.extended_usage, "clientAuth," AS_OID_ENGINEER);
	cr_assert_eq(knock(&e, &s, &e.ca, &peer), AS_E_CERT_EKU, "an engineer's inner certificate");
	strcpy(s.extended_usage, AS_OID_CONSOLE);
	cr_assert_eq(knock(&e, &s, &e.ca, &peer), AS_E_CERT_EKU, "without clientAuth");
	strcpy(s.extended_usage, "");
	cr_assert_eq(knock(&e, &s, &e.ca, &peer), AS_E_CERT_EKU, "without any usage");
	ends_done(&e);
}

static void fill_in(char *out, const char *pattern, const char *host)
{
	for (; *pattern; pattern++) {
		if (*pattern == '@')
			out += sprintf(out, "%s", host);
		else
			*out++ = *pattern;
	}
	*out = '\0';
}

Test(outer, refuses_consoles_without_exactly_one_good_name)
{
	/* @ stands for the host that the CA may sign for */
	static const char *const names[] = {
	    "",
	    "URI:assent://@/console/",
	    "URI:assent://@/engineer/jane",
	    "URI:assent://@/console/jane/x",
	    "URI:https://@/console/jane",
	    "URI:assent://other.example/console/jane",
	    "URI:assent://@/console/jane,URI:assent://@/console/joe",
	};
	char host[CERT_HOST_MAX];
	struct ends e;
	struct outer_peer peer;

	ends_init(&e);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct pki_spec s = pki_console_spec("Acme", "jane", now());

		fill_in(s.alt_name, names[i], cert_org_host("Acme", host));
		cr_assert_lt(knock(&e, &s, &e.ca, &peer), 0, "%s", names[i]);
	}
	ends_done(&e);
}

static int visit(struct ends *e, SSL_CTX *ctx, const char *name)
{
	struct tls *client = tls_client(ctx, name), *server = tls_server(e->server_ctx);
	int err_client, err_server;

	join(client, server, &err_client, &err_server);
	tls_free(client);
	tls_free(server);
	return err_client;
}

Test(outer, an_agent_checks_the_relays_name_and_ca)
{
	struct ends e;
	struct pki_spec other_ca = pki_ca_spec("Acme", now());
	struct pki rogue;
	SSL_CTX *ctx;

	ends_init(&e);
	cr_assert_eq(visit(&e, e.agent_ctx, "127.0.0.1"), 0);
	cr_assert_eq(visit(&e, e.agent_ctx, "127.0.0.2"), AS_E_CERT);
	cr_assert_eq(visit(&e, e.agent_ctx, "relay.example"), AS_E_CERT);
	pki_make(&other_ca, NULL, &rogue);
	cr_assert_eq(outer_agent_ctx(ends_pem(rogue.pem), &ctx), 0);
	cr_assert_eq(visit(&e, ctx, "127.0.0.1"), AS_E_CERT);
	outer_ctx_free(ctx);
	pki_done(&rogue);
	ends_done(&e);
}

Test(outer, says_which_file_is_unusable)
{
	struct ends e;
	struct outer_pem junk = ends_pem("-----BEGIN NONSENSE-----\n"), none = {NULL, 0};
	SSL_CTX *ctx = NULL;

	ends_init(&e);
	struct outer_pem ca = ends_pem(e.ca.pem), cert = ends_pem(e.relay.pem),
			 key = ends_pem(e.relay.key_pem), other_key = ends_pem(e.console.key_pem);
	cr_assert_eq(outer_server_ctx(junk, key, ca, &ctx), AS_E_CERT);
	cr_assert_eq(outer_server_ctx(none, key, ca, &ctx), AS_E_CERT);
	cr_assert_eq(outer_server_ctx(cert, junk, ca, &ctx), AS_E_TLS);
	cr_assert_eq(outer_server_ctx(cert, other_key, ca, &ctx), AS_E_TLS);
	cr_assert_eq(outer_server_ctx(cert, key, junk, &ctx), AS_ECONFIG);
	cr_assert_eq(outer_agent_ctx(none, &ctx), AS_ECONFIG);
	cr_assert_eq(outer_console_ctx(ca, cert, other_key, &ctx), AS_E_TLS);
	cr_assert_null(ctx, "untouched on failure");
	ends_done(&e);
}
