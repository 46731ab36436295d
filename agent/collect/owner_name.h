/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of users and groups. Asking the system can be slow (a directory service), and owners are
 * few, so the last answers are kept.
 */
#ifndef AS_AGENT_COLLECT_OWNER_NAME_H
#define AS_AGENT_COLLECT_OWNER_NAME_H

#define OWNER_NAME_MAX 32

/* "" when there is no such one. Valid until the next call. */
const char *owner_user(unsigned uid);
const char *owner_group(unsigned gid);

#endif
