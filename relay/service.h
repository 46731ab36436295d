/* SPDX-License-Identifier: Apache-2.0
 *
 * What a service manager (systemd) hands over and wants to hear. Both are protocols of a few
 * environment variables, sd_listen_fds(3) and sd_notify(3); without them nothing here does
 * anything, so the relay is the same program in a terminal and as a service.
 */
#ifndef AS_RELAY_SERVICE_H
#define AS_RELAY_SERVICE_H

#include "relay/config.h"
#include "relay/server.h"

/* The listening TCP socket that was passed to this process, or -1 when none was. AS_ECONFIG with
 * one line in why for several sockets, or one that is no listening TCP socket: a unit that is
 * wrong must not end in a relay that listens somewhere else. The variables are removed. */
int service_socket(int *out, char why[CONFIG_WHY_MAX]);

/* Where this relay listens: the socket that was passed, or `listen`. AS_ECONFIG as above, or when
 * there is neither. */
int service_place(struct relay_config *c, char why[CONFIG_WHY_MAX]);

/* "listening on ADDR:PORT" on stdout, and to the manager: ready. */
void service_announce(const struct server *s);

/* Reads the certificates again; the log says how it went, and the manager's status too. */
void service_reload(struct server *s);

void service_tell_stopping(void);

/* One connection is one descriptor: as many as the hard limit allows. */
void service_raise_descriptors(void);

#endif
