/* SPDX-License-Identifier: Apache-2.0
 *
 * One device from GO to OVER. Two processes share the work: this one looks up names and connects
 * and never reads a byte of the device; for each connection it makes a child that is shut in and
 * does nothing but speak SSH on it. While the customer is asked there is no connection.
 */
#ifndef AS_AGENT_SSH_SUPERVISE_H
#define AS_AGENT_SSH_SUPERVISE_H

#include "agent/collect/collect.h"
#include "agent/ssh/ssh_api.h"
#include "proto/wire/item.h"

/* out_fd: where the records go. The exit code of the program: enum item_state or PEER_BROKEN. */
int supervise(const struct collect_args *args, const struct ssh_api *ssh, int out_fd);

/* The same for what cannot even begin. */
int supervise_say(enum item_state state, const char *why, int out_fd);

#endif
