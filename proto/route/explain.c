/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/route/explain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/log.h"

static void add(char *buf, const char *fmt, ...) AS_PRINTF(2, 3);
static void add(char *buf, const char *fmt, ...)
{
	size_t n = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + n, EXPLAIN_MAX - n, fmt, ap);
	va_end(ap);
}

const char *explain_list(const struct tries *t, const struct hostport *relay, char buf[EXPLAIN_MAX])
{
	char place[HOSTPORT_TEXT_MAX], text[ROUTE_TEXT_MAX];

	buf[0] = '\0';
	add(buf,
	    "The support server is %s. The ways to it, in the order in which a session tries "
	    "them:\n",
	    hostport_text(relay, place));
	for (size_t i = 0; i < t->list.count; i++)
		add(buf, "  %zu. %s\n", i + 1, route_text(&t->list.at[i], text));
	for (size_t i = 0; i < t->list.notes_count; i++)
		add(buf, "  Note: %s.\n", t->list.notes[i]);
	add(buf, "\n");
	return buf;
}

const char *explain_way(const struct tries *t, size_t i, char buf[EXPLAIN_MAX])
{
	char text[ROUTE_TEXT_MAX];
	int like = tries_follows(t, i);

	buf[0] = '\0';
	add(buf, "%zu. %s\n", i + 1, route_text(&t->list.at[i], text));
	if (like >= 0)
		add(buf, "     Not tried: it needs the connection that failed in %d.\n", like + 1);
	return buf;
}

const char *explain_steps(const struct route *way, const struct report *r, char buf[EXPLAIN_MAX])
{
	bool direct = way->proxy.via == ROUTE_DIRECT;
	const struct hostport *to = direct ? &way->to : &way->proxy.at;

	buf[0] = '\0';
	if (r->step != REPORT_NAME && r->addresses > 0 && to->host[0])
		add(buf, "     name      %s has %u address%s (%" PRIu32 " ms)\n", to->host,
		    r->addresses, r->addresses == 1 ? "" : "es", r->name_ms);
	if ((r->step == REPORT_DONE || r->step > REPORT_CONNECT) && r->address[0])
		add(buf, "     connect   %s answers (%" PRIu32 " ms)\n", r->address, r->connect_ms);
	if (r->step == REPORT_DONE && !direct)
		add(buf, "     proxy     connects us to %s port %s (%" PRIu32 " ms)\n",
		    way->to.host, way->to.port, r->proxy_ms);
	return buf;
}

const char *explain_end(const struct route *way, const struct report *r, char buf[EXPLAIN_MAX])
{
	char text[REPORT_TEXT_MAX];

	buf[0] = '\0';
	if (way->carrier == ROUTE_PAGE) {
		add(buf, "     %s\n",
		    r->why == REPORT_LOGIN_PAGE ? report_text(way, r, text) : "None was found.");
		return buf;
	}
	if (r->step == REPORT_UPGRADE && r->issuer[0])
		add(buf, "     carrier   a certificate issued by \"%s\"\n", r->issuer);
	if (r->step != REPORT_DONE) {
		add(buf, "     %-9s %s\n     This way does not work.\n", report_step_text(r->step),
		    report_text(way, r, text));
		return buf;
	}
	if (way->carrier != ROUTE_TLS)
		add(buf, "     upgrade   the WebSocket is open\n");
	if (way->system_trust)
		add(buf, "     tls       the certificate for \"%s\" was issued by \"%s\"\n", r->who,
		    r->issuer);
	else
		add(buf, "     tls       it is the support organisation's server\n");
	add(buf, "     relay     says hello\n     This way works.\n");
	return buf;
}

const char *explain_result(const struct tries *t, const struct hostport *relay, bool *works,
			   char buf[EXPLAIN_MAX])
{
	char place[HOSTPORT_TEXT_MAX], text[TRIES_ADVICE_MAX], way[ROUTE_TEXT_MAX];

	buf[0] = '\0';
	*works = false;
	for (size_t i = 0; i < t->list.count; i++) {
		if (!t->tried[i] || t->reports[i].step != REPORT_DONE)
			continue;
		*works = true;
		add(buf, "\nA session would connect %s.\n", route_text(&t->list.at[i], way));
		return buf;
	}
	add(buf, "\nThe support server %s cannot be reached from here.\n",
	    hostport_text(relay, place));
	tries_advice(t, relay, text);
	if (tries_is_for_admin(t))
		add(buf,
		    "In a company network, read this sentence to your administrator:\n  \"%s\"\n",
		    text);
	else
		add(buf, "%s\n", text);
	return buf;
}
