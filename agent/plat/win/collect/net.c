/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/plat/win/collect/net.h"

#include <stdio.h>
#include <stdlib.h>

#define FIRST (32u << 10)
#define TRIES 4

IP_ADAPTER_ADDRESSES *net_adapters(DWORD *err)
{
	IP_ADAPTER_ADDRESSES *all = NULL;
	ULONG n = FIRST;

	*err = ERROR_BUFFER_OVERFLOW;
	for (int i = 0; i < TRIES && *err == ERROR_BUFFER_OVERFLOW; i++) {
		free(all);
		all = malloc(n);
		*err =
		    all ? GetAdaptersAddresses(AF_UNSPEC,
					       GAA_FLAG_INCLUDE_PREFIX | GAA_FLAG_INCLUDE_GATEWAYS |
						   GAA_FLAG_SKIP_ANYCAST | GAA_FLAG_SKIP_MULTICAST,
					       NULL, all, &n)
			: ERROR_OUTOFMEMORY;
	}
	if (*err == 0)
		return all;
	free(all);
	return NULL;
}

const char *net_if_name(const IP_ADAPTER_ADDRESSES *all, uint32_t index, char out[NET_NAME])
{
	for (; all; all = all->Next)
		if (all->IfIndex == index || all->Ipv6IfIndex == index)
			return win_text(all->FriendlyName, out, NET_NAME);
	snprintf(out, NET_NAME, "if%u", index);
	return out;
}

const char *net_addr_in(const void *addr, int family, char out[NET_ADDR])
{
	if (!InetNtopA(family, addr, out, NET_ADDR))
		snprintf(out, NET_ADDR, "?");
	return out;
}

const char *net_addr(const SOCKADDR *a, char out[NET_ADDR])
{
	if (a->sa_family == AF_INET)
		return net_addr_in(&((const struct sockaddr_in *)(const void *)a)->sin_addr,
				   AF_INET, out);
	return net_addr_in(&((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, AF_INET6,
			   out);
}

const char *net_mac(const uint8_t *p, size_t n, char out[NET_ADDR])
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n && len + 4 < NET_ADDR; i++)
		len += (size_t)snprintf(out + len, NET_ADDR - len, "%s%02x", i ? ":" : "", p[i]);
	return out;
}
