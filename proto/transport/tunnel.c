/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/transport/tunnel.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "proto/base/err.h"
#include "proto/base/secret.h"
#include "proto/base/text.h"
#include "proto/wire/socks5.h"

#define PROXY_WANTS_LOGIN   407
#define NETWORK_WANTS_LOGIN 511 /* RFC 6585 */

enum { IDLE, HTTP_ANSWER, SOCKS_METHOD, SOCKS_USER, SOCKS_REPLY, PAGE };

void tunnel_init(struct tunnel *t, const struct route *way)
{
	memset(t, 0, sizeof *t);
	t->way = way;
}

void tunnel_done(struct tunnel *t)
{
	secret_wipe(t, sizeof *t);
}

void tunnel_sent(struct tunnel *t)
{
	secret_wipe(t->out, t->out_len);
	t->out_len = 0;
}

static enum tunnel_result fail(struct tunnel *t, enum report_why why, int err)
{
	t->report.step = REPORT_PROXY;
	t->report.why = why;
	t->report.err = err;
	return TUNNEL_FAILED;
}

static enum tunnel_result put(struct tunnel *t, int n, int state)
{
	if (n < 0)
		return fail(t, REPORT_SYSTEM, n);
	t->out_len = (size_t)n;
	t->state = state;
	return TUNNEL_MORE;
}

/* ---- CONNECT ---- */

static enum tunnel_result say_connect(struct tunnel *t)
{
	char to[HOSTPORT_TEXT_MAX];
	int n;

	hostport_text(&t->way->to, to);
	n = snprintf((char *)t->out, sizeof t->out,
		     "CONNECT %s HTTP/1.1\r\n"
		     "Host: %s\r\n"
		     "User-Agent: assent/" ASSENT_VERSION "\r\n"
		     "%s%s%s\r\n",
		     to, to, t->login[0] ? "Proxy-Authorization: " : "", t->login,
		     t->login[0] ? "\r\n" : "");
	return put(t, n < 0 || (size_t)n >= sizeof t->out ? AS_E_TOO_BIG : n, HTTP_ANSWER);
}

static enum tunnel_result on_login(struct tunnel *t, size_t head, const uint8_t *cnonce)
{
	struct auth_offer offer = {.basic = false};
	char to[HOSTPORT_TEXT_MAX];
	const char *value;
	size_t n;

	for (size_t i = 0; http_field(t->in, head, "Proxy-Authenticate", i, &value, &n); i++)
		auth_offer_add(&offer, value, n);
	snprintf(t->report.who, sizeof t->report.who, "%s", offer.schemes);
	if (t->logins > 0 && !(offer.stale && t->logins < TUNNEL_LOGINS))
		return fail(t, REPORT_PROXY_PASSWORD, AS_E_DENIED);

	enum report_why why =
	    proxy_login(&offer, t->way, hostport_text(&t->way->to, to), cnonce, t->login);
	if (why != REPORT_OK)
		return fail(t, why, AS_E_DENIED);
	t->logins++;
	return TUNNEL_ANEW;
}

static bool is_html(const struct tunnel *t, size_t head)
{
	const char *value;
	size_t n;

	return http_field(t->in, head, "Content-Type", 0, &value, &n) && n >= 9 &&
	       memcmp(value, "text/html", 9) == 0;
}

static enum tunnel_result on_status(struct tunnel *t, const struct http_head *h,
				    const uint8_t *cnonce)
{
	t->report.status = h->status;
	if (h->status / 100 == 2) {
		if (t->in_len == h->size)
			return TUNNEL_DONE;
		return fail(t, is_html(t, h->size) ? REPORT_LOGIN_PAGE : REPORT_PROXY_IS_NONE,
			    AS_E_PROTOCOL);
	}
	if (h->status == PROXY_WANTS_LOGIN)
		return on_login(t, h->size, cnonce);
	if (h->status / 100 == 3 || h->status == NETWORK_WANTS_LOGIN) {
		snprintf(t->report.who, sizeof t->report.who, "%s", h->location);
		return fail(t, REPORT_LOGIN_PAGE, AS_E_DENIED);
	}
	snprintf(t->report.who, sizeof t->report.who, "%s", h->reason);
	return fail(t, h->status / 100 == 4 ? REPORT_PROXY_FORBIDS : REPORT_PROXY_FAILS,
		    AS_E_DENIED);
}

static enum tunnel_result on_http(struct tunnel *t, const uint8_t *cnonce)
{
	struct http_head h;
	int err = http_head_decode(t->in, t->in_len, &h);

	if (err == AS_ESHORT)
		return TUNNEL_MORE;
	if (err < 0)
		return fail(t, REPORT_PROXY_IS_NONE, err);
	return on_status(t, &h, cnonce);
}

/* ---- SOCKS ---- */

static void took(struct tunnel *t, int n)
{
	t->in_len -= (size_t)n;
	memmove(t->in, t->in + n, t->in_len);
}

static enum tunnel_result say_target(struct tunnel *t)
{
	struct socks5_target to = {.host = t->way->to.host, .port = hostport_number(&t->way->to)};

	if (uv_inet_pton(AF_INET, to.host, to.address) == 0)
		to.address_len = 4;
	else if (uv_inet_pton(AF_INET6, to.host, to.address) == 0)
		to.address_len = 16;
	return put(t, socks5_connect(&to, t->out, sizeof t->out), SOCKS_REPLY);
}

static enum tunnel_result on_method(struct tunnel *t)
{
	const struct route_proxy *p = &t->way->proxy;
	uint8_t method = 0;
	int n = socks5_method(t->in, t->in_len, &method);

	if (n <= 0)
		return n < 0 ? fail(t, REPORT_PROXY_IS_NONE, n) : TUNNEL_MORE;
	took(t, n);
	if (method == SOCKS5_OPEN)
		return say_target(t);
	if (method == SOCKS5_USER && p->user[0])
		return put(t, socks5_user(p->user, p->password, t->out, sizeof t->out), SOCKS_USER);
	snprintf(t->report.who, sizeof t->report.who, "another login than user and password");
	return fail(t, p->user[0] ? REPORT_PROXY_SCHEMES : REPORT_PROXY_ASKS, AS_E_DENIED);
}

static enum tunnel_result on_user(struct tunnel *t)
{
	bool accepted = false;
	int n = socks5_user_reply(t->in, t->in_len, &accepted);

	if (n <= 0)
		return n < 0 ? fail(t, REPORT_PROXY_IS_NONE, n) : TUNNEL_MORE;
	took(t, n);
	return accepted ? say_target(t) : fail(t, REPORT_PROXY_PASSWORD, AS_E_DENIED);
}

static enum tunnel_result on_reply(struct tunnel *t)
{
	uint8_t reply = 0;
	int n = socks5_reply(t->in, t->in_len, &reply);

	if (n <= 0)
		return n < 0 ? fail(t, REPORT_PROXY_IS_NONE, n) : TUNNEL_MORE;
	t->report.status = reply;
	if (reply != 0)
		return fail(t, reply == 2 ? REPORT_PROXY_FORBIDS : REPORT_PROXY_FAILS, AS_E_DENIED);
	took(t, n);
	return t->in_len == 0 ? TUNNEL_DONE : fail(t, REPORT_PROXY_IS_NONE, AS_E_PROTOCOL);
}

/* ---- a page ---- */

static enum tunnel_result ask_page(struct tunnel *t)
{
	int n = snprintf((char *)t->out, sizeof t->out,
			 "GET / HTTP/1.1\r\n"
			 "Host: %s\r\n"
			 "User-Agent: assent/" ASSENT_VERSION "\r\n"
			 "Connection: close\r\n\r\n",
			 t->way->to.host);

	return put(t, n < 0 || (size_t)n >= sizeof t->out ? AS_E_TOO_BIG : n, PAGE);
}

/* A web server of the relay's own may send us to its TLS, or to its other names; a portal sends us
 * somewhere else altogether. */
static bool leads_away(const struct tunnel *t, const char *location)
{
	const char *host = strstr(location, "://");

	return host && !strstr(location, t->way->to.host);
}

static enum tunnel_result on_page(struct tunnel *t)
{
	struct http_head h;
	int err = http_head_decode(t->in, t->in_len, &h);

	if (err == AS_ESHORT)
		return TUNNEL_MORE;
	if (err < 0)
		return fail(t, REPORT_NO_PAGE, err);
	snprintf(t->report.who, sizeof t->report.who, "%s", h.location);
	return fail(t,
		    h.status == NETWORK_WANTS_LOGIN ||
			    (h.status / 100 == 3 && leads_away(t, h.location))
			? REPORT_LOGIN_PAGE
			: REPORT_NO_PAGE,
		    AS_E_DENIED);
}

/* ---- both ---- */

enum tunnel_result tunnel_start(struct tunnel *t)
{
	const struct route_proxy *p = &t->way->proxy;

	t->in_len = 0;
	if (t->way->carrier == ROUTE_PAGE)
		return ask_page(t);
	if (p->via == ROUTE_HTTP)
		return say_connect(t);
	return put(t, socks5_greeting(p->user[0] != '\0', t->out, sizeof t->out), SOCKS_METHOD);
}

enum tunnel_result tunnel_feed(struct tunnel *t, const void *p, size_t n,
			       const uint8_t cnonce[PROXY_LOGIN_CNONCE])
{
	size_t room = sizeof t->in - t->in_len;

	if (n > room)
		n = room; /* what is beyond is refused with the rest, or is a 407's page */
	memcpy(t->in + t->in_len, p, n);
	t->in_len += n;
	switch (t->state) {
	case HTTP_ANSWER:
		return on_http(t, cnonce);
	case SOCKS_METHOD:
		return on_method(t);
	case SOCKS_USER:
		return on_user(t);
	case SOCKS_REPLY:
		return on_reply(t);
	case PAGE:
		return on_page(t);
	default:
		return fail(t, REPORT_PROXY_IS_NONE, AS_E_PROTOCOL);
	}
}

/* A SOCKS proxy that refuses the password may say so by hanging up. */
enum tunnel_result tunnel_end(struct tunnel *t)
{
	if (t->state == SOCKS_USER)
		return fail(t, REPORT_PROXY_PASSWORD, AS_E_DENIED);
	return fail(t,
		    t->in_len > 0 || t->state == IDLE ? REPORT_PROXY_IS_NONE : REPORT_PROXY_FAILS,
		    AS_E_TRUNCATED);
}
