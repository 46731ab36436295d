/* SPDX-License-Identifier: Apache-2.0
 *
 * One round over the ways, and what its failures say together.
 */
#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/route/report.h"

void tries_init(struct tries *t)
{
	memset(t->tried, 0, sizeof t->tried);
	t->now = 0;
	t->good = -1;
	t->is_over = false;
}

const struct route *tries_route(const struct tries *t)
{
	return &t->list.at[t->now];
}

bool tries_begin(struct tries *t)
{
	memset(t->tried, 0, sizeof t->tried);
	t->is_over = t->list.count == 0;
	t->now = t->good >= 0 ? (size_t)t->good : 0;
	return !t->is_over;
}

/* The page's host is the relay's: a name that is not known is not known for it either. */
static bool is_same_name(const struct tries *t, size_t failed, size_t page)
{
	return t->reports[failed].step == REPORT_NAME &&
	       route_is_same_path(&t->list.at[failed], &t->list.at[page]);
}

/* What failed before there was a connection fails for everything that would go over it. */
int tries_follows(const struct tries *t, size_t i)
{
	bool page = t->list.at[i].carrier == ROUTE_PAGE;

	for (size_t k = 0; k < t->list.count; k++)
		if (k != i && t->tried[k] && t->reports[k].step != REPORT_DONE &&
		    t->reports[k].step <= REPORT_PROXY &&
		    (page ? is_same_name(t, k, i)
			  : route_is_same_connection(&t->list.at[k], &t->list.at[i])))
			return (int)k;
	return -1;
}

/* A stranger who does not speak our strict TLS cuts it before he shows who he is. The carrier TLS
 * of a WebSocket takes everybody: whom it met at the same place is who cut us. */
static void learn_who_cut(struct tries *t, size_t at, const struct report *met)
{
	for (size_t i = 0; i < t->list.count; i++) {
		struct report *r = &t->reports[i];

		if (!t->tried[i] || r->step != REPORT_TLS || r->issuer[0] ||
		    (r->why != REPORT_TLS_CUT && r->why != REPORT_TLS_FAILED) ||
		    !route_is_same_connection(&t->list.at[i], &t->list.at[at]))
			continue;
		r->why = met->has_our_name ? REPORT_INSPECTED : REPORT_OTHER_SERVER;
		memcpy(r->who, met->who, sizeof r->who);
		memcpy(r->issuer, met->issuer, sizeof r->issuer);
	}
}

void tries_note(struct tries *t, size_t i, const struct report *r)
{
	t->reports[i] = *r;
	t->tried[i] = true;
	if (t->list.at[i].carrier == ROUTE_PAGE && r->why != REPORT_LOGIN_PAGE)
		t->reports[i].why = REPORT_NO_PAGE;
	if (r->step != REPORT_DONE && r->issuer[0] && t->list.at[i].carrier == ROUTE_WSS)
		learn_who_cut(t, i, r);
}

bool tries_fail(struct tries *t, const struct report *r)
{
	tries_note(t, t->now, r);
	if (r->why == REPORT_RELAY_SAYS)
		t->is_over = true;
	for (size_t i = 0; i < t->list.count && !t->is_over; i++) {
		if (t->tried[i] || tries_follows(t, i) >= 0)
			continue;
		if (t->list.at[i].carrier == ROUTE_PAGE && t->good >= 0)
			continue; /* it had worked here: that is no hotel */
		t->now = i;
		return true;
	}
	t->is_over = true;
	return false;
}

void tries_succeed(struct tries *t)
{
	t->tried[t->now] = true;
	t->reports[t->now].step = REPORT_DONE;
	t->reports[t->now].why = REPORT_OK;
	t->good = (int)t->now;
}

/* ---- the advice ---- */

/* Most telling first: who answered says more than who did not. */
static const enum report_why telling[] = {
    REPORT_RELAY_SAYS,	   REPORT_LOGIN_PAGE,	 REPORT_CERT_TIME,	 REPORT_INSPECTED,
    REPORT_PROXY_PASSWORD, REPORT_PROXY_LOGIN,	 REPORT_PROXY_BASIC,	 REPORT_PROXY_ASKS,
    REPORT_PROXY_SCHEMES,  REPORT_PROXY_FORBIDS, REPORT_OTHER_SERVER,	 REPORT_PROXY_FAILS,
    REPORT_PROXY_IS_NONE,  REPORT_TLS_CUT,	 REPORT_SILENT,		 REPORT_TLS_FAILED,
    REPORT_NO_ANSWER,	   REPORT_REFUSED,	 REPORT_UNREACHABLE,	 REPORT_NAME_UNKNOWN,
    REPORT_NAME_SILENT,	   REPORT_SYSTEM,	 REPORT_UPGRADE_REFUSED, REPORT_PROXY_UNNAMED,
    REPORT_NO_PAGE};

static int place(enum report_why why)
{
	int i = 0;

	while (telling[i] != why && (size_t)i + 1 < sizeof telling / sizeof telling[0])
		i++;
	return 2 * i;
}

/* A page on port 80 may be the relay's own: it explains a stranger or a silence, and nothing that
 * says more than these. */
static int rank(const struct tries *t, size_t i)
{
	enum report_why why = t->reports[i].why;

	if (t->list.at[i].carrier == ROUTE_PAGE && why == REPORT_LOGIN_PAGE)
		return place(REPORT_OTHER_SERVER) - 1;
	return place(why);
}

/* Of two that say the same the earlier one wins: it has less of a carrier, and the simpler words.
 */
bool tries_says_more(const struct tries *t, size_t a, size_t b)
{
	int first = rank(t, a), second = rank(t, b);

	return first != second ? first < second : a < b;
}

int tries_telling(const struct tries *t)
{
	int best = -1;

	for (size_t i = 0; i < t->list.count; i++) {
		if (!t->tried[i] || t->reports[i].step == REPORT_DONE)
			continue;
		if (best < 0 || tries_says_more(t, i, (size_t)best))
			best = (int)i;
	}
	return best;
}

bool tries_is_for_admin(const struct tries *t)
{
	int i = tries_telling(t);
	enum report_why why = i >= 0 ? t->reports[i].why : REPORT_SYSTEM;

	return why != REPORT_RELAY_SAYS && why != REPORT_LOGIN_PAGE && why != REPORT_CERT_TIME;
}

static void advise_proxy(const struct route *way, const struct report *r, char *buf)
{
	char proxy[ROUTE_PROXY_TEXT_MAX];

	route_proxy_text(way, proxy);
	switch (r->why) {
	case REPORT_PROXY_BASIC:
		snprintf(buf, TRIES_ADVICE_MAX,
			 "Please let %s reach %s port %s without a login, or allow "
			 "\"proxy-auth = basic\" in the configuration.",
			 proxy, way->to.host, way->to.port);
		break;
	case REPORT_PROXY_PASSWORD:
		snprintf(buf, TRIES_ADVICE_MAX,
			 "Please correct the user name and password for %s in the "
			 "configuration (proxy-credentials), or let it reach %s port %s without a "
			 "login.",
			 proxy, way->to.host, way->to.port);
		break;
	case REPORT_PROXY_ASKS:
		snprintf(buf, TRIES_ADVICE_MAX,
			 "Please let %s reach %s port %s without a login, or put a user "
			 "name and password into the configuration (proxy-credentials).",
			 proxy, way->to.host, way->to.port);
		break;
	case REPORT_PROXY_UNNAMED:
		snprintf(buf, TRIES_ADVICE_MAX,
			 "Please tell which web proxy this computer has to use for %s port %s, or "
			 "allow direct connections.",
			 way->to.host, way->to.port);
		break;
	case REPORT_PROXY_LOGIN:
		snprintf(
		    buf, TRIES_ADVICE_MAX,
		    "Please allow the user who is logged in at this computer to use %s, or let "
		    "it reach %s port %s without a login.",
		    proxy, way->to.host, way->to.port);
		break;
	case REPORT_PROXY_SCHEMES:
		snprintf(buf, TRIES_ADVICE_MAX,
			 "Please let %s reach %s port %s without a login, or with Digest.", proxy,
			 way->to.host, way->to.port);
		break;
	case REPORT_PROXY_IS_NONE:
		snprintf(buf, TRIES_ADVICE_MAX,
			 "Please check the proxy's address: %s is set, and it does not answer as a "
			 "proxy does.",
			 proxy);
		break;
	default:
		snprintf(buf, TRIES_ADVICE_MAX,
			 "Please allow connections through %s to %s port %s (CONNECT).", proxy,
			 way->to.host, way->to.port);
	}
}

/* Where nobody's server is: a name service says that to keep people from a name. */
static bool is_nowhere(const char *address)
{
	return strncmp(address, "0.", 2) == 0 || strncmp(address, "127.", 4) == 0 ||
	       strcmp(address, "::") == 0 || strcmp(address, "::1") == 0;
}

static void advise_direct(const struct route *way, const struct report *r, char *buf)
{
	if (r->step == REPORT_CONNECT && is_nowhere(r->address) &&
	    strcmp(r->address, way->to.host) != 0) {
		snprintf(buf, TRIES_ADVICE_MAX,
			 "Please allow the name %s in the name service (DNS), which leads to %s "
			 "here, and outgoing TCP connections from this computer to it, port %s.",
			 way->to.host, r->address, way->to.port);
		return;
	}
	switch (r->why) {
	case REPORT_NAME_UNKNOWN:
	case REPORT_NAME_SILENT:
		snprintf(
		    buf, TRIES_ADVICE_MAX,
		    "Please check why the name %s cannot be found from this computer (DNS), or "
		    "tell which web proxy it has to use.",
		    way->to.host);
		break;
	case REPORT_OTHER_SERVER:
		snprintf(
		    buf, TRIES_ADVICE_MAX,
		    "Please check where %s leads (DNS): the server at %s shows a certificate for "
		    "\"%s\".",
		    way->to.host, r->address[0] ? r->address : "that address",
		    r->who[0] ? r->who : "somebody else");
		break;
	case REPORT_UNREACHABLE:
		snprintf(buf, TRIES_ADVICE_MAX,
			 "Please check this computer's network connection; it needs outgoing TCP "
			 "connections to %s port %s.",
			 way->to.host, way->to.port);
		break;
	default:
		snprintf(buf, TRIES_ADVICE_MAX,
			 "Please allow outgoing TCP connections from this computer to %s port %s.",
			 way->to.host, way->to.port);
	}
}

static void advise_inspection(const struct route *way, const struct hostport *relay, char *buf)
{
	char proxy[ROUTE_PROXY_TEXT_MAX];

	if (way->proxy.via == ROUTE_DIRECT)
		snprintf(
		    buf, TRIES_ADVICE_MAX,
		    "Please allow outgoing TCP connections from this computer to %s port %s, and "
		    "exempt them from TLS inspection.",
		    relay->host, relay->port);
	else
		snprintf(buf, TRIES_ADVICE_MAX,
			 "Please exempt connections through %s to %s port %s from TLS "
			 "inspection.",
			 route_proxy_text(way, proxy), relay->host, relay->port);
}

const char *tries_advice(const struct tries *t, const struct hostport *relay,
			 char buf[TRIES_ADVICE_MAX])
{
	char proxy[ROUTE_PROXY_TEXT_MAX];
	int i = tries_telling(t);
	struct route plain = {.to = *relay};
	const struct route *way = i >= 0 ? &t->list.at[i] : &plain;
	const struct report none = {.why = REPORT_SYSTEM}, *r = i >= 0 ? &t->reports[i] : &none;

	switch (r->why) {
	case REPORT_RELAY_SAYS:
		snprintf(buf, TRIES_ADVICE_MAX,
			 r->err == AS_E_RATE
			     ? "There were too many attempts in a short time. Try again in a few "
			       "minutes."
			     : "Tell the support organisation about this.");
		break;
	case REPORT_LOGIN_PAGE:
		snprintf(
		    buf, TRIES_ADVICE_MAX,
		    "This network seems to want a login first, as in a hotel or on a train. Open "
		    "a web browser, log in on the page that appears, and start again.");
		break;
	case REPORT_CERT_TIME:
		snprintf(buf, TRIES_ADVICE_MAX,
			 "Check the date and the time of this computer, and start again.");
		break;
	case REPORT_INSPECTED:
	case REPORT_TLS_CUT:
		advise_inspection(way, relay, buf);
		break;
	default:
		if (way->proxy.via == ROUTE_DIRECT)
			advise_direct(way, r, buf);
		else if (r->step == REPORT_PROXY && r->why >= REPORT_PROXY_ASKS)
			advise_proxy(way, r, buf);
		else if (r->step <= REPORT_CONNECT && !way->proxy.at.host[0])
			snprintf(buf, TRIES_ADVICE_MAX,
				 "Please check the proxy settings of this computer: %s cannot be "
				 "reached.",
				 route_proxy_text(way, proxy));
		else if (r->step <= REPORT_CONNECT)
			snprintf(
			    buf, TRIES_ADVICE_MAX,
			    "Please check the web proxy %s port %s: it is set on this computer, "
			    "and it cannot be reached.",
			    way->proxy.at.host, way->proxy.at.port);
		else
			advise_proxy(way, r, buf);
	}
	return buf;
}
