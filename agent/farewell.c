/* SPDX-License-Identifier: Apache-2.0
 *
 * How a session ended: the sentence the customer reads last, and the exit code.
 */
#include "agent/broker_priv.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
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

/* Which step failed, and what the customer can tell whom. */
static void print_relay(const struct broker *b)
{
	char why[160];
	const char *relay = b->config->relay;
	const char *step = b->relay_step ? b->relay_step : "relay";

	err_text(b->relay_why, why, sizeof why);
	if (strcmp(step, "name") == 0)
		printf("The support server %s was not found: its name is not known here. Check the "
		       "internet connection.\n",
		       relay);
	else if (strcmp(step, "connect") == 0)
		printf(
		    "The support server %s cannot be reached (%s). Check the internet connection; "
		    "in a company network ask your administrator to allow it.\n",
		    relay, why);
	else if (b->relay_why == AS_E_CERT || b->relay_why == AS_E_TLS ||
		 b->relay_why == AS_E_CERT_EXPIRED || b->relay_why == AS_E_CLOCK)
		printf("Something answered at %s, but it is not your support organisation's server "
		       "(%s). "
		       "Nothing was sent. Check this computer's clock; tell your administrator.\n",
		       relay, why);
	else if (b->relay_why == AS_E_RATE)
		printf("The support server %s asks to wait: too many attempts in a short time. Try "
		       "again "
		       "in a few minutes.\n",
		       relay);
	else
		printf("The connection to the support server %s was lost (%s). Start again to get "
		       "a new "
		       "code.\n",
		       relay, why);
}

void farewell_print(const struct broker *b)
{
	char size[TEXT_SIZE_MAX], why[160];

	if (b->reason == AS_E_RELAY) {
		print_relay(b);
		return;
	}
	for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
		if (endings[i].reason != b->reason)
			continue;
		fprintf(b->record ? stdout : stderr, "%s\n", endings[i].text);
		if (b->granted)
			printf("%u %s sent, %s. Read what was sent: assent-agent record list\n",
			       b->items, b->items == 1 ? "item was" : "items were",
			       text_size(b->bytes_sent, size));
		return;
	}
	fprintf(stderr,
		"The session has ended because of a fault: %s (%s). Start again; if it happens "
		"again, tell the support organisation.\n",
		err_text(b->reason, why, sizeof why),
		err_name(b->reason) ? err_name(b->reason) : "system");
}
