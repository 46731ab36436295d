/* SPDX-License-Identifier: Apache-2.0
 *
 * The shape of our traffic without our programs: one file through an inner TLS 1.3 channel inside
 * an outer one, with nothing around it. What is left is what the cryptography and the sockets cost.
 *
 * usage: tls-pair send HOST:PORT FILE        outer and inner TLS client
 *        tls-pair receive CERT KEY FILE      outer and inner TLS server; the first line of its
 * output says where it listens; ends after one connection
 *
 * The certificates are not checked: this measures, it protects nothing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE 16320 /* as our frames: one inner record is one outer record */
#define CHUNK (256u << 10)

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "tls-pair: %s: %s\n", what, strerror(errno));
	ERR_print_errors_fp(stderr);
	exit(1);
}

static SSL *make(int server, const char *cert, const char *key)
{
	SSL_CTX *ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());

	if (!ctx || !SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) ||
	    (cert && (SSL_CTX_use_certificate_file(ctx, cert, SSL_FILETYPE_PEM) != 1 ||
		      SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)))
		die("a certificate");
	SSL_CTX_set_num_tickets(ctx, 0);

	SSL *ssl = SSL_new(ctx);
	if (!ssl)
		die("TLS");
	return ssl;
}

/* The inner engine reads and writes memory; the outer one the socket. */
static void join(SSL *inner)
{
	SSL_set_bio(inner, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
}

static void flush(SSL *inner, SSL *outer)
{
	static char buf[CHUNK];
	int n;

	while ((n = BIO_read(SSL_get_wbio(inner), buf, sizeof buf)) > 0)
		if (SSL_write(outer, buf, n) != n)
			die("writing");
}

static int fill(SSL *inner, SSL *outer)
{
	static char buf[CHUNK];
	int n = SSL_read(outer, buf, sizeof buf);

	if (n > 0 && BIO_write(SSL_get_rbio(inner), buf, n) != n)
		die("memory");
	return n;
}

static void shake(SSL *inner, SSL *outer)
{
	int r;

	while ((r = SSL_do_handshake(inner)) != 1) {
		if (SSL_get_error(inner, r) != SSL_ERROR_WANT_READ)
			die("the inner handshake");
		flush(inner, outer);
		if (fill(inner, outer) <= 0)
			die("the inner handshake's bytes");
	}
	flush(inner, outer);
}

static int send_file(const char *to, const char *path)
{
	static char chunk[CHUNK];
	struct sockaddr_in sa = {.sin_family = AF_INET};
	char host[64];
	const char *colon = strrchr(to, ':');
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1, file = open(path, O_RDONLY);
	ssize_t n;

	if (!colon || file < 0)
		die(path);
	snprintf(host, sizeof host, "%.*s", (int)(colon - to), to);
	sa.sin_port = htons((uint16_t)atoi(colon + 1));
	inet_pton(AF_INET, host, &sa.sin_addr);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(fd, (struct sockaddr *)&sa, sizeof sa) != 0)
		die(to);

	SSL *outer = make(0, NULL, NULL), *inner = make(0, NULL, NULL);
	SSL_set_fd(outer, fd);
	if (SSL_connect(outer) != 1)
		die("the outer handshake");
	join(inner);
	SSL_set_connect_state(inner);
	shake(inner, outer);
	while ((n = read(file, chunk, sizeof chunk / PIECE * PIECE)) > 0)
		for (ssize_t at = 0; at < n; at += PIECE) {
			int take = n - at < PIECE ? (int)(n - at) : PIECE;

			if (SSL_write(inner, chunk + at, take) != take)
				die("encrypting");
			flush(inner, outer);
		}
	SSL_shutdown(inner);
	flush(inner, outer);
	SSL_shutdown(outer);
	shutdown(fd, SHUT_WR);
	while (read(fd, chunk, sizeof chunk) > 0)
		;
	return 0;
}

static int listen_once(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof sa;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&sa, sizeof sa) != 0 || listen(fd, 1) != 0 ||
	    getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
		die("listening");
	printf("listening on 127.0.0.1:%u\n", ntohs(sa.sin_port));
	fflush(stdout);

	int got = accept(fd, NULL, NULL);
	if (got < 0)
		die("accept");
	return got;
}

static int receive_file(const char *cert, const char *key, const char *path)
{
	static char chunk[CHUNK];
	int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600), n;

	if (out < 0)
		die(path);

	int fd = listen_once();
	SSL *outer = make(1, cert, key), *inner = make(1, cert, key);
	SSL_set_fd(outer, fd);
	if (SSL_accept(outer) != 1)
		die("the outer handshake");
	join(inner);
	SSL_set_accept_state(inner);
	shake(inner, outer);
	do {
		while ((n = SSL_read(inner, chunk, sizeof chunk)) > 0)
			if (write(out, chunk, (size_t)n) != n)
				die("writing the file");
		if (SSL_get_error(inner, n) == SSL_ERROR_ZERO_RETURN)
			return close(out);
	} while (fill(inner, outer) > 0);
	die("the end is missing");
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	if (argc == 4 && strcmp(argv[1], "send") == 0)
		return send_file(argv[2], argv[3]);
	if (argc == 5 && strcmp(argv[1], "receive") == 0)
		return receive_file(argv[2], argv[3], argv[4]);
	fputs("usage: tls-pair send HOST:PORT FILE | tls-pair receive CERT KEY FILE\n", stderr);
	return 2;
}
