/* SPDX-License-Identifier: Apache-2.0
 *
 * The agent's configuration, installed by an administrator: /etc/assent/agent.conf (on Windows
 * C:\ProgramData\Assent\agent.conf), or the file given with --config. It alone says which relay is
 * called and which certificate authority is trusted; no option and no variable can.
 *
 *   relay = HOST:PORT      required
 *   ca = FILE              required; relative to the configuration's folder
 *   organisation = TEXT    required; who the customer believes to be talking to
 *   phone = TEXT           required; the number to call back
 *   lang = LANG            optional
 *   signature = HEX        the organisation's, over relay, organisation and phone; when it is there
 *                          it must be right, when it is not the customer is warned
 *   resume = SECONDS       optional, 0..600, default 120; how long a lost connection may stay away
 *   proxy, no-proxy, proxy-auth, direct, websocket, tls-inspection
 *                          optional, how the relay is reached: route/route.h
 *   proxy-credentials = FILE
 *                          optional; user:password for the proxy, for those who may read the file
 *   inspection-ca = FILE   optional; with "tls-inspection = allow": whose certificates are taken in
 *                          place of the relay's. Else those that this computer trusts.
 * Both files are relative to the configuration's folder.
 */
#ifndef AS_AGENT_CONFIG_H
#define AS_AGENT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/e2e/settings.h"
#include "proto/route/route.h"

#define CONFIG_CA_MAX	16384
#define CONFIG_PATH_MAX 1024
#define CONFIG_RESUME_S 120
#define CONFIG_WHY_MAX	(CONFIG_PATH_MAX + 256)

struct agent_config {
	char relay[264]; /* HOST:PORT, or [V6]:PORT */
	char organisation[129];
	char phone[65];
	char lang[17]; /* "" = the system's */
	struct route_config route;
	bool password_is_open; /* it stands in the configuration, which others can read */
	uint32_t resume_s;
	char path[CONFIG_PATH_MAX];
	char ca_path[CONFIG_PATH_MAX];
	char credentials_path[CONFIG_PATH_MAX], inspection_path[CONFIG_PATH_MAX]; /* "" = none */
	uint8_t ca_pem[CONFIG_CA_MAX + 1]; /* ends with NUL */
	size_t ca_len;
	char signature[SETTINGS_HEX_MAX]; /* "" = none; else it was checked */
	bool trusted; /* configuration and CA were installed by an administrator */
};

/* path NULL means the installed one, plat_config_path(). AS_ECONFIG with one line in why: what is
 * wrong and what to do. */
int config_load(const char *path, struct agent_config *out, char *why, size_t cap);
void config_wipe(struct agent_config *c); /* there may be a password in it */

#endif
