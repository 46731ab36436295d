/* SPDX-License-Identifier: Apache-2.0 */
#include "console/fail.h"

#include "proto/base/err.h"

static const struct fail {
	int err;
	enum exit_code code;
	const char *advice;
} table[] = {
    {AS_E_VERSION, EXIT_AGENT_LOST, "update the older of the two programs"},
    {AS_E_CERT, EXIT_CERT, "make a new identity with 'assent-console ca engineer'"},
    {AS_E_CERT_EKU, EXIT_CERT, "make a new identity with 'assent-console ca engineer'"},
    {AS_E_CERT_EXPIRED, EXIT_CERT, "make a new identity with 'assent-console ca engineer'"},
    {AS_E_CLOCK, EXIT_CERT, "compare the clocks of both computers with the true time"},
    {AS_E_REVOKED_CERT, EXIT_CERT, "ask whoever runs your certificate authority"},
    {AS_E_CODE_UNKNOWN, EXIT_CODE, "ask the customer to read the code on the screen once more"},
    {AS_E_CODE_EXPIRED, EXIT_CODE, "ask the customer to start again and read the new code"},
    {AS_E_CODE_WRONG, EXIT_CODE,
     "ask the customer to read the code once more; three wrong "
     "tries make it void"},
    {AS_E_CODE_BURNED, EXIT_CODE, "ask the customer to start again and read the new code"},
    {AS_E_BUSY, EXIT_CODE, "wait until the other console is done, or ask for a new code"},
    {AS_ETYPO, EXIT_CODE, "check what was typed; nothing was sent"},
    {AS_E_DENIED, EXIT_DENIED, "talk to the customer before asking again"},
    {AS_E_CONSENT_TIMEOUT, EXIT_DENIED,
     "ask the customer to look at the screen, then connect "
     "again with a new code"},
    {AS_E_NO_CONSENT_UI, EXIT_DENIED, "the agent must be started in a terminal"},
    {AS_E_POLICY, EXIT_DENIED, "ask for less, or talk to the customer's administrator"},
    {AS_E_AUDIT, EXIT_DENIED,
     "the customer must make room for, or give access to, the "
     "agent's record"},
    {AS_E_REVOKED, EXIT_REVOKED, "what had arrived is kept"},
    {AS_E_EXPIRED, EXIT_INCOMPLETE, "ask for a new session with a longer --for"},
    {AS_E_RELAY, EXIT_RELAY, "every step is shown by connect --explain"},
    {AS_E_RATE, EXIT_RELAY, "wait a quarter of an hour before the next try"},
    {AS_E_PEER_LOST, EXIT_AGENT_LOST, "what had arrived is kept; connect again with a new code"},
    {AS_E_TRUNCATED, EXIT_AGENT_LOST, "what had arrived is kept; connect again with a new code"},
    {AS_E_RESUME, EXIT_AGENT_LOST, "what had arrived is kept; connect again with a new code"},
    {AS_E_TIMEOUT, EXIT_AGENT_LOST, "connect again with a new code"},
    {AS_ECONFIG, EXIT_USAGE, ""},
};

static const struct fail *find(int err)
{
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (table[i].err == err)
			return &table[i];
	return NULL;
}

enum exit_code fail_exit(int err)
{
	const struct fail *f = find(err);

	if (err == 0)
		return EXIT_ALL_DONE;
	if (f)
		return f->code;
	return err_name(err) ? EXIT_AGENT_LOST : EXIT_INCOMPLETE; /* the latter: our own system's */
}

const char *fail_advice(int err)
{
	const struct fail *f = find(err);

	if (f)
		return f->advice;
	return err_name(err) ? "connect again; if it comes back, report it with this line" : "";
}

const char *fail_name(int err)
{
	const char *name = err_name(err);

	if (err == AS_ETYPO)
		return "E_CODE_WRONG";
	if (err == AS_ECONFIG)
		return "E_CONFIG";
	if (name && name[0] == 'E' && name[1] == '_')
		return name;
	return name ? "E_INTERNAL" : "E_LOCAL";
}
