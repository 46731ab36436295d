/* SPDX-License-Identifier: Apache-2.0
 *
 * What the network's collectors share: the adapters, and addresses as text.
 */
#ifndef AS_WIN_NET_H
#define AS_WIN_NET_H

#include "agent/plat/win/collect/facts.h"

#include <ws2tcpip.h>

/* after the socket headers */
#include <iphlpapi.h>

#define NET	 "sos_commands/networking/"
#define NET_ADDR 64
#define NET_NAME 256

/* All of them, to be freed; NULL with *err. */
IP_ADAPTER_ADDRESSES *net_adapters(DWORD *err);

/* The name of an interface, "if7" when it has none. Returns out. */
const char *net_if_name(const IP_ADAPTER_ADDRESSES *all, uint32_t index, char out[NET_NAME]);

/* Without the port. Returns out. */
const char *net_addr(const SOCKADDR *a, char out[NET_ADDR]);
const char *net_addr_in(const void *addr, int family, char out[NET_ADDR]);

/* "52:54:00:12:34:56" */
const char *net_mac(const uint8_t *p, size_t n, char out[NET_ADDR]);

#endif
