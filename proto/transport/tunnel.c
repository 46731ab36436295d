/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/transport/tunnel.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "proto/base/err.h"
#include "proto/base/secret.h"
#include "proto/base/text.h"
#include "proto/transport/hash.h"
#include "proto/wire/base64.h"
#include "proto/wire/socks5.h"

#define PROXY_WANTS_LOGIN   407
#define NETWORK_WANTS_LOGIN 511 /* RFC 6585 */

enum { IDLE, HTTP_ANSWER, HTTP_PAGE, SOCKS_METHOD, SOCKS_USER, SOCKS_REPLY, PAGE };

void tunnel_init(struct tunnel *t, const struct route *way, const struct own_login *own)
{
	memset(t, 0, sizeof *t);
	t->way = way;
	t->own = own;
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
		     "%s%s%s%s\r\n",
		     to, to, t->scheme ? "Proxy-Connection: keep-alive\r\n" : "",
		     t->login[0] ? "Proxy-Authorization: " : "", t->login,
		     t->login[0] ? "\r\n" : "");
	return put(t, n < 0 || (size_t)n >= sizeof t->out ? AS_E_TOO_BIG : n, HTTP_ANSWER);
}

/* ---- the login of the person at this computer ---- */

/* The next token becomes the login. False: the system's library has none. */
static bool make_token(struct tunnel *t, const uint8_t *in, size_t n)
{
	uint8_t token[OWN_LOGIN_TOKEN_MAX];
	int len =
	    t->own->step(t->own->ctx, t->scheme, t->way->proxy.at.host, in, n, token, sizeof token);

	if (len <= 0 || (size_t)len > sizeof token)
		return false;

	int at = snprintf(t->login, sizeof t->login, "%s ", t->scheme);
	hash_base64(token, (size_t)len, t->login + at);
	secret_wipe(token, sizeof token);
	return true;
}

/* Negotiate first: it is Kerberos where that works, and NTLM else. */
static bool begin_own(struct tunnel *t, const struct auth_offer *offer)
{
	const char *schemes[] = {offer->negotiate ? "Negotiate" : NULL,
				 offer->ntlm ? "NTLM" : NULL};

	if (!t->own || !t->way->proxy.own_login || t->rounds > 0)
		return false;
	for (size_t i = 0; i < 2; i++) {
		t->scheme = schemes[i];
		if (t->scheme && make_token(t, NULL, 0)) {
			t->rounds = 1;
			return true;
		}
	}
	t->scheme = NULL;
	return false;
}

/* The proxy's token in the fields of its answer; how many bytes, or negative. */
static int find_token(const struct tunnel *t, size_t head, uint8_t *out, size_t cap)
{
	const char *value, *token;
	size_t n, len;

	for (size_t i = 0; http_field(t->in, head, "Proxy-Authenticate", i, &value, &n); i++)
		if (auth_token(value, n, t->scheme, &token, &len))
			return base64_decode(token, len, out, cap);
	return AS_EBADMSG;
}

/* How long the page behind this head is; the connection must outlive it. */
static int page_size(const struct tunnel *t, size_t head, size_t *out)
{
	const char *value;
	size_t n, size = 0;

	if (http_field(t->in, head, "Transfer-Encoding", 0, &value, &n) ||
	    !http_field(t->in, head, "Content-Length", 0, &value, &n) || n == 0 || n > 6)
		return AS_EBADMSG;
	for (size_t i = 0; i < n; i++) {
		if (value[i] < '0' || value[i] > '9')
			return AS_EBADMSG;
		size = size * 10 + (size_t)(value[i] - '0');
	}
	*out = size;
	return size <= TUNNEL_PAGE_MAX ? 0 : AS_E_TOO_BIG;
}

/* The proxy has answered our token. heard: of this answer, its page included. */
static enum tunnel_result on_token(struct tunnel *t, size_t head, size_t heard)
{
	uint8_t token[HTTP_HEAD_MAX];
	size_t page = 0;
	int n = find_token(t, head, token, sizeof token);

	if (n <= 0 || ++t->rounds > OWN_LOGIN_ROUNDS_MAX)
		return fail(t, REPORT_PROXY_LOGIN, AS_E_DENIED);
	if (page_size(t, head, &page) < 0 || heard - head > page)
		return fail(t, REPORT_PROXY_IS_NONE, AS_E_PROTOCOL);
	if (!make_token(t, token, (size_t)n))
		return fail(t, REPORT_PROXY_LOGIN, AS_E_DENIED);
	t->page = page - (heard - head);
	t->in_len = 0;
	if (t->page == 0)
		return say_connect(t);
	t->state = HTTP_PAGE;
	return TUNNEL_MORE;
}

static enum tunnel_result on_page_bytes(struct tunnel *t, size_t n)
{
	if (n > t->page)
		return fail(t, REPORT_PROXY_IS_NONE, AS_E_PROTOCOL);
	t->page -= n;
	return t->page == 0 ? say_connect(t) : TUNNEL_MORE;
}

/* ---- a login that is asked for ---- */

static enum tunnel_result on_login(struct tunnel *t, size_t head, size_t heard,
				   const uint8_t *cnonce)
{
	struct auth_offer offer = {.basic = false};
	char to[HOSTPORT_TEXT_MAX];
	const char *value;
	size_t n;

	for (size_t i = 0; http_field(t->in, head, "Proxy-Authenticate", i, &value, &n); i++)
		auth_offer_add(&offer, value, n);
	snprintf(t->report.who, sizeof t->report.who, "%s", offer.schemes);
	if (t->scheme)
		return on_token(t, head, heard);
	if (t->logins > 0 && !(offer.stale && t->logins < TUNNEL_LOGINS))
		return fail(t, REPORT_PROXY_PASSWORD, AS_E_DENIED);

	enum report_why why =
	    proxy_login(&offer, t->way, hostport_text(&t->way->to, to), cnonce, t->login);
	if (why != REPORT_OK && begin_own(t, &offer))
		return TUNNEL_ANEW;
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

static enum tunnel_result on_status(struct tunnel *t, const struct http_head *h, size_t heard,
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
		return on_login(t, h->size, heard, cnonce);
	if (h->status / 100 == 3 || h->status == NETWORK_WANTS_LOGIN) {
		snprintf(t->report.who, sizeof t->report.who, "%s", h->location);
		return fail(t, REPORT_LOGIN_PAGE, AS_E_DENIED);
	}
	snprintf(t->report.who, sizeof t->report.who, "%s", h->reason);
	return fail(t, h->status / 100 == 4 ? REPORT_PROXY_FORBIDS : REPORT_PROXY_FAILS,
		    AS_E_DENIED);
}

/* beyond: bytes that had no room any more. */
static enum tunnel_result on_http(struct tunnel *t, size_t beyond, const uint8_t *cnonce)
{
	struct http_head h;
	int err = http_head_decode(t->in, t->in_len, &h);

	if (err == AS_ESHORT)
		return TUNNEL_MORE;
	if (err < 0)
		return fail(t, REPORT_PROXY_IS_NONE, err);
	return on_status(t, &h, t->in_len + beyond, cnonce);
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
	if (p->via != ROUTE_SOCKS5)
		return say_connect(t);
	return put(t, socks5_greeting(p->user[0] != '\0', t->out, sizeof t->out), SOCKS_METHOD);
}

enum tunnel_result tunnel_feed(struct tunnel *t, const void *p, size_t n,
			       const uint8_t cnonce[PROXY_LOGIN_CNONCE])
{
	size_t room = sizeof t->in - t->in_len, all = n;

	if (t->state == HTTP_PAGE)
		return on_page_bytes(t, n);
	if (n > room)
		n = room; /* what is beyond is refused with the rest, or is a 407's page */
	memcpy(t->in + t->in_len, p, n);
	t->in_len += n;
	switch (t->state) {
	case HTTP_ANSWER:
		return on_http(t, all - n, cnonce);
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
