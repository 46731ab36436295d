/* SPDX-License-Identifier: Apache-2.0
 *
 * The two ends joined in memory. The last tests are the attack of PROTOCOL.md section 1: a relay
 * with a rogue engineer certificate in the middle, passing the code's proof on.
 */
#include <criterion/criterion.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/e2e/code.h"
#include "proto/e2e/inner.h"
#include "proto/e2e/spake2.h"
#include "tests/support/pki.h"

#define ORG	 "Acme"
#define RECORD	 (5 + 16) /* header and tag */
#define DATA_MAX 20000

static int64_t test_now(void)
{
	return PKI_NOW;
}

struct end {
	struct tls *t;
	int err;
	uint8_t got[DATA_MAX];
	size_t n;
};

static void read_all(struct end *e)
{
	size_t got = 1;

	while (e->err == 0 && got > 0) {
		e->err = tls_read(e->t, e->got + e->n, sizeof e->got - e->n, &got);
		e->n += got;
	}
}

static bool carry(struct end *from, struct end *to)
{
	size_t n = 0;
	const uint8_t *p = tls_out(from->t, &n);

	if (n == 0)
		return false;
	if (to->err == 0) {
		cr_assert_eq(tls_feed(to->t, p, n), 0);
		read_all(to);
	}
	tls_out_done(from->t, n);
	return true;
}

static void pump(struct end *a, struct end *b)
{
	read_all(a);
	read_all(b);
	while (carry(a, b) || carry(b, a))
		;
}

/* A CA, an engineer, the agent's and the console's context. */
struct world {
	struct pki ca, jane;
	struct inner_agent agent;
	SSL_CTX *console;
	struct end c, a;
};

static void world_make(struct world *w, const struct pki_spec *jane)
{
	struct pki_spec ca = pki_ca_spec(ORG, PKI_NOW);

	memset(w, 0, sizeof *w);
	pki_make(&ca, NULL, &w->ca);
	pki_make(jane, &w->ca, &w->jane);
	cr_assert_eq(inner_agent_init(&w->agent, w->ca.pem, w->ca.pem_len, test_now), 0);
	if (jane->key == PKI_P256 || jane->key == PKI_ED25519)
		cr_assert_eq(inner_console_new(w->jane.pem, w->jane.pem_len, w->jane.key_pem,
					       w->jane.key_pem_len, &w->console),
			     0);
}

static struct pki_spec jane_spec(void)
{
	return pki_engineer_spec(ORG, "jane", "Jane Doe", PKI_NOW);
}

static void connect_with(struct world *w, SSL_CTX *console)
{
	w->c.t = tls_client(console, NULL);
	w->a.t = tls_server(w->agent.ctx);
	cr_assert(w->c.t && w->a.t);
	pump(&w->c, &w->a);
}

static void world_init(struct world *w)
{
	struct pki_spec jane = jane_spec();

	world_make(w, &jane);
	connect_with(w, w->console);
}

static void world_done(struct world *w)
{
	tls_free(w->c.t);
	tls_free(w->a.t);
	inner_console_free(w->console);
	inner_agent_done(&w->agent);
	pki_done(&w->ca);
	pki_done(&w->jane);
}

static void expect_open(const struct world *w)
{
	cr_assert_eq(w->a.err, 0);
	cr_assert_eq(w->c.err, 0);
	cr_assert(tls_is_open(w->a.t) && tls_is_open(w->c.t));
}

Test(inner, agent_and_console_meet)
{
	struct world w;
	uint8_t chain[CERT_CHAIN_MAX], hash[32], want[32];

	world_init(&w);
	expect_open(&w);
	cr_assert_eq(SSL_version(tls_ssl(w.a.t)), TLS1_3_VERSION);
	cr_assert_eq(inner_peer_chain(w.a.t, chain, sizeof chain), (int)w.jane.der_len);
	cr_assert_eq(memcmp(chain, w.jane.der, w.jane.der_len), 0);
	cr_assert_eq(inner_peer_chain(w.a.t, chain, w.jane.der_len - 1), AS_E_TOO_BIG);
	cert_spki_sha256(w.jane.cert, want);
	cr_assert_eq(inner_peer_spki_sha256(w.a.t, hash), 0);
	cr_assert_eq(memcmp(hash, want, 32), 0);
	cr_assert_eq(inner_peer_spki_sha256(w.c.t, hash), 0);
	cr_assert_eq(memcmp(hash, w.agent.spki_sha256, 32), 0);

	const uint8_t *at = chain, *der;
	size_t len, n = (size_t)inner_peer_chain(w.c.t, chain, sizeof chain);
	cr_assert_eq(cert_split(&at, &n, &der, &len), 0);
	cr_assert_eq(n, 0, "the agent's certificate, once");

	cr_assert_eq(tls_write(w.c.t, "hello", 5), 0);
	pump(&w.c, &w.a);
	cr_assert_eq(w.a.n, 5);
	cr_assert_eq(memcmp(w.a.got, "hello", 5), 0);
	world_done(&w);
}

Test(inner, ed25519_and_a_chain_with_an_intermediate_work)
{
	struct world w;
	struct pki_spec mid_is = pki_intermediate_spec(ORG, PKI_NOW);
	struct pki_spec jane_is = jane_spec();
	struct pki mid;
	char pem[2 * PKI_PEM_MAX];
	uint8_t chain[CERT_CHAIN_MAX];

	jane_is.key = PKI_ED25519;
	world_make(&w, &jane_is);
	inner_console_free(w.console);
	pki_make(&mid_is, &w.ca, &mid);
	pki_done(&w.jane);
	pki_make(&jane_is, &mid, &w.jane);
	int n = snprintf(pem, sizeof pem, "%s%s", w.jane.pem, mid.pem);
	cr_assert_eq(
	    inner_console_new(pem, (size_t)n, w.jane.key_pem, w.jane.key_pem_len, &w.console), 0);
	connect_with(&w, w.console);
	expect_open(&w);
	cr_assert_eq(inner_peer_chain(w.a.t, chain, sizeof chain),
		     (int)(w.jane.der_len + mid.der_len));
	cr_assert_eq(memcmp(chain + w.jane.der_len, mid.der, mid.der_len), 0);
	pki_done(&mid);
	world_done(&w);
}

Test(inner, the_binding_is_equal_at_both_ends_and_new_every_time)
{
	struct world w, v;
	uint8_t a[32], c[32], other[32];

	world_init(&w);
	world_init(&v);
	cr_assert_eq(inner_binding(w.a.t, a), 0);
	cr_assert_eq(inner_binding(w.c.t, c), 0);
	cr_assert_eq(inner_binding(v.c.t, other), 0);
	cr_assert_eq(memcmp(a, c, 32), 0);
	cr_assert_neq(memcmp(a, other, 32), 0);
	cr_assert_neq(memcmp(w.agent.spki_sha256, v.agent.spki_sha256, 32), 0, "a key per agent");
	world_done(&w);
	world_done(&v);
}

Test(inner, nothing_is_known_before_the_handshake)
{
	struct world w;
	struct pki_spec jane = jane_spec();
	uint8_t out[CERT_CHAIN_MAX];

	world_make(&w, &jane);
	w.c.t = tls_client(w.console, NULL);
	cr_assert_eq(inner_binding(w.c.t, out), AS_ESTATE);
	cr_assert_eq(inner_peer_spki_sha256(w.c.t, out), AS_ESTATE);
	cr_assert_eq(inner_peer_chain(w.c.t, out, sizeof out), AS_ESTATE);
	world_done(&w);
}

Test(inner, wrong_engineers_are_refused_with_the_reason)
{
	struct pki_spec specs[5];
	static const struct {
		int agent, console;
	} want[5] = {{AS_E_CERT_EKU, AS_E_CERT},
		     {AS_E_CERT_EXPIRED, AS_E_CERT_EXPIRED},
		     {AS_E_CERT_EXPIRED, AS_E_CERT_EXPIRED},
		     {AS_E_CLOCK, AS_E_CERT},
		     {AS_E_CERT, AS_E_CERT}};

	for (size_t i = 0; i < 5; i++)
		specs[i] = jane_spec();
	snprintf(specs[0].extended_usage, sizeof specs[0].extended_usage, "clientAuth");
	specs[1].not_after = PKI_NOW - 3600;
	specs[2].not_after = PKI_NOW + 48 * 3600;
	specs[3].not_before = PKI_NOW + 3600;
	snprintf(specs[4].alt_name, sizeof specs[4].alt_name, "DNS:example.org");
	for (size_t i = 0; i < 5; i++) {
		struct world w;

		world_make(&w, &specs[i]);
		connect_with(&w, w.console);
		cr_assert_eq(w.a.err, want[i].agent, "agent, case %zu: %d", i, w.a.err);
		cr_assert_eq(w.c.err, want[i].console, "console, case %zu: %d", i, w.c.err);
		world_done(&w);
	}
}

Test(inner, an_engineer_of_another_ca_is_refused)
{
	struct world w, v;
	struct pki_spec jane = jane_spec();

	world_make(&w, &jane);
	world_make(&v, &jane);
	connect_with(&w, v.console);
	cr_assert_eq(w.a.err, AS_E_CERT);
	cr_assert_eq(w.c.err, AS_E_CERT);
	world_done(&w);
	world_done(&v);
}

Test(inner, a_console_without_a_certificate_is_refused)
{
	struct world w;
	struct pki_spec jane = jane_spec();
	SSL_CTX *bare = tls_context(false, INNER_ALPN);

	world_make(&w, &jane);
	connect_with(&w, bare);
	cr_assert_eq(w.a.err, AS_E_CERT);
	SSL_CTX_free(bare);
	world_done(&w);
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		   const unsigned char *in, unsigned int in_len, void *arg)
{
	(void)ssl;
	(void)in_len;
	(void)arg;
	*out = in + 1;
	*out_len = in[0];
	return SSL_TLSEXT_ERR_OK;
}

/* A peer that does not use our profile: OpenSSL as it comes, with the given key. */
static SSL_CTX *stranger(bool server, const struct pki *p)
{
	static const unsigned char alpn[] = "\x0c" INNER_ALPN;
	SSL_CTX *ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());

	SSL_CTX_use_certificate(ctx, p->cert);
	SSL_CTX_use_PrivateKey(ctx, p->key);
	SSL_CTX_set_alpn_protos(ctx, alpn, sizeof alpn - 1);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
	return ctx;
}

Test(inner, other_keys_do_not_even_load_and_do_not_pass)
{
	const enum pki_key kinds[] = {PKI_P384, PKI_RSA};

	for (size_t i = 0; i < 2; i++) {
		struct world w;
		struct pki_spec jane = jane_spec();
		SSL_CTX *ctx = NULL;

		jane.key = kinds[i];
		world_make(&w, &jane);
		cr_assert_eq(inner_console_new(w.jane.pem, w.jane.pem_len, w.jane.key_pem,
					       w.jane.key_pem_len, &ctx),
			     AS_ECONFIG);
		ctx = stranger(false, &w.jane);
		connect_with(&w, ctx);
		cr_assert_lt(w.a.err, 0);
		cr_assert(!tls_is_open(w.a.t));
		SSL_CTX_free(ctx);
		world_done(&w);
	}
}

Test(inner, tls_1_2_is_refused_by_both)
{
	struct world w;
	struct pki_spec jane = jane_spec();

	world_make(&w, &jane);
	SSL_CTX *old = stranger(false, &w.jane);
	SSL_CTX_set_max_proto_version(old, TLS1_2_VERSION);
	connect_with(&w, old);
	cr_assert_eq(w.a.err, AS_E_TLS);
	SSL_CTX_free(old);
	world_done(&w);

	world_make(&w, &jane);
	old = stranger(true, &w.ca);
	SSL_CTX_set_max_proto_version(old, TLS1_2_VERSION);
	w.c.t = tls_client(w.console, NULL);
	w.a.t = tls_server(old);
	pump(&w.c, &w.a);
	cr_assert_lt(w.c.err, 0);
	cr_assert(!tls_is_open(w.c.t));
	SSL_CTX_free(old);
	world_done(&w);
}

Test(inner, another_protocol_is_refused)
{
	struct world w;
	struct pki_spec jane = jane_spec();
	SSL_CTX *other = tls_context(false, "assent-relay/1");

	world_make(&w, &jane);
	connect_with(&w, other);
	cr_assert_eq(w.a.err, AS_E_TLS);
	SSL_CTX_free(other);
	world_done(&w);
}

static int console_meets(const struct pki *server, const struct pki *extra)
{
	struct world w;
	struct pki_spec jane = jane_spec();

	world_make(&w, &jane);
	SSL_CTX *ctx = stranger(true, server);
	if (extra)
		SSL_CTX_add1_chain_cert(ctx, extra->cert);
	w.c.t = tls_client(w.console, NULL);
	w.a.t = tls_server(ctx);
	pump(&w.c, &w.a);
	int err = w.c.err;
	cr_assert(err == 0 || !tls_is_open(w.c.t));
	SSL_CTX_free(ctx);
	world_done(&w);
	return err;
}

Test(inner, the_console_takes_one_self_signed_p256_certificate_only)
{
	struct pki_spec spec = pki_ca_spec("Anybody", PKI_NOW);
	struct pki p256, p384, ed, issued;

	pki_make(&spec, NULL, &p256);
	cr_assert_eq(console_meets(&p256, NULL), 0);
	cr_assert_eq(console_meets(&p256, &p256), AS_E_CERT, "more than one");
	pki_make(&spec, &p256, &issued);
	cr_assert_eq(console_meets(&issued, NULL), AS_E_CERT, "not self-signed");
	spec.key = PKI_ED25519;
	pki_make(&spec, NULL, &ed);
	cr_assert_eq(console_meets(&ed, NULL), AS_E_CERT);
	spec.key = PKI_P384;
	pki_make(&spec, NULL, &p384);
	cr_assert_lt(console_meets(&p384, NULL), 0);
	pki_done(&p256);
	pki_done(&p384);
	pki_done(&ed);
	pki_done(&issued);
}

Test(inner, there_is_nothing_to_resume)
{
	struct world w;

	world_init(&w);
	tls_write(w.a.t, "x", 1);
	pump(&w.c, &w.a);
	cr_assert_eq(SSL_SESSION_is_resumable(SSL_get0_session(tls_ssl(w.c.t))), 0);
	cr_assert_eq(SSL_SESSION_has_ticket(SSL_get0_session(tls_ssl(w.c.t))), 0);
	cr_assert_eq(SSL_SESSION_get_max_early_data(SSL_get0_session(tls_ssl(w.c.t))), 0);
	world_done(&w);
}

static size_t wire_size(struct world *w, size_t plain)
{
	static uint8_t data[TLS_RECORD_MAX];
	size_t n = 0;

	cr_assert_eq(tls_write(w->c.t, data, plain), 0);
	tls_out(w->c.t, &n);
	w->a.n = 0;
	pump(&w->c, &w->a);
	cr_assert_eq(w->a.n, plain);
	return n;
}

Test(inner, short_records_are_padded_and_long_ones_are_not)
{
	struct world w;
	static const struct {
		size_t plain, wire;
	} sizes[] = {
	    {1, 512 + RECORD},	     {100, 512 + RECORD},   {511, 512 + RECORD},
	    {512, 1024 + RECORD},    {3584, 4096 + RECORD}, {4094, 4096 + RECORD},
	    {4095, 4096 + RECORD},   {4096, 4097 + RECORD}, {5000, 5001 + RECORD},
	    {16328, 16329 + RECORD},
	};

	world_init(&w);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		cr_assert_eq(wire_size(&w, sizes[i].plain), sizes[i].wire, "%zu", sizes[i].plain);
	world_done(&w);
}

Test(inner, unusable_files_are_refused)
{
	struct world w;
	struct pki_spec jane = jane_spec();
	struct inner_agent agent;
	SSL_CTX *ctx = NULL;

	world_make(&w, &jane);
	cr_assert_eq(inner_agent_init(&agent, "nothing", 7, test_now), AS_ECONFIG);
	cr_assert_eq(inner_console_new("", 0, w.jane.key_pem, w.jane.key_pem_len, &ctx),
		     AS_ECONFIG);
	cr_assert_eq(inner_console_new(w.jane.pem, w.jane.pem_len, "", 0, &ctx), AS_ECONFIG);
	cr_assert_eq(
	    inner_console_new(w.jane.pem, w.jane.pem_len, w.ca.key_pem, w.ca.key_pem_len, &ctx),
	    AS_ECONFIG, "another's key");
	cr_assert_null(ctx);
	world_done(&w);
}

/* ---- the relay in the middle ---- */

/* What the two ends hear about the code. */
struct verdicts {
	int agent, console;
};

static void make_aad(struct end *e, bool bound, uint8_t aad[SPAKE2_AAD_LEN])
{
	uint8_t binding[INNER_BINDING_LEN] = {0};

	if (bound)
		cr_assert_eq(inner_binding(e->t, binding), 0);
	cr_assert_eq(spake2_aad(binding, "console hello", 13, "agent hello", 11, aad), 0);
}

static struct verdicts prove(struct end *console_end, struct end *agent_end, bool bound)
{
	static const struct code code = {.id = 5, .secret = 99};
	struct secret pw = {0};
	uint8_t aad[SPAKE2_AAD_LEN], share[SPAKE2_SHARE_LEN], mac[SPAKE2_MAC_LEN];
	struct verdicts v;

	code_w(&code, &pw);
	make_aad(console_end, bound, aad);
	struct spake2 *c = spake2_new(SPAKE2_CONSOLE, &pw, aad);
	make_aad(agent_end, bound, aad);
	struct spake2 *a = spake2_new(SPAKE2_AGENT, &pw, aad);

	spake2_share(c, share);
	cr_assert_eq(spake2_take(a, share, sizeof share), 0);
	spake2_share(a, share);
	cr_assert_eq(spake2_take(c, share, sizeof share), 0);
	spake2_mac(c, mac);
	v.agent = spake2_check(a, mac, sizeof mac);
	memset(mac, 0, sizeof mac);
	(void)spake2_mac(a, mac);
	v.console = spake2_check(c, mac, sizeof mac);
	spake2_free(c);
	spake2_free(a);
	return v;
}

/* Mallory is an engineer of the same CA, and the relay has that certificate and key. On its left
 * it plays the agent to the console, on its right it is mallory's console to the agent. */
static struct verdicts attack(bool bound)
{
	struct world w;
	struct pki_spec jane = jane_spec();
	struct pki_spec mallory_is = pki_engineer_spec(ORG, "mallory", "Mallory", PKI_NOW);
	struct pki mallory;
	SSL_CTX *rogue = NULL, *fake_agent;
	struct end left = {0}, right = {0};

	world_make(&w, &jane);
	pki_make(&mallory_is, &w.ca, &mallory);
	cr_assert_eq(inner_console_new(mallory.pem, mallory.pem_len, mallory.key_pem,
				       mallory.key_pem_len, &rogue),
		     0);
	struct pki_spec fake_is = pki_ca_spec("Fake", PKI_NOW);
	struct pki fake;
	pki_make(&fake_is, NULL, &fake);
	fake_agent = stranger(true, &fake);

	w.c.t = tls_client(w.console, NULL);
	left.t = tls_server(fake_agent);
	pump(&w.c, &left);
	right.t = tls_client(rogue, NULL);
	w.a.t = tls_server(w.agent.ctx);
	pump(&right, &w.a);
	expect_open(&w);

	struct verdicts v = prove(&w.c, &w.a, bound);

	tls_free(left.t);
	tls_free(right.t);
	SSL_CTX_free(fake_agent);
	inner_console_free(rogue);
	pki_done(&mallory);
	pki_done(&fake);
	world_done(&w);
	return v;
}

Test(inner, without_the_binding_a_relay_in_the_middle_would_not_be_seen)
{
	struct verdicts v = attack(false);

	cr_assert_eq(v.agent, 0);
	cr_assert_eq(v.console, 0);
}

Test(inner, with_the_binding_both_ends_refuse_a_relay_in_the_middle)
{
	struct verdicts v = attack(true);

	cr_assert_eq(v.agent, AS_E_CODE_WRONG);
	cr_assert_eq(v.console, AS_E_CODE_WRONG);
}

Test(inner, without_anybody_in_the_middle_the_bound_proof_succeeds)
{
	struct world w;

	world_init(&w);
	struct verdicts v = prove(&w.c, &w.a, true);
	cr_assert_eq(v.agent, 0);
	cr_assert_eq(v.console, 0);
	world_done(&w);
}
