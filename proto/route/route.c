/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/route/route.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/secret.h"
#include "proto/base/text.h"
#include "proto/route/codec.h"
#include "proto/route/system.h"
#include "proto/route/url.h"
#include "proto/wire/cursor.h"

/* ---- the list ---- */

/* What all ways of this list have in common. */
struct making {
	const struct route_config *c;
	const struct hostport *relay;
	struct route_list *out;
};

/* Whom a proxy is not for. */
struct exempt {
	const char *no_proxy, *bypass; /* in the environment's words, in the system's */
};

static const struct exempt nobody = {"", ""};

static bool is_exempt(const struct hostport *to, const struct exempt *e)
{
	return route_is_exempt(to, e->no_proxy) || system_is_exempt(to, e->bypass);
}

/* A path: a proxy (its via may be DIRECT) and whom it is not for. */
static void add(struct making *m, const struct route_proxy *proxy, const struct exempt *exempt,
		const struct hostport *to, enum route_carrier carrier, bool system_trust)
{
	bool is_proxy = proxy->via != ROUTE_DIRECT;
	struct route_list *l = m->out;

	if (l->count == ROUTE_MAX || (is_proxy && is_exempt(to, exempt)))
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
static void add_path(struct making *m, const struct route_proxy *proxy, const struct exempt *exempt)
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
	add(m, none, &nobody, &web, ROUTE_PAGE, false);
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

/* What the environment says. own: the system's settings name the same one. */
static void add_env(struct making *m, const struct route_env *env, const struct route_proxy *own)
{
	struct route_proxy p = {.via = ROUTE_DIRECT};
	const struct exempt e = {env->no_proxy ? env->no_proxy : "", ""};
	char why[ROUTE_WHY_MAX];

	if (!env->proxy)
		return;
	if (url_proxy(env->proxy, &p, why) < 0) {
		note(m->out, env->name, why);
	} else if (!is_same_proxy(&p, &m->c->proxy)) {
		p.own_login = is_same_proxy(&p, own);
		add_path(m, &p, &e);
	}
	secret_wipe(&p, sizeof p);
}

/* The proxy that the system's settings name: none, one, or a script's choice. */
static struct route_proxy systems_own(struct making *m, const struct route_system *s)
{
	struct route_proxy p = {.via = ROUTE_DIRECT};
	char why[ROUTE_WHY_MAX];

	if (!s)
		return p;
	if (s->script)
		p.via = ROUTE_SCRIPT;
	else if (system_proxy(s->proxies, &p, why, NULL) < 0)
		note(m->out, "the proxy in this computer's settings", why);
	p.own_login = p.via != ROUTE_DIRECT;
	return p;
}

static bool is_in_list(const struct route_list *l, const struct route_proxy *p)
{
	for (size_t i = 0; i < l->count; i++)
		if (is_same_proxy(&l->at[i].proxy, p))
			return true;
	return false;
}

/* The first order of the header: the paths. */
int route_list_make(const struct route_config *c, const struct route_env *env,
		    const struct hostport *relay, struct route_list *out)
{
	static const struct route_proxy none = {.via = ROUTE_DIRECT},
					detect = {.via = ROUTE_DETECT};
	const struct route_system *s = c->no_proxies ? NULL : env->system;
	struct making m = {c, relay, out};
	bool has_proxy = c->proxy.via != ROUTE_DIRECT;

	*out = (struct route_list){.count = 0};

	struct route_proxy own = systems_own(&m, s);
	if (has_proxy)
		add_path(&m, &c->proxy, &(struct exempt){c->no_proxy, ""});
	if (!c->no_proxies)
		add_env(&m, env, &own);
	if (own.via != ROUTE_DIRECT && !is_in_list(out, &own))
		add_path(&m, &own, &(struct exempt){"", own.via == ROUTE_HTTP ? s->bypass : ""});
	/* who is exempt from every proxy goes directly, whatever else is said */
	bool direct = !c->direct_never || (out->count == 0 && has_proxy);
	if (direct)
		add_path(&m, &none, &nobody);
	/* what a network offers unasked, and nobody set: where it is not needed it is not asked */
	if (s && s->detect && own.via == ROUTE_DIRECT && !has_proxy)
		add_path(&m, &detect, &nobody);
	if (direct)
		add_page(&m, &none);
	secret_wipe(&own, sizeof own);
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

const char *route_proxy_text(const struct route *r, char buf[ROUTE_PROXY_TEXT_MAX])
{
	char place[HOSTPORT_TEXT_MAX];

	if (r->proxy.via == ROUTE_SCRIPT)
		snprintf(buf, ROUTE_PROXY_TEXT_MAX,
			 "the proxy that this computer's proxy script chooses");
	else if (r->proxy.via == ROUTE_DETECT)
		snprintf(buf, ROUTE_PROXY_TEXT_MAX, "the proxy that this network offers");
	else
		snprintf(buf, ROUTE_PROXY_TEXT_MAX, "the %s %s",
			 r->proxy.via == ROUTE_HTTP ? "proxy" : "SOCKS proxy",
			 hostport_text(&r->proxy.at, place));
	return buf;
}

const char *route_text(const struct route *r, char buf[ROUTE_TEXT_MAX])
{
	char proxy[ROUTE_PROXY_TEXT_MAX];

	if (r->carrier == ROUTE_PAGE)
		snprintf(buf, ROUTE_TEXT_MAX, "when nothing works: is there a login page?");
	else if (r->proxy.via == ROUTE_DIRECT)
		snprintf(buf, ROUTE_TEXT_MAX, "directly%s", carrier_text(r));
	else
		snprintf(buf, ROUTE_TEXT_MAX, "through %s%s", route_proxy_text(r, proxy),
			 carrier_text(r));
	return buf;
}

/* ---- for the process that dials ---- */

int route_encode(const struct route *r, uint8_t *buf, size_t cap)
{
	struct writer w = writer_over(buf, cap);

	writer_u8(&w, (uint8_t)r->proxy.via);
	writer_u8(&w, r->basic);
	writer_u8(&w, r->proxy.own_login);
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
	uint8_t via = cursor_u8(&c), basic = cursor_u8(&c), own = cursor_u8(&c),
		page = cursor_u8(&c);

	codec_get_text(&c, r.to.host, sizeof r.to.host);
	codec_get_text(&c, r.to.port, sizeof r.to.port);
	codec_get_text(&c, r.proxy.at.host, sizeof r.proxy.at.host);
	codec_get_text(&c, r.proxy.at.port, sizeof r.proxy.at.port);
	codec_get_text(&c, r.proxy.user, sizeof r.proxy.user);
	codec_get_text(&c, r.proxy.password, sizeof r.proxy.password);

	bool is_named = via == ROUTE_HTTP || via == ROUTE_SOCKS5;
	bool ok = cursor_finish(&c) == 0 && via <= ROUTE_DETECT && basic <= 1 && own <= 1 &&
		  page <= 1 && r.to.host[0] && is_named == (r.proxy.at.host[0] != '\0') &&
		  !(own == 1 && (via == ROUTE_DIRECT || via == ROUTE_DETECT));
	r.proxy.via = (enum route_via)via;
	r.basic = basic == 1;
	r.proxy.own_login = own == 1;
	r.carrier = page == 1 ? ROUTE_PAGE : ROUTE_TLS;
	if (ok)
		*out = r;
	secret_wipe(&r, sizeof r);
	return ok ? 0 : AS_EBADMSG;
}
