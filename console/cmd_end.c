/* SPDX-License-Identifier: Apache-2.0
 *
 * end: the session is over, the bundle is finished.
 */
#include "console/session_priv.h"

int cmd_end(struct session *s, int argc, const char *const argv[])
{
	(void)argc;
	(void)argv;
	session_end(s);
	return SESSION_DONE;
}
