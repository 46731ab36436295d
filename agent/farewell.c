/* SPDX-License-Identifier: Apache-2.0
 *
 * How a session ended: the sentence the customer reads last, and the exit code.
 */
#include "agent/broker_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/log.h"
#include "proto/base/text.h"

static const struct {
	int reason;
	int exit_code;
	const char *text; /* what happened, and what to do */
} endings[] = {
    {0, AGENT_EXIT_OK,
     "The engineer has finished. The session is over; nothing is running any more."},
    {AS_E_DENIED, AGENT_EXIT_DENIED, "You said no. Nothing was collected and nothing was sent."},
    {AS_E_CONSENT_TIMEOUT, AGENT_EXIT_DENIED,
     "You did not answer, which counts as no. Nothing was collected and nothing was sent."},
    {AS_E_CODE_EXPIRED, AGENT_EXIT_CODE,
     "The code was not used in time and is void now. Start again to get a new one."},
    {AS_E_CODE_BURNED, AGENT_EXIT_CODE,
     "A wrong code was entered three times, so this code is void now. Start again to get a new "
     "one, and give it only to the engineer you are talking to."},
    {AS_E_PEER_LOST, AGENT_EXIT_LOST,
     "The connection to the engineer was lost and the session is over. Start again if you still "
     "need help."},
    {AS_E_RESUME, AGENT_EXIT_LOST,
     "After the connection was lost, the other side could not prove to be the same engineer, so "
     "the session is over. Start again if you still need help; tell the support organisation "
     "about this."},
    {AS_E_TIMEOUT, AGENT_EXIT_LOST,
     "The engineer's side did not answer in time and the session is over. Start again if you "
     "still need help."},
    {AS_E_REVOKED, AGENT_EXIT_STOPPED, "You ended the session. Nothing is sent any more."},
    {AS_E_EXPIRED, AGENT_EXIT_OK, "The agreed time is over, so the session has ended by itself."},
    {AS_E_NO_CONSENT_UI, AGENT_EXIT_CONFIG,
     "This program must be started in a terminal window, because it has to ask you before "
     "anything is sent. Open a terminal and start it there."},
    {AS_E_AUDIT, AGENT_EXIT_CONFIG,
     "The record of this session cannot be written, and without a record there is no session. "
     "Check that your disk is not full and that your home folder can be written to."},
    {AS_E_REQ_INVALID, AGENT_EXIT_LOST,
     "The engineer's request was not valid and was refused. Nothing was sent."},
    {AS_E_REQ_BINDING, AGENT_EXIT_LOST,
     "The engineer's request did not belong to this connection and was refused. Nothing was "
     "sent. Tell the support organisation about this."},
    {AS_E_CLOCK, AGENT_EXIT_LOST,
     "This computer's clock and the engineer's differ by more than 15 minutes, so the request "
     "was refused. Set the clock of this computer and start again."},
    {AS_E_CERT_EXPIRED, AGENT_EXIT_LOST,
     "The engineer's certificate has expired, so the request was refused. Ask the engineer to "
     "renew it and start again. If your computer's clock is wrong, set it first."},
};

int farewell_exit_code(int reason)
{
	for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
		if (endings[i].reason == reason)
			return endings[i].exit_code;
	return reason == AS_E_RELAY ? AGENT_EXIT_RELAY : AGENT_EXIT_FAULT;
}

struct words {
	size_t len;
	bool fault; /* for standard error */
	char text[8192];
};

static void put(struct words *w, const char *fmt, ...) AS_PRINTF(2, 3);
static void put(struct words *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(w->text + w->len, sizeof w->text - w->len, fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < sizeof w->text - w->len)
		w->len += (size_t)n;
}

static void put_ending(const struct broker *b, struct words *w)
{
	char size[TEXT_SIZE_MAX], why[160];

	for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
		if (endings[i].reason != b->reason)
			continue;
		put(w, "%s\n", endings[i].text);
		if (b->granted)
			put(w,
			    "%u %s sent, %s. To read what was sent, type in a terminal: "
			    "assent-agent record list\n",
			    b->items, b->items == 1 ? "item was" : "items were",
			    text_size(b->bytes_sent, size));
		w->fault = !b->record;
		return;
	}
	put(w,
	    "The session has ended because of a fault: %s (%s). Start again; if it happens "
	    "again, tell the support organisation.\n",
	    err_text(b->reason, why, sizeof why),
	    err_name(b->reason) ? err_name(b->reason) : "system");
	w->fault = true;
}

/* A path is named once, with the failure that says most: how its WebSockets failed too is for
 * "--explain". */
static bool says_most(const struct tries *t, size_t i)
{
	for (size_t k = 0; k < t->list.count; k++)
		if (k != i && t->tried[k] && route_is_same_path(&t->list.at[k], &t->list.at[i]) &&
		    tries_says_more(t, k, i))
			return false;
	return true;
}

static void put_path(const struct tries *t, size_t i, struct words *w)
{
	struct route path = t->list.at[i];
	char way[ROUTE_TEXT_MAX], text[REPORT_TEXT_MAX];

	path.carrier = ROUTE_TLS;
	path.system_trust = false;
	put(w, "  - %s: %s.\n", route_text(&path, way),
	    report_text(&t->list.at[i], &t->reports[i], text));
}

static void put_advice(const struct tries *t, const struct hostport *relay, struct words *w)
{
	char text[TRIES_ADVICE_MAX];

	tries_advice(t, relay, text);
	if (tries_is_for_admin(t))
		put(w,
		    "Check the internet connection. In a company network, read this sentence to "
		    "your "
		    "administrator:\n  \"%s\"\n",
		    text);
	else
		put(w, "%s\n", text);
	put(w, "Every step is shown by: assent-agent support --explain\n");
}

/* Where the search stood when time was over. */
static void close_search(struct tries *t)
{
	if (t->list.count == 0 || t->is_over || t->tried[t->now])
		return;
	t->reports[t->now] =
	    (struct report){.step = REPORT_CONNECT, .why = REPORT_NO_ANSWER, .err = AS_E_TIMEOUT};
	t->tried[t->now] = true;
}

static void put_not_reached(struct broker *b, struct words *w)
{
	const struct tries *t = &b->ways;
	struct hostport relay;

	close_search(&b->ways);
	if (hostport_split(b->config->relay, &relay) < 0)
		return; /* config.c has checked it */
	put(w, "The support server %s cannot be reached. What was tried:\n", b->config->relay);
	for (size_t i = 0; i < t->list.count; i++)
		if (t->tried[i] && says_most(t, i))
			put_path(t, i, w);
	for (size_t i = 0; i < t->list.notes_count; i++)
		put(w, "  - %s.\n", t->list.notes[i]);
	put_advice(t, &relay, w);
}

static void put_relay(struct broker *b, struct words *w)
{
	char why[160];

	if (b->reached)
		put(w,
		    "The connection to the support server %s was lost (%s). Start again to get "
		    "a new code.\n",
		    b->config->relay, err_text(b->relay_why, why, sizeof why));
	else
		put_not_reached(b, w);
}

void farewell_print(struct broker *b)
{
	struct words w = {0};

	if (b->reason == AS_E_RELAY)
		put_relay(b, &w);
	else
		put_ending(b, &w);
	plat_say(w.text, w.fault);
}
