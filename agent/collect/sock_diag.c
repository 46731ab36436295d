/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/sock_diag.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "proto/base/err.h"
#include "proto/base/text.h"

/* The kernel copies 16 bytes whatever the family; an IPv4 address is the first four. */
static void address_text(uint8_t family, const void *bytes, char out[SOCK_ADDR_LEN + 1])
{
	static const uint8_t any[16];

	if (memcmp(bytes, any, family == AF_INET ? 4 : 16) == 0)
		strcpy(out, "*");
	else if (!inet_ntop(family, bytes, out, SOCK_ADDR_LEN + 1))
		strcpy(out, "?");
}

int sock_inet_decode(const uint8_t *body, size_t n, struct sock_inet *out)
{
	struct inet_diag_msg m;

	if (n < sizeof(m))
		return AS_ESHORT;
	memcpy(&m, body, sizeof(m));
	if (m.idiag_family != AF_INET && m.idiag_family != AF_INET6)
		return AS_EUNAVAIL;

	struct sock_inet s = {
	    .family = m.idiag_family,
	    .state = m.idiag_state,
	    .timer = m.idiag_timer,
	    .retransmits = m.idiag_retrans,
	    .port = ntohs(m.id.idiag_sport),
	    .peer_port = ntohs(m.id.idiag_dport),
	    .index = m.id.idiag_if,
	    .recv_queue = m.idiag_rqueue,
	    .send_queue = m.idiag_wqueue,
	    .uid = m.idiag_uid,
	    .inode = m.idiag_inode,
	};
	address_text(s.family, m.id.idiag_src, s.addr);
	address_text(s.family, m.id.idiag_dst, s.peer);
	*out = s;
	return 0;
}

static void path_text(const struct netlink_attr *a, char out[SOCK_PATH_LEN + 1])
{
	bool abstract = a->data && a->len > 0 && a->data[0] == '\0';

	out[0] = '\0';
	if (!abstract) {
		netlink_attr_text(a, out, SOCK_PATH_LEN + 1);
		return;
	}
	out[0] = '@';
	text_line(a->data + 1, a->len - 1, out + 1, SOCK_PATH_LEN);
}

int sock_unix_decode(const uint8_t *body, size_t n, struct sock_unix *out)
{
	struct unix_diag_msg m;
	struct netlink_attr a[UNIX_DIAG_NAME + 1];

	if (n < sizeof(m))
		return AS_ESHORT;
	memcpy(&m, body, sizeof(m));

	int err = netlink_attrs(body + sizeof(m), n - sizeof(m), a, UNIX_DIAG_NAME + 1);
	if (err < 0)
		return err;

	struct sock_unix s = {
	    .type = m.udiag_type,
	    .state = m.udiag_state,
	    .inode = m.udiag_ino,
	};
	path_text(&a[UNIX_DIAG_NAME], s.path);
	*out = s;
	return 0;
}

int sock_inet_dump(uint8_t family, uint8_t protocol, netlink_on on, void *arg)
{
	struct inet_diag_req_v2 ask = {
	    .sdiag_family = family,
	    .sdiag_protocol = protocol,
	    .idiag_states = UINT32_MAX,
	};
	return netlink_dump(NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, &ask, sizeof(ask), on, arg);
}

int sock_unix_dump(netlink_on on, void *arg)
{
	struct unix_diag_req ask = {
	    .sdiag_family = AF_UNIX,
	    .udiag_states = 1u << SOCK_LISTEN,
	    .udiag_show = UDIAG_SHOW_NAME,
	};
	return netlink_dump(NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, &ask, sizeof(ask), on, arg);
}

const char *sock_state(uint8_t state)
{
	static const char *const words[] =
	    {
		"?",	      "ESTAB",	   "SYN-SENT", "SYN-RECV",   "FIN-WAIT-1",
		"FIN-WAIT-2", "TIME-WAIT", "UNCONN",   "CLOSE-WAIT", "LAST-ACK",
		"LISTEN",     "CLOSING",   "SYN-RECV", /* TCP_NEW_SYN_RECV: the same to a reader */
	    };
	return state < sizeof(words) / sizeof(words[0]) ? words[state] : "?";
}

const char *sock_unix_type(uint8_t type)
{
	switch (type) {
	case SOCK_STREAM:
		return "stream";
	case SOCK_DGRAM:
		return "dgram";
	case SOCK_SEQPACKET:
		return "seqpacket";
	default:
		return "?";
	}
}
