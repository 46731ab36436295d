/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probe/handshake.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/probe/connect.h"
#include "agent/probe/report.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/base/hex.h"

#define ALPN_MAX      32
#define CERT_LIST_MAX (64 << 10)
#define NAME_TEXT_MAX 256
#define SANS_MAX      16

SSL_CTX *handshake_context(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (!ctx)
		return NULL;
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
	SSL_CTX_set_max_cert_list(ctx, CERT_LIST_MAX);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE);
	SSL_CTX_set_default_verify_paths(ctx); /* without them every chain is simply untrusted */
	ERR_clear_error();
	return ctx;
}

int handshake_wait(SSL *ssl, int ret, uint64_t until)
{
	switch (SSL_get_error(ssl, ret)) {
	case SSL_ERROR_WANT_READ:
		return connect_wait(SSL_get_fd(ssl), POLLIN, until);
	case SSL_ERROR_WANT_WRITE:
		return connect_wait(SSL_get_fd(ssl), POLLOUT, until);
	case SSL_ERROR_ZERO_RETURN:
		return AS_E_TRUNCATED;
	case SSL_ERROR_SYSCALL:
		return errno ? -errno : AS_E_TRUNCATED;
	default:
		return AS_E_TLS;
	}
}

/* SNI carries names only; an address is checked against the certificate's addresses. */
static bool set_name(SSL *ssl, const struct target *t)
{
	if (target_is_address(t))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), t->host) == 1;
	return SSL_set_tlsext_host_name(ssl, t->host) == 1 && SSL_set1_host(ssl, t->host) == 1;
}

static bool set_alpn(SSL *ssl, const char *alpn)
{
	uint8_t list[1 + ALPN_MAX];
	size_t n = strlen(alpn);

	if (n > ALPN_MAX)
		return false;
	list[0] = (uint8_t)n;
	memcpy(list + 1, alpn, n);
	return SSL_set_alpn_protos(ssl, list, (unsigned)n + 1) == 0;
}

static void say_why(int err, char why[HANDSHAKE_WHY_MAX])
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	if (err == AS_E_TLS && reason)
		snprintf(why, HANDSHAKE_WHY_MAX, "%s", reason);
	else if (err == AS_E_TRUNCATED)
		snprintf(why, HANDSHAKE_WHY_MAX, "the other side closed the connection");
	else
		err_text(err, why, HANDSHAKE_WHY_MAX);
	ERR_clear_error();
}

int handshake_run(SSL_CTX *ctx, int fd, const struct target *t, const char *alpn, uint64_t until,
		  SSL **out, char why[HANDSHAKE_WHY_MAX])
{
	SSL *ssl = SSL_new(ctx);
	int err = 0, ret = 0;

	if (!ssl || SSL_set_fd(ssl, fd) != 1 || !set_alpn(ssl, alpn))
		err = -ENOMEM;
	else if (!set_name(ssl, t))
		err = AS_EBADMSG;
	while (err == 0 && ret <= 0) {
		ERR_clear_error();
		errno = 0;
		ret = SSL_connect(ssl);
		if (ret <= 0)
			err = handshake_wait(ssl, ret, until);
	}
	if (err == 0) {
		*out = ssl;
		return 0;
	}
	say_why(err, why);
	SSL_free(ssl);
	return err;
}

/* "2027-02-01T00:00:00Z"; "?" when the certificate says nonsense. */
static const char *time_text(const ASN1_TIME *t, char buf[CLOCK_TEXT_MAX])
{
	struct tm tm;

	if (!t || ASN1_TIME_to_tm(t, &tm) != 1)
		return "?";
	return clock_utc_text((int64_t)timegm(&tm), buf);
}

static void name_text(X509_NAME *name, char out[NAME_TEXT_MAX])
{
	BIO *b = BIO_new(BIO_s_mem());
	int n = 0;

	if (b && X509_NAME_print_ex(b, name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB) >= 0)
		n = BIO_read(b, out, NAME_TEXT_MAX - 1);
	out[n > 0 ? n : 0] = '\0';
	BIO_free(b);
}

static void report_names(X509 *cert, struct report *r)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	int count = names ? sk_GENERAL_NAME_num(names) : 0;

	for (int i = 0; i < count && i < SANS_MAX; i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);

		if (g->type == GEN_DNS)
			report_line(r, "           name %.*s", ASN1_STRING_length(g->d.dNSName),
				    (const char *)ASN1_STRING_get0_data(g->d.dNSName));
	}
	if (count > SANS_MAX)
		report_line(r, "           %d more names not shown", count - SANS_MAX);
	GENERAL_NAMES_free(names);
}

static void report_certificate(X509 *cert, int index, struct report *r)
{
	char subject[NAME_TEXT_MAX], issuer[NAME_TEXT_MAX];
	char from[CLOCK_TEXT_MAX], until[CLOCK_TEXT_MAX], hex[2 * EVP_MAX_MD_SIZE + 1] = "?";
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	name_text(X509_get_subject_name(cert), subject);
	name_text(X509_get_issuer_name(cert), issuer);
	if (X509_digest(cert, EVP_sha256(), digest, &n) == 1)
		hex_encode(digest, n, hex);
	report_line(r, "  cert %d   %s", index, subject[0] ? subject : "(no subject)");
	report_line(r, "           issued by %s", issuer);
	report_line(r, "           valid %s to %s", time_text(X509_get0_notBefore(cert), from),
		    time_text(X509_get0_notAfter(cert), until));
	report_line(r, "           sha256 %s", hex);
	if (index == 0)
		report_names(cert, r);
}

static void report_chain(SSL *ssl, struct report *r)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
	int count = chain ? sk_X509_num(chain) : 0;

	for (int i = 0; i < count && i < HANDSHAKE_CHAIN_MAX; i++)
		report_certificate(sk_X509_value(chain, i), i, r);
	if (count > HANDSHAKE_CHAIN_MAX)
		report_line(r, "  %d more certificates not shown", count - HANDSHAKE_CHAIN_MAX);
}

/* "certificate valid until ..." is about its time alone; trust is said beside it. */
static void result_certificate(X509 *cert, struct report *r)
{
	const ASN1_TIME *end = X509_get0_notAfter(cert);
	char text[CLOCK_TEXT_MAX];

	if (X509_cmp_current_time(X509_get0_notBefore(cert)) > 0)
		report_result(r, "certificate not valid before %s",
			      time_text(X509_get0_notBefore(cert), text));
	else
		report_result(r, "certificate %s %s",
			      X509_cmp_current_time(end) < 0 ? "expired on" : "valid until",
			      time_text(end, text));
}

static void report_trust(SSL *ssl, struct report *r)
{
	long verdict = SSL_get_verify_result(ssl);

	if (verdict == X509_V_OK) {
		report_line(r, "  trust    this computer trusts the certificate");
		return;
	}
	report_line(r, "  trust    not trusted: %s", X509_verify_cert_error_string(verdict));
	/* The time has been told already. */
	if (verdict != X509_V_ERR_CERT_HAS_EXPIRED && verdict != X509_V_ERR_CERT_NOT_YET_VALID)
		report_result(r, "not trusted: %s", X509_verify_cert_error_string(verdict));
}

void handshake_report(SSL *ssl, uint64_t ms, bool private_ca, struct report *r)
{
	const char *version = SSL_get_version(ssl);
	const char *number = strncmp(version, "TLSv", 4) == 0 ? version + 4 : version;
	const char *group = SSL_group_to_name(ssl, (int)SSL_get_negotiated_group(ssl));
	X509 *cert = SSL_get0_peer_certificate(ssl);

	report_line(r, "  tls      %s, %s, %s (%" PRIu64 " ms)", version, SSL_get_cipher_name(ssl),
		    group ? group : "no group", ms);
	report_result(r, "tls %s %" PRIu64 " ms", number, ms);
	report_chain(ssl, r);
	if (!cert) {
		report_result(r, "no certificate");
		return;
	}
	result_certificate(cert, r);
	if (private_ca)
		report_line(r,
			    "  trust    not judged: the relay's issuer is the organisation's own");
	else
		report_trust(ssl, r);
}
