/* SPDX-License-Identifier: Apache-2.0
 *
 * Two TLS engines joined in memory, their bytes cut as it pleases the test.
 */
#include <criterion/criterion.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/base/err.h"
#include "proto/tls/tls.h"
#include "tests/support/pki.h"

#define WHOLE	SIZE_MAX
#define GOT_MAX (1u << 20)
#define ALPN	"assent-test/1"
#define NAME	"relay.test"
#define FLIGHTS 16 /* a handshake takes three */

static SSL_CTX *server_ctx, *client_ctx;
static struct tls *server, *client;
static struct pki relay;

struct end {
	uint8_t got[GOT_MAX];
	size_t len;
	int result; /* of the last tls_read() */
};
static struct end at_server, at_client;

static void trust(SSL_CTX *ctx, const struct pki *who)
{
	X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), who->cert);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

static void use(SSL_CTX *ctx, const struct pki *who)
{
	cr_assert_eq(SSL_CTX_use_certificate(ctx, who->cert), 1);
	cr_assert_eq(SSL_CTX_use_PrivateKey(ctx, who->key), 1);
}

static void make_contexts(const struct pki_spec *spec, const char *client_alpn)
{
	pki_make(spec, NULL, &relay);
	server_ctx = tls_context(true, ALPN);
	client_ctx = tls_context(false, client_alpn);
	use(server_ctx, &relay);
	trust(client_ctx, &relay);
}

static struct pki_spec good_spec(void)
{
	return pki_relay_spec("Acme", NAME, (int64_t)time(NULL));
}

static void start(void)
{
	struct pki_spec spec = good_spec();

	make_contexts(&spec, ALPN);
	client = tls_client(client_ctx, NAME);
	server = tls_server(server_ctx);
}

static void stop(void)
{
	tls_free(client);
	tls_free(server);
	SSL_CTX_free(client_ctx);
	SSL_CTX_free(server_ctx);
	pki_done(&relay);
}

static void read_all(struct tls *t, struct end *e)
{
	size_t got;

	do {
		e->result = tls_read(t, e->got + e->len, GOT_MAX - e->len, &got);
		e->len += got;
	} while (e->result == 0 && got > 0);
}

/* Everything that waits, at most `step` bytes at a time. The receiver sees a buffer of its own that
 * is gone afterwards. */
static size_t carry(struct tls *from, struct tls *to, struct end *e, size_t step)
{
	size_t n, all = 0;

	for (const uint8_t *p; p = tls_out(from, &n), n > 0;) {
		size_t part = n < step ? n : step;
		uint8_t *copy = malloc(part);

		memcpy(copy, p, part);
		tls_out_done(from, part);
		if (e->result == 0 && tls_feed(to, copy, part) == 0)
			read_all(to, e);
		free(copy);
		all += part;
	}
	return all;
}

static void handshake(size_t step)
{
	read_all(client, &at_client);
	for (int i = 0; i < FLIGHTS; i++) {
		size_t n = carry(client, server, &at_server, step);

		if (n + carry(server, client, &at_client, step) == 0)
			break;
	}
}

static void opened(size_t step)
{
	start();
	handshake(step);
	cr_assert(tls_is_open(client) && tls_is_open(server));
}

static void opened_whole(void)
{
	opened(WHOLE);
}

TestSuite(tls, .init = opened_whole, .fini = stop);
TestSuite(tls_start, .init = start, .fini = stop);
TestSuite(tls_refusal, .fini = stop);

Test(tls, carries_bytes_in_both_directions)
{
	cr_assert_eq(tls_write(client, "ping", 4), 0);
	carry(client, server, &at_server, WHOLE);
	cr_assert_arr_eq(at_server.got, "ping", 4);
	cr_assert_eq(tls_write(server, "pong", 4), 0);
	carry(server, client, &at_client, WHOLE);
	cr_assert_arr_eq(at_client.got, "pong", 4);
	cr_assert_str_neq(tls_group(client), "unknown");
}

Test(tls_refusal, does_not_care_how_bytes_are_cut)
{
	opened(1);
	cr_assert_eq(tls_write(client, "ping", 4), 0);
	cr_assert_eq(tls_write(client, "pong", 4), 0);
	carry(client, server, &at_server, 1);
	cr_assert_eq(at_server.len, 8);
	cr_assert_arr_eq(at_server.got, "pingpong", 8);
	cr_assert_eq(at_server.result, 0);
}

Test(tls, half_a_record_outlives_the_bytes_it_came_in)
{
	size_t n;

	cr_assert_eq(tls_write(client, "0123456789", 10), 0);
	tls_out(client, &n);
	carry(client, server, &at_server, n / 2 + 1);
	cr_assert_eq(at_server.len, 10);
}

Test(tls, one_write_up_to_the_record_size_is_one_record)
{
	static uint8_t big[TLS_RECORD_MAX];
	size_t n;

	cr_assert_eq(tls_write(client, big, sizeof big), 0);
	tls_out(client, &n);
	cr_assert_eq(n, sizeof big + 22);
}

Test(tls, large_writes_arrive_whole)
{
	size_t n = 900000;
	uint8_t *big = malloc(n);

	for (size_t i = 0; i < n; i++)
		big[i] = (uint8_t)(i * 7 + (i >> 8));
	cr_assert_eq(tls_write(server, big, n), 0);
	carry(server, client, &at_client, 60000);
	cr_assert_eq(at_client.len, n);
	cr_assert(memcmp(at_client.got, big, n) == 0);
	free(big);
}

Test(tls, a_write_that_does_not_fit_changes_nothing)
{
	static uint8_t big[TLS_OUT_MAX / 2];
	size_t before, after;

	cr_assert_eq(tls_write(client, big, sizeof big), 0);
	tls_out(client, &before);
	cr_assert_eq(tls_write(client, big, sizeof big), AS_EFULL);
	tls_out(client, &after);
	cr_assert_eq(before, after);
	carry(client, server, &at_server, 60000);
	cr_assert_eq(at_server.len, sizeof big);
	cr_assert_eq(tls_write(client, big, sizeof big), 0, "there is room again");
}

Test(tls, a_goodbye_is_a_clean_end)
{
	size_t got;
	uint8_t b[8];

	cr_assert_eq(tls_write(client, "last", 4), 0);
	cr_assert_eq(tls_finish(client), 0);
	carry(client, server, &at_server, WHOLE);
	cr_assert_eq(at_server.len, 4);
	cr_assert_eq(at_server.result, TLS_END);
	tls_feed_end(server);
	cr_assert_eq(tls_read(server, b, sizeof b, &got), TLS_END, "and stays one");
}

Test(tls, an_end_without_goodbye_is_truncation)
{
	size_t got;
	uint8_t b[8];

	cr_assert_eq(tls_write(client, "last", 4), 0);
	carry(client, server, &at_server, WHOLE);
	tls_feed_end(server);
	cr_assert_eq(tls_read(server, b, sizeof b, &got), AS_E_TRUNCATED);
	cr_assert_eq(got, 0);
}

Test(tls_start, an_end_in_the_handshake_is_truncation)
{
	read_all(client, &at_client);
	tls_feed_end(client);
	read_all(client, &at_client);
	cr_assert_eq(at_client.result, AS_E_TRUNCATED);
}

Test(tls, one_wrong_bit_is_an_error_for_good)
{
	size_t n, got;
	uint8_t *copy, b[8];

	cr_assert_eq(tls_write(client, "ping", 4), 0);
	const uint8_t *p = tls_out(client, &n);
	copy = malloc(n);
	memcpy(copy, p, n);
	copy[n - 1] ^= 1;
	cr_assert_eq(tls_feed(server, copy, n), 0);
	cr_assert_eq(tls_read(server, b, sizeof b, &got), AS_E_TLS);
	cr_assert_eq(tls_read(server, b, sizeof b, &got), AS_E_TLS);
	cr_assert_eq(tls_write(server, "x", 1), AS_E_TLS);
	cr_assert_eq(tls_finish(server), AS_E_TLS);
	free(copy);
}

Test(tls_start, nothing_is_written_before_the_handshake_is_done)
{
	cr_assert_eq(tls_write(client, "x", 1), AS_ESTATE);
	cr_assert_eq(tls_write(server, "x", 1), AS_ESTATE);
	cr_assert_eq(tls_finish(client), 0, "there is nobody to say goodbye to");
}

Test(tls, is_not_fed_while_earlier_bytes_are_unread)
{
	cr_assert_eq(tls_feed(server, "abc", 3), 0);
	cr_assert_eq(tls_feed(server, "abc", 3), AS_ESTATE);
}

Test(tls_start, bytes_that_are_no_tls_are_an_error_with_a_reason)
{
	static const char http[] = "GET / HTTP/1.1\r\nHost: relay.test\r\n\r\n";
	char why[100];
	size_t got;
	uint8_t b[8];

	cr_assert_eq(tls_feed(server, http, sizeof http - 1), 0);
	cr_assert_eq(tls_read(server, b, sizeof b, &got), AS_E_TLS);
	cr_assert_str_not_empty(tls_why(server, why, sizeof why));
}

/* ---- who is refused ---- */

Test(tls_refusal, a_certificate_for_another_name)
{
	struct pki_spec spec = good_spec();
	char why[100];

	make_contexts(&spec, ALPN);
	client = tls_client(client_ctx, "evil.test");
	server = tls_server(server_ctx);
	handshake(WHOLE);
	cr_assert_eq(at_client.result, AS_E_CERT);
	cr_assert(strstr(tls_why(client, why, sizeof why), "certificate"));
	cr_assert_eq(at_server.result, AS_E_CERT, "the alert tells the other side");
}

Test(tls_refusal, a_certificate_nobody_vouches_for)
{
	struct pki_spec spec = good_spec();
	struct pki other;

	make_contexts(&spec, ALPN);
	pki_make(&spec, NULL, &other);
	use(server_ctx, &other);
	client = tls_client(client_ctx, NAME);
	server = tls_server(server_ctx);
	handshake(WHOLE);
	cr_assert_eq(at_client.result, AS_E_CERT);
	cr_assert_not(tls_is_open(server));
	pki_done(&other);
}

Test(tls_refusal, a_certificate_that_has_expired)
{
	struct pki_spec spec = good_spec();

	spec.not_after = (int64_t)time(NULL) - 60;
	spec.not_before = spec.not_after - 3600;
	make_contexts(&spec, ALPN);
	client = tls_client(client_ctx, NAME);
	server = tls_server(server_ctx);
	handshake(WHOLE);
	cr_assert_eq(at_client.result, AS_E_CERT_EXPIRED);
}

Test(tls_refusal, another_protocol_inside)
{
	struct pki_spec spec = good_spec();

	make_contexts(&spec, "other/1");
	client = tls_client(client_ctx, NAME);
	server = tls_server(server_ctx);
	handshake(WHOLE);
	cr_assert_eq(at_server.result, AS_E_TLS);
	cr_assert_eq(at_client.result, AS_E_TLS);
	cr_assert_not(tls_is_open(client));
}

Test(tls_refusal, a_client_that_names_no_protocol)
{
	struct pki_spec spec = good_spec();

	make_contexts(&spec, ALPN);
	SSL_CTX_set_alpn_protos(client_ctx, NULL, 0);
	client = tls_client(client_ctx, NAME);
	server = tls_server(server_ctx);
	handshake(WHOLE);
	cr_assert_not(tls_is_open(server), "cross-protocol attacks begin like this");
}

static int ignore_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		       const unsigned char *in, unsigned int in_len, void *arg)
{
	(void)ssl;
	(void)out;
	(void)out_len;
	(void)in;
	(void)in_len;
	(void)arg;
	return SSL_TLSEXT_ERR_NOACK;
}

Test(tls_refusal, a_server_that_ignores_the_protocol)
{
	struct pki_spec spec = good_spec();

	make_contexts(&spec, ALPN);
	SSL_CTX_set_alpn_select_cb(server_ctx, ignore_alpn, NULL);
	client = tls_client(client_ctx, NAME);
	server = tls_server(server_ctx);
	handshake(WHOLE);
	cr_assert_eq(at_client.result, AS_E_TLS);
	cr_assert_eq(tls_write(client, "x", 1), AS_E_TLS);
}

Test(tls_refusal, a_client_without_a_certificate_where_one_is_needed)
{
	struct pki_spec spec = good_spec();

	make_contexts(&spec, ALPN);
	trust(server_ctx, &relay);
	client = tls_client(client_ctx, NAME);
	server = tls_server(server_ctx);
	handshake(WHOLE);
	cr_assert_eq(at_server.result, AS_E_CERT);
	cr_assert_eq(at_client.result, AS_E_CERT, "it believed itself connected until the alert");
}

static int refuse_all(int ok, X509_STORE_CTX *x)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(x, SSL_get_ex_data_X509_STORE_CTX_idx());

	(void)ok;
	tls_set_error(SSL_get_app_data(ssl), AS_E_CERT_EKU);
	X509_STORE_CTX_set_error(x, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}

Test(tls_refusal, what_a_verify_callback_says_is_what_the_caller_gets)
{
	struct pki_spec spec = good_spec();

	make_contexts(&spec, ALPN);
	SSL_CTX_set_verify(client_ctx, SSL_VERIFY_PEER, refuse_all);
	client = tls_client(client_ctx, NULL);
	server = tls_server(server_ctx);
	handshake(WHOLE);
	cr_assert_eq(at_client.result, AS_E_CERT_EKU);
}
