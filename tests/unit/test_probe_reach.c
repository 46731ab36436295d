/* SPDX-License-Identifier: Apache-2.0
 *
 * The probes against servers of their own, each a thread that serves one connection on loopback.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/probe/ask.h"
#include "agent/probe/dns.h"
#include "agent/probe/handshake.h"
#include "agent/probe/reach.h"
#include "agent/probe/report.h"
#include "proto/base/err.h"
#include "tests/support/pki.h"

struct server {
	int fd;
	uint16_t port;
	const char *says; /* after the request, or NULL: nothing */
	SSL_CTX *tls;	  /* NULL: plain */
	pthread_t thread;
	char request[512];
};

static int listen_on_loopback(int type, uint16_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, type, 0);

	cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	cr_assert(type != SOCK_STREAM || listen(fd, 4) == 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static void serve_tls(struct server *s, int fd)
{
	SSL *ssl = SSL_new(s->tls);

	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1 && s->says &&
	    SSL_read(ssl, s->request, sizeof(s->request) - 1) > 0) {
		SSL_write(ssl, s->says, (int)strlen(s->says));
		SSL_shutdown(ssl);
	}
	SSL_free(ssl);
}

static void *serve(void *arg)
{
	struct server *s = arg;
	int fd = accept(s->fd, NULL, NULL);

	if (s->tls)
		serve_tls(s, fd);
	else if (s->says && read(fd, s->request, sizeof(s->request) - 1) > 0)
		(void)!write(fd, s->says, strlen(s->says));
	close(fd);
	return NULL;
}

static void server_start(struct server *s)
{
	s->fd = listen_on_loopback(SOCK_STREAM, &s->port);
	cr_assert_eq(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_end(struct server *s)
{
	pthread_join(s->thread, NULL);
	close(s->fd);
	SSL_CTX_free(s->tls);
}

static SSL_CTX *server_tls(int64_t not_after)
{
	struct pki_spec spec = pki_relay_spec("Acme", "relay.example", (int64_t)time(NULL));
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	struct pki p;

	spec.not_before = (int64_t)time(NULL) - 7200;
	spec.not_after = not_after;
	pki_make(&spec, NULL, &p);
	cr_assert_eq(SSL_CTX_use_certificate(ctx, p.cert), 1);
	cr_assert_eq(SSL_CTX_use_PrivateKey(ctx, p.key), 1);
	pki_done(&p);
	return ctx;
}

static void reach(const char *scheme, uint16_t port, bool relay, struct report *r)
{
	SSL_CTX *ctx = handshake_context();
	char target[64];

	signal(SIGPIPE, SIG_IGN);
	snprintf(target, sizeof(target), "%s127.0.0.1:%u", scheme, port);
	report_init(r);
	reach_one(ctx, target, relay, r);
	r->text[r->len < REPORT_MAX ? r->len : REPORT_MAX - 1] = '\0';
	SSL_CTX_free(ctx);
}

#define assert_says(text, part) cr_assert_not_null(strstr(text, part), "%s", text)

Test(probe_reach, tells_the_status_of_a_web_server)
{
	struct server s = {.says = "HTTP/1.1 503 Busy\r\nServer: x\r\n\r\n"};
	static struct report r;

	server_start(&s);
	reach("http://", s.port, false, &r);
	server_end(&s);
	assert_says(r.text, "127.0.0.1: connected");
	assert_says(r.text, "HTTP/1.1 503 Busy");
	assert_says(r.result, "http 503 ");
	assert_says(s.request, "Host: 127.0.0.1:");
	report_done(&r);
}

Test(probe_reach, tells_certificate_and_status_over_tls)
{
	int64_t end = (int64_t)time(NULL) + 86400;
	struct server s = {.says = "HTTP/1.1 200 OK\r\n\r\n", .tls = server_tls(end)};
	static struct report r;

	server_start(&s);
	reach("https://", s.port, false, &r);
	server_end(&s);
	assert_says(r.text, "TLSv1.3");
	assert_says(r.text, "name relay.example");
	assert_says(r.result, "tls 1.3 ");
	assert_says(r.result, "certificate valid until 2");
	assert_says(r.result, "not trusted: ");
	assert_says(r.result, "http 200 ");
	report_done(&r);
}

Test(probe_reach, does_not_judge_the_issuer_of_a_relay)
{
	int64_t end = (int64_t)time(NULL) + 86400;
	struct server s = {.tls = server_tls(end)};
	static struct report r;

	server_start(&s);
	reach("", s.port, true, &r);
	server_end(&s);
	assert_says(r.result, "certificate valid until 2");
	cr_assert_null(strstr(r.result, "trusted"));
	cr_assert_null(strstr(r.result, "http"));
	report_done(&r);
}

Test(probe_reach, says_when_a_certificate_has_expired)
{
	struct server s = {.tls = server_tls((int64_t)time(NULL) - 3600)};
	static struct report r;

	server_start(&s);
	reach("", s.port, true, &r);
	server_end(&s);
	assert_says(r.result, "certificate expired on 2");
	report_done(&r);
}

Test(probe_reach, names_the_step_that_failed)
{
	struct server plain = {.says = "220 mail.example ESMTP\r\n"};
	struct server silent = {0};
	static struct report r;
	uint16_t port;

	server_start(&plain);
	reach("tls://", plain.port, false, &r);
	server_end(&plain);
	assert_says(r.result, "tcp ");
	assert_says(r.result, "tls failed: ");
	report_done(&r);

	server_start(&silent);
	reach("http://", silent.port, false, &r);
	server_end(&silent);
	assert_says(r.result, "http failed: ");
	report_done(&r);

	close(listen_on_loopback(SOCK_STREAM, &port));
	reach("", port, false, &r);
	assert_says(r.result, "tcp failed: ");
	report_done(&r);
}

Test(probe_reach, says_when_an_answer_is_not_http)
{
	struct server s = {.says = "SSH-2.0-x\033[2J\r\n"};
	static struct report r;

	server_start(&s);
	reach("http://", s.port, false, &r);
	server_end(&s);
	assert_says(r.result, "http failed: the answer is not HTTP");
	cr_assert_null(strchr(r.text, '\033'));
	report_done(&r);
}

Test(probe_reach, refuses_a_bad_target_without_using_the_network)
{
	static struct report r;

	report_init(&r);
	reach_one(NULL, "a b", false, &r);
	cr_assert_str_eq(r.result, "not a host name or address");
	report_done(&r);
}

Test(probe_reach, takes_only_so_many_targets)
{
	char *targets[REACH_TARGETS_MAX + 1] = {NULL};

	cr_assert_eq(reach_all(NULL, targets, REACH_TARGETS_MAX + 1), AS_E_TOO_BIG);
}

/* A name server for one question: answers it with a forged id first, then as told. */
struct name_server {
	int fd;
	uint16_t port;
	uint8_t rcode;
	pthread_t thread;
};

static void *answer(void *arg)
{
	struct name_server *s = arg;
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	uint8_t p[512];
	ssize_t n = recvfrom(s->fd, p, sizeof(p), 0, (struct sockaddr *)&from, &from_len);

	if (n < 12)
		return NULL;
	p[2] |= 0x80;
	p[3] = s->rcode;
	p[0] ^= 0xff;
	sendto(s->fd, p, (size_t)n, 0, (struct sockaddr *)&from, from_len);
	p[0] ^= 0xff;
	sendto(s->fd, p, (size_t)n, 0, (struct sockaddr *)&from, from_len);
	return NULL;
}

static void ask(uint8_t rcode, struct report *r)
{
	struct name_server s = {.rcode = rcode};
	char server[32];

	s.fd = listen_on_loopback(SOCK_DGRAM, &s.port);
	cr_assert_eq(pthread_create(&s.thread, NULL, answer, &s), 0);
	snprintf(server, sizeof(server), "127.0.0.1:%u", s.port);
	report_init(r);
	cr_assert_eq(ask_run(server, "www.example", DNS_A, r), 0);
	pthread_join(s.thread, NULL);
	close(s.fd);
}

Test(probe_ask, times_an_answer_and_ignores_a_forged_one)
{
	static struct report r;

	ask(0, &r);
	cr_assert_eq(strncmp(r.result, "ok ", 3), 0, "%s", r.result);
	report_done(&r);
	ask(2, &r);
	cr_assert_eq(strncmp(r.result, "SERVFAIL ", 9), 0, "%s", r.result);
	report_done(&r);
}

Test(probe_ask, says_that_no_server_is_there)
{
	static struct report r;
	uint16_t port;
	char server[32];

	close(listen_on_loopback(SOCK_DGRAM, &port));
	snprintf(server, sizeof(server), "127.0.0.1:%u", port);
	report_init(&r);
	cr_assert_eq(ask_run(server, "www.example", DNS_A, &r), 0);
	assert_says(r.result, "refused");
	report_done(&r);
}

Test(probe_ask, wants_an_address_and_a_name)
{
	static struct report r;
	char name[DNS_NAME_MAX + 2];

	report_init(&r);
	cr_assert_eq(ask_run("dns.example", "www.example", DNS_A, &r), AS_EBADMSG);
	cr_assert_eq(ask_run("127.0.0.1", "a..b", DNS_A, &r), AS_EBADMSG);
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	cr_assert_eq(ask_run("127.0.0.1", name, DNS_A, &r), AS_E_TOO_BIG);
	cr_assert_eq(r.len, 0u);
	report_done(&r);
}

Test(probe_report, leaves_out_what_does_not_fit_and_says_so)
{
	static struct report r;
	char line[900], *text = NULL;
	size_t n = 0;

	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	report_init(&r);
	for (int i = 0; i < 100; i++)
		report_line(&r, "%s", line);
	report_result(&r, "done");
	FILE *f = open_memstream(&text, &n);
	report_print(&r, f);
	fclose(f);
	cr_assert_leq(r.len, (size_t)REPORT_MAX);
	assert_says(text, "more lines were left out\nresult: done\n");
	free(text);
	report_done(&r);
}

Test(probe_report, joins_the_parts_of_a_result_and_says_what_was_not_finished)
{
	static struct report r;

	report_init(&r);
	report_step(&r, "http answer");
	report_result(&r, "tcp %d ms", 3);
	report_result(&r, "tls\n1.3");
	report_abandon(&r, 9);
	cr_assert_str_eq(r.result, "tcp 3 ms, tls 1.3, not finished after 9 s: http answer");
	report_done(&r);
}
