/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/route/report.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/route/codec.h"
#include "proto/wire/cursor.h"
#include "proto/wire/socks5.h"

const char *report_step_text(enum report_step step)
{
	static const char *const texts[] = {
#define X(name, text) text,
	    REPORT_STEP_MAP(X)
#undef X
	};

	return step < REPORT_STEPS ? texts[step] : "?";
}

/* ---- the codec ---- */

int report_encode(const struct report *r, uint8_t *buf, size_t cap)
{
	struct writer w = writer_over(buf, cap);

	writer_u8(&w, (uint8_t)r->step);
	writer_u8(&w, (uint8_t)r->why);
	writer_u32(&w, (uint32_t)r->err);
	writer_u16(&w, r->status);
	writer_u16(&w, r->addresses);
	writer_u32(&w, r->name_ms);
	writer_u32(&w, r->connect_ms);
	writer_u32(&w, r->proxy_ms);
	codec_put_text(&w, r->address);
	codec_put_text(&w, r->who);
	codec_put_text(&w, r->issuer);
	writer_u8(&w, r->has_our_name);
	return writer_finish(&w);
}

int report_decode(const uint8_t *p, size_t n, struct report *out)
{
	struct cursor c = cursor_over(p, n);
	struct report r = {.step = REPORT_DONE};
	uint8_t step = cursor_u8(&c), why = cursor_u8(&c);

	r.err = (int)cursor_u32(&c);
	r.status = cursor_u16(&c);
	r.addresses = cursor_u16(&c);
	r.name_ms = cursor_u32(&c);
	r.connect_ms = cursor_u32(&c);
	r.proxy_ms = cursor_u32(&c);
	codec_get_text(&c, r.address, sizeof r.address);
	codec_get_text(&c, r.who, sizeof r.who);
	codec_get_text(&c, r.issuer, sizeof r.issuer);

	uint8_t named = cursor_u8(&c);
	r.has_our_name = named == 1;
	if (named > 1 || cursor_finish(&c) < 0 || step >= REPORT_STEPS || why >= REPORT_WHYS ||
	    r.err > 0 || (step == REPORT_DONE) != (why == REPORT_OK))
		return AS_EBADMSG;
	r.step = (enum report_step)step;
	r.why = (enum report_why)why;
	*out = r;
	return 0;
}

/* ---- the words ---- */

struct words {
	const struct route *way;
	const struct report *r;
	char *buf;
	char peer[HOSTPORT_TEXT_MAX + REPORT_ADDRESS_MAX + 16]; /* whom the TCP connection was to */
};

static const char *or_unknown(const char *text)
{
	return text[0] ? text : "unknown";
}

static void name_peer(struct words *w)
{
	bool direct = w->way->proxy.via == ROUTE_DIRECT;
	const struct hostport *at = direct ? &w->way->to : &w->way->proxy.at;
	const char *address = w->r->address;
	char text[HOSTPORT_TEXT_MAX];

	hostport_text(at, text);
	if (!at->host[0])
		snprintf(w->peer, sizeof w->peer, "the proxy (%s)", or_unknown(address));
	else if (address[0] && strcmp(address, at->host) != 0)
		snprintf(w->peer, sizeof w->peer, "%s (%s)", text, address);
	else
		snprintf(w->peer, sizeof w->peer, "%s", text);
}

static void say_proxy(struct words *w)
{
	const struct report *r = w->r;
	char status[128] = "";

	if (r->status > 0 && w->way->proxy.via == ROUTE_SOCKS5)
		snprintf(status, sizeof status, " (%s)", socks5_reply_text((uint8_t)r->status));
	else if (r->status > 0)
		snprintf(status, sizeof status, " (%u%s%.80s)", r->status, r->who[0] ? " " : "",
			 r->who);
	switch (r->why) {
	case REPORT_PROXY_ASKS:
		snprintf(w->buf, REPORT_TEXT_MAX,
			 "the proxy asks for a user name and password, and none are configured");
		break;
	case REPORT_PROXY_SCHEMES:
		snprintf(w->buf, REPORT_TEXT_MAX,
			 "the proxy asks for a login of a kind that this program does not know "
			 "(it takes: %s)",
			 or_unknown(r->who));
		break;
	case REPORT_PROXY_BASIC:
		snprintf(w->buf, REPORT_TEXT_MAX,
			 "the proxy takes the password only in readable form (Basic), and the "
			 "configuration does not allow that");
		break;
	case REPORT_PROXY_PASSWORD:
		snprintf(
		    w->buf, REPORT_TEXT_MAX,
		    "the proxy does not accept the user name and password that are configured");
		break;
	case REPORT_PROXY_LOGIN:
		snprintf(w->buf, REPORT_TEXT_MAX,
			 "the proxy does not accept the user who is logged in at this computer "
			 "(it takes: %s)",
			 or_unknown(r->who));
		break;
	case REPORT_PROXY_UNNAMED:
		snprintf(w->buf, REPORT_TEXT_MAX,
			 w->way->proxy.via == ROUTE_DETECT
			     ? "this network offers no proxy"
			     : "this computer's proxy script names no proxy for %.253s",
			 w->way->to.host);
		break;
	case REPORT_PROXY_FORBIDS:
		snprintf(w->buf, REPORT_TEXT_MAX,
			 "the proxy does not allow connections to %.253s port %s%s",
			 w->way->to.host, w->way->to.port, status);
		break;
	case REPORT_PROXY_FAILS:
		snprintf(w->buf, REPORT_TEXT_MAX, "the proxy cannot reach %.253s port %s%s",
			 w->way->to.host, w->way->to.port, status);
		break;
	default:
		snprintf(w->buf, REPORT_TEXT_MAX, "what answers at %s is not a proxy of this kind",
			 w->peer);
	}
}

static void say_connect(struct words *w)
{
	const struct report *r = w->r;
	bool direct = w->way->proxy.via == ROUTE_DIRECT;
	const char *host = direct		      ? w->way->to.host
			   : w->way->proxy.at.host[0] ? w->way->proxy.at.host
						      : "of the proxy";
	char text[128];

	switch (r->why) {
	case REPORT_NAME_UNKNOWN:
		snprintf(w->buf, REPORT_TEXT_MAX,
			 "the name %s is not known to this network's name servers (DNS)", host);
		break;
	case REPORT_NAME_SILENT:
		snprintf(w->buf, REPORT_TEXT_MAX, "no name server (DNS) answered when asked for %s",
			 host);
		break;
	case REPORT_REFUSED:
		snprintf(w->buf, REPORT_TEXT_MAX, "%s refuses the connection", w->peer);
		break;
	case REPORT_UNREACHABLE:
		snprintf(w->buf, REPORT_TEXT_MAX, "this computer has no network path to %s",
			 w->peer);
		break;
	case REPORT_NO_ANSWER:
		snprintf(w->buf, REPORT_TEXT_MAX, "%s does not answer", w->peer);
		break;
	default:
		snprintf(w->buf, REPORT_TEXT_MAX, "no connection to %s: %s", w->peer,
			 err_text(r->err, text, sizeof text));
	}
}

static void say_tls(struct words *w)
{
	const struct report *r = w->r;
	char text[128];

	switch (r->why) {
	case REPORT_LOGIN_PAGE:
		snprintf(w->buf, REPORT_TEXT_MAX, "a web page answered in place of the server%s%s",
			 r->who[0] ? ": " : "", r->who);
		break;
	case REPORT_OTHER_SERVER:
		snprintf(w->buf, REPORT_TEXT_MAX,
			 "another server answered at %s: its certificate is for \"%s\", issued by "
			 "\"%s\"",
			 w->peer, or_unknown(r->who), or_unknown(r->issuer));
		break;
	case REPORT_INSPECTED:
		snprintf(w->buf, REPORT_TEXT_MAX,
			 "somebody on the way opens encrypted connections (TLS inspection): the "
			 "certificate was issued by \"%s\", not by the support organisation",
			 or_unknown(r->issuer));
		break;
	case REPORT_NO_PAGE:
		snprintf(w->buf, REPORT_TEXT_MAX, "no login page was found");
		break;
	case REPORT_CERT_TIME:
		snprintf(w->buf, REPORT_TEXT_MAX,
			 "the server's certificate is not valid at the time that this computer's "
			 "clock shows");
		break;
	case REPORT_TLS_CUT:
		snprintf(w->buf, REPORT_TEXT_MAX,
			 "the connection to %s was cut as soon as encryption began", w->peer);
		break;
	case REPORT_UPGRADE_REFUSED:
		snprintf(w->buf, REPORT_TEXT_MAX,
			 "%.253s port %s does not offer a WebSocket (it answered %u)",
			 w->way->to.host, w->way->to.port, r->status);
		break;
	case REPORT_SILENT:
		snprintf(w->buf, REPORT_TEXT_MAX, "%s took the connection and then said nothing",
			 w->peer);
		break;
	case REPORT_RELAY_SAYS:
		snprintf(w->buf, REPORT_TEXT_MAX, "the support server answered: %s",
			 err_text(r->err, text, sizeof text));
		break;
	default:
		snprintf(w->buf, REPORT_TEXT_MAX, "encryption with %s failed: %s", w->peer,
			 r->who[0] ? r->who : err_text(r->err, text, sizeof text));
	}
}

const char *report_text(const struct route *way, const struct report *r, char buf[REPORT_TEXT_MAX])
{
	struct words w = {.way = way, .r = r, .buf = buf};

	name_peer(&w);
	if (r->why == REPORT_OK)
		snprintf(buf, REPORT_TEXT_MAX, "this works");
	else if (r->why <= REPORT_SYSTEM && r->step <= REPORT_PROXY)
		say_connect(&w);
	else if (r->why >= REPORT_PROXY_ASKS && r->why <= REPORT_PROXY_IS_NONE)
		say_proxy(&w);
	else
		say_tls(&w);
	return buf;
}
