/* SPDX-License-Identifier: Apache-2.0
 *
 * TLS as an engine: bytes in, bytes out, no socket, no loop, no policy. The outer hop
 * (transport/outer.c) and the end-to-end channel (e2e/inner.c) make the SSL_CTX and say
 * what is trusted; this file moves records. It stands in a room of its own because both
 * use it and neither may call the other.
 *
 *   network -> tls_feed()  ... tls_read()  -> us
 *   us      -> tls_write() ... tls_out()/tls_out_done() -> network   (after every call,
 *                                 reading included: a read can produce output)
 *
 * tls_feed() copies nothing: the bytes are consumed by tls_read() and must stay valid until it
 * returns 0 with nothing got. OpenSSL keeps half a record itself.
 * tls_take() and tls_put() are for bytes that stand between two records and are not this engine's:
 * both ends must know where, and how many.
 * A missing close_notify is AS_E_TRUNCATED, never a clean end.
 */
#ifndef AS_TLS_H
#define AS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;
struct tls;

#define TLS_END	       1	  /* tls_read(): the peer said goodbye */
#define TLS_OUT_MAX    (1u << 20) /* bytes waiting for the network; callers stop at TLS_OUT_HIGH */
#define TLS_OUT_HIGH   (256u << 10)
#define TLS_RECORD_MAX 16384 /* plaintext bytes per record */

/* What both layers have in common: TLS 1.3 only, no tickets, no early data, no renegotiation,
 * no compression, certificates up to 16 KiB, ALPN as given, hybrid post-quantum group when
 * the library has it. NULL when memory is short. The caller adds keys and trust. */
SSL_CTX *tls_context(bool server, const char *alpn);

/* For clients that must speak with whatever stands on the way, a middlebox or an inspecting proxy,
 * and whose safety lies elsewhere: TLS 1.2 too, the library's own signatures and groups, and a
 * server may ignore our ALPN. */
SSL_CTX *tls_context_open(const char *alpn);

/* A server that takes clients without ALPN as well; one that names only others is still refused. */
void tls_context_any_alpn(SSL_CTX *server);

/* name: the server name a client checks the certificate against and sends as SNI, or NULL when
 * the caller's own verify callback decides. */
struct tls *tls_client(SSL_CTX *ctx, const char *name);
struct tls *tls_server(SSL_CTX *ctx);
void tls_free(struct tls *t);
SSL *tls_ssl(struct tls *t); /* for certificates and exporters; never read or write through it */

/* Gives the engine the next bytes from the network. AS_ESTATE while earlier ones are unread. */
int tls_feed(struct tls *t, const void *p, size_t n);
void tls_feed_end(struct tls *t); /* TCP has ended */

/* *got bytes of plaintext. 0 with *got == 0: feed me first. TLS_END: clean end.
 * AS_E_TLS (tls_why() says more), AS_E_CERT*, AS_E_TRUNCATED. Drives the handshake too. */
int tls_read(struct tls *t, void *p, size_t n, size_t *got);

/* All n bytes become records now (n <= TLS_RECORD_MAX makes exactly one); 0 or an error;
 * AS_ESTATE before the handshake is done, AS_EFULL when TLS_OUT_MAX would be passed. */
int tls_write(struct tls *t, const void *p, size_t n);

/* Of what was fed, the next bytes behind the record that tls_read() gave last: at most max of them,
 * 0 when all has been read. They stay where they were fed. */
size_t tls_take(struct tls *t, size_t max, const uint8_t **p);

/* Copies n bytes behind the records that wait. AS_EFULL, -ENOMEM: none. */
int tls_put(struct tls *t, const void *p, size_t n);

int tls_finish(struct tls *t); /* sends close_notify */

/* What waits for the network. Valid until the next call of anything but tls_out(). */
const uint8_t *tls_out(struct tls *t, size_t *n);
void tls_out_done(struct tls *t, size_t n);

/* Who showed a certificate, for a message: clean text. The caller's verify callback notes it. */
#define TLS_PEER_TEXT 160
struct tls_peer {
	char subject[TLS_PEER_TEXT + 1], issuer[TLS_PEER_TEXT + 1];
	bool has_our_name; /* the certificate is for the name that was asked for */
};
void tls_note_peer(struct tls *t, const struct tls_peer *p);
const struct tls_peer *tls_peer(const struct tls *t); /* NULL when nothing was noted */

bool tls_is_open(const struct tls *t);	    /* the handshake is done */
const char *tls_group(struct tls *t);	    /* negotiated key exchange, for the record */
void tls_set_error(struct tls *t, int err); /* from a verify callback: tls_read() then says err */
const char *tls_why(struct tls *t, char *buf, size_t n); /* OpenSSL's words for the last failure */

#endif
