/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probe/reach.h"

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/probe/connect.h"
#include "agent/probe/handshake.h"
#include "agent/probe/http.h"
#include "agent/probe/report.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/wire/http_head.h"

#define PORT_HTTPS 443
#define ALPN_RELAY "assent-relay/1" /* PROTOCOL.md section 2 */
#define ALPN_HTTP  "http/1.1"

struct reach {
	struct target target;
	bool relay;
	SSL_CTX *ctx; /* not ours */
	struct report *out;
	struct connect_set set;
	int fd;	  /* belongs to the set */
	SSL *ssl; /* ours; NULL on a plain connection */
};

static int step_name(struct reach *r)
{
	char line[CONNECT_ADDRS_MAX * (CONNECT_TEXT + 2) + 1] = "";
	uint64_t start = clock_mono_ms();
	size_t at = 0;

	report_step(r->out, "name lookup");
	int err = connect_lookup(&r->target, false, &r->set);
	uint64_t ms = clock_mono_ms() - start;
	if (err != 0) {
		const char *why =
		    err == EAI_NONAME || err == EAI_NODATA ? "name not found" : gai_strerror(err);

		report_line(r->out, "  name     %s (%" PRIu64 " ms)", why, ms);
		report_result(r->out, err == EAI_NONAME ? "%s" : "name lookup: %s", why);
		return -ENOENT;
	}
	for (size_t i = 0; i < r->set.count; i++)
		at += (size_t)snprintf(line + at, sizeof(line) - at, "%s%s", i ? ", " : "",
				       r->set.at[i].text);
	report_line(r->out, "  name     %s%s (%" PRIu64 " ms)", line, r->set.cut ? " and more" : "",
		    ms);
	return 0;
}

static int step_tcp(struct reach *r)
{
	char why[80];

	report_step(r->out, "tcp connection");
	connect_all(&r->set);
	for (size_t i = 0; i < r->set.count; i++) {
		const struct connect_try *c = &r->set.at[i];

		report_line(r->out, "  tcp      %s: %s (%" PRIu64 " ms)", c->text,
			    c->err == 0 ? "connected" : err_text(c->err, why, sizeof(why)), c->ms);
	}

	const struct connect_try *best = connect_best(&r->set);
	if (!best) {
		report_result(r->out, "tcp failed: %s",
			      err_text(r->set.at[0].err, why, sizeof(why)));
		return r->set.at[0].err;
	}
	r->fd = best->fd;
	report_result(r->out, "tcp %" PRIu64 " ms", best->ms);
	return 0;
}

static int step_tls(struct reach *r)
{
	char why[HANDSHAKE_WHY_MAX];
	uint64_t start = clock_mono_ms();

	report_step(r->out, "tls handshake");
	int err = handshake_run(r->ctx, r->fd, &r->target, r->relay ? ALPN_RELAY : ALPN_HTTP,
				start + STEP_MS, &r->ssl, why);
	uint64_t ms = clock_mono_ms() - start;
	if (err < 0) {
		report_line(r->out, "  tls      failed: %s (%" PRIu64 " ms)", why, ms);
		report_result(r->out, "tls failed: %s", why);
		return err;
	}
	handshake_report(r->ssl, ms, r->relay, r->out);
	return 0;
}

/* Bytes moved, 0 at the end of the connection, or negative. */
static int move(struct reach *r, bool sending, void *p, size_t n, uint64_t until)
{
	for (;;) {
		ssize_t got;
		int err;

		ERR_clear_error();
		errno = 0;
		if (r->ssl)
			got = sending ? SSL_write(r->ssl, p, (int)n) : SSL_read(r->ssl, p, (int)n);
		else
			got = sending ? send(r->fd, p, n, MSG_NOSIGNAL) : recv(r->fd, p, n, 0);
		if (got > 0)
			return (int)got;
		if (r->ssl)
			err = handshake_wait(r->ssl, (int)got, until);
		else if (got == 0)
			return 0;
		else if (errno == EAGAIN || errno == EINTR)
			err = connect_wait(r->fd, sending ? POLLOUT : POLLIN, until);
		else
			return -errno;
		if (err < 0)
			return err == AS_E_TRUNCATED ? 0 : err;
	}
}

static int send_request(struct reach *r, uint64_t until)
{
	char host[TARGET_TEXT], request[HTTP_REQUEST_MAX];
	uint16_t usual = r->ssl ? 443 : 80;
	size_t sent = 0;

	target_text(&r->target, host);
	if (r->target.port == usual)
		*strrchr(host, ':') = '\0';

	int n = http_request(host, request, sizeof(request));
	while (n >= 0 && sent < (size_t)n) {
		int put = move(r, true, request + sent, (size_t)n - sent, until);

		if (put <= 0)
			return put < 0 ? put : AS_E_TRUNCATED;
		sent += (size_t)put;
	}
	return n < 0 ? n : 0;
}

static int read_head(struct reach *r, uint64_t until, struct http_head *h)
{
	char buf[HTTP_HEAD_MAX];
	size_t len = 0;
	int err;

	do {
		int got = move(r, false, buf + len, sizeof(buf) - len, until);

		if (got <= 0)
			return got < 0 ? got : AS_E_TRUNCATED;
		len += (size_t)got;
		err = http_head_decode(buf, len, h);
	} while (err == AS_ESHORT);
	return err;
}

static void step_http(struct reach *r)
{
	uint64_t start = clock_mono_ms();
	struct http_head h;
	char why[80];

	report_step(r->out, "http answer");
	int err = send_request(r, start + STEP_MS);
	if (err == 0)
		err = read_head(r, start + STEP_MS, &h);
	uint64_t ms = clock_mono_ms() - start;
	if (err < 0) {
		const char *text =
		    err == AS_EBADMSG ? "the answer is not HTTP" : err_text(err, why, sizeof(why));

		report_line(r->out, "  http     failed: %s (%" PRIu64 " ms)", text, ms);
		report_result(r->out, "http failed: %s", text);
		return;
	}
	report_line(r->out, "  http     HTTP/%u.%u %u %s (%" PRIu64 " ms)", h.major, h.minor,
		    h.status, h.reason, ms);
	if (h.server[0])
		report_line(r->out, "           server %s", h.server);
	if (h.location[0])
		report_line(r->out, "           location %s", h.location);
	report_result(r->out, "http %u %" PRIu64 " ms", h.status, ms);
}

void reach_one(SSL_CTX *ctx, const char *target, bool relay, struct report *out)
{
	struct reach r = {.relay = relay, .ctx = ctx, .out = out, .fd = -1};
	char text[TARGET_TEXT];

	report_line(out, "target: %s", target);
	if (target_parse(target, PORT_HTTPS, &r.target) < 0) {
		report_result(out, "not a host name or address");
		return;
	}
	if (relay)
		r.target.speaks = TARGET_TLS;
	report_line(out, "  address  %s%s", target_text(&r.target, text), relay ? " (relay)" : "");

	enum target_speaks speaks = r.target.speaks;
	int err = step_name(&r);
	if (err == 0)
		err = step_tcp(&r);
	if (err == 0 && (speaks == TARGET_TLS || speaks == TARGET_HTTPS))
		err = step_tls(&r);
	if (err == 0 && (speaks == TARGET_HTTP || speaks == TARGET_HTTPS))
		step_http(&r);
	SSL_free(r.ssl);
	connect_close(&r.set);
}
