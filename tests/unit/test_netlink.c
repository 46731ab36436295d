/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "agent/collect/netlink.h"
#include "proto/base/err.h"

struct seen {
	unsigned count;
	size_t bytes;
	int answer;
};

static int on_message(uint16_t type, const uint8_t *body, size_t n, void *arg)
{
	struct seen *s = arg;

	(void)type;
	for (size_t i = 0; i < n; i++)
		cr_expect_eq(body[i], 0xab);
	s->count++;
	s->bytes += n;
	return s->answer;
}

/* Appends one message whose body is filled with 0xab; returns the new length. */
static size_t add(uint8_t *p, size_t at, uint16_t type, uint32_t body)
{
	struct nlmsghdr h = {.nlmsg_len = (uint32_t)sizeof(h) + body, .nlmsg_type = type};

	memcpy(p + at, &h, sizeof(h));
	memset(p + at + sizeof(h), 0xab, body);
	return at + NLMSG_ALIGN(h.nlmsg_len);
}

Test(netlink, hands_on_every_message_of_a_datagram)
{
	uint8_t p[256] = {0};
	struct seen s = {0};
	size_t n = add(p, 0, RTM_NEWLINK, 5);

	n = add(p, n, RTM_NEWLINK, 8);
	cr_assert_eq(netlink_walk(p, n, on_message, &s), 0);
	cr_assert_eq(s.count, 2u);
	cr_assert_eq(s.bytes, 13u);
}

Test(netlink, stops_at_the_end_of_the_dump)
{
	uint8_t p[256] = {0};
	struct seen s = {0};
	size_t n = add(p, 0, RTM_NEWLINK, 4);

	n = add(p, n, NLMSG_DONE, 4);
	n = add(p, n, RTM_NEWLINK, 4);
	cr_assert_eq(netlink_walk(p, n, on_message, &s), NETLINK_DONE);
	cr_assert_eq(s.count, 1u);
}

Test(netlink, tells_the_reason_of_the_kernel)
{
	uint8_t p[64] = {0};
	struct seen s = {0};
	int32_t err = -EPERM;
	size_t n = add(p, 0, NLMSG_ERROR, 4);

	memcpy(p + sizeof(struct nlmsghdr), &err, sizeof(err));
	cr_assert_eq(netlink_walk(p, n, on_message, &s), -EPERM);
	err = 7;
	memcpy(p + sizeof(struct nlmsghdr), &err, sizeof(err));
	cr_assert_eq(netlink_walk(p, n, on_message, &s), AS_EBADMSG);
	n = add(p, 0, NLMSG_ERROR, 2);
	cr_assert_eq(netlink_walk(p, n, on_message, &s), AS_ESHORT);
}

Test(netlink, refuses_a_message_that_is_cut_anywhere)
{
	uint8_t p[64] = {0};
	struct seen s = {0};
	size_t n = add(p, 0, RTM_NEWLINK, 12);

	for (size_t cut = 1; cut < n; cut++)
		cr_assert_eq(netlink_walk(p, cut, on_message, &s), AS_ESHORT, "cut at %zu", cut);
	cr_assert_eq(s.count, 0u);
}

Test(netlink, refuses_a_message_shorter_than_its_own_header)
{
	uint8_t p[64] = {0};
	struct seen s = {0};
	size_t n = add(p, 0, RTM_NEWLINK, 4);

	for (uint32_t len = 0; len < sizeof(struct nlmsghdr); len++) {
		memcpy(p, &len, sizeof(len));
		cr_assert_eq(netlink_walk(p, n, on_message, &s), AS_EBADMSG);
	}
}

Test(netlink, stops_when_the_callback_says_so)
{
	uint8_t p[64] = {0};
	struct seen s = {.answer = AS_E_TOO_BIG};
	size_t n = add(p, 0, RTM_NEWLINK, 4);

	n = add(p, n, RTM_NEWLINK, 4);
	cr_assert_eq(netlink_walk(p, n, on_message, &s), AS_E_TOO_BIG);
	cr_assert_eq(s.count, 1u);
}

static size_t attr(uint8_t *p, size_t at, uint16_t type, const void *data, uint16_t len)
{
	struct nlattr a = {.nla_len = (uint16_t)(sizeof(a) + len), .nla_type = type};

	memcpy(p + at, &a, sizeof(a));
	memcpy(p + at + sizeof(a), data, len);
	return at + NLA_ALIGN(a.nla_len);
}

Test(netlink, finds_attributes_by_their_type)
{
	uint8_t p[64] = {0};
	struct netlink_attr table[3];
	uint32_t number = 1500;
	char text[8];
	size_t n = attr(p, 0, 1, "eth0", 5);

	n = attr(p, n, 9, "above the table", 15);
	n = attr(p, n, 2 | NLA_F_NESTED, &number, sizeof(number));
	cr_assert_eq(netlink_attrs(p, n, table, 3), 0);
	cr_assert_null(table[0].data);
	cr_assert_str_eq(netlink_attr_text(&table[1], text, sizeof(text)), "eth0");
	cr_assert_eq(netlink_attr_u32(&table[2]), 1500u);
	cr_assert_eq(netlink_attr_u32(&table[1]), 0u, "five bytes are no number");
	cr_assert_str_eq(netlink_attr_text(&table[0], text, sizeof(text)), "");
}

Test(netlink, refuses_attributes_whose_length_does_not_fit)
{
	uint8_t p[64] = {0};
	struct netlink_attr table[3];
	size_t n = attr(p, 0, 1, "abcdefgh", 8);

	for (size_t cut = 1; cut < n; cut++)
		cr_assert_eq(netlink_attrs(p, cut, table, 3), AS_EBADMSG);
	for (uint16_t len = 0; len < sizeof(struct nlattr); len++) {
		memcpy(p, &len, sizeof(len));
		cr_assert_eq(netlink_attrs(p, n, table, 3), AS_EBADMSG);
	}
}
