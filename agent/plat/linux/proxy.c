/* SPDX-License-Identifier: Apache-2.0
 *
 * Linux has neither settings for all programs nor one library that logs in to a proxy: who needs a
 * proxy says so in the environment or in agent.conf.
 */
#include "agent/plat/plat.h"

#include <errno.h>

int plat_system_proxy(struct plat_proxy *out)
{
	(void)out;
	return -ENOTSUP;
}

int plat_script_proxy(const char *url, bool detect, char *out, size_t cap)
{
	(void)url;
	(void)detect;
	(void)out;
	(void)cap;
	return -ENOTSUP;
}

int plat_login_step(struct plat_login **l, const char *scheme, const char *host, const uint8_t *in,
		    size_t n, uint8_t *out, size_t cap)
{
	(void)l;
	(void)scheme;
	(void)host;
	(void)in;
	(void)n;
	(void)out;
	(void)cap;
	return -ENOTSUP;
}

void plat_login_free(struct plat_login *l)
{
	(void)l;
}
