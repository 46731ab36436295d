/* SPDX-License-Identifier: Apache-2.0
 *
 * A TCP connection to a device, made before anything of it is read.
 */
#ifndef AS_AGENT_SSH_DIAL_H
#define AS_AGENT_SSH_DIAL_H

#include <stddef.h>

#include "proto/wire/device.h"

#define DIAL_MS 15000 /* for all its addresses together */

/* A non-blocking descriptor, or negative with one line in why. */
int dial_device(const struct device *d, char *why, size_t cap);

#endif
