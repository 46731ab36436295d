/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands between a customer and the relay in a company's network, for tests:
 *
 *   middlebox inspect LISTEN RELAY CA.crt CA.key NAME   ends TLS with a certificate for NAME of its
 *                                                       own CA, and makes another TLS to the relay
 *   middlebox websocket LISTEN RELAY [CRT KEY]          passes WebSocket upgrades and nothing else;
 *                                                       with a certificate it ends TLS before
 *   middlebox portal LISTEN                             a login page for everybody
 *   middlebox ntlm LISTEN SCHEME USER HASH              a proxy that connects who proves by NTLM
 * that he is USER (HASH: of the password, 32 hex digits), asked for by SCHEME (NTLM or Negotiate);
 * and a script that names it, at http://LISTEN/proxy.pac
 *
 * LISTEN and RELAY are ADDR:PORT; port 0 is allowed to LISTEN. The first line on standard output is
 * "listening on ADDR:PORT". One thread a connection; it ends by being killed.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/ntlm.h"

#define HEAD_MAX 8192

struct end {
	int fd;
	SSL *ssl; /* NULL: plain */
};

static const char *relay, *scheme, *user;
static uint8_t hash[NTLM_HASH];
static char own_place[128];
static SSL_CTX *to_customer, *to_relay;
static void (*serve)(struct end *customer);

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "middlebox: %s\n", what);
	exit(1);
}

/* ---- places ---- */

static struct addrinfo *resolve(const char *place, bool passive)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = passive ? AI_PASSIVE : 0};
	struct addrinfo *list = NULL;
	char host[256];
	const char *colon = strrchr(place, ':');
	size_t n = colon ? (size_t)(colon - place) : 0;

	must(n > 0 && n < sizeof host, place);
	memcpy(host, place, n);
	host[n] = '\0';
	if (host[0] == '[') {
		memmove(host, host + 1, n);
		host[n - 2] = '\0';
	}
	must(getaddrinfo(host, colon + 1, &hints, &list) == 0, place);
	return list;
}

static int listen_at(const char *place)
{
	struct addrinfo *at = resolve(place, true);
	struct sockaddr_storage addr;
	socklen_t n = sizeof addr;
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	char host[64], port[16];

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	must(bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, 64) == 0, "listen");
	must(getsockname(fd, (struct sockaddr *)&addr, &n) == 0 &&
		 getnameinfo((struct sockaddr *)&addr, n, host, sizeof host, port, sizeof port,
			     NI_NUMERICHOST | NI_NUMERICSERV) == 0,
	     "address");
	snprintf(own_place, sizeof own_place, "%s:%s", host, port);
	printf("listening on %s\n", own_place);
	fflush(stdout);
	freeaddrinfo(at);
	return fd;
}

static int connect_to(const char *place)
{
	struct addrinfo *at = resolve(place, false);
	int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, at->ai_addr, at->ai_addrlen) < 0) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(at);
	return fd;
}

/* ---- bytes ---- */

static int take(struct end *e, char *p, int n)
{
	return e->ssl ? SSL_read(e->ssl, p, n) : (int)recv(e->fd, p, (size_t)n, 0);
}

static bool give(struct end *e, const char *p, int n)
{
	if (e->ssl)
		return SSL_write(e->ssl, p, n) == n;
	while (n > 0) {
		int put = (int)send(e->fd, p, (size_t)n, MSG_NOSIGNAL);

		if (put <= 0)
			return false;
		p += put;
		n -= put;
	}
	return true;
}

static void leave(struct end *e)
{
	if (e->ssl)
		SSL_shutdown(e->ssl);
	SSL_free(e->ssl);
	if (e->fd >= 0)
		close(e->fd);
}

static bool has_more(const struct end *e)
{
	return e->ssl && SSL_pending(e->ssl) > 0;
}

/* Both ways until one side has had enough. */
static void pass(struct end *a, struct end *b)
{
	struct end *side[2] = {a, b};
	char buf[16384];

	for (;;) {
		struct pollfd p[2] = {{a->fd, POLLIN, 0}, {b->fd, POLLIN, 0}};

		if (!has_more(a) && !has_more(b) && poll(p, 2, -1) < 0)
			return;
		for (int i = 0; i < 2; i++) {
			if (!p[i].revents && !has_more(side[i]))
				continue;

			int n = take(side[i], buf, sizeof buf);
			if (n <= 0 || !give(side[!i], buf, n))
				return;
		}
	}
}

static bool handshake(struct end *e, SSL_CTX *ctx, bool server)
{
	e->ssl = SSL_new(ctx);
	SSL_set_fd(e->ssl, e->fd);
	return (server ? SSL_accept(e->ssl) : SSL_connect(e->ssl)) == 1;
}

/* ---- inspect ---- */

static void inspect(struct end *customer)
{
	struct end up = {connect_to(relay), NULL};

	if (up.fd >= 0 && handshake(customer, to_customer, true) && handshake(&up, to_relay, false))
		pass(customer, &up);
	leave(&up);
}

static X509 *make_leaf(X509 *ca, EVP_PKEY *ca_key, EVP_PKEY *key, const char *name)
{
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);
	X509V3_CTX ctx;
	char alt[300];
	unsigned char ip[16];
	bool is_ip = inet_pton(AF_INET, name, ip) == 1 || inet_pton(AF_INET6, name, ip) == 1;

	snprintf(alt, sizeof alt, "%s:%.250s", is_ip ? "IP" : "DNS", name);
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 4711);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1,
				   -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(ca));
	X509_set_pubkey(cert, key);
	X509V3_set_ctx(&ctx, ca, cert, NULL, NULL, 0);

	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_alt_name, alt);
	X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	must(X509_sign(cert, ca_key, EVP_sha256()) > 0, "sign");
	return cert;
}

static void prepare_inspection(const char *ca_path, const char *key_path, const char *name)
{
	FILE *c = fopen(ca_path, "re"), *k = fopen(key_path, "re");
	must(c && k, "CA");

	X509 *ca = PEM_read_X509(c, NULL, NULL, NULL);
	EVP_PKEY *ca_key = PEM_read_PrivateKey(k, NULL, NULL, NULL), *key = EVP_RSA_gen(2048);
	must(ca && ca_key && key, "CA");
	fclose(c);
	fclose(k);

	X509 *leaf = make_leaf(ca, ca_key, key, name);
	to_customer = SSL_CTX_new(TLS_server_method());
	to_relay = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_max_proto_version(to_customer, TLS1_2_VERSION); /* as many of them */
	must(SSL_CTX_use_certificate(to_customer, leaf) == 1 &&
		 SSL_CTX_use_PrivateKey(to_customer, key) == 1,
	     "certificate");
	X509_free(leaf);
	X509_free(ca);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(key);
}

/* ---- websocket ---- */

static int read_head(struct end *e, const char *method, char *buf)
{
	int n = 0;

	while (n < HEAD_MAX - 1) {
		int got = take(e, buf + n, HEAD_MAX - 1 - n);

		if (got <= 0)
			return -1;
		n += got;
		buf[n] = '\0';
		if (strstr(buf, "\r\n\r\n"))
			return n;
		if (method && strncmp(buf, method, n < 4 ? (size_t)n : 4) != 0)
			return -1;
	}
	return -1;
}

static void websocket(struct end *customer)
{
	static const char no[] = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
	char head[HEAD_MAX];

	if (to_customer && !handshake(customer, to_customer, true))
		return;

	int n = read_head(customer, "GET ", head);
	if (n < 0)
		return;
	if (!strcasestr(head, "\r\nUpgrade: websocket")) {
		give(customer, no, sizeof no - 1);
		return;
	}

	struct end up = {connect_to(relay), NULL};
	if (up.fd >= 0 && give(&up, head, n))
		pass(customer, &up);
	leave(&up);
}

static void prepare_websocket(const char *crt, const char *key)
{
	to_customer = SSL_CTX_new(TLS_server_method());
	must(SSL_CTX_use_certificate_chain_file(to_customer, crt) == 1 &&
		 SSL_CTX_use_PrivateKey_file(to_customer, key, SSL_FILETYPE_PEM) == 1,
	     "certificate");
}

/* ---- portal ---- */

static void portal(struct end *customer)
{
	static const char page[] = "HTTP/1.1 302 Found\r\nLocation: http://login.portal.test/\r\n"
				   "Content-Length: 0\r\n\r\n";
	char buf[4096];

	if (take(customer, buf, sizeof buf) > 0)
		give(customer, page, sizeof page - 1);
}

/* ---- ntlm ---- */

static void give_text(struct end *e, const char *text)
{
	give(e, text, (int)strlen(text));
}

/* The script, which says what its place is. */
static void give_script(struct end *e)
{
	char script[256], text[512];

	snprintf(script, sizeof script,
		 "function FindProxyForURL(url, host) { return \"PROXY %s\"; }\n", own_place);
	snprintf(text, sizeof text,
		 "HTTP/1.1 200 OK\r\nContent-Type: application/x-ns-proxy-autoconfig\r\n"
		 "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
		 strlen(script), script);
	give_text(e, text);
}

static void refuse(struct end *e, const char *token)
{
	static const char page[] = "<html>Who are you?</html>";
	char text[NTLM_TEXT_MAX + 256];

	snprintf(text, sizeof text,
		 "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: %s%s%s\r\n"
		 "Content-Length: %zu\r\n\r\n%s",
		 scheme, token[0] ? " " : "", token, sizeof page - 1, page);
	give_text(e, text);
}

/* What stands behind "Proxy-Authorization: SCHEME ", or "". */
static void token_of(const char *head, char out[HEAD_MAX])
{
	char name[64];
	const char *at;

	snprintf(name, sizeof name, "\r\nProxy-Authorization: %s ", scheme);
	at = strcasestr(head, name);
	at = at ? at + strlen(name) : "";
	snprintf(out, HEAD_MAX, "%.*s", (int)strcspn(at, "\r\n"), at);
}

static void tunnel(struct end *customer, const char *head)
{
	char place[256];

	snprintf(place, sizeof place, "%.*s", (int)strcspn(head + 8, " "), head + 8);

	struct end up = {connect_to(place), NULL};
	if (up.fd >= 0) {
		printf("%s is connected to %s\n", user, place);
		fflush(stdout);
		give_text(customer, "HTTP/1.1 200 Connected\r\n\r\n");
		pass(customer, &up);
	}
	leave(&up);
}

/* The challenge is the connection's, and so is the login. */
static void ntlm(struct end *customer)
{
	uint8_t challenge[NTLM_CHALLENGE];
	char head[HEAD_MAX], token[HEAD_MAX], text[NTLM_TEXT_MAX];
	bool asked = false;

	RAND_bytes(challenge, sizeof challenge);
	ntlm_challenge(challenge, text);
	while (read_head(customer, NULL, head) > 0) {
		if (strncmp(head, "GET /proxy.pac ", 15) == 0) {
			give_script(customer);
			return;
		}
		if (strncmp(head, "CONNECT ", 8) != 0)
			return;
		token_of(head, token);
		if (asked && ntlm_proves(token, challenge, user, hash)) {
			tunnel(customer, head);
			return;
		}
		asked = NTLM_IS_GREETING(token);
		refuse(customer, asked ? text : "");
	}
}

static void prepare_ntlm(char **argv)
{
	long n = 0;
	unsigned char *bytes = OPENSSL_hexstr2buf(argv[5], &n);

	must(bytes && n == NTLM_HASH, "HASH");
	memcpy(hash, bytes, NTLM_HASH);
	OPENSSL_free(bytes);
	scheme = argv[3];
	user = argv[4];
}

/* ---- everybody ---- */

static void *serve_one(void *arg)
{
	struct end customer = {(int)(intptr_t)arg, NULL};

	serve(&customer);
	leave(&customer);
	return NULL;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";

	signal(SIGPIPE, SIG_IGN);
	relay = argc > 3 ? argv[3] : "";
	if (strcmp(mode, "inspect") == 0 && argc == 7) {
		prepare_inspection(argv[4], argv[5], argv[6]);
		serve = inspect;
	} else if (strcmp(mode, "websocket") == 0 && (argc == 4 || argc == 6)) {
		if (argc == 6)
			prepare_websocket(argv[4], argv[5]);
		serve = websocket;
	} else if (strcmp(mode, "portal") == 0 && argc == 3) {
		serve = portal;
	} else if (strcmp(mode, "ntlm") == 0 && argc == 6) {
		prepare_ntlm(argv);
		serve = ntlm;
	} else {
		fputs("usage: middlebox inspect LISTEN RELAY CA.crt CA.key NAME\n"
		      "       middlebox websocket LISTEN RELAY [CRT KEY]\n"
		      "       middlebox portal LISTEN\n"
		      "       middlebox ntlm LISTEN SCHEME USER HASH\n",
		      stderr);
		return 2;
	}

	int door = listen_at(argv[2]);
	for (;;) {
		pthread_t thread;
		int fd = accept4(door, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0 && pthread_create(&thread, NULL, serve_one, (void *)(intptr_t)fd) == 0)
			pthread_detach(thread);
	}
}
