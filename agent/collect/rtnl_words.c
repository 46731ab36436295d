/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernel's numbers as the words that `ip` prints.
 */
#include <linux/if.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "agent/collect/rtnl.h"

struct word {
	unsigned n;
	const char *text;
};

static const char *find(const struct word *words, unsigned n)
{
	while (words->text && words->n != n)
		words++;
	return words->text ? words->text : "?";
}

const char *rtnl_operstate(uint8_t state)
{
	static const struct word words[] = {
	    {IF_OPER_UNKNOWN, "UNKNOWN"}, {IF_OPER_NOTPRESENT, "NOTPRESENT"},
	    {IF_OPER_DOWN, "DOWN"},	  {IF_OPER_LOWERLAYERDOWN, "LOWERLAYERDOWN"},
	    {IF_OPER_TESTING, "TESTING"}, {IF_OPER_DORMANT, "DORMANT"},
	    {IF_OPER_UP, "UP"},		  {0, NULL},
	};
	return find(words, state);
}

const char *rtnl_scope(uint8_t scope)
{
	static const struct word words[] = {
	    {RT_SCOPE_UNIVERSE, "global"}, {RT_SCOPE_SITE, "site"},	  {RT_SCOPE_LINK, "link"},
	    {RT_SCOPE_HOST, "host"},	   {RT_SCOPE_NOWHERE, "nowhere"}, {0, NULL},
	};
	return find(words, scope);
}

const char *rtnl_route_type(uint8_t type)
{
	static const struct word words[] = {
	    {RTN_UNICAST, "unicast"},
	    {RTN_LOCAL, "local"},
	    {RTN_BROADCAST, "broadcast"},
	    {RTN_ANYCAST, "anycast"},
	    {RTN_MULTICAST, "multicast"},
	    {RTN_BLACKHOLE, "blackhole"},
	    {RTN_UNREACHABLE, "unreachable"},
	    {RTN_PROHIBIT, "prohibit"},
	    {RTN_THROW, "throw"},
	    {0, NULL},
	};
	return find(words, type);
}

const char *rtnl_route_protocol(uint8_t protocol)
{
	static const struct word words[] = {
	    {RTPROT_REDIRECT, "redirect"},
	    {RTPROT_KERNEL, "kernel"},
	    {RTPROT_BOOT, "boot"},
	    {RTPROT_STATIC, "static"},
	    {RTPROT_RA, "ra"},
	    {RTPROT_DHCP, "dhcp"},
	    {RTPROT_ZEBRA, "zebra"},
	    {RTPROT_BIRD, "bird"},
	    {RTPROT_BGP, "bgp"},
	    {RTPROT_OSPF, "ospf"},
	    {0, NULL},
	};
	return find(words, protocol);
}

const char *rtnl_neighbour_state(uint16_t state)
{
	static const struct word words[] = {
	    {NUD_NONE, "NONE"},		  {NUD_INCOMPLETE, "INCOMPLETE"},
	    {NUD_REACHABLE, "REACHABLE"}, {NUD_STALE, "STALE"},
	    {NUD_DELAY, "DELAY"},	  {NUD_PROBE, "PROBE"},
	    {NUD_FAILED, "FAILED"},	  {NUD_NOARP, "NOARP"},
	    {NUD_PERMANENT, "PERMANENT"}, {0, NULL},
	};
	return find(words, state);
}
