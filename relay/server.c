/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/log.h"
#include "proto/base/secret.h"
#include "relay/server_priv.h"

#define AREA	       "relay"
#define TICK_MS	       1000
#define PEM_FILE_MAX   65536
#define LOG_PER_MINUTE 60

/* ---- certificates ---- */

struct pem_file {
	char bytes[PEM_FILE_MAX];
	size_t len;
};

static int read_pem(const char *path, struct pem_file *out, char *why)
{
	char text[128];
	FILE *f = fopen(path, "rbe");
	int err = f ? 0 : -errno;

	if (f) {
		out->len = fread(out->bytes, 1, sizeof out->bytes, f);
		if (ferror(f))
			err = -EIO;
		fclose(f);
	}
	if (err < 0)
		snprintf(why, CONFIG_WHY_MAX, "cannot read %.256s: %s", path,
			 err_text(err, text, sizeof text));
	return err;
}

static int explain(int err, const struct relay_config *c, char *why)
{
	char text[128];

	switch (err) {
	case 0:
		break;
	case AS_E_CERT:
		snprintf(why, CONFIG_WHY_MAX, "%.256s has no usable certificate", c->cert);
		break;
	case AS_E_TLS:
		snprintf(why, CONFIG_WHY_MAX, "%.256s has no key that belongs to %.256s", c->key,
			 c->cert);
		break;
	case AS_ECONFIG:
		snprintf(why, CONFIG_WHY_MAX, "%.256s has no CA certificate", c->console_ca);
		break;
	default:
		snprintf(why, CONFIG_WHY_MAX, "%s", err_text(err, text, sizeof text));
	}
	return err;
}

static int load_ctx(const struct relay_config *c, SSL_CTX **out, char *why)
{
	struct pem_file *files = calloc(3, sizeof *files); /* cert, key, CA */
	int err = files ? 0 : -ENOMEM;

	if (err < 0)
		return explain(err, c, why);
	if ((err = read_pem(c->cert, &files[0], why)) == 0 &&
	    (err = read_pem(c->key, &files[1], why)) == 0 &&
	    (err = read_pem(c->console_ca, &files[2], why)) == 0) {
		struct outer_pem pem[3];

		for (int i = 0; i < 3; i++)
			pem[i] = (struct outer_pem){files[i].bytes, files[i].len};
		err = explain(outer_server_ctx(pem[0], pem[1], pem[2], out), c, why);
	}
	secret_wipe(files, 3 * sizeof *files);
	free(files);
	return err;
}

/* Sessions that began under the key of before may still come back. */
static void take_handle_key(struct server *s, struct secret *key)
{
	if (!secret_is_equal(&s->handle_key, key, sizeof *key))
		s->handle_key_before = s->handle_key;
	s->handle_key = *key;
	secret_done(key);
}

int server_reload(struct server *s, char why[CONFIG_WHY_MAX])
{
	struct secret key;
	SSL_CTX *ctx;
	int err = load_ctx(s->config, &ctx, why);

	if (err < 0)
		return err;
	err = handle_key(ctx, &key);
	if (err < 0) {
		outer_ctx_free(ctx);
		return explain(err, s->config, why);
	}
	take_handle_key(s, &key);
	outer_ctx_free(s->ctx); /* connections hold theirs */
	s->ctx = ctx;
	return 0;
}

bool server_made_handle(const struct server *s, enum relay_role role, uint32_t id,
			const uint8_t handle[RELAY_HANDLE_LEN])
{
	return handle_is_genuine(&s->handle_key, role, id, handle) ||
	       (s->handle_key_before.len > 0 &&
		handle_is_genuine(&s->handle_key_before, role, id, handle));
}

/* ---- the end ---- */

static void free_server(struct server *s)
{
	outer_ctx_free(s->ctx);
	hop_loop_free(s->hops);
	book_free(s->book);
	quota_free(s->quota);
	bucket_table_free(s->log_lines);
	secret_done(&s->handle_key);
	secret_done(&s->handle_key_before);
	free(s);
}

static void on_tick_closed(uv_handle_t *handle)
{
	struct server *s = handle->data;
	void (*on_gone)(void *) = s->on_gone;
	void *owner = s->owner;

	free_server(s);
	on_gone(owner);
}

void server_check_end(struct server *s)
{
	uv_handle_t *tick = (uv_handle_t *)&s->tick;

	if (s->draining && !s->listening && s->count == 0 && !uv_is_closing(tick))
		uv_close(tick, on_tick_closed);
}

static void on_listener_gone(void *owner)
{
	struct server *s = owner;

	s->listening = false;
	server_check_end(s);
}

void server_drain(struct server *s, uint32_t seconds)
{
	uint64_t until_ms = server_now_ms(s) + UINT64_C(1000) * seconds;

	if (s->draining && until_ms >= s->drain_until_ms)
		return;
	s->drain_until_ms = until_ms;
	if (!s->draining) {
		s->draining = true;
		listen_close(s->listener);
	}
	log_info(AREA, "event=draining connections=%u seconds=%u", (unsigned int)s->count,
		 (unsigned int)seconds);
	client_drain_all(s, seconds);
}

/* ---- life ---- */

uint64_t server_now_ms(const struct server *s)
{
	return uv_now(s->loop);
}

static void on_deadline(const struct book_move *m, void *arg)
{
	client_apply(arg, m, NULL);
}

static void on_tick(uv_timer_t *timer)
{
	struct server *s = timer->data;

	book_tick(s->book, server_now_ms(s) / 1000, on_deadline, s);
	if (s->draining && server_now_ms(s) >= s->drain_until_ms)
		client_drain_all(s, 0);
}

static int on_visitor(uv_tcp_t *tcp, uint64_t prefix, void *owner)
{
	return client_accept(owner, tcp, prefix);
}

static bool is_crowd(const struct sockaddr *addr, void *owner)
{
	const struct server *s = owner;

	return config_trusts(s->config, addr);
}

static const struct listen_events door = {
    .is_crowd = is_crowd,
    .on_visitor = on_visitor,
    .on_gone = on_listener_gone,
};

static int draw_random(void *p, size_t n, void *arg)
{
	(void)arg;
	return uv_random(NULL, NULL, p, n, 0, NULL);
}

static struct server *make(const struct relay_config *config)
{
	struct server *s = calloc(1, sizeof *s);
	uint64_t salt;

	if (!s || draw_random(&salt, sizeof salt, NULL) < 0) {
		free(s);
		return NULL;
	}
	s->config = config;
	s->next_mark = HOP_MARK_MIN;
	s->book = book_new(config->max_ids, draw_random, NULL);
	s->quota = quota_new(&config->quota, config->max_ids, salt);
	s->log_lines = bucket_table_new(
	    1, (struct bucket_rate){LOG_PER_MINUTE, LOG_PER_MINUTE, UINT64_C(60000)}, salt);
	if (s->book && s->quota && s->log_lines)
		return s;
	free_server(s);
	return NULL;
}

static int start_listening(struct server *s)
{
	const struct relay_config *c = s->config;

	if (c->listen[0])
		return listen_start(s->loop, c->listen, &c->visitors, &door, s, &s->listener);
	return listen_start_socket(s->loop, c->socket, &c->visitors, &door, s, &s->listener);
}

int server_start(uv_loop_t *loop, const struct relay_config *config, void (*on_gone)(void *owner),
		 void *owner, struct server **out, char why[CONFIG_WHY_MAX])
{
	char text[128];
	struct server *s = make(config);
	if (!s || !(s->hops = hop_loop_new(loop))) {
		if (s)
			free_server(s);
		return explain(-ENOMEM, config, why);
	}

	s->loop = loop;
	s->on_gone = on_gone;
	s->owner = owner;
	int err = server_reload(s, why);
	if (err < 0) {
		free_server(s);
		return err;
	}
	err = start_listening(s);
	if (err < 0) {
		snprintf(why, CONFIG_WHY_MAX, "cannot listen on %.256s: %s",
			 config->listen[0] ? config->listen : "the socket that was passed",
			 err_text(err, text, sizeof text));
		free_server(s);
		return err;
	}
	s->listening = true;
	uv_timer_init(loop, &s->tick); /* cannot fail */
	s->tick.data = s;
	uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS);
	*out = s;
	return 0;
}

const char *server_address(const struct server *s, char buf[LISTEN_TEXT_MAX])
{
	return listen_text(s->listener, buf);
}

uint32_t server_clients(const struct server *s)
{
	return s->count;
}

uint32_t server_tickets(const struct server *s)
{
	return book_count(s->book);
}
