/* SPDX-License-Identifier: Apache-2.0
 *
 * The end-to-end channel: inner TLS (proto/tls) with the mux inside it, one engine for both
 * ends. assent-net and the console move its ciphertext in relay DATA frames.
 *
 *   payload of a relay DATA frame -> channel_feed()                      -> events
 *   channel_next_out() ... channel_out_done() -> whole records, for hop_send_records()
 *
 * Life: channel_new() -> on_open -> mux events ... -> channel_end() or on_end -> channel_free().
 * After every call into the channel or its mux ask channel_next_out() again, as far as the
 * connection below has room: it makes a frame only when it is asked.
 *
 * A TLS 1.3 client is done before the server has judged its certificate: on the console on_open
 * says only that the agent's half is done. The session is open when the agent's HELLO comes.
 *
 * END is the only clean end: when TLS or the connection ends without it, that is AS_E_TRUNCATED.
 *
 * After the code was proved a channel outlives its connection: channel_suspend() when the
 * connection is lost, channel_resume() with the next one. The streams live on in between; what
 * passes until mux_resume() stands in mux.h. It is the owner who checks in on_open that the peer's
 * key is still the same one, and who makes and judges RESUME and RESUMED (e2e/resume.h).
 */
#ifndef AS_E2E_CHANNEL_H
#define AS_E2E_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/e2e/mux.h"
#include "proto/tls/tls.h"

struct channel;

/* Callbacks may use the mux and channel_end(); never channel_feed(), channel_next_out() or
 * channel_free(): set a flag and free when channel_feed() has returned. MUX_END does not come as a
 * message but as on_end. */
struct channel_events {
	struct mux_events mux;
	/* the handshake is done on this side; comes again after each channel_resume() */
	void (*on_open)(void *owner);
	/* The peer's END; 0 or err_from_wire(). At most once; but the END of a peer that has not
	 * yet proved a resume is forgotten with its connection. */
	void (*on_end)(int code, void *owner);
};

/* ctx from inner.h; the agent is the TLS server. ev must outlive the channel. NULL when
 * memory is short. */
struct channel *channel_new(bool agent, SSL_CTX *ctx, const struct channel_events *ev, void *owner);
void channel_free(struct channel *ch);

/* The caller's bytes are not needed any more when it returns. 0 or an error that ends the channel
 * (AS_E_TLS, AS_E_CERT*, AS_E_TRUNCATED, those of mux_feed()); what is still to be sent then, an
 * alert, can be fetched. After the peer's END further bytes are ignored. */
int channel_feed(struct channel *ch, const uint8_t *p, size_t n, uint64_t now_ms);

/* The connection has ended: 0 after END, else AS_E_TRUNCATED or the earlier error. */
int channel_feed_end(struct channel *ch);

/* The next records for the peer: 0 with *n > 0, or *n == 0 for nothing to send. Records are made
 * until there are at least `enough` bytes; so there is one mux frame more than that at most, or a
 * handshake's flight. *p is valid until the next call into the channel. Asked again before
 * channel_out_done(), it gives the same bytes, and perhaps more behind them. */
int channel_next_out(struct channel *ch, size_t enough, const uint8_t **p, size_t *n);
void channel_out_done(struct channel *ch, size_t n);

/* Sends END behind the control messages that wait, then close_notify; data that waits is dropped.
 * code: 0 or an AS_E_* code. Before on_open there is nothing to say and it only closes. May be
 * called twice. */
void channel_end(struct channel *ch, int code);

/* After channel_end(): everything has been taken by channel_out_done(). */
bool channel_is_finished(const struct channel *ch);

/* The connection is lost, also in the middle of a handshake: drops TLS and what of a frame had
 * come, whatever was wrong with them. The mux stays usable; nothing comes out and nothing may be
 * fed until channel_resume(). Harmless when suspended. Not from a callback of the channel. */
void channel_suspend(struct channel *ch);
bool channel_is_suspended(const struct channel *ch);

/* A new connection: begins a new TLS handshake under the same mux. 0; AS_ESTATE when not suspended,
 * not authed or ended by either side; the error that the mux had ended with; -ENOMEM, or what
 * OpenSSL failed with. On failure the channel is still suspended. */
int channel_resume(struct channel *ch, SSL_CTX *ctx);

struct mux *channel_mux(struct channel *ch);
struct tls *channel_tls(struct channel *ch); /* NULL while suspended */

#endif
