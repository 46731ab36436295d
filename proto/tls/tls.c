/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/tls/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/buf.h"
#include "proto/base/err.h"

#define TLS_WHY_MAX   160
#define TLS_LARGE     (8u << 10) /* of such writes there will be more */
#define CERT_LIST_MAX (16 << 10)

/* The first list that the library knows: 3.5 has ML-KEM, 3.0 has not. */
static const char *const group_lists[] = {"X25519MLKEM768:X25519:P-256", "X25519:P-256"};

struct tls {
	SSL *ssl;
	const uint8_t *in; /* what was fed and not yet read; not ours */
	size_t in_len;
	struct buf out;
	bool ended;
	bool releases; /* its mode at the moment */
	bool failed;   /* after SSL_ERROR_SSL nothing may be asked of ssl any more */
	int set_error;
	struct tls_peer *peer; /* ours; NULL as long as nobody asked who it is */
	char why[TLS_WHY_MAX];
};

/* The app data of a context whose peer need not know our ALPN. */
static char any_alpn[] = "any";

/* ---- the BIO: OpenSSL reads what was fed and appends to out ---- */

static int bio_read(BIO *b, char *p, int n)
{
	struct tls *t = BIO_get_data(b);
	size_t want = (size_t)n;

	BIO_clear_retry_flags(b);
	if (t->in_len > 0) {
		if (want > t->in_len)
			want = t->in_len;
		memcpy(p, t->in, want);
		t->in += want;
		t->in_len -= want;
		return (int)want;
	}
	BIO_set_retry_read(b);
	return -1;
}

static int bio_write(BIO *b, const char *p, int n)
{
	struct tls *t = BIO_get_data(b);

	BIO_clear_retry_flags(b);
	return buf_append(&t->out, p, (size_t)n) == 0 ? n : -1;
}

static long bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
	(void)b;
	(void)num;
	(void)ptr;
	return cmd == BIO_CTRL_FLUSH ? 1 : 0;
}

static int bio_create(BIO *b)
{
	BIO_set_init(b, 1);
	return 1;
}

/* Made once and kept for the life of the process, as OpenSSL's own methods are. */
static BIO_METHOD *bio_method(void)
{
	static BIO_METHOD *method;

	if (method)
		return method;

	BIO_METHOD *m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "assent");
	if (m && BIO_meth_set_read(m, bio_read) && BIO_meth_set_write(m, bio_write) &&
	    BIO_meth_set_ctrl(m, bio_ctrl) && BIO_meth_set_create(m, bio_create))
		method = m;
	else
		BIO_meth_free(m);
	return method;
}

/* ---- contexts ---- */

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
		   const unsigned char *in, unsigned int in_len, void *arg)
{
	const char *alpn = arg;
	size_t n = strlen(alpn);

	(void)ssl;
	for (unsigned int i = 0; i < in_len; i += 1u + in[i]) {
		if (in[i] == n && i + 1 + n <= in_len && memcmp(in + i + 1, alpn, n) == 0) {
			*out = in + i + 1;
			*out_len = (unsigned char)n;
			return SSL_TLSEXT_ERR_OK;
		}
	}
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* OpenSSL asks on_alpn() only when the client names protocols at all. One that names none speaks
 * something else (RFC 9325 section 3.7). */
static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
	const unsigned char *ext;
	size_t n;

	(void)arg;
	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &ext,
				      &n))
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = SSL_AD_NO_APPLICATION_PROTOCOL;
	return SSL_CLIENT_HELLO_ERROR;
}

void tls_context_any_alpn(SSL_CTX *server)
{
	SSL_CTX_set_client_hello_cb(server, NULL, NULL);
	SSL_CTX_set_app_data(server, any_alpn);
}

static bool set_alpn(SSL_CTX *ctx, bool server, const char *alpn)
{
	unsigned char list[64];
	size_t n = strlen(alpn);

	if (n + 1 > sizeof list)
		return false;
	if (server) {
		SSL_CTX_set_alpn_select_cb(ctx, on_alpn, (void *)alpn);
		SSL_CTX_set_client_hello_cb(ctx, on_client_hello, NULL);
		return true;
	}
	list[0] = (unsigned char)n;
	memcpy(list + 1, alpn, n);
	return SSL_CTX_set_alpn_protos(ctx, list, (unsigned int)n + 1) == 0;
}

/* All three are good; the first is the quickest where the processor has AES. */
static const char suites[] =
    "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384";

static bool set_groups(SSL_CTX *ctx)
{
	for (size_t i = 0; i < sizeof group_lists / sizeof group_lists[0]; i++)
		if (SSL_CTX_set1_groups_list(ctx, group_lists[i]) == 1)
			return true;
	return false;
}

static void set_limits(SSL_CTX *ctx)
{
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_max_early_data(ctx, 0);
	SSL_CTX_set_max_cert_list(ctx, CERT_LIST_MAX);
	SSL_CTX_set_security_level(ctx, 2);
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

SSL_CTX *tls_context(bool server, const char *alpn)
{
	SSL_CTX *ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	if (!ctx)
		return NULL;

	set_limits(ctx);
	SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
	SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION);
	if (set_alpn(ctx, server, alpn) && set_groups(ctx) &&
	    SSL_CTX_set_ciphersuites(ctx, suites) == 1 &&
	    SSL_CTX_set1_sigalgs_list(ctx, "ecdsa_secp256r1_sha256:ed25519") == 1)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

SSL_CTX *tls_context_open(const char *alpn)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	if (!ctx)
		return NULL;

	set_limits(ctx);
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_app_data(ctx, any_alpn);
	if (set_alpn(ctx, false, alpn))
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

/* ---- engines ---- */

static struct tls *tls_new(SSL_CTX *ctx)
{
	struct tls *t = calloc(1, sizeof *t);
	BIO_METHOD *method = bio_method();
	BIO *bio = method ? BIO_new(method) : NULL;

	if (t)
		t->ssl = SSL_new(ctx);
	if (!t || !t->ssl || !bio) {
		BIO_free(bio);
		tls_free(t);
		return NULL;
	}
	buf_init(&t->out, TLS_OUT_MAX);
	BIO_set_data(bio, t);
	SSL_set_bio(t->ssl, bio, bio);
	SSL_set_app_data(t->ssl, t);
	t->releases = true; /* set_limits() */
	return t;
}

struct tls *tls_client(SSL_CTX *ctx, const char *name)
{
	struct tls *t = tls_new(ctx);
	if (!t)
		return NULL;

	/* An address may be in the certificate but never in SNI (RFC 6066 section 3). */
	if (name) {
		X509_VERIFY_PARAM *param = SSL_get0_param(t->ssl);
		bool is_ip = X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1;

		if (!is_ip && (SSL_set1_host(t->ssl, name) != 1 ||
			       SSL_set_tlsext_host_name(t->ssl, name) != 1)) {
			tls_free(t);
			return NULL;
		}
	}
	SSL_set_connect_state(t->ssl);
	return t;
}

struct tls *tls_server(SSL_CTX *ctx)
{
	struct tls *t = tls_new(ctx);
	if (t)
		SSL_set_accept_state(t->ssl);
	return t;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	SSL_free(t->ssl);
	buf_done(&t->out);
	free(t->peer);
	free(t);
}

/* Without memory the message is a little poorer. */
void tls_note_peer(struct tls *t, const struct tls_peer *p)
{
	if (!t->peer)
		t->peer = malloc(sizeof *t->peer);
	if (t->peer)
		*t->peer = *p;
}

const struct tls_peer *tls_peer(const struct tls *t)
{
	return t->peer;
}

SSL *tls_ssl(struct tls *t)
{
	return t->ssl;
}

/* An engine that checks nothing finds no fault with a certificate. */
static long verify_result(const struct tls *t)
{
	return SSL_get_verify_mode(t->ssl) == SSL_VERIFY_NONE ? X509_V_OK
							      : SSL_get_verify_result(t->ssl);
}

static void note_why(struct tls *t)
{
	long verify = verify_result(t);
	unsigned long e = ERR_peek_last_error();
	const char *reason = e ? ERR_reason_error_string(e) : NULL;

	if (verify != X509_V_OK)
		snprintf(t->why, sizeof t->why, "certificate: %s",
			 X509_verify_cert_error_string(verify));
	else
		snprintf(t->why, sizeof t->why, "%s", reason ? reason : "connection broken");
}

/* Our own certificate check failed, or the peer's alert says that ours was refused. */
static int failure_code(struct tls *t)
{
	long verify = verify_result(t);
	unsigned long e = ERR_peek_last_error();

	if (t->set_error != 0)
		return t->set_error;
	switch (verify) {
	case X509_V_OK:
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return AS_E_CERT_EXPIRED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return AS_E_CLOCK;
	case X509_V_ERR_INVALID_PURPOSE:
		return AS_E_CERT_EKU;
	default:
		return AS_E_CERT;
	}
	switch (ERR_GET_REASON(e)) {
	case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
	case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
	case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
	case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
	case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
		return AS_E_CERT;
	case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
		return AS_E_CERT_EXPIRED;
	case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
		return AS_E_REVOKED_CERT;
	default:
		return AS_E_TLS;
	}
}

/* What a failed SSL call means. Asked right after the call: the error queue is per thread. */
static int tls_result(struct tls *t, int n)
{
	switch (SSL_get_error(t->ssl, n)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return t->ended ? AS_E_TRUNCATED : 0;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_END;
	default:
		t->failed = true;
		note_why(t);
		return failure_code(t);
	}
}

int tls_feed(struct tls *t, const void *p, size_t n)
{
	if (t->in_len > 0)
		return AS_ESTATE;
	t->in = p;
	t->in_len = n;
	return 0;
}

void tls_feed_end(struct tls *t)
{
	t->ended = true;
}

/* A server may also ignore our ALPN: what it speaks then is not ours. */
static bool is_other_protocol(const struct tls *t)
{
	const unsigned char *name;
	unsigned int n;

	if (SSL_CTX_get_app_data(SSL_get_SSL_CTX(t->ssl)) == any_alpn)
		return false;
	SSL_get0_alpn_selected(t->ssl, &name, &n);
	return SSL_is_init_finished(t->ssl) && n == 0;
}

/* Before each call of SSL, whose result is judged by the queue. Looking costs less than clearing,
 * and there is next to never anything. */
static void forget_errors(void)
{
	if (ERR_peek_error() != 0)
		ERR_clear_error();
}

/* With SSL_MODE_RELEASE_BUFFERS an idle engine keeps no buffer. While there is more to read the one
 * for reading is not given up after each record: the call that finds nothing more does it. The one
 * for writing stays after a large write; the next small one, a PING at the latest, gives it up. */
static void set_release(struct tls *t, bool releases)
{
	if (releases != t->releases && releases)
		SSL_set_mode(t->ssl, SSL_MODE_RELEASE_BUFFERS);
	else if (releases != t->releases)
		SSL_clear_mode(t->ssl, SSL_MODE_RELEASE_BUFFERS);
	t->releases = releases;
}

int tls_read(struct tls *t, void *p, size_t n, size_t *got)
{
	*got = 0;
	if (t->failed)
		return AS_E_TLS;
	forget_errors();
	set_release(t, t->in_len == 0);

	int r = SSL_read_ex(t->ssl, p, n, got);
	int err = r == 1 ? 0 : tls_result(t, r);

	if (!t->failed && is_other_protocol(t)) {
		t->failed = true;
		snprintf(t->why, sizeof t->why, "no common application protocol");
		err = AS_E_TLS;
	}
	if (r == 1 && err == 0)
		return 0;
	*got = 0;
	if (err == 0 &&
	    t->in_len > 0) /* it keeps half a record itself, and takes all before it asks */
		return AS_E_INTERNAL;
	return err;
}

size_t tls_take(struct tls *t, size_t max, const uint8_t **p)
{
	size_t n = t->in_len < max ? t->in_len : max;

	*p = t->in;
	t->in += n;
	t->in_len -= n;
	return n;
}

int tls_write(struct tls *t, const void *p, size_t n)
{
	const uint8_t *at = p;

	if (t->failed || !tls_is_open(t))
		return t->failed ? AS_E_TLS : AS_ESTATE;
	if (n + n / 64 + 512 > TLS_OUT_MAX - t->out.len)
		return AS_EFULL;
	set_release(t, n < TLS_LARGE);
	while (n > 0) {
		size_t wrote = 0;

		forget_errors();

		int r = SSL_write_ex(t->ssl, at, n, &wrote);
		if (r != 1) {
			int err = tls_result(t, r);
			return err != 0 ? err : AS_E_TLS; /* our BIO never blocks */
		}
		at += wrote;
		n -= wrote;
	}
	return 0;
}

int tls_put(struct tls *t, const void *p, size_t n)
{
	return buf_append(&t->out, p, n);
}

int tls_finish(struct tls *t)
{
	if (t->failed || !tls_is_open(t))
		return t->failed ? AS_E_TLS : 0;
	ERR_clear_error();

	int r = SSL_shutdown(t->ssl);
	return r < 0 ? tls_result(t, r) : 0;
}

const uint8_t *tls_out(struct tls *t, size_t *n)
{
	*n = t->out.len;
	return buf_head(&t->out);
}

void tls_out_done(struct tls *t, size_t n)
{
	buf_consume(&t->out, n);
}

bool tls_is_open(const struct tls *t)
{
	return SSL_is_init_finished(t->ssl);
}

const char *tls_group(struct tls *t)
{
	long nid = SSL_get_negotiated_group(t->ssl);
	const char *name = SSL_group_to_name(t->ssl, (int)nid);

	return name ? name : "unknown";
}

void tls_set_error(struct tls *t, int err)
{
	t->set_error = err;
}

const char *tls_why(struct tls *t, char *buf, size_t n)
{
	snprintf(buf, n, "%s", t->why);
	return buf;
}
