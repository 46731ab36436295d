/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <openssl/ssl.h>
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

/* A middlebox as many are: RSA, TLS 1.2, no idea of our ALPN. Its certificate is for host. */
static struct tls *middlebox(const struct pki *ca, const char *host, bool old)
{
	struct pki_spec s = pki_relay_spec("Corp", host, now());
	struct pki leaf;
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	struct tls *t;

	s.key = PKI_RSA;
	pki_make(&s, ca, &leaf);
	cr_assert(SSL_CTX_use_certificate(ctx, leaf.cert) == 1 &&
		  SSL_CTX_use_PrivateKey(ctx, leaf.key) == 1);
	if (old)
		SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	t = tls_server(ctx);
	tls_context_any_alpn(ctx);
	SSL_CTX_free(ctx);
	pki_done(&leaf);
	return t;
}

static int meet(SSL_CTX *ctx, const char *name, struct tls *server, struct tls_peer *peer)
{
	struct tls *client = tls_client(ctx, name);
	int err_client, err_server;

	join(client, server, &err_client, &err_server);
	if (err_client == 0)
		outer_note_peer(client);
	if (peer && tls_peer(client))
		*peer = *tls_peer(client);
	tls_free(client);
	tls_free(server);
	return err_client;
}

Test(outer, an_inspected_hop_trusts_the_given_cas_and_the_name)
{
	struct ends e;
	struct pki_spec corp = pki_ca_spec("Corp", now());
	struct tls_peer peer = {.has_our_name = false};
	struct pki ca;
	SSL_CTX *ctx;

	ends_init(&e);
	snprintf(corp.name, sizeof corp.name, "Corp Inspection");
	strcpy(corp.constraints, "");
	corp.key = PKI_RSA;
	pki_make(&corp, NULL, &ca);
	cr_assert_eq(outer_inspected_ctx(ends_pem(ca.pem), &ctx), 0);
	for (int old = 0; old < 2; old++) {
		cr_assert_eq(meet(ctx, "127.0.0.1", middlebox(&ca, "127.0.0.1", old), &peer), 0);
		cr_assert(peer.has_our_name);
		cr_assert_str_eq(peer.issuer, "Corp Inspection");
	}
	cr_assert_eq(meet(ctx, "127.0.0.1", middlebox(&ca, "127.0.0.2", false), &peer), AS_E_CERT);
	cr_assert_not(peer.has_our_name);
	cr_assert_lt(meet(e.agent_ctx, "127.0.0.1", middlebox(&ca, "127.0.0.1", false), NULL), 0,
		     "without the policy");
	outer_ctx_free(ctx);
	cr_assert_eq(outer_inspected_ctx(ends_pem("nothing"), &ctx), AS_ECONFIG);
	pki_done(&ca);
	ends_done(&e);
}

Test(outer, a_carrier_asks_nothing_and_says_who_it_was)
{
	struct ends e;
	struct tls_peer peer = {.has_our_name = true};
	SSL_CTX *ctx;

	ends_init(&e);
	cr_assert_eq(outer_carrier_ctx(&ctx), 0);
	cr_assert_eq(meet(ctx, "gate.example", middlebox(&e.ca, "other.example", true), &peer), 0);
	cr_assert_not(peer.has_our_name);
	cr_assert_str_eq(peer.subject, "other.example");
	outer_ctx_free(ctx);
	ends_done(&e);
}

Test(outer, a_relay_takes_clients_without_alpn_and_none_of_other_protocols)
{
	struct ends e;
	SSL_CTX *ctx;

	ends_init(&e);
	cr_assert_eq(outer_inspected_ctx(ends_pem(e.ca.pem), &ctx), 0);
	SSL_CTX_set_alpn_protos(ctx, NULL, 0); /* as an inspecting proxy forwards us */
	cr_assert_eq(meet(ctx, "127.0.0.1", tls_server(e.server_ctx), NULL), 0);
	SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)"\x08http/1.1", 9);
	cr_assert_lt(meet(ctx, "127.0.0.1", tls_server(e.server_ctx), NULL), 0);
	outer_ctx_free(ctx);
	ends_done(&e);
}

/* What a middlebox that ends TLS passes on to the relay. */
static void pass(struct tls *box, struct carrier *server, struct carrier *client, char *heard)
{
	uint8_t plain[4096];
	const uint8_t *p;
	size_t n, got;
	bool moved = true;

	while (moved) {
		moved = false;
		cr_assert_eq(carrier_read(client, &p, &n), 0);
		strncat(heard, (const char *)p, n);
		p = carrier_out(client, &n);
		moved |= n > 0;
		cr_assert_eq(tls_feed(box, p, n), 0);
		do {
			cr_assert_eq(tls_read(box, plain, sizeof plain, &got), 0);
			cr_assert_eq(carrier_feed(server, plain, got), 0);
			cr_assert_eq(carrier_read(server, &p, &n), 0);
		} while (got > 0);
		carrier_out(client, &n);
		carrier_out_done(client, n);
		p = carrier_out(server, &n);
		if (n > 0)
			cr_assert_eq(tls_write(box, p, n), 0);
		carrier_out_done(server, n);
		p = tls_out(box, &n);
		moved |= n > 0;
		memcpy(plain, p, n);
		tls_out_done(box, n);
		cr_assert_eq(carrier_feed(client, plain, n), 0);
	}
}

Test(outer, a_websocket_goes_through_a_box_that_ends_tls)
{
	static const struct hostport at = {"gate.example", "443"};
	static const uint8_t key[16] = {3};
	struct ends e;
	SSL_CTX *ctx;
	char heard[64] = "";

	ends_init(&e);
	cr_assert_eq(outer_carrier_ctx(&ctx), 0);

	struct tls *box = middlebox(&e.ca, "gate.example", true);
	struct carrier *client = carrier_client(&at, "/", ctx, key), *server = carrier_server();

	pass(box, server, client, heard);
	cr_assert(carrier_is_open(client) && carrier_is_open(server));
	cr_assert_eq(carrier_put(server, "hello", 5), 0);
	pass(box, server, client, heard);
	cr_assert_str_eq(heard, "hello");
	carrier_free(client);
	carrier_free(server);
	tls_free(box);
	outer_ctx_free(ctx);
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
