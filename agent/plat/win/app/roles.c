/* SPDX-License-Identifier: Apache-2.0
 *
 * assent-agent.exe is four programs in one file, so that OpenSSL is on the customer's disk once:
 * argv[0], which only our own code sets to one of these names, says which one. Each runs as a
 * process of its own, started anew, as on Linux.
 */
#include "agent/plat/win/app/roles.h"

#include <string.h>

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*main)(int argc, char **argv);
	} roles[] = {
	    {"assent-net", net_main},
	    {"assent-dial", dial_main},
	    {"assent-probe", probe_main},
	};

	for (size_t i = 0; argc > 0 && i < sizeof roles / sizeof roles[0]; i++)
		if (strcmp(argv[0], roles[i].name) == 0)
			return roles[i].main(argc, argv);
	return agent_main(argc, argv);
}
