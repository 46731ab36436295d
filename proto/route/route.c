/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/route/route.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/secret.h"
#include "proto/base/text.h"
#include "proto/route/codec.h"
#include "proto/route/url.h"
#include "proto/wire/cursor.h"

/* ---- the list ---- */

/* What all ways of this list have in common. */
struct making {
	const struct route_config *c;
	const struct hostport *relay;
	struct route_list *out;
};

/* A path: a proxy (its via may be DIRECT) and whom it is not for. */
static void add(struct making *m, const struct route_proxy *proxy, const char *exempt,
		const struct hostport *to, enum route_carrier carrier, bool system_trust)
{
	bool is_proxy = proxy->via != ROUTE_DIRECT;
	struct route_list *l = m->out;

	if (l->count == ROUTE_MAX || (is_proxy && route_is_exempt(to, exempt)))
		return;

	struct route *r = &l->at[l->count++];
	*r = (struct route){.proxy = *proxy,
			    .basic = m->c->basic,
			    .carrier = carrier,
			    .system_trust = system_trust,
			    .to = *to,
			    .path = ROUTE_PATH_USUAL};
	if (carrier != ROUTE_TLS && m->c->websocket == ROUTE_WS_AT)
		memcpy(r->path, m->c->ws_path, sizeof r->path);
}

/* The second order of the header: the carriers of one path. */
static void add_path(struct making *m, const struct route_proxy *proxy, const char *exempt)
{
	const struct route_config *c = m->c;

	add(m, proxy, exempt, m->relay, ROUTE_TLS, false);
	if (c->websocket == ROUTE_WS_AT)
		add(m, proxy, exempt, &c->ws_at, c->ws_carrier, false);
	if (c->websocket == ROUTE_WS_AUTO) {
		add(m, proxy, exempt, m->relay, ROUTE_WSS, false);
		add(m, proxy, exempt, m->relay, ROUTE_WS, false);
	}
	if (c->inspection)
		add(m, proxy, exempt, m->relay, ROUTE_TLS, true);
}

static void add_page(struct making *m, const struct route_proxy *none)
{
	struct hostport web = *m->relay;

	memcpy(web.port, "80", sizeof "80");
	add(m, none, "", &web, ROUTE_PAGE, false);
}

static void note(struct route_list *l, const char *name, const char *why)
{
	if (l->notes_count < ROUTE_NOTES_MAX)
		snprintf(l->notes[l->notes_count++], ROUTE_WHY_MAX, "%.30s is ignored: %.150s",
			 name, why);
}

static bool is_same_proxy(const struct route_proxy *a, const struct route_proxy *b)
{
	return a->via == b->via && strcmp(a->at.host, b->at.host) == 0 &&
	       strcmp(a->at.port, b->at.port) == 0;
}

/* The first order of the header: the paths. */
int route_list_make(const struct route_config *c, const struct route_env *env,
		    const struct hostport *relay, struct route_list *out)
{
	static const struct route_proxy none = {.via = ROUTE_DIRECT};
	struct making m = {c, relay, out};
	struct route_proxy from_env = none;
	char why[ROUTE_WHY_MAX];

	*out = (struct route_list){.count = 0};
	if (c->proxy.via != ROUTE_DIRECT)
		add_path(&m, &c->proxy, c->no_proxy);
	if (env->proxy && !c->no_proxies) {
		if (url_proxy(env->proxy, &from_env, why) < 0)
			note(out, env->name, why);
		else if (!is_same_proxy(&from_env, &c->proxy))
			add_path(&m, &from_env, env->no_proxy);
	}
	/* who is exempt from every proxy goes directly, whatever else is said */
	if (!c->direct_never || (out->count == 0 && c->proxy.via != ROUTE_DIRECT)) {
		add_path(&m, &none, "");
		add_page(&m, &none);
	}
	secret_wipe(&from_env, sizeof from_env);
	return out->count > 0 ? 0 : AS_ECONFIG;
}

void route_list_wipe(struct route_list *l)
{
	secret_wipe(l, sizeof *l);
}

int route_direct(const char *host_port, struct route *out)
{
	struct route r = {.carrier = ROUTE_TLS};
	int err = hostport_split(host_port, &r.to);

	if (err == 0)
		*out = r;
	return err;
}

bool route_is_same_connection(const struct route *a, const struct route *b)
{
	return is_same_proxy(&a->proxy, &b->proxy) && strcmp(a->to.host, b->to.host) == 0 &&
	       strcmp(a->to.port, b->to.port) == 0;
}

bool route_is_same_path(const struct route *a, const struct route *b)
{
	return is_same_proxy(&a->proxy, &b->proxy);
}

/* ---- for a person ---- */

static const char *carrier_text(const struct route *r)
{
	switch (r->carrier) {
	case ROUTE_WSS:
		return ", in a WebSocket over TLS";
	case ROUTE_WS:
		return ", in a WebSocket";
	default:
		return r->system_trust ? ", trusting this computer's certificates" : "";
	}
}

const char *route_text(const struct route *r, char buf[ROUTE_TEXT_MAX])
{
	char proxy[HOSTPORT_TEXT_MAX];
	const char *kind = r->proxy.via == ROUTE_HTTP ? "proxy" : "SOCKS proxy";

	if (r->carrier == ROUTE_PAGE)
		snprintf(buf, ROUTE_TEXT_MAX, "when nothing works: is there a login page?");
	else if (r->proxy.via == ROUTE_DIRECT)
		snprintf(buf, ROUTE_TEXT_MAX, "directly%s", carrier_text(r));
	else
		snprintf(buf, ROUTE_TEXT_MAX, "through the %s %s%s", kind,
			 hostport_text(&r->proxy.at, proxy), carrier_text(r));
	return buf;
}

/* ---- for the process that dials ---- */

int route_encode(const struct route *r, uint8_t *buf, size_t cap)
{
	struct writer w = writer_over(buf, cap);

	writer_u8(&w, (uint8_t)r->proxy.via);
	writer_u8(&w, r->basic);
	writer_u8(&w, r->carrier == ROUTE_PAGE);
	codec_put_text(&w, r->to.host);
	codec_put_text(&w, r->to.port);
	codec_put_text(&w, r->proxy.at.host);
	codec_put_text(&w, r->proxy.at.port);
	codec_put_text(&w, r->proxy.user);
	codec_put_text(&w, r->proxy.password);
	return writer_finish(&w);
}

int route_decode(const uint8_t *p, size_t n, struct route *out)
{
	struct cursor c = cursor_over(p, n);
	struct route r = {.carrier = ROUTE_TLS};
	uint8_t via = cursor_u8(&c), basic = cursor_u8(&c), page = cursor_u8(&c);

	codec_get_text(&c, r.to.host, sizeof r.to.host);
	codec_get_text(&c, r.to.port, sizeof r.to.port);
	codec_get_text(&c, r.proxy.at.host, sizeof r.proxy.at.host);
	codec_get_text(&c, r.proxy.at.port, sizeof r.proxy.at.port);
	codec_get_text(&c, r.proxy.user, sizeof r.proxy.user);
	codec_get_text(&c, r.proxy.password, sizeof r.proxy.password);

	bool ok = cursor_finish(&c) == 0 && via <= ROUTE_SOCKS5 && basic <= 1 && page <= 1 &&
		  r.to.host[0] && (via == ROUTE_DIRECT) == (r.proxy.at.host[0] == '\0');
	r.proxy.via = (enum route_via)via;
	r.basic = basic == 1;
	r.carrier = page == 1 ? ROUTE_PAGE : ROUTE_TLS;
	if (ok)
		*out = r;
	secret_wipe(&r, sizeof r);
	return ok ? 0 : AS_EBADMSG;
}
