/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker: one session from the customer's start to the goodbye. It owns the decision (the
 * state machine of session.h), the conversation with the customer, the record and every child
 * process. It has no network: what the engineer says reaches it as messages of fixed form.
 */
#ifndef AS_AGENT_BROKER_H
#define AS_AGENT_BROKER_H

#include "agent/config.h"

/* Exit codes of assent-agent, as people and scripts know them. */
enum agent_exit {
	AGENT_EXIT_OK = 0,
	AGENT_EXIT_FAULT = 1,
	AGENT_EXIT_USAGE = 2,
	AGENT_EXIT_DENIED = 10,
	AGENT_EXIT_CODE = 11,
	AGENT_EXIT_RELAY = 12,
	AGENT_EXIT_LOST = 13,
	AGENT_EXIT_STOPPED = 14,
	AGENT_EXIT_CONFIG = 20,
};

/* Runs the session on this terminal. Returns one of the above. */
int broker_run(const struct agent_config *config);

#endif
