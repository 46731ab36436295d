/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "agent/probe/dns.h"
#include "proto/base/err.h"

static const struct dns_question question = {.id = 0x1234, .type = DNS_A, .name = "www.example"};

/* The head of an answer to `question`, with the question; records follow. */
static const uint8_t head[] = {0x12, 0x34, 0x81, 0x80, 0,   1,	 0, 0,	 0,   0,
			       0,    0,	   3,	 'w',  'w', 'w', 7, 'e', 'x', 'a',
			       'm',  'p',  'l',	 'e',  0,   0,	 1, 0,	 1};

struct message {
	uint8_t bytes[DNS_MESSAGE_MAX + 16];
	size_t len;
};

static struct message begin(void)
{
	struct message m = {.len = sizeof(head)};

	memcpy(m.bytes, head, sizeof(head));
	return m;
}

static void put(struct message *m, const void *p, size_t n)
{
	memcpy(m->bytes + m->len, p, n);
	m->len += n;
}

/* An answer record whose name is a pointer to the question's. */
static void record(struct message *m, uint16_t type, const void *data, uint16_t n)
{
	uint8_t fixed[] = {0xc0, 12,   (uint8_t)(type >> 8), (uint8_t)type, 0, 1, 0, 0,
			   1,	 0x2c, (uint8_t)(n >> 8),    (uint8_t)n};

	m->bytes[7]++;
	put(m, fixed, sizeof(fixed));
	put(m, data, n);
}

static int decode(const struct message *m, struct dns_answer *a)
{
	return dns_answer_decode(m->bytes, m->len, &question, a);
}

Test(probe_dns, encodes_a_question)
{
	static const uint8_t want[] = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
	uint8_t buf[DNS_QUERY_MAX];
	int n = dns_question_encode(&question, buf, sizeof(buf));

	cr_assert_eq(n, (int)sizeof(head));
	cr_assert_eq(memcmp(buf, want, sizeof(want)), 0);
	cr_assert_eq(memcmp(buf + 12, head + 12, sizeof(head) - 12), 0);
	for (size_t cap = 0; cap < sizeof(head); cap++)
		cr_assert_eq(dns_question_encode(&question, buf, cap), AS_EFULL);
}

Test(probe_dns, encodes_the_root_and_a_name_with_a_last_point)
{
	struct dns_question q = {.type = DNS_NS, .name = "."};
	uint8_t buf[DNS_QUERY_MAX];

	cr_assert_eq(dns_question_encode(&q, buf, sizeof(buf)), 12 + 1 + 4);
	strcpy(q.name, "www.example.");
	cr_assert_eq(dns_question_encode(&q, buf, sizeof(buf)), (int)sizeof(head));
}

Test(probe_dns, refuses_to_ask_for_what_is_no_name)
{
	struct dns_question q = {.type = DNS_A};
	uint8_t buf[DNS_QUERY_MAX];

	strcpy(q.name, "a..b");
	cr_assert_eq(dns_question_encode(&q, buf, sizeof(buf)), AS_EBADMSG);
	strcpy(q.name, ".a");
	cr_assert_eq(dns_question_encode(&q, buf, sizeof(buf)), AS_EBADMSG);
	memset(q.name, 'a', 64);
	q.name[64] = '\0';
	cr_assert_eq(dns_question_encode(&q, buf, sizeof(buf)), AS_EBADMSG);
	q.name[63] = '\0';
	cr_assert_gt(dns_question_encode(&q, buf, sizeof(buf)), 0);
}

Test(probe_dns, reads_addresses_and_names)
{
	static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
	struct message m = begin();
	struct dns_answer a;

	record(&m, DNS_CNAME, "\1a\xc0\x10", 4);
	record(&m, DNS_A, "\xc0\x00\x02\x01", 4);
	record(&m, DNS_AAAA, v6, 16);
	record(&m, DNS_MX, "\0\x0a\2mx\xc0\x10", 7);
	record(&m, DNS_TXT, "\5v=a b\1\"", 8);
	record(&m, 65, "xyz", 3);
	cr_assert_eq(decode(&m, &a), 0);
	cr_assert_eq(a.count, 6u);
	cr_assert_eq(a.total, 6);
	cr_assert(a.recursion && !a.authoritative && !a.cut);
	cr_assert_str_eq(a.at[0].name, "www.example");
	cr_assert_eq(a.at[0].ttl, 300u);
	cr_assert_str_eq(a.at[0].text, "a.example");
	cr_assert_str_eq(a.at[1].text, "192.0.2.1");
	cr_assert_str_eq(a.at[2].text, "2001:db8::1");
	cr_assert_str_eq(a.at[3].text, "10 mx.example");
	cr_assert_str_eq(a.at[4].text, "\"v=a b\" \"\\034\"");
	cr_assert_str_eq(a.at[5].text, "3 bytes");
}

Test(probe_dns, reads_the_start_of_authority)
{
	static const char soa[] = "\2ns\xc0\x10\4host\xc0\x10\0\0\0\x07"
				  "ABCDEFGHIJKLMNOP";
	struct message m = begin();
	struct dns_answer a;

	record(&m, DNS_SOA, soa, sizeof(soa) - 1);
	cr_assert_eq(decode(&m, &a), 0);
	cr_assert_str_eq(a.at[0].text, "ns.example host.example 7");
}

Test(probe_dns, refuses_an_answer_that_is_cut_anywhere)
{
	struct message m = begin();
	struct dns_answer a = {.total = 77};

	record(&m, DNS_A, "\xc0\x00\x02\x01", 4);
	for (size_t cut = 0; cut < m.len; cut++)
		cr_assert_eq(dns_answer_decode(m.bytes, cut, &question, &a), AS_ESHORT, "at %zu",
			     cut);
	cr_assert_eq(a.total, 77, "a failure touches nothing");
}

Test(probe_dns, refuses_trailing_bytes_and_too_many)
{
	struct message m = begin();
	struct dns_answer a;

	m.len++;
	cr_assert_eq(decode(&m, &a), AS_EBADMSG);
	m.len = DNS_MESSAGE_MAX + 1;
	cr_assert_eq(decode(&m, &a), AS_E_TOO_BIG);
}

Test(probe_dns, refuses_records_whose_data_does_not_fit_their_type)
{
	static const struct {
		uint16_t type, n;
		const char *data;
	} rows[] = {
	    {DNS_A, 3, "abc"},	      {DNS_A, 5, "abcde"},	{DNS_AAAA, 4, "abcd"},
	    {DNS_CNAME, 0, ""},	      {DNS_CNAME, 3, "\1a\1"},	{DNS_CNAME, 4, "\1a\0x"},
	    {DNS_MX, 1, "a"},	      {DNS_TXT, 0, ""},		{DNS_TXT, 3, "\5ab"},
	    {DNS_SOA, 4, "\0\0\0\0"}, {DNS_CNAME, 2, "\x80\0"}, {DNS_CNAME, 1, "\xc0"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct message m = begin();
		struct dns_answer a;

		record(&m, rows[i].type, rows[i].data, rows[i].n);
		cr_assert_eq(decode(&m, &a), AS_EBADMSG, "row %zu", i);
	}
}

Test(probe_dns, follows_pointers_backwards_only)
{
	struct message m = begin();
	struct dns_answer a;
	uint8_t self[2] = {0xc0, (uint8_t)(sizeof(head) + 12)}; /* where its own data begins */
	uint8_t after[2] = {0xc0, (uint8_t)(sizeof(head) + 13)};

	record(&m, DNS_CNAME, self, 2);
	cr_assert_eq(decode(&m, &a), AS_EBADMSG);
	m = begin();
	record(&m, DNS_CNAME, after, 2);
	cr_assert_eq(decode(&m, &a), AS_EBADMSG);
	m = begin();
	record(&m, DNS_CNAME, "\xc0\x04", 2);
	cr_assert_eq(decode(&m, &a), AS_EBADMSG, "into the header");
}

Test(probe_dns, refuses_a_name_that_pointers_make_too_long)
{
	struct message m = begin();
	struct dns_answer a;
	uint8_t data[66] = {63};
	size_t at = 12;

	/* Each name is one label of 63 letters and a pointer to the one before. */
	memset(data + 1, 'a', 63);
	for (int i = 0; i < 4; i++) {
		data[64] = (uint8_t)(0xc0 | at >> 8);
		data[65] = (uint8_t)at;
		at = m.len + 12;
		record(&m, DNS_CNAME, data, sizeof(data));
		cr_assert_eq(decode(&m, &a), i < 3 ? 0 : AS_EBADMSG);
	}
}

Test(probe_dns, escapes_what_is_not_plain)
{
	struct message m = begin();
	struct dns_answer a;

	record(&m, DNS_CNAME, "\6a.\033\\\xff \0", 8);
	cr_assert_eq(decode(&m, &a), 0);
	cr_assert_str_eq(a.at[0].text, "a\\046\\027\\092\\255\\032");
}

Test(probe_dns, waits_on_when_the_answer_is_somebody_elses)
{
	struct message m = begin();
	struct dns_answer a;

	m.bytes[0] ^= 1;
	cr_assert_eq(decode(&m, &a), AS_ESTATE, "another id");
	m = begin();
	m.bytes[2] &= 0x7f;
	cr_assert_eq(decode(&m, &a), AS_ESTATE, "a question");
	m = begin();
	m.bytes[13] = 'x';
	cr_assert_eq(decode(&m, &a), AS_ESTATE, "another name");
	m = begin();
	m.bytes[26] = DNS_AAAA;
	cr_assert_eq(decode(&m, &a), AS_ESTATE, "another type");
	m = begin();
	m.bytes[13] = 'W';
	cr_assert_eq(decode(&m, &a), 0, "names have no case");
}

Test(probe_dns, takes_an_error_without_the_question)
{
	struct message m = begin();
	struct dns_answer a;

	m.len = 12;
	m.bytes[5] = 0;
	cr_assert_eq(decode(&m, &a), AS_EBADMSG);
	m.bytes[3] = 0x85;
	cr_assert_eq(decode(&m, &a), 0);
	cr_assert_str_eq(dns_rcode_text(a.rcode), "REFUSED");
}

Test(probe_dns, does_not_read_the_records_of_an_answer_that_was_cut)
{
	struct message m = begin();
	struct dns_answer a;

	m.bytes[2] |= 0x02;
	m.bytes[7] = 3;
	cr_assert_eq(decode(&m, &a), 0);
	cr_assert(a.cut);
	cr_assert_eq(a.total, 3);
	cr_assert_eq(a.count, 0u);
}

Test(probe_dns, counts_records_it_does_not_keep)
{
	struct message m = begin();
	struct dns_answer a;

	for (int i = 0; i < DNS_RECORDS_MAX + 4; i++)
		record(&m, DNS_A, "\xc0\x00\x02\x01", 4);
	cr_assert_eq(decode(&m, &a), 0);
	cr_assert_eq(a.count, (size_t)DNS_RECORDS_MAX);
	cr_assert_eq(a.total, DNS_RECORDS_MAX + 4);
}

Test(probe_dns, has_words_for_types_and_codes)
{
	char buf[DNS_TYPE_TEXT];

	cr_assert_eq(dns_type_parse("aaaa"), DNS_AAAA);
	cr_assert_eq(dns_type_parse("ANY"), 0);
	cr_assert_str_eq(dns_type_text(DNS_MX, buf), "MX");
	cr_assert_str_eq(dns_type_text(65, buf), "TYPE65");
	cr_assert_str_eq(dns_rcode_text(3), "NXDOMAIN");
	cr_assert_str_eq(dns_rcode_text(15), "an unknown error");
}
